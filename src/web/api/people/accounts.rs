//! Accounts: the owner's own, and others.

use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::remote::backfill::{self, BackfillJob};
use crate::store::actors::Actor;
use crate::store::posts::Viewer;
use crate::store::posts::profile_posts::{self, ProfilePostFilter};
use crate::store::{
    Read,
    actors::{self, follows, visibility},
    moderation::host_blocks,
    node,
    posts::pins,
};
use crate::text::Handle;
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::account::{LimitedHost, account, credentials, whole};
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};

/// Maximum number of accounts per request.
const MAX_ACCOUNTS_PER_REQUEST: usize = 40;

/// `GET /api/v1/accounts/verify_credentials`.
pub fn verify_credentials(node: &Node, call: &ApiRequest) -> ApiResult {
    node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let owner = actors::by_id(r, node::owner(r)?)?;
        let requests = follows::count(r, owner.id, follows::FollowList::Requests)?;
        Ok(Ok(ApiResponse::json(&credentials(&view, &owner, &node::settings(r)?, requests))))
    })?
}

/// An account the caller may see; NotFound for all others alike. Strangers see publicly visible actors only: ids are
/// sequential, and whom the owner knows is private.
pub fn visible_actor(r: &Read<'_>, call: &ApiRequest, id: ActorId) -> Result<Actor> {
    let actor = actors::by_id(r, id)?;
    let shown = |owner| visibility::is_publicly_visible(r, owner, id);
    let may = call.is_owner() || node::get(r)?.owner.map_or(Ok(false), shown)?;
    if may { Ok(actor) } else { Err(Error::NotFound) }
}

/// `GET /api/v1/accounts?id[]=…`, in the requested order.
pub fn accounts(node: &Node, call: &ApiRequest) -> ApiResult {
    let ids: Vec<ActorId> =
        call.params.list("id").iter().filter_map(|id| id.parse().ok()).take(MAX_ACCOUNTS_PER_REQUEST).collect();
    let shown = node.store.read(|r| {
        let mut view = ApiViewer::load(node, r, call)?;
        view.remember(r, &ids)?;
        let found = ids.iter().filter_map(|id| visible_actor(r, call, *id).ok());
        Ok(found.map(|actor| account(&view, &actor)).collect::<Vec<_>>())
    })?;
    Ok(ApiResponse::json(&shown))
}

/// `GET /api/v1/accounts/lookup?acct=…`: known and visible accounts only.
pub fn lookup(node: &Node, call: &ApiRequest) -> ApiResult {
    let asked = call.params.required("acct")?;
    let handle = Handle::parse(asked.trim_start_matches('@')).ok_or(Error::NotFound)?;
    let host = handle.host.as_deref().filter(|host| !node.facts.origin.is_ours(host));
    let host = host.unwrap_or(&node.facts.origin.domain);
    show(node, call, |r| {
        let found = actors::by_handle(r, &handle.name, host)?.ok_or(Error::NotFound)?;
        visible_actor(r, call, found.id)
    })
}

/// `GET /api/v1/accounts/{id}`.
pub fn show_account(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ActorId = call.id()?;
    show(node, call, |r| visible_actor(r, call, id))
}

/// One account; when the owner views a remote one, its newest posts are fetched.
fn show(node: &Node, call: &ApiRequest, find: impl FnOnce(&Read<'_>) -> Result<Actor>) -> ApiResult {
    let (shown, id, own) = node.store.read(|r| {
        let actor = find(r)?;
        let mut view = ApiViewer::load(node, r, call)?;
        view.remember(r, &[actor.id])?;
        let moved = match &actor.moved_to {
            Some(uri) => actors::by_uri(r, uri)?,
            None => None,
        };
        let limited = if host_blocks::of_actor(r, &actor)?.is_limited() { LimitedHost::Yes } else { LimitedHost::No };
        Ok((whole(&view, &actor, moved.as_ref(), limited), actor.id, view.owner == Some(actor.id)))
    })?;
    if call.is_owner() && !own {
        backfill::enqueue(node, BackfillJob::Profile(id));
    }
    Ok(ApiResponse::json(&shown))
}

/// `GET /api/v1/accounts/{id}/statuses`.
pub fn statuses(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ActorId = call.id()?;
    let window = PageWindow::of(call, 20, 40);
    let flag = |name: &str| call.params.flag(name) == Some(true);
    let tag = call.params.given("tagged").map(|tag| crate::text::scan::tag_key(tag.trim_start_matches('#')));
    let pinned = flag("pinned");
    let (shown, ids) = node.store.read(|r| {
        visible_actor(r, call, id)?;
        let view = ApiViewer::load(node, r, call)?;
        let wanted = ProfilePostFilter {
            viewer: view.viewer(),
            window: window.rows(),
            tag: tag.as_deref(),
            only_media: flag("only_media"),
            no_replies: flag("exclude_replies"),
            no_boosts: flag("exclude_reblogs"),
            no_private_mentions: flag("exclude_direct"),
        };
        let ids = match pinned {
            // Strangers must not learn whose posts are stored here.
            _ if view.viewer() == Viewer::Stranger && view.owner != Some(id) => Vec::new(),
            true => pins::of_actor(r, id, view.viewer())?.into_iter().filter(|id| window.holds(id.0)).collect(),
            false => profile_posts::page(r, id, &wanted)?,
        };
        let mut statuses = call.status_cache.of(r, &view, &ids)?;
        // A boost may be for more people than the post it shows.
        statuses.retain(|status| view.viewer() == Viewer::Owner || status.open);
        let rows = if pinned { Vec::new() } else { ids.iter().map(|id| id.0).collect() };
        Ok((statuses, rows))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &ids, window, BackwardParameter::Min))
}
