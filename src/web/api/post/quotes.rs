//! Quotes of a status, and its quote policy.

use crate::base::Error;
use crate::base::id::PostId;
use crate::federation::{Node, owner::publish};
use crate::store::posts::quotes;
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::compose;
use crate::web::api::entity::ApiViewer;
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};
use crate::web::api::post::edits::choices;
use crate::web::api::post::statuses::{boosted_post, now, own, visible_post};

/// `GET /api/v1/statuses/{id}/quotes`: those its author agreed to.
pub fn list(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = boosted_post(node, call)?;
    let window = PageWindow::of(call, 20, 40);
    let (ids, shown) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        visible_post(r, &view, id)?;
        let mut ids = quotes::list_accepted(r, id, view.viewer(), window.posts())?;
        ids.retain(|id| window.holds(id.0));
        // The row of a quote has the id of the post that quotes.
        Ok((ids.iter().map(|id| id.0).collect::<Vec<_>>(), call.status_cache.of(r, &view, &ids)?))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &ids, window, BackwardParameter::Since))
}

/// `POST /api/v1/statuses/{id}/quotes/{quoting_id}/revoke`: returns the quoting status.
pub fn revoke(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let quoting: PostId = call.captured.get(1).ok_or(Error::NotFound)?.parse()?;
    node.store.read(|r| {
        own(r, &ApiViewer::load(node, r, call)?, id)?;
        let quote = quotes::get(r, quoting)?.filter(|quote| quote.quoted_id == Some(id));
        quote.map(drop).ok_or(Error::NotFound)
    })?;
    publish::revoke_quote(node, quoting)?;
    now(node, call, quoting)
}

/// `PUT /api/v1/statuses/{id}/interaction_policy`: who may quote it.
pub fn set_policy(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: PostId = call.id()?;
    let card = node.store.read(|r| own(r, &ApiViewer::load(node, r, call)?, id))?;
    let chosen = compose::choices(call, choices(&card))?.ok_or(ApiError::Missing("quote_approval_policy"))?;
    publish::set_policy(node, id, chosen)?;
    now(node, call, id)
}
