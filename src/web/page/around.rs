//! `/around`: the public posts this server has seen, of whomever: a look over the fence. Never on the home timeline.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::html;

use super::card;
use super::home::{Window, pager};
use super::layout::{self, Here, House, Page};
use crate::base::Result;
use crate::federation::Node;
use crate::store::{cards, relays};
use crate::web::auth::Owner;
use crate::web::edge::{PageError, blocking};

/// `GET /around`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    window: web::Query<Window>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (window, here) = (window.into_inner(), request.uri().to_string());
    let markup = blocking(&node, move |node| {
        node.store.read(|r| {
            let house = House::load(node, r, Some(&owner), &here)?;
            let mut ids = relays::around(r, window.page())?;
            let beyond = window.cut(&mut ids);
            let cards = cards::of(r, &ids)?;
            let body = html! {
                h1 { "Around" }
                p.note { "Public posts that came by here, from people you follow and from strangers. "
                    a href="/settings/relays" { "Relays" } " bring more of them." }
                @if cards.is_empty() { div.empty { p { "Nothing has come by yet." } } } @else { (card::list(&house, &cards)) }
                (pager("/around", &ids, beyond))
            };
            Ok(layout::document(&house, &Page::new("Around", Here::Find, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}
