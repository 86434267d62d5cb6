//! Bookmarks, favourites, muted conversations, and who favourited or reblogged a status.

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::federation::Node;
use crate::store::cursor::CursorWindow;
use crate::store::{
    Read, Write, actors,
    moderation::block_filter,
    node,
    posts::{self, bookmarks, likes, thread_mutes},
};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::account::account;
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};
use crate::web::api::post::statuses::{boosted_post, now, visible_post};

/// `POST /api/v1/statuses/{id}/bookmark`.
pub fn bookmark(node: &Node, call: &ApiRequest) -> ApiResult {
    set_mark(node, call, bookmarks::add)
}

/// `POST /api/v1/statuses/{id}/unbookmark`.
pub fn unbookmark(node: &Node, call: &ApiRequest) -> ApiResult {
    set_mark(node, call, bookmarks::remove)
}

/// `POST /api/v1/statuses/{id}/mute`: the whole conversation.
pub fn mute(node: &Node, call: &ApiRequest) -> ApiResult {
    set_mark(node, call, thread_mutes::add)
}

/// `POST /api/v1/statuses/{id}/unmute`.
pub fn unmute(node: &Node, call: &ApiRequest) -> ApiResult {
    set_mark(node, call, thread_mutes::remove)
}

fn set_mark(node: &Node, call: &ApiRequest, act: fn(&Write<'_>, PostId) -> Result<()>) -> ApiResult {
    let id = boosted_post(node, call)?;
    node.store.write(move |w| act(w, id))?;
    now(node, call, id)
}

/// `GET /api/v1/bookmarks`, the newest bookmark first.
pub fn bookmarked(node: &Node, call: &ApiRequest) -> ApiResult {
    marked_posts(node, call, bookmarks::page)
}

/// `GET /api/v1/favourites`, the newest like first.
pub fn favourites(node: &Node, call: &ApiRequest) -> ApiResult {
    marked_posts(node, call, |r, rows| likes::list_liked_posts(r, node::owner(r)?, rows))
}

/// A page of marked posts. Its link ids are those of the marks.
fn marked_posts(node: &Node, call: &ApiRequest, page: MarkedPosts) -> ApiResult {
    let window = PageWindow::of(call, 20, 40);
    let (shown, rows) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let found = page(r, window.rows())?;
        let ids: Vec<PostId> = found.iter().map(|(_, post)| *post).collect();
        Ok((call.status_cache.of(r, &view, &ids)?, found.iter().map(|(row, _)| *row).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &rows, window, BackwardParameter::Row))
}

/// `GET /api/v1/statuses/{id}/favourited_by`: those we know of, the newest like first.
pub fn favourited_by(node: &Node, call: &ApiRequest) -> ApiResult {
    actor_page(node, call, |r, _, post, rows| likes::list_likers(r, post, rows))
}

/// `GET /api/v1/statuses/{id}/reblogged_by`, the newest boost first; link ids are those of the boosts.
pub fn reblogged_by(node: &Node, call: &ApiRequest) -> ApiResult {
    actor_page(node, call, |r, view, post, rows| {
        let found = posts::boosters(r, post, view.viewer(), rows)?;
        Ok(found.into_iter().map(|(boost, who)| (boost.0, who)).collect())
    })
}

type MarkedPosts = fn(&Read<'_>, CursorWindow) -> Result<Vec<(i64, PostId)>>;
type MarkingActors = fn(&Read<'_>, &ApiViewer<'_>, PostId, CursorWindow) -> Result<Vec<(i64, ActorId)>>;

/// A page of actors who interacted with a visible post.
fn actor_page(node: &Node, call: &ApiRequest, page: MarkingActors) -> Result<ApiResponse, ApiError> {
    let id = boosted_post(node, call)?;
    let window = PageWindow::of(call, 40, 80);
    let (shown, rows) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        visible_post(r, &view, id)?;
        let found = page(r, &view, id, window.rows())?;
        let known = actors::by_ids(r, &found.iter().map(|(_, who)| *who).collect::<Vec<_>>())?;
        let hidden = block_filter::filter_for(r, known.iter())?.blocked;
        let person = |(_, who): &(i64, ActorId)| known.iter().find(|one| one.id == *who && !hidden.contains(who));
        let shown: Vec<_> = found.iter().filter_map(person).map(|who| account(&view, who)).collect();
        Ok((shown, found.iter().map(|(row, _)| *row).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &rows, window, BackwardParameter::Since))
}
