//! `/tags/{name}`: the owner's open posts with a hashtag.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::html;

use super::card;
use super::home::{self, Window, pager};
use super::layout::{self, Here, House, Page};
use super::thread::query;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::filters::Context;
use crate::store::{cards, node as facts, posts};
use crate::text::TAG_CHARS;
use crate::web::auth::MaybeOwner;
use crate::web::edge::{PageError, blocking};

/// `GET /tags/{name}`.
pub async fn show(
    node: web::Data<Node>,
    owner: MaybeOwner,
    name: web::Path<String>,
    window: web::Query<Window>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (name, window, here) = (name.into_inner(), window.into_inner(), request.uri().to_string());
    let session = owner.0.clone();
    let markup = blocking(&node, move |node| {
        let shown = name.trim_start_matches('#');
        if shown.is_empty() || shown.chars().count() > TAG_CHARS {
            return Err(Error::NotFound);
        }
        node.store.read(|r| {
            let house = House::load(node, r, owner.0.as_ref(), &here)?.sifting(r, Context::Public)?;
            let mut ids = posts::of_actor_tagged(r, facts::owner(r)?, &shown.to_lowercase(), window.page())?;
            let beyond = window.cut(&mut ids);
            let cards = home::open_only(cards::of(r, &ids)?);
            let body = html! {
                h1 { bdi { "#" (shown) } }
                @if cards.is_empty() {
                    div.empty { p { "No public posts here with this hashtag." } }
                } @else { (card::list(&house, &cards)) }
                (pager(&format!("/tags/{}", query(shown)), &ids, beyond))
            };
            let page = Page::new(format!("#{shown}"), Here::Elsewhere, body);
            Ok(layout::document(&house, &page).into_string())
        })
    });
    let markup = markup.await?;
    Ok(layout::visitors(session.as_ref()).body(markup))
}
