//! `/settings/apps`: the apps that may act for the owner, and the end of that.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::html;

use super::authorize::meanings;
use super::form::Sent;
use super::layout::{self, Here, House, Page};
use super::words;
use crate::base::id::TokenId;
use crate::federation::Node;
use crate::store::apps;
use crate::web::auth::{Owner, see_other};
use crate::web::edge::{PageError, blocking};

/// `GET /settings/apps`.
pub async fn show(node: web::Data<Node>, owner: Owner, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let here = request.uri().path().to_owned();
    let markup = blocking(&node, move |node| {
        node.store.read(|r| {
            let house = House::load(node, r, Some(&owner), &here)?;
            let tokens = apps::tokens(r)?;
            let body = html! {
                h1 { "Apps" }
                @if tokens.is_empty() {
                    p { "No app may act for you. Any app made for Mastodon can: tell it this server’s name, "
                        strong { (node.facts.origin.host) } "." }
                }
                ul.rows {
                    @for token in &tokens {
                        li.line {
                            div {
                                p { bdi { (token.name) } }
                                p.note { (meanings(&token.scopes).join("; ")) }
                                p.note {
                                    "since " (words::when(token.created_at, house.now)) ", "
                                    @match token.used_at {
                                        Some(at) => { "last used " (words::when(at, house.now)) }
                                        None => { "never used" }
                                    }
                                }
                            }
                            form method="post" action="/settings/apps" {
                                (house.token(""))
                                input type="hidden" name="token" value=(token.id);
                                button.quiet type="submit" { "End" }
                            }
                        }
                    }
                }
            };
            Ok(layout::document(&house, &Page::new("Apps", Here::Settings, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// `POST /settings/apps`: ends one app's access.
pub async fn end(node: web::Data<Node>, sent: Sent) -> Result<HttpResponse, PageError> {
    blocking(&node, move |node| {
        let id: TokenId = sent.fields.text("token").parse()?;
        node.store.write(move |w| apps::revoke(w, id))
    })
    .await?;
    Ok(see_other("/settings/apps"))
}
