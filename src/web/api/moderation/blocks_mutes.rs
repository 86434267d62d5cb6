//! Keeping away: blocks and mutes of people, blocks of servers.

use std::time::Duration;

use serde_json::json;

use crate::federation::{
    Node,
    owner::{host_block_import, publish},
};
use crate::social::moderation::host_block;
use crate::store::moderation::host_blocks::{self, BY_HAND, Rule, Severity};
use crate::store::moderation::mutes::{self, Reach};
use crate::web::api::call::{Answer, Call, Reply};
use crate::web::api::error::Fault;
use crate::web::api::paging::{Back, Window, linked};
use crate::web::api::people::relationships::{now, other};

/// The longest mute that ends; a longer one is for good.
const LONGEST: u64 = 100 * 365 * 24 * 3600;

/// `POST /api/v1/accounts/{id}/block`.
pub fn block(node: &Node, call: &Call) -> Reply {
    let id = other(node, call)?;
    publish::block(node, id)?;
    now(node, id)
}

/// `POST /api/v1/accounts/{id}/unblock`.
pub fn unblock(node: &Node, call: &Call) -> Reply {
    let id = other(node, call)?;
    publish::unblock(node, id)?;
    now(node, id)
}

/// `POST /api/v1/accounts/{id}/mute`: their notifications too unless it says no; for `duration` seconds, 0 for good.
pub fn mute(node: &Node, call: &Call) -> Reply {
    let id = other(node, call)?;
    let reach = if call.params.flag("notifications") == Some(false) { Reach::Home } else { Reach::Everything };
    let seconds = call.params.whole("duration").and_then(|seconds| u64::try_from(seconds).ok());
    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
    publish::mute(node, id, reach, seconds.map(Duration::from_secs))?;
    now(node, id)
}

/// `POST /api/v1/accounts/{id}/unmute`: what the page hides of them alone, their boosts, stays hidden.
pub fn unmute(node: &Node, call: &Call) -> Reply {
    let id = other(node, call)?;
    let muted = node.store.read(|r| mutes::get(r, id))?.is_some_and(|mute| mute.reach != Reach::Boosts);
    if muted {
        publish::unmute(node, id)?;
    }
    now(node, id)
}

/// `GET /api/v1/domain_blocks`: those the owner set by hand; what lists keep away can be a hundred thousand.
pub fn hosts(node: &Node, call: &Call) -> Reply {
    let window = Window::of(call, 100, 200);
    let found = node.store.read(|r| host_blocks::newest(r, window.max, window.since.or(window.min), window.limit))?;
    let (rows, names): (Vec<i64>, Vec<String>) = found.into_iter().unzip();
    Ok(linked(node, call, Answer::json(&names), &rows, window, Back::Since))
}

/// The server a call names.
fn host(call: &Call) -> Result<String, Fault> {
    let asked = call.params.required("domain")?;
    host_block_import::host_name(asked.trim())
        .map_err(|_| Fault::Refused("Validation failed: Domain is invalid".to_owned()))
}

/// `POST /api/v1/domain_blocks`.
pub fn block_host(node: &Node, call: &Call) -> Reply {
    let host = host(call)?;
    let known = node.store.read(|r| host_blocks::get(r, BY_HAND, &host))?;
    let rule = known.unwrap_or_else(|| Rule::by_hand(&host, Severity::Block, ""));
    host_block_import::set(node, Rule { severity: Severity::Block, ..rule })?;
    Ok(Answer::done())
}

/// `DELETE /api/v1/domain_blocks`: also of a server that a list keeps away, which becomes an exception.
pub fn unblock_host(node: &Node, call: &Call) -> Reply {
    let host = host(call)?;
    node.store.write(move |w| {
        let own = host_blocks::get(w, BY_HAND, &host)?.is_some_and(|rule| rule.severity == Severity::Block);
        if own {
            host_block::lift(w, &host)?;
        }
        match host_blocks::of_host(w, &host)?.is_blocked() {
            true => host_block::set(w, &Rule::by_hand(&host, Severity::Allow, "")).map(drop),
            false => Ok(()),
        }
    })?;
    Ok(Answer::done())
}

/// `GET /api/v1/domain_blocks/preview`: how many follows a block would end.
pub fn preview(node: &Node, call: &Call) -> Reply {
    let host = host(call)?;
    let cut = node.store.read(|r| host_block::preview_host(r, &host))?;
    let shown = json!({ "following_count": cut.following.len(), "followers_count": cut.followers.len() });
    Ok(Answer::json(&shown))
}
