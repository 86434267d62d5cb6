//! Hashtags: shown, followed, featured.

use serde_json::Value;

use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::{
    Node,
    owner::{publish, tags as acts},
};
use crate::store::posts::pins::{self, FeaturedHashtag};
use crate::store::{Read, node, timelines::tags};
use crate::text::scan;
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::tag::{self as entity, OwnTagState, featured};
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};
use crate::web::api::people::accounts::visible_actor;

/// Mastodon's error when no more hashtags can be featured.
const FEATURED_TAGS_FULL: &str = "Validation failed: You have already featured the maximum number of hashtags";

/// The hashtag in the path, normalized and as written; NotFound when it is not one.
fn named_tag(call: &ApiRequest) -> Result<(String, String), ApiError> {
    let typed = call.captured.first().map(String::as_str).unwrap_or_default();
    Ok(scan::whole_tag(typed).ok_or(Error::NotFound)?)
}

/// Tag entities in this order: (normalized, written).
pub fn shown(r: &Read<'_>, view: &ApiViewer<'_>, names: &[(String, String)]) -> Result<Vec<entity::TagEntity>> {
    let featured = match view.owner.filter(|_| view.as_owner) {
        Some(owner) => pins::tags(r, owner)?,
        None => Vec::new(),
    };
    let keys: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
    let followed = if view.as_owner { tags::followed_among(r, &keys)? } else { Default::default() };
    let tag = |(name, shown): &(String, String)| {
        let mine =
            OwnTagState { following: followed.contains(name), featuring: featured.iter().any(|tag| tag.name == *name) };
        // How often others use it is shown to the owner only.
        let history = if view.as_owner { tags::history(r, name, names.len())? } else { Vec::new() };
        Ok(entity::tag(view, name, shown, &history, mine))
    };
    names.iter().map(tag).collect()
}

fn current(node: &Node, call: &ApiRequest) -> ApiResult {
    let (name, typed) = named_tag(call)?;
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let known = tags::get(r, &name)?.map(|tag| tag.display_name).filter(|_| view.as_owner);
        Ok(shown(r, &view, &[(name, known.unwrap_or(typed))])?.pop())
    })?;
    Ok(ApiResponse::json(&shown))
}

/// `GET /api/v1/tags/{name}`: also of a hashtag nobody has used.
pub fn tag(node: &Node, call: &ApiRequest) -> ApiResult {
    current(node, call)
}

/// `POST /api/v1/tags/{name}/follow`.
pub fn follow(node: &Node, call: &ApiRequest) -> ApiResult {
    acts::follow(node, named_tag(call)?.1)?;
    current(node, call)
}

/// `POST /api/v1/tags/{name}/unfollow`.
pub fn unfollow(node: &Node, call: &ApiRequest) -> ApiResult {
    acts::unfollow(node, named_tag(call)?.0)?;
    current(node, call)
}

/// `POST /api/v1/tags/{name}/feature`.
pub fn feature(node: &Node, call: &ApiRequest) -> ApiResult {
    put(node, named_tag(call)?)?;
    current(node, call)
}

/// `POST /api/v1/tags/{name}/unfeature`.
pub fn unfeature(node: &Node, call: &ApiRequest) -> ApiResult {
    publish::unfeature_tag(node, named_tag(call)?.0)?;
    current(node, call)
}

/// `GET /api/v1/followed_tags`: `Link` counts rows, the last followed first.
pub fn followed(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 100, 200);
    let (shown, rows) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let page = tags::page(r, window.max, window.since, window.min, window.limit)?;
        let rows: Vec<i64> = page.iter().map(|tag| tag.id).collect();
        let names: Vec<_> = page.into_iter().map(|tag| (tag.name, tag.display_name)).collect();
        Ok((shown(r, &view, &names)?, rows))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &rows, window, BackwardParameter::Since))
}

/// Featured hashtags of a profile.
fn of_profile(r: &Read<'_>, view: &ApiViewer<'_>, who: ActorId) -> Result<Vec<entity::FeaturedTagEntity>> {
    let list = pins::tags(r, who)?;
    let own = view.owner == Some(who) && !list.is_empty();
    let names: Vec<String> = list.iter().map(|tag| tag.name.clone()).collect();
    let uses = if own { tags::own_use_among(r, &names)? } else { Vec::new() };
    Ok(list.iter().map(|tag| featured(view, tag, &uses)).collect())
}

/// `GET /api/v1/featured_tags`.
pub fn featured_list(node: &Node, call: &ApiRequest) -> ApiResult {
    let shown = node.store.read(|r| of_profile(r, &ApiViewer::load(node, r, call)?, node::owner(r)?))?;
    Ok(ApiResponse::json(&shown))
}

/// `GET /api/v1/accounts/{id}/featured_tags`.
pub fn of_account(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ActorId = call.id()?;
    let shown = node.store.read(|r| {
        visible_actor(r, call, id)?;
        of_profile(r, &ApiViewer::load(node, r, call)?, id)
    })?;
    Ok(ApiResponse::json(&shown))
}

/// Puts a hashtag on the profile; whether it was there already.
fn put(node: &Node, (name, typed): (String, String)) -> Result<bool, ApiError> {
    let known = own_tags(node)?;
    if known.iter().any(|tag| tag.name == name) {
        return Ok(true);
    }
    if known.len() >= pins::MAX_FEATURED_HASHTAGS as usize {
        return Err(ApiError::Refused(FEATURED_TAGS_FULL.into()));
    }
    publish::feature_tag(node, typed)?;
    Ok(false)
}

fn own_tags(node: &Node) -> Result<Vec<FeaturedHashtag>> {
    node.store.read(|r| pins::tags(r, node::owner(r)?))
}

/// `POST /api/v1/featured_tags`.
pub fn add(node: &Node, call: &ApiRequest) -> ApiResult {
    let typed = call.params.required("name")?;
    let tag = scan::whole_tag(&typed)
        .ok_or_else(|| ApiError::Refused("Validation failed: Tag is not a valid hashtag".into()))?;
    let name = tag.0.clone();
    if put(node, tag)? {
        return Err(ApiError::Refused("Validation failed: Tag has already been taken".into()));
    }
    let shown = node.store.read(|r| of_profile(r, &ApiViewer::load(node, r, call)?, node::owner(r)?))?;
    let id = Value::from(entity::id(&name).to_string());
    let shown: Vec<Value> = shown.iter().filter_map(|tag| serde_json::to_value(tag).ok()).collect();
    Ok(ApiResponse::json(&shown.into_iter().find(|tag| tag.get("id") == Some(&id))))
}

/// `DELETE /api/v1/featured_tags/{id}`.
pub fn remove(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.captured.first().and_then(|id| id.parse::<i64>().ok());
    let tag = own_tags(node)?.into_iter().find(|tag| Some(entity::id(&tag.name)) == id).ok_or(Error::NotFound)?;
    publish::unfeature_tag(node, tag.name)?;
    Ok(ApiResponse::empty())
}
