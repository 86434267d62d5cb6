//! `/settings/apps`: apps with access, and revoking it.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::html;
use serde::Deserialize;

use crate::base::id::TokenId;
use crate::federation::Node;
use crate::store::access::apps;
use crate::web::auth::{Owner, local_path, see_other};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::authorize::scope_descriptions;
use crate::web::page::form::OwnerForm;
use crate::web::page::formatting;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};

/// Tokens on a page.
const TOKENS_PER_PAGE: u32 = 50;

/// The query: which page.
#[derive(Debug, Deserialize)]
pub struct AppsQuery {
    before: Option<TokenId>,
}

/// `GET /settings/apps`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    before: web::Query<AppsQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let before = before.into_inner().before;
    let here = request.uri().path_and_query().map_or("/settings/apps", |here| here.as_str()).to_owned();
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?;
            let mut tokens = apps::tokens(r, before, TOKENS_PER_PAGE + 1)?;
            let more = tokens.len() > TOKENS_PER_PAGE as usize;
            tokens.truncate(TOKENS_PER_PAGE as usize);
            let body = html! {
                h1 { "Apps" }
                @if tokens.is_empty() && before.is_none() {
                    p { "No app has access yet. Any app made for Mastodon works: enter this server’s name, "
                        strong { (node.facts.origin.host) } "." }
                }
                ul.rows {
                    @for token in &tokens {
                        li.line {
                            div {
                                p { bdi { (token.name) } }
                                p.note { (scope_descriptions(&token.scopes).join("; ")) }
                                p.note {
                                    "since " (formatting::relative_time(token.created_at, ctx.now)) ", "
                                    @match token.used_at {
                                        Some(at) => { "last used " (formatting::relative_time(at, ctx.now)) }
                                        None => { "never used" }
                                    }
                                }
                            }
                            form method="post" action="/settings/apps" {
                                (ctx.token(""))
                                input type="hidden" name="token" value=(token.id);
                                button.quiet type="submit" { "End" }
                            }
                        }
                    }
                }
                @if let (true, Some(last)) = (more, tokens.last()) {
                    nav.pager aria-label="More apps" { a rel="next" href={ "/settings/apps?before=" (last.id) } { "Older" } }
                }
            };
            Ok(layout::document(&ctx, &PageFrame::new("Apps", NavigationEntry::Settings, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// `POST /settings/apps`: ends one app's access.
pub async fn end(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let back = local_path(sent.fields.text("back")).to_owned();
    run_blocking(&node, move |node| {
        let id: TokenId = sent.fields.text("token").parse()?;
        node.store.write(move |w| apps::revoke(w, id))
    })
    .await?;
    Ok(see_other(&back))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use crate::federation::owner::oauth;
    use crate::web::page::tests::blocking::OwnerBrowser;

    #[actix_web::test]
    async fn the_oldest_token_is_found_and_ended() {
        let desk = OwnerBrowser::new();
        for n in 1..=120 {
            oauth::create_personal_token(&desk.house.node, &format!("app no. {n}."), "read").unwrap();
        }
        let (mut path, mut pages) = ("/settings/apps".to_owned(), Vec::new());
        while pages.len() < 9 {
            let page = desk.get(&path).await;
            let next =
                page.split_once("href=\"/settings/apps?before=").map(|(_, rest)| rest.split('"').next().unwrap());
            let next = next.map(|before| format!("/settings/apps?before={before}"));
            pages.push(page);
            match next {
                Some(next) => path = next,
                None => break,
            }
        }
        assert_eq!(pages.len(), 3);
        assert!(pages[0].contains("app no. 120.") && !pages[0].contains("app no. 1."));
        assert!(
            pages[2].contains("app no. 1.") && pages[2].contains("app no. 20.") && !pages[2].contains("app no. 21.")
        );
        let oldest = pages[2].rsplit_once("name=\"token\" value=\"").unwrap().1.split('"').next().unwrap();
        let ended = desk.send("/settings/apps", &[("token", oldest)]).await;
        assert_eq!(ended.header("location"), "/people/7", "back to where the button stood");
        assert!(!desk.get(&path).await.contains("app no. 1."));
        assert!(desk.get("/settings/apps?before=1").await.contains("Apps"));
    }
}
