//! Scheduled statuses. One that could not be published stays in the list.

use crate::base::id::DraftId;
use crate::base::{Error, Result};
use crate::federation::{Node, owner::scheduling};
use crate::store::posts::drafts::{self, StoredDraft};
use crate::store::{Read, node, posts::attachments};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::compose::{due, refused};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::scheduled::scheduled;
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};

/// The ScheduledStatus of a draft.
pub fn show(node: &Node, call: &ApiRequest, kept: &StoredDraft) -> ApiResult {
    let shown = node.store.read(|r| all(r, &ApiViewer::load(node, r, call)?, std::slice::from_ref(kept)))?;
    Ok(ApiResponse::json(shown.first().ok_or(Error::NotFound)?))
}

fn all(r: &Read<'_>, view: &ApiViewer<'_>, kept: &[StoredDraft]) -> Result<Vec<serde_json::Value>> {
    let settings = node::settings(r)?;
    let drafts: Vec<_> = kept.iter().map(|kept| (kept, scheduling::to_new_post(kept))).collect();
    let ids: Vec<_> = drafts.iter().flat_map(|(_, draft)| draft.media.iter().copied()).collect();
    let files = attachments::by_ids(r, &ids)?;
    Ok(drafts.iter().map(|(kept, draft)| scheduled(view, kept, draft, &files, &settings)).collect())
}

/// `GET /api/v1/scheduled_statuses`.
pub fn list(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 20, 40);
    let (ids, shown) = node.store.read(|r| {
        let mut kept = drafts::scheduled(r, window.max.unwrap_or(i64::MAX), window.min, window.limit)?;
        kept.retain(|kept| window.holds(kept.id.0));
        let ids: Vec<i64> = kept.iter().map(|kept| kept.id.0).collect();
        Ok((ids, all(r, &ApiViewer::load(node, r, call)?, &kept)?))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &ids, window, BackwardParameter::Row))
}

/// One that waits; drafts are the page's alone.
fn scheduled_draft(node: &Node, call: &ApiRequest) -> Result<StoredDraft, ApiError> {
    let id: DraftId = call.id()?;
    let kept = node.store.read(|r| drafts::get(r, id))?;
    if kept.due_at.is_some() { Ok(kept) } else { Err(Error::NotFound.into()) }
}

/// `GET /api/v1/scheduled_statuses/{id}`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    show(node, call, &scheduled_draft(node, call)?)
}

/// `PUT /api/v1/scheduled_statuses/{id}`: another time.
pub fn update(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = scheduled_draft(node, call)?.id;
    let due = due(node, call)?.ok_or_else(|| refused("Scheduled at must be at least five minutes from now"))?;
    scheduling::reschedule(node, id, due)?;
    show(node, call, &scheduled_draft(node, call)?)
}

/// `DELETE /api/v1/scheduled_statuses/{id}`.
pub fn delete(node: &Node, call: &ApiRequest) -> ApiResult {
    scheduling::discard(node, scheduled_draft(node, call)?.id)?;
    Ok(ApiResponse::empty())
}
