//! Lists of accounts: followers, following, requests, endorsements, blocks, mutes. Paged by row id.

use serde_json::Value;

use crate::base::Result;
use crate::base::id::ActorId;
use crate::federation::Node;
use crate::store::actors::follows::{self, FollowList};
use crate::store::{
    Read, actors,
    moderation::{blocks, mutes},
    node,
};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::account::account;
use crate::web::api::entity::rfc3339;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};
use crate::web::api::people::accounts::visible_actor;

/// `GET /api/v1/follow_requests`.
pub fn requests(node: &Node, call: &ApiRequest) -> ApiResult {
    of_owner(node, call, FollowList::Requests)
}

/// `GET /api/v1/endorsements`.
pub fn endorsements(node: &Node, call: &ApiRequest) -> ApiResult {
    of_owner(node, call, FollowList::Endorsed)
}

/// `GET /api/v1/accounts/{id}/endorsements`: the owner's; of others none are known.
pub fn endorsed_by(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ActorId = call.id()?;
    let owner = node.store.read(|r| {
        visible_actor(r, call, id)?;
        node::owner(r)
    })?;
    if id == owner { of_owner(node, call, FollowList::Endorsed) } else { Ok(ApiResponse::none()) }
}

/// `GET /api/v1/accounts/{id}/followers`.
pub fn followers(node: &Node, call: &ApiRequest) -> ApiResult {
    actor_list(node, call, FollowList::Followers)
}

/// `GET /api/v1/accounts/{id}/following`.
pub fn following(node: &Node, call: &ApiRequest) -> ApiResult {
    actor_list(node, call, FollowList::Following)
}

/// The owner's lists, for strangers only if the owner shows them. Of other accounts only the owner is known.
fn actor_list(node: &Node, call: &ApiRequest, list: FollowList) -> ApiResult {
    let id: ActorId = call.id()?;
    let (owner, settings) = node.store.read(|r| {
        visible_actor(r, call, id)?;
        Ok((node::owner(r)?, node::settings(r)?))
    })?;
    if !(call.is_owner() || settings.show_follows) {
        return Ok(ApiResponse::none());
    }
    if id == owner {
        return of_owner(node, call, list);
    }
    account_page(node, call, |r, window| {
        let (follower, followed) = if list == FollowList::Followers { (owner, id) } else { (id, owner) };
        let follow = follows::get_accepted(r, follower, followed)?.filter(|_| window.limit > 0);
        let row = follow.map(|follow| (follow.id, owner)).filter(|(row, _)| window.holds(*row));
        Ok(row.into_iter().collect())
    })
}

/// A page of one of the owner's lists, newest request first.
fn of_owner(node: &Node, call: &ApiRequest, list: FollowList) -> ApiResult {
    let owner = node.owner()?;
    account_page(node, call, |r, window| {
        follows::page(r, owner, list, window.max, window.since.or(window.min), window.limit)
    })
}

/// `GET /api/v1/blocks`.
pub fn blocked(node: &Node, call: &ApiRequest) -> ApiResult {
    account_page(node, call, |r, window| blocks::newest(r, window.max, window.since.or(window.min), window.limit))
}

/// A page of accounts; `find` returns (row id, actor).
fn account_page(
    node: &Node,
    call: &ApiRequest,
    find: impl FnOnce(&Read<'_>, PageWindow) -> Result<Vec<(i64, ActorId)>>,
) -> ApiResult {
    let window = PageWindow::of(call, 40, 80);
    let (shown, rows) = node.store.read(|r| {
        let mut view = ApiViewer::load(node, r, call)?;
        let rows = find(r, window)?;
        view.remember(r, &rows.iter().map(|(_, id)| *id).collect::<Vec<_>>())?;
        let found = actors::by_ids(r, &rows.iter().map(|(_, id)| *id).collect::<Vec<_>>())?;
        let ordered = rows.iter().filter_map(|(_, id)| found.iter().find(|actor| actor.id == *id));
        let shown: Vec<_> = ordered.map(|actor| account(&view, actor)).collect();
        Ok((shown, rows.iter().map(|(row, _)| *row).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &rows, window, BackwardParameter::Since))
}

/// `GET /api/v1/mutes`: accounts with the end of their mute.
pub fn muted(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 40, 80);
    let (shown, rows) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let rows = mutes::newest(r, window.max, window.since.or(window.min), window.limit)?;
        let found = actors::by_ids(r, &rows.iter().map(|(_, mute)| mute.actor_id).collect::<Vec<_>>())?;
        let mut shown = Vec::new();
        for (_, mute) in &rows {
            let Some(actor) = found.iter().find(|actor| actor.id == mute.actor_id) else { continue };
            let mut whole = serde_json::to_value(account(&view, actor)).unwrap_or_default();
            if let Value::Object(map) = &mut whole {
                map.insert("mute_expires_at".to_owned(), mute.until_at.map(rfc3339).into());
            }
            shown.push(whole);
        }
        Ok((shown, rows.iter().map(|(row, _)| *row).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &rows, window, BackwardParameter::Since))
}
