//! Blocks and mutes of accounts, blocks of servers.

use std::time::Duration;

use serde_json::json;

use crate::federation::{
    Node,
    owner::{host_block_import, publish},
};
use crate::social::moderation::host_block;
use crate::store::moderation::host_blocks::{self, HostBlockRule, MANUAL_LIST, Severity};
use crate::store::moderation::mutes::{self, MuteScope};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};
use crate::web::api::people::relationships::{current, other_actor};

/// The longest mute that ends; a longer one is for good.
const MAX_MUTE_SECONDS: u64 = 100 * 365 * 24 * 3600;

/// `POST /api/v1/accounts/{id}/block`.
pub fn block(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = other_actor(node, call)?;
    publish::block(node, id)?;
    current(node, id)
}

/// `POST /api/v1/accounts/{id}/unblock`.
pub fn unblock(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = other_actor(node, call)?;
    publish::unblock(node, id)?;
    current(node, id)
}

/// `POST /api/v1/accounts/{id}/mute`: notifications too unless declined; for `duration` seconds, 0 without end.
pub fn mute(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = other_actor(node, call)?;
    let reach = if call.params.flag("notifications") == Some(false) { MuteScope::Home } else { MuteScope::Everything };
    let seconds = call.params.integer("duration").and_then(|seconds| u64::try_from(seconds).ok());
    let seconds = seconds.filter(|seconds| (1..=MAX_MUTE_SECONDS).contains(seconds));
    publish::mute(node, id, reach, seconds.map(Duration::from_secs))?;
    current(node, id)
}

/// `POST /api/v1/accounts/{id}/unmute`. A mute of boosts only, set on the page, stays.
pub fn unmute(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = other_actor(node, call)?;
    let muted = node.store.read(|r| mutes::get(r, id))?.is_some_and(|mute| mute.reach != MuteScope::Boosts);
    if muted {
        publish::unmute(node, id)?;
    }
    current(node, id)
}

/// `GET /api/v1/domain_blocks`: the owner's own rules; lists may have a hundred thousand.
pub fn hosts(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 100, 200);
    let found = node.store.read(|r| host_blocks::newest(r, window.max, window.since.or(window.min), window.limit))?;
    let (rows, names): (Vec<i64>, Vec<String>) = found.into_iter().unzip();
    Ok(linked(node, call, ApiResponse::json(&names), &rows, window, BackwardParameter::Since))
}

/// The server a call names.
fn host(call: &ApiRequest) -> Result<String, ApiError> {
    let asked = call.params.required("domain")?;
    host_block_import::parse_host_name(asked.trim())
        .map_err(|_| ApiError::Refused("Validation failed: Domain is invalid".to_owned()))
}

/// `POST /api/v1/domain_blocks`.
pub fn block_host(node: &Node, call: &ApiRequest) -> ApiResult {
    let host = host(call)?;
    let known = node.store.read(|r| host_blocks::get(r, MANUAL_LIST, &host))?;
    let rule = known.unwrap_or_else(|| HostBlockRule::manual(&host, Severity::Block, ""));
    host_block_import::set_rule(node, HostBlockRule { severity: Severity::Block, ..rule })?;
    Ok(ApiResponse::empty())
}

/// `DELETE /api/v1/domain_blocks`: also of a server that a list blocks, which becomes an exception.
pub fn unblock_host(node: &Node, call: &ApiRequest) -> ApiResult {
    let host = host(call)?;
    node.store.write(move |w| {
        let own = host_blocks::get(w, MANUAL_LIST, &host)?.is_some_and(|rule| rule.severity == Severity::Block);
        if own {
            host_block::remove(w, &host)?;
        }
        match host_blocks::of_host(w, &host)?.is_blocked() {
            true => host_block::set(w, &HostBlockRule::manual(&host, Severity::Allow, "")).map(drop),
            false => Ok(()),
        }
    })?;
    Ok(ApiResponse::empty())
}

/// `GET /api/v1/domain_blocks/preview`: how many follows a block would end.
pub fn preview(node: &Node, call: &ApiRequest) -> ApiResult {
    let host = host(call)?;
    let cut = node.store.read(|r| host_block::preview_host(r, &host))?;
    let shown = json!({ "following_count": cut.following.len(), "followers_count": cut.followers.len() });
    Ok(ApiResponse::json(&shown))
}
