//! `/blocks`: blocked and muted accounts.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::actors::{self, Actor};
use crate::store::{
    Read,
    moderation::{blocks, mutes, reports},
};
use crate::web::auth::Owner;
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::people::PeopleQuery;
use crate::web::page::{formatting, moderation::mute_block_menu, people::actor_widgets};

/// People on one page of the blocked; of the muted all are shown on the first.
const BLOCKED_PER_PAGE: u32 = 60;
/// Muted people shown.
const MAX_MUTED_SHOWN: u32 = 300;

/// The three pages of what is blocked.
pub fn tabs(r: &Read<'_>, here: &str) -> Result<Markup> {
    let open = reports::open(r)?;
    let entries = [("/blocks", "People", 0), ("/servers", "Servers", 0), ("/reports", "Reports", open)];
    Ok(html! {
        nav.tabs aria-label="Muted and blocked" {
            @for (path, title, number) in entries {
                a href=(path) aria-current=[(path == here).then_some("page")] {
                    (title) @if number > 0 { " " span.tally { (formatting::number(number.into())) } }
                }
            }
        }
    })
}

/// `GET /blocks`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    after: web::Query<PeopleQuery>,
) -> Result<HttpResponse, PageError> {
    let after = after.into_inner().after;
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), "/blocks")?;
            let mut ids = blocks::list(r, after, BLOCKED_PER_PAGE + 1)?;
            let more = ids.len() > BLOCKED_PER_PAGE as usize;
            ids.truncate(BLOCKED_PER_PAGE as usize);
            let blocked = in_order(r, &ids)?;
            let muted = if after.is_none() { mutes::list(r, None, MAX_MUTED_SHOWN)? } else { Vec::new() };
            let faces = in_order(r, &muted.iter().map(|mute| mute.actor_id).collect::<Vec<_>>())?;
            let body = html! {
                h1 { "Muted and blocked" }
                (tabs(r, "/blocks")?)
                @if blocked.is_empty() && muted.is_empty() {
                    div.empty { p { "Nobody is muted or blocked. The menu on a profile can mute somebody for a while, or block them." } }
                }
                @if !blocked.is_empty() {
                    h2 { "Blocked" }
                    ul.people { @for actor in &blocked { (actor_widgets::row(&ctx, actor, &actor_widgets::action_button(&ctx, actor, "unblock", "Unblock", "button quiet"))) } }
                    @if let (true, Some(last)) = (more, blocked.last()) {
                        nav.pager aria-label="More people" { a rel="next" href={ "/blocks?after=" (last.id) } { "More" } }
                    }
                }
                @if !muted.is_empty() {
                    h2 { "Muted" }
                    ul.people {
                        @for mute in &muted {
                            @if let Some(actor) = faces.iter().find(|actor| actor.id == mute.actor_id) {
                                (actor_widgets::row(&ctx, actor, &html! {
                                    span.note { (mute_block_menu::muted(mute, &ctx)) }
                                    (actor_widgets::action_button(&ctx, actor, "unmute", "Unmute", "button quiet"))
                                }))
                            }
                        }
                    }
                }
            };
            Ok::<_, Error>(layout::document(&ctx, &PageFrame::new("Muted and blocked", NavigationEntry::Settings, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

fn in_order(r: &Read<'_>, ids: &[ActorId]) -> Result<Vec<Actor>> {
    let mut people = actors::by_ids(r, ids)?;
    people.sort_by_key(|actor| actor.id);
    Ok(people)
}
