//! Statuses: read, delete, favourite, reblog, vote. Writing is in `compose.rs`.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;

use crate::base::id::PostId;
use crate::base::{Audience, Error, Result};
use crate::federation::Node;
use crate::federation::owner::publish;
use crate::store::posts::post_views::{self, PostView};
use crate::store::posts::{self, ThreadLimits, Viewer};
use crate::store::{Read, node};
use crate::text::plain_text;
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::status::{deleted, status};
use crate::web::api::entity::visibility::audience;
use crate::web::api::entity::{ApiViewer, poll as entity};
use crate::web::api::error::ApiError;
use crate::web::api::status_cache::CachedStatus;

/// How much of a thread the owner's apps are given at once.
const OWNER_THREAD_LIMITS: ThreadLimits = ThreadLimits { max_ancestors: 500, max_descendants: 900, max_depth: 200 };
/// The limits for everyone else, as in Mastodon.
const STRANGER_THREAD_LIMITS: ThreadLimits = ThreadLimits { max_ancestors: 40, max_descendants: 60, max_depth: 20 };
/// Maximum number of statuses per request.
const MAX_STATUSES_PER_REQUEST: usize = 20;

/// A post the caller may see; NotFound for all others alike. Strangers see others' posts only in public threads with
/// the owner's: otherwise they could find out what the owner reads.
pub fn visible_post(r: &Read<'_>, view: &ApiViewer<'_>, id: PostId) -> Result<PostView> {
    let card = post_views::single_view(r, id)?;
    if view.viewer() == Viewer::Owner {
        return Ok(card);
    }
    let open = card.post.audience.is_open() && card.boost.as_ref().is_none_or(|(boost, _)| boost.audience.is_open());
    let own = |id| view.owner == Some(id);
    let by_owner = own(card.author.id) || card.boost.as_ref().is_some_and(|(_, booster)| own(booster.id));
    let stands_with = |owner| posts::is_public_thread_participant(r, card.post.id, owner);
    if open && (by_owner || view.owner.map_or(Ok(false), stands_with)?) { Ok(card) } else { Err(Error::NotFound) }
}

/// The response to every action on a post: its current state.
pub(in crate::web::api) fn now(node: &Node, call: &ApiRequest, id: PostId) -> ApiResult {
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        Ok(status(&view, &visible_post(r, &view, id)?))
    })?;
    Ok(ApiResponse::json(&shown))
}

/// The post itself, also when the path names a boost of it.
pub(in crate::web::api) fn boosted_post(node: &Node, call: &ApiRequest) -> Result<PostId, ApiError> {
    let id: PostId = call.id()?;
    let post = node.store.read(|r| posts::by_id(r, id))?;
    Ok(post.boost_of.unwrap_or(id))
}

/// `GET /api/v1/statuses/{id}`.
pub fn show_status(node: &Node, call: &ApiRequest) -> ApiResult {
    now(node, call, call.id()?)
}

/// `GET /api/v1/statuses?id[]=…`.
pub fn statuses(node: &Node, call: &ApiRequest) -> ApiResult {
    let ids: Vec<PostId> =
        call.params.list("id").iter().filter_map(|id| id.parse().ok()).take(MAX_STATUSES_PER_REQUEST).collect();
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let cards = ids.iter().filter_map(|id| visible_post(r, &view, *id).ok());
        Ok(cards.map(|card| status(&view, &card)).collect::<Vec<_>>())
    })?;
    Ok(ApiResponse::json(&shown))
}

/// Ancestors and descendants of a post.
#[derive(Serialize)]
struct ThreadContext {
    ancestors: Vec<CachedStatus>,
    descendants: Vec<CachedStatus>,
}

/// `GET /api/v1/statuses/{id}/context`.
pub fn context(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = boosted_post(node, call)?;
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        visible_post(r, &view, id)?;
        let span = if view.as_owner { OWNER_THREAD_LIMITS } else { STRANGER_THREAD_LIMITS };
        let above = posts::ancestors(r, id, view.viewer(), span)?;
        let below = in_reading_order(id, &posts::descendants(r, id, view.viewer(), span)?);
        let list = |ids: &[PostId]| call.status_cache.of(r, &view, ids);
        Ok(ThreadContext { ancestors: list(&above)?, descendants: list(&below)? })
    })?;
    Ok(ApiResponse::json(&shown))
}

/// Depth first, oldest first: a reply follows its parent. Replies may form a circle, which ends where it began.
fn in_reading_order(root: PostId, pairs: &[(PostId, PostId)]) -> Vec<PostId> {
    let mut under: HashMap<PostId, Vec<PostId>> = HashMap::new();
    for (child, parent) in pairs.iter().rev() {
        under.entry(*parent).or_default().push(*child);
    }
    let (mut ordered, mut stack) = (Vec::new(), under.remove(&root).unwrap_or_default());
    while let Some(id) = stack.pop() {
        if id != root && !ordered.contains(&id) {
            ordered.push(id);
            stack.extend(under.remove(&id).unwrap_or_default());
        }
    }
    ordered
}

/// `GET /api/v1/statuses/{id}/source`: of the owner's own posts.
pub fn source(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let post = node.store.read(|r| {
        let post = posts::by_id(r, id)?;
        if post.actor_id == node::owner(r)? { Ok(post) } else { Err(Error::NotFound) }
    })?;
    let text = post.source.unwrap_or_else(|| plain_text::from_html(&post.content));
    let warning = post.warning.unwrap_or_default();
    Ok(ApiResponse::json(&json!({ "id": id.to_string(), "text": text, "spoiler_text": warning })))
}

/// `DELETE /api/v1/statuses/{id}`: returns the source for redrafting with the same files. A boost of the owner's is
/// undone.
pub fn delete(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let (shown, boosted) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let card = visible_post(r, &view, id)?;
        match &card.boost {
            Some((_, booster)) if Some(booster.id) == view.owner => Ok((deleted(&view, &card), Some(card.post.id))),
            _ => Ok((deleted(&view, &own(r, &view, id)?), None)),
        }
    })?;
    match (boosted, call.params.flag("delete_media")) {
        (Some(original), _) => publish::unboost(node, original)?,
        (None, Some(true)) => publish::delete(node, id)?,
        (None, _) => publish::delete_and_redraft(node, id)?,
    }
    Ok(ApiResponse::json(&shown))
}

/// A post of the owner's; NotFound for all others.
pub(in crate::web::api) fn own(r: &Read<'_>, view: &ApiViewer<'_>, id: PostId) -> Result<PostView> {
    let card = visible_post(r, view, id)?;
    if Some(card.author.id) == view.owner && card.boost.is_none() { Ok(card) } else { Err(Error::NotFound) }
}

/// `POST /api/v1/statuses/{id}/favourite`.
pub fn favourite(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = boosted_post(node, call)?;
    publish::like(node, id)?;
    now(node, call, id)
}

/// `POST /api/v1/statuses/{id}/unfavourite`.
pub fn unfavourite(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = boosted_post(node, call)?;
    publish::unlike(node, id)?;
    now(node, call, id)
}

/// `POST /api/v1/polls/{id}/votes`.
pub fn vote(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let card = node.store.read(|r| visible_post(r, &ApiViewer::load(node, r, call)?, id))?;
    if card.poll.as_ref().is_some_and(|poll| !poll.own_choices.is_empty()) {
        return Err(ApiError::Refused("Validation failed: You have already voted on this poll".into()));
    }
    let choices: std::result::Result<Vec<usize>, _> =
        call.params.list("choices").iter().map(|place| place.trim().parse()).collect();
    let choices =
        choices.map_err(|_| ApiError::Refused("Validation failed: The chosen vote option does not exist".into()))?;
    publish::vote(node, id, choices)?;
    poll(node, call)
}

/// `GET /api/v1/polls/{id}`: a poll has the id of its post.
pub fn poll(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let card = visible_post(r, &view, id)?;
        let own = view.owner == Some(card.author.id);
        Ok(entity::poll(&view, card.poll.as_ref().ok_or(Error::NotFound)?, &card.post.emoji, own))
    })?;
    Ok(ApiResponse::json(&shown))
}

/// `POST /api/v1/statuses/{id}/pin`.
pub fn pin(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    publish::pin(node, id)?;
    now(node, call, id)
}

/// `POST /api/v1/statuses/{id}/unpin`.
pub fn unpin(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    publish::unpin(node, id)?;
    now(node, call, id)
}

/// `POST /api/v1/statuses/{id}/reblog`: returns the boost. Without an audience, that of the owner's posts, as far as a
/// boost can have it.
pub fn reblog(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = boosted_post(node, call)?;
    let chosen = match call.params.given("visibility") {
        Some(word) => audience(&word)
            .ok_or_else(|| ApiError::Refused("Validation failed: Visibility is not included in the list".into()))?,
        None => {
            let usual = node.store.read(node::settings)?.audience.parse().unwrap_or(Audience::Public);
            usual.min(Audience::Followers)
        }
    };
    let boost = publish::boost_for(node, id, chosen)?;
    now(node, call, boost)
}

/// `POST /api/v1/statuses/{id}/unreblog`: returns the post.
pub fn unreblog(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = boosted_post(node, call)?;
    publish::unboost(node, id)?;
    now(node, call, id)
}
