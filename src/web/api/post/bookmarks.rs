//! What the owner marks for themselves and what others mark: bookmarks, favourites, muted conversations, and who liked or
//! boosted a status.

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::federation::Node;
use crate::store::cursor::Rows;
use crate::store::{
    Read, Write, actors,
    moderation::block_filter,
    node,
    posts::{self, bookmarks, likes, thread_mutes},
};
use crate::web::api::call::{Answer, Call, Reply};
use crate::web::api::entity::View;
use crate::web::api::entity::account::account;
use crate::web::api::error::Fault;
use crate::web::api::paging::{Back, Window, linked};
use crate::web::api::post::statuses::{now, original, seen};

/// `POST /api/v1/statuses/{id}/bookmark`.
pub fn bookmark(node: &Node, call: &Call) -> Reply {
    mark(node, call, bookmarks::add)
}

/// `POST /api/v1/statuses/{id}/unbookmark`.
pub fn unbookmark(node: &Node, call: &Call) -> Reply {
    mark(node, call, bookmarks::remove)
}

/// `POST /api/v1/statuses/{id}/mute`: the whole conversation.
pub fn mute(node: &Node, call: &Call) -> Reply {
    mark(node, call, thread_mutes::add)
}

/// `POST /api/v1/statuses/{id}/unmute`.
pub fn unmute(node: &Node, call: &Call) -> Reply {
    mark(node, call, thread_mutes::remove)
}

fn mark(node: &Node, call: &Call, act: fn(&Write<'_>, PostId) -> Result<()>) -> Reply {
    let id = original(node, call)?;
    node.store.write(move |w| act(w, id))?;
    now(node, call, id)
}

/// `GET /api/v1/bookmarks`, the newest bookmark first.
pub fn bookmarked(node: &Node, call: &Call) -> Reply {
    marked(node, call, bookmarks::page)
}

/// `GET /api/v1/favourites`, the newest like first.
pub fn favourites(node: &Node, call: &Call) -> Reply {
    marked(node, call, |r, rows| likes::by_actor(r, node::owner(r)?, rows))
}

/// A page of marked posts. Its link ids are those of the marks.
fn marked(node: &Node, call: &Call, page: Posts) -> Reply {
    let window = Window::of(call, 20, 40);
    let (shown, rows) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let found = page(r, window.rows())?;
        let ids: Vec<PostId> = found.iter().map(|(_, post)| *post).collect();
        Ok((call.pieces.of(r, &view, &ids)?, found.iter().map(|(row, _)| *row).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &rows, window, Back::Row))
}

/// `GET /api/v1/statuses/{id}/favourited_by`: those we know of, the newest like first.
pub fn favourited_by(node: &Node, call: &Call) -> Reply {
    people(node, call, |r, _, post, rows| likes::page(r, post, rows))
}

/// `GET /api/v1/statuses/{id}/reblogged_by`, the newest boost first; link ids are those of the boosts.
pub fn reblogged_by(node: &Node, call: &Call) -> Reply {
    people(node, call, |r, view, post, rows| {
        let found = posts::boosters(r, post, view.viewer(), rows)?;
        Ok(found.into_iter().map(|(boost, who)| (boost.0, who)).collect())
    })
}

type Posts = fn(&Read<'_>, Rows) -> Result<Vec<(i64, PostId)>>;
type People = fn(&Read<'_>, &View<'_>, PostId, Rows) -> Result<Vec<(i64, ActorId)>>;

/// A page of people who did something with a post the caller may see.
fn people(node: &Node, call: &Call, page: People) -> Result<Answer, Fault> {
    let id = original(node, call)?;
    let window = Window::of(call, 40, 80);
    let (shown, rows) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        seen(r, &view, id)?;
        let found = page(r, &view, id, window.rows())?;
        let known = actors::by_ids(r, &found.iter().map(|(_, who)| *who).collect::<Vec<_>>())?;
        let hidden = block_filter::of(r, known.iter())?.hidden;
        let person = |(_, who): &(i64, ActorId)| known.iter().find(|one| one.id == *who && !hidden.contains(who));
        let shown: Vec<_> = found.iter().filter_map(person).map(|who| account(&view, who)).collect();
        Ok((shown, found.iter().map(|(row, _)| *row).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &rows, window, Back::Since))
}
