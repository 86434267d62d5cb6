//! Notifications, one by one.

pub(super) mod notification_groups;
pub(super) mod notification_policy;
pub(super) mod push;

use serde_json::json;

use super::call::{ApiRequest, ApiResponse, ApiResult};
use super::entity::ApiViewer;
use super::entity::notification::{NotificationContext, NotificationTypes, shown, word};
use super::paging::{BackwardParameter, PageWindow, linked};
use crate::base::id::{NotificationId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::Read;
use crate::store::notifications::{self as rows, Notification, NotificationFilter, NotificationKind};
use crate::store::timelines::markers::{self, MarkerTimeline};

/// Default limit of the unread count.
const DEFAULT_UNREAD_LIMIT: u32 = 100;
/// And never further than this.
const MAX_UNREAD_LIMIT: u32 = 1_000;

/// Which types the client takes: it names the ones it wants or knows, or it may be an old one.
fn notification_types(call: &ApiRequest) -> NotificationTypes {
    let says = !call.params.list("types").is_empty() || !call.params.list("supported_types").is_empty();
    if says { NotificationTypes::All } else { NotificationTypes::Old }
}

/// The requested notifications, ungrouped; None for an account that cannot exist.
pub fn wanted(call: &ApiRequest, words: NotificationTypes) -> Option<NotificationFilter> {
    let (only, never) = (call.params.list("types"), call.params.list("exclude_types"));
    let is_one_of = |list: &[String], kind: NotificationKind| {
        list.iter().any(|one| Some(one.as_str()) == word(kind) || Some(one.as_str()) == words.of(kind))
    };
    let fits = |kind: &NotificationKind| {
        word(*kind).is_some() && (only.is_empty() || is_one_of(&only, *kind)) && !is_one_of(&never, *kind)
    };
    let kinds: Vec<NotificationKind> = NotificationKind::ALL.into_iter().filter(fits).collect();
    let by = call.params.given("account_id").map(|id| id.parse()).transpose().ok()?;
    // Filtered by account, everything is returned: Tusky shows a notification request like this.
    let kept_back = by.is_some() || call.params.flag("include_filtered") == Some(true);
    Some(NotificationFilter { apart: kinds.clone(), kinds, kept_back, by })
}

/// Everyone and everything these rows tell of.
fn context(
    r: &Read<'_>,
    call: &ApiRequest,
    view: &ApiViewer<'_>,
    found: &[Notification],
) -> Result<NotificationContext> {
    let posts: Vec<PostId> = found.iter().filter_map(|row| row.post_id).collect();
    NotificationContext::load(r, found.iter().map(|row| row.actor_id), call.status_cache.of(r, view, &posts)?)
}

/// `GET /api/v1/notifications`.
pub fn list(node: &Node, call: &ApiRequest) -> ApiResult {
    let (window, words) = (PageWindow::of(call, 40, 80), notification_types(call));
    let Some(wanted) = wanted(call, words) else { return Ok(ApiResponse::none()) };
    let (list, ids) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let found = rows::list(r, &wanted, window.rows())?;
        let cast = context(r, call, &view, &found)?;
        let list: Vec<_> = found.iter().filter_map(|row| shown(&view, words, row, &cast)).collect();
        Ok((list, found.iter().map(|row| row.id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&list), &ids, window, BackwardParameter::Min))
}

/// `GET /api/v1/notifications/{id}`.
pub fn show(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, words): (NotificationId, _) = (call.id()?, notification_types(call));
    let one = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let row = rows::by_id(r, id)?;
        shown(&view, words, &row, &context(r, call, &view, std::slice::from_ref(&row))?).ok_or(Error::NotFound)
    })?;
    Ok(ApiResponse::json(&one))
}

/// `POST /api/v1/notifications/clear`, also of version 2. A few thousand per write, so that other writes get through;
/// filtered notifications stay.
pub fn clear(node: &Node, _: &ApiRequest) -> ApiResult {
    let newest = node.store.read(rows::newest)?;
    while node.store.write(move |w| rows::clear(w, newest))? {}
    Ok(ApiResponse::empty())
}

/// `POST /api/v1/notifications/{id}/dismiss`.
pub fn dismiss(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: NotificationId = call.id()?;
    node.store.write(move |w| rows::dismiss(w, id))?;
    Ok(ApiResponse::empty())
}

/// `POST /api/v1/notifications/dismiss` with the id as a parameter, as Mammoth sends it: succeeds also when it does not
/// exist.
pub fn dismiss_named(node: &Node, call: &ApiRequest) -> ApiResult {
    let Some(id) = call.params.given("id").and_then(|id| id.parse::<NotificationId>().ok()) else {
        return Ok(ApiResponse::empty());
    };
    match node.store.write(move |w| rows::dismiss(w, id)) {
        Ok(()) | Err(Error::NotFound) => Ok(ApiResponse::empty()),
        Err(error) => Err(error.into()),
    }
}

/// `GET /api/v1/notifications/unread_count`.
pub fn unread(node: &Node, call: &ApiRequest) -> ApiResult {
    let wanted = wanted(call, notification_types(call));
    count(node, call, wanted)
}

/// How many are newer than the marker of the notifications.
pub fn count(node: &Node, call: &ApiRequest, wanted: Option<NotificationFilter>) -> ApiResult {
    let most = PageWindow::of(call, DEFAULT_UNREAD_LIMIT, MAX_UNREAD_LIMIT).limit;
    let count = match wanted {
        Some(wanted) => node.store.read(|r| rows::count(r, &wanted, read_up_to(r)?, most))?,
        None => 0,
    };
    Ok(ApiResponse::json(&json!({ "count": count })))
}

fn read_up_to(r: &Read<'_>) -> Result<i64> {
    Ok(markers::get(r, MarkerTimeline::Notifications)?.map_or(0, |marker| marker.last_id))
}
