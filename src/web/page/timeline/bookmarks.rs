//! `/bookmarks` and `/likes`, newest first. Owner only.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::base::Result;
use crate::base::id::PostId;
use crate::federation::Node;
use crate::store::cursor::{CursorWindow, WindowEnd};
use crate::store::{
    Read, node as facts,
    posts::{bookmarks, likes, post_views},
};
use crate::web::auth::Owner;
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::post::post_card;
use crate::web::page::timeline::home::{TimelineQuery, pager};

/// Marks, each with its number and its post.
type PostMarks = Vec<(i64, PostId)>;

/// One of the two lists.
struct MarkPage {
    path: &'static str,
    title: &'static str,
    empty: &'static str,
    load: fn(&Read<'_>, CursorWindow) -> Result<PostMarks>,
}

const BOOKMARKS_PAGE: MarkPage = MarkPage {
    path: "/bookmarks",
    title: "Bookmarks",
    empty: "No bookmarks yet. “Bookmark”, behind the dots under a post, saves it here; nobody is told.",
    load: bookmarks::page,
};
const LIKES_PAGE: MarkPage = MarkPage {
    path: "/likes",
    title: "Likes",
    empty: "You have not liked anything yet.",
    load: |r, rows| likes::list_liked_posts(r, facts::owner(r)?, rows),
};

/// `GET /bookmarks`.
pub async fn bookmarks(
    node: web::Data<Node>,
    owner: Owner,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    show(node, owner, window.into_inner(), request.uri().to_string(), &BOOKMARKS_PAGE).await
}

/// `GET /likes`.
pub async fn likes(
    node: web::Data<Node>,
    owner: Owner,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    show(node, owner, window.into_inner(), request.uri().to_string(), &LIKES_PAGE).await
}

async fn show(
    node: web::Data<Node>,
    owner: Owner,
    window: TimelineQuery,
    here: String,
    shelf: &'static MarkPage,
) -> Result<HttpResponse, PageError> {
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?;
            let marks = (shelf.load)(r, mark_rows(window))?;
            // The numbers of the marks lead on, not those of the posts.
            let mut numbers: Vec<PostId> = marks.iter().map(|(number, _)| PostId(*number)).collect();
            let beyond = window.without_extra_row(&mut numbers);
            let kept = marks.iter().filter(|(number, _)| numbers.contains(&PostId(*number)));
            let cards = post_views::post_views(r, &kept.map(|(_, post)| *post).collect::<Vec<_>>())?;
            let body = html! {
                h1 { (shelf.title) }
                (tabs(shelf))
                @if cards.is_empty() { div.empty { (icon("bookmark")) p { (shelf.empty) } } } @else { (post_card::post_list(&ctx, &cards)) }
                (pager(shelf.path, &numbers, beyond))
            };
            Ok(layout::document(&ctx, &PageFrame::new(shelf.title, NavigationEntry::Elsewhere, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// The page in the form the store wants.
fn mark_rows(window: TimelineQuery) -> CursorWindow {
    let page = window.page();
    CursorWindow {
        above: page.after.map_or(0, |id| id.0),
        below: page.before.map_or(i64::MAX, |id| id.0),
        keep: if page.after.is_some() { WindowEnd::Oldest } else { WindowEnd::Newest },
        limit: page.limit,
    }
}

fn tabs(here: &MarkPage) -> Markup {
    html! {
        nav.tabs aria-label="Kept posts" {
            @for shelf in [&BOOKMARKS_PAGE, &LIKES_PAGE] {
                a href=(shelf.path) aria-current=[(shelf.path == here.path).then_some("page")] { (shelf.title) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use actix_web::http::header;
    use actix_web::test::TestRequest;

    use crate::base::Audience;
    use crate::federation::owner::login;
    use crate::web::auth;
    use crate::web::test_support::TestServer;

    #[actix_web::test]
    async fn a_post_is_put_by_and_its_thread_muted_from_its_menu() {
        let house = TestServer::new();
        let post = house.post("worth keeping", Audience::Public);
        let session = login::open_session(&house.node.store, "a test").unwrap();
        let csrf = auth::csrf_token(&house.node, &login::token_hash(&session));
        let cookie = format!("{}={session}", auth::SESSION_COOKIE);
        let look = async |path: &str| {
            let page = house.call(TestRequest::get().uri(path).insert_header((header::COOKIE, cookie.clone()))).await;
            (page.code.as_u16(), page.text())
        };
        let press = async |act: &str| {
            let form = [("csrf", csrf.as_str()), ("back", "/bookmarks")];
            let request = TestRequest::post().uri(&format!("/post/{}/{act}", post.id)).set_form(form);
            house.call(request.insert_header((header::COOKIE, cookie.clone()))).await.code.as_u16()
        };
        assert!(look("/bookmarks").await.1.contains("No bookmarks yet"));
        assert_eq!(press("bookmark").await, 303);
        let (code, page) = look("/bookmarks").await;
        assert!(code == 200 && page.contains("worth keeping") && page.contains("Remove bookmark"), "{page}");
        assert_eq!(press("hush").await, 303);
        let thread = look(&format!("/post/{}", post.id)).await.1;
        assert!(thread.contains("Notify me of this conversation again"), "{thread}");
        assert_eq!(press("unhush").await, 303);
        assert!(look(&format!("/post/{}", post.id)).await.1.contains("Mute this conversation"));
        assert_eq!(press("unbookmark").await, 303);
        assert!(!look("/bookmarks").await.1.contains("worth keeping"));
        assert_eq!(press("like").await, 303);
        assert!(look("/likes").await.1.contains("worth keeping"));
        for path in ["/bookmarks", "/likes"] {
            let stranger = house.get(path, "text/html").await;
            assert!(stranger.code.as_u16() != 200 && !stranger.text().contains("worth keeping"), "{path}");
        }
    }
}
