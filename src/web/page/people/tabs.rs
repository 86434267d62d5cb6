//! The tabs over the owner's lists of actors.

use maud::{Markup, html};

use crate::base::Result;
use crate::base::id::ActorId;
use crate::store::Read;
use crate::store::actors::follows::{self, FollowList};
use crate::store::timelines::lists;
use crate::web::page::formatting;
use crate::web::page::layout::PageContext;

/// The pages of people, each with how many there are.
pub fn tabs(r: &Read<'_>, ctx: &PageContext<'_>, owner: ActorId, here: &str) -> Result<Markup> {
    let entries = [
        ("/following", "Following", follows::count(r, owner, FollowList::Following)?),
        ("/followers", "Followers", follows::count(r, owner, FollowList::Followers)?),
        ("/lists", "Lists", lists::all(r)?.len() as u32),
        ("/requests", "Requests", ctx.requests),
    ];
    Ok(html! {
        nav.tabs aria-label="Lists of people" {
            @for (path, title, number) in entries {
                a href=(path) aria-current=[(path == here).then_some("page")] { (title) " " span.tally { (formatting::number(number.into())) } }
            }
        }
    })
}
