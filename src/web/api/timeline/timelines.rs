//! Home, public and hashtag timelines.

use crate::base::id::PostId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::posts::Viewer;
use crate::store::timelines::public_timelines::{self, MediaFilter, TagSelection, TimelineOrigin};
use crate::store::{Read, timelines::home_timeline};
use crate::text::scan;
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};

/// `GET /api/v1/timelines/home`.
pub fn home(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 20, 40);
    timeline_page(node, call, window, |r| home_timeline::page(r, window.posts()))
}

/// The requested origin, as far as this caller may see it.
fn timeline_origin(call: &ApiRequest) -> Result<TimelineOrigin, ApiError> {
    let flag = |name: &str| call.params.flag(name) == Some(true);
    let asked = match (flag("local"), flag("remote")) {
        (true, _) => TimelineOrigin::Local,
        (false, true) => TimelineOrigin::Remote,
        (false, false) => TimelineOrigin::All,
    };
    let viewer = if call.is_owner() { Viewer::Owner } else { Viewer::Stranger };
    public_timelines::visible_origin(viewer, asked).ok_or(ApiError::NoUser(401))
}

fn media(call: &ApiRequest) -> MediaFilter {
    if call.params.flag("only_media") == Some(true) { MediaFilter::Only } else { MediaFilter::Any }
}

/// A page of posts; `find` returns their ids.
fn timeline_page(
    node: &Node,
    call: &ApiRequest,
    window: PageWindow,
    find: impl FnOnce(&Read<'_>) -> Result<Vec<PostId>>,
) -> ApiResult {
    let (shown, rows) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let mut ids = find(r)?;
        ids.retain(|id| window.holds(id.0));
        Ok((call.status_cache.of(r, &view, &ids)?, ids.iter().map(|id| id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &rows, window, BackwardParameter::Min))
}

/// `GET /api/v1/timelines/public`: strangers see the owner's posts only, because all else would reveal whom the owner
/// reads.
pub fn public(node: &Node, call: &ApiRequest) -> ApiResult {
    let (whose, media, window) = (timeline_origin(call)?, media(call), PageWindow::of(call, 20, 40));
    timeline_page(node, call, window, |r| public_timelines::public_page(r, whose, media, window.posts()))
}

/// `GET /api/v1/timelines/tag/{name}`.
pub fn tag(node: &Node, call: &ApiRequest) -> ApiResult {
    let (whose, media, window) = (timeline_origin(call)?, media(call), PageWindow::of(call, 20, 40));
    let more = |name: &str| -> Vec<String> {
        call.params
            .list(name)
            .iter()
            .map(|tag| scan::tag_key(tag))
            .take(public_timelines::MAX_ADDITIONAL_TAGS)
            .collect()
    };
    let first = scan::tag_key(call.captured.first().ok_or(Error::NotFound)?);
    let mut tags = TagSelection { any: more("any"), all: more("all"), none: more("none") };
    tags.any.push(first);
    tags.any.sort_unstable();
    tags.any.dedup();
    timeline_page(node, call, window, |r| public_timelines::tagged_page(r, &tags, whose, media, window.posts()))
}
