//! Media uploads: created, described, deleted. Processing is synchronous.

use crate::base::id::MediaId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::media::{self, Upload};
use crate::store::Read;
use crate::store::posts::attachments::{self, PostAttachment};
use crate::text::MAX_ALT_TEXT_CHARS;
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::media::attachment;
use crate::web::api::error::ApiError;

/// `POST /api/v1/media` and `/api/v2/media`.
pub fn upload(node: &Node, call: &ApiRequest) -> ApiResult {
    let file =
        call.params.file("file").ok_or_else(|| ApiError::Refused("Validation failed: File can't be blank".into()))?;
    let upload = Upload {
        bytes: file.to_vec(),
        alt: described(call)?.unwrap_or_default(),
        focus: focus(call)?,
        cover: call.params.file("thumbnail").map(<[u8]>::to_vec).unwrap_or_default(),
    };
    show(node, call, media::store_upload(node, upload)?)
}

/// The description, if given.
fn described(call: &ApiRequest) -> Result<Option<String>, ApiError> {
    call.params.text("description").map(|text| description(&text)).transpose()
}

/// A valid description, or Mastodon's error.
pub fn description(text: &str) -> Result<String, ApiError> {
    let too_long = format!("Validation failed: Description is too long (maximum is {MAX_ALT_TEXT_CHARS} characters)");
    media::check_alt_text(text).map_err(|_| ApiError::Refused(too_long))
}

/// The focal point, "x,y" from -1 to 1, if given.
fn focus(call: &ApiRequest) -> Result<Option<(f64, f64)>, ApiError> {
    call.params.given("focus").map(|text| point(&text)).transpose()
}

/// Reads such a pair.
pub fn point(text: &str) -> Result<(f64, f64), ApiError> {
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let pair = text.split_once(',').and_then(|(x, y)| Some((number(x)?, number(y)?)));
    pair.ok_or_else(|| ApiError::Refused("Validation failed: Focus must be two numbers".into()))
}

/// An unattached upload; attached files are changed with their post.
fn unattached(r: &Read<'_>, id: MediaId) -> Result<PostAttachment> {
    let file = attachments::by_id(r, id)?;
    if file.post_id.is_none() && file.file.is_some() { Ok(file) } else { Err(Error::NotFound) }
}

fn show(node: &Node, call: &ApiRequest, id: MediaId) -> ApiResult {
    let shown = node.store.read(|r| Ok(attachment(&ApiViewer::load(node, r, call)?, &unattached(r, id)?)))?;
    Ok(ApiResponse::json(&shown))
}

/// `GET /api/v1/media/{id}`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    show(node, call, call.id()?)
}

/// `PUT /api/v1/media/{id}`.
pub fn update(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: MediaId = call.id()?;
    let focus = focus(call)?.map(media::focus_text);
    let alt = described(call)?;
    node.store.read(|r| unattached(r, id))?;
    let cover = call.params.file("thumbnail").map(|bytes| media::store_cover(node, bytes)).transpose()?;
    node.store.write(move |w| {
        unattached(w, id)?;
        if let Some(cover) = &cover {
            attachments::set_cover(w, id, cover)?;
        }
        attachments::update_description(w, id, alt.as_deref(), focus.as_deref())
    })?;
    show(node, call, id)
}

/// `DELETE /api/v1/media/{id}`: the files go with the next sweep.
pub fn delete(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: MediaId = call.id()?;
    let is_loose = node.store.write(move |w| match attachments::by_id(w, id)? {
        file if file.post_id.is_none() && attachments::are_unattached(w, &[id], None)? => {
            attachments::delete_unattached(w, id).map(|()| true)
        }
        _ => Ok(false),
    })?;
    match is_loose {
        true => Ok(ApiResponse::empty()),
        false => Err(ApiError::Refused("Media attachment is currently used by a status".to_owned())),
    }
}
