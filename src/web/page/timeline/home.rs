//! `/`: the home timeline below the compose form. Visitors are redirected to the profile.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::Result;
use crate::base::id::PostId;
use crate::federation::Node;
use crate::store::posts::PostPage;
use crate::store::posts::post_views::{self, PostView};
use crate::store::timelines::filters::FilterContext;
use crate::store::{self, actors, timelines::home_timeline};
use crate::web::auth::{MaybeSession, Owner, see_other};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame as Document, icon};
use crate::web::page::{
    compose::{self, draft_list},
    post::post_card,
};

/// Posts on one page of any list.
pub const POSTS_PER_PAGE: u32 = 20;

/// The query: which page of a list.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct TimelineQuery {
    /// Only posts older than this one.
    pub before: Option<PostId>,
    /// Only posts newer than this one.
    pub after: Option<PostId>,
}

impl TimelineQuery {
    /// In the store's form: one row more than shown tells whether there are more.
    pub fn page(self) -> PostPage {
        PostPage { before: self.before, after: self.after, limit: POSTS_PER_PAGE + 1 }
    }

    /// Drops the extra row and returns which neighbouring pages exist.
    pub fn without_extra_row(self, ids: &mut Vec<PostId>) -> PageLinks {
        let more = ids.len() > POSTS_PER_PAGE as usize;
        if self.after.is_some() {
            if more {
                ids.remove(0);
            }
            return PageLinks { older: true, newer: more };
        }
        ids.truncate(POSTS_PER_PAGE as usize);
        PageLinks { older: more, newer: self.before.is_some() }
    }
}

/// Whether there are older and newer pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLinks {
    older: bool,
    newer: bool,
}

/// Links to the pages before and after. `path` is the list's, without a query.
pub fn pager(path: &str, ids: &[PostId], beyond: PageLinks) -> Markup {
    pages(path, '?', ids, beyond)
}

/// As [`pager`], of a list whose path has a query.
pub fn pager_of(path: &str, ids: &[PostId], beyond: PageLinks) -> Markup {
    pages(path, '&', ids, beyond)
}

fn pages(path: &str, mark: char, ids: &[PostId], beyond: PageLinks) -> Markup {
    html! {
        @if beyond.older || beyond.newer {
            nav.pager aria-label="More posts" {
                @if let (true, Some(first)) = (beyond.newer, ids.first()) { a rel="prev" href={ (path) (mark) "after=" (first) } { "Newer" } }
                @if let (true, Some(last)) = (beyond.older, ids.last()) { a rel="next" href={ (path) (mark) "before=" (last) } { "Older" } }
            }
        }
    }
}

/// `GET /`.
pub async fn show(
    node: web::Data<Node>,
    session: MaybeSession,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let owner = match session.0 {
        Some(session) => match session.owner {
            Some(actor) => Owner { actor, hash: session.hash, csrf: session.csrf },
            None => return Ok(see_other("/welcome")),
        },
        None => return Ok(see_other(&run_blocking(&node, visitor_home).await?)),
    };
    let (window, here) = (window.into_inner(), request.uri().to_string());
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?.active_filters(r, FilterContext::Home)?;
            let mut ids = home_timeline::page(r, window.page())?;
            let beyond = window.without_extra_row(&mut ids);
            let cards = post_views::post_views(r, &ids)?;
            let first = window.before.is_none();
            let filled = compose::ComposeFields::for_new_post(r)?;
            let body = html! {
                h1.hidden { "Home" }
                @if first { (compose::form(&ctx, &filled)) (draft_list::back_link(r)?) }
                @if cards.is_empty() { (empty_timeline(&ctx, window)) } @else { (post_card::post_list(&ctx, &cards)) }
                (pager("/", &ids, beyond))
            };
            Ok(layout::document(&ctx, &Document::new("Home", NavigationEntry::Home, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// Where a visitor to `/` is led: the profile, or the log-in page of a server without a name.
fn visitor_home(node: &Node) -> Result<String> {
    node.store.read(|r| match store::node::get(r)?.owner {
        Some(owner) => Ok(format!("/@{}", actors::by_id(r, owner)?.username)),
        None => Ok("/login".to_owned()),
    })
}

fn empty_timeline(ctx: &PageContext<'_>, window: TimelineQuery) -> Markup {
    let handle = ctx.owner.as_ref().map_or_else(String::new, |owner| format!("@{}", owner.handle()));
    html! {
        @if window.before.is_some() || window.after.is_some() {
            div.empty { p { "That is all there is. " a href="/" { "Back to the newest" } "." } }
        } @else {
            div.empty {
                (icon("cabin"))
                p { "It is quiet in here. Say something above, or " a href="/find" { "find somebody to follow" }
                    ": a handle looks like " code { "@name@example.org" } ", and what they write comes in here." }
                p.note { "You are " strong { bdi { (handle) } } ". That is the name to give to others." }
            }
        }
    }
}

/// The public posts of a list for strangers; everything else is dropped, whatever the query returned.
pub fn public_only(mut cards: Vec<PostView>) -> Vec<PostView> {
    let open = |card: &PostView| {
        card.post.audience.is_open() && card.boost.as_ref().is_none_or(|(boost, _)| boost.audience.is_open())
    };
    cards.retain(open);
    cards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_knows_what_lies_beyond() {
        let ids = |n: i64| (1..=n).rev().map(PostId).collect::<Vec<_>>();
        let (newest, older) = (TimelineQuery::default(), TimelineQuery { before: Some(PostId(99)), after: None });
        let newer = TimelineQuery { before: None, after: Some(PostId(0)) };
        let cut = |window: TimelineQuery, n: i64| {
            let mut list = ids(n);
            let beyond = window.without_extra_row(&mut list);
            (list.len(), list.first().map(|id| id.0), beyond.older, beyond.newer)
        };
        assert_eq!(cut(newest, 5), (5, Some(5), false, false));
        assert_eq!(cut(newest, 21), (20, Some(21), true, false));
        assert_eq!(cut(older, 3), (3, Some(3), false, true));
        assert_eq!(cut(newer, 21), (20, Some(20), true, true), "the newest of them is the row too many");
        assert_eq!(cut(newer, 2), (2, Some(2), true, false));
    }
}
