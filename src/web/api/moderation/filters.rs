//! Filters (`/api/v2/filters`).

use serde_json::Value;

use crate::base::id::{FilterId, FilteredId, KeywordId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::moderation::filter::{self, FilterChange, KeywordChange};
use crate::store::Read;
use crate::store::timelines::filters::{self, FilterAction, FilterContext, FilterContexts};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::filter as entity;
use crate::web::api::error::ApiError;
use crate::web::api::params::{flag_of, text_of};

/// `GET /api/v2/filters`: those that are over, too.
pub fn all(node: &Node, _: &ApiRequest) -> ApiResult {
    let shown = node.store.read(|r| {
        let (keywords, posts) = (filters::keywords(r)?, filters::posts(r)?);
        Ok(filters::all(r)?.iter().map(|one| entity::filter(one, &keywords, &posts)).collect::<Vec<_>>())
    })?;
    Ok(ApiResponse::json(&shown))
}

fn shown(r: &Read<'_>, id: FilterId) -> Result<ApiResponse> {
    let filter = filters::by_id(r, id)?;
    Ok(ApiResponse::json(&entity::filter(&filter, &filters::keywords_of(r, id)?, &filters::posts_of(r, id)?)))
}

/// `GET /api/v2/filters/{id}`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    Ok(node.store.read(|r| shown(r, id))?)
}

/// `POST /api/v2/filters`.
pub fn create(node: &Node, call: &ApiRequest) -> ApiResult {
    let change = filter_change(call)?;
    let id = node.store.write(move |w| filter::create_filter(w, &change))?;
    Ok(node.store.read(|r| shown(r, id))?)
}

/// `PUT /api/v2/filters/{id}`: absent fields stay.
pub fn change(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, change) = (call.id()?, filter_change(call)?);
    node.store.write(move |w| filter::change_filter(w, id, &change))?;
    Ok(node.store.read(|r| shown(r, id))?)
}

/// `DELETE /api/v2/filters/{id}`.
pub fn remove(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    node.store.write(move |w| filter::delete_filter(w, id))?;
    Ok(ApiResponse::empty())
}

fn filter_change(call: &ApiRequest) -> Result<FilterChange, ApiError> {
    let params = &call.params;
    let action = match params.given("filter_action") {
        None => None,
        Some(word) => {
            Some(FilterAction::from_word(&word).ok_or_else(|| Error::invalid("Action is not included in the list"))?)
        }
    };
    let keywords =
        params.items("keywords_attributes").into_iter().map(keyword_text).collect::<Result<Vec<_>, ApiError>>()?;
    let is_blank =
        |word: &KeywordChange| word.id.is_none() && word.whole_word.is_none() && blank(word.keyword.as_deref());
    Ok(FilterChange {
        title: params.text("title"),
        contexts: contexts(call)?,
        action,
        duration: length(call)?,
        keywords: keywords.into_iter().filter(|word| !is_blank(word)).collect(),
    })
}

fn blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

/// The contexts, if given.
pub fn contexts(call: &ApiRequest) -> Result<Option<FilterContexts>, ApiError> {
    if !call.params.has("context") {
        return Ok(None);
    }
    let mut named = Vec::new();
    for word in call.params.list("context").iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
        let context = FilterContext::from_word(word);
        named.push(context.ok_or_else(|| Error::invalid("Context None or invalid context supplied"))?);
    }
    Ok(Some(FilterContexts::of(named)))
}

/// The duration in seconds, if given; an empty text or null means no end.
pub fn length(call: &ApiRequest) -> Result<Option<Option<std::time::Duration>>, ApiError> {
    let Some(value) = call.params.at("expires_in") else { return Ok(None) };
    let text = text_of(value).unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Some(None));
    }
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    let seconds = seconds.ok_or_else(|| Error::invalid("Expires in is not a number"))?;
    Ok(Some(Some(filter::duration_from_seconds(seconds as i64))))
}

/// One of `keywords_attributes`.
fn keyword_text(value: &Value) -> Result<KeywordChange, ApiError> {
    let field = |name: &str| value.get(name).filter(|value| !value.is_null());
    let id = field("id").and_then(text_of).filter(|id| !id.is_empty());
    Ok(KeywordChange {
        id: id.map(|id| id.parse::<KeywordId>()).transpose()?,
        keyword: field("keyword").and_then(text_of),
        whole_word: field("whole_word").and_then(flag_of),
        remove: field("_destroy").and_then(flag_of).unwrap_or(false),
    })
}

/// `GET /api/v2/filters/{id}/keywords`.
pub fn keywords(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    let all = node.store.read(|r| filters::by_id(r, id).and_then(|_| filters::keywords_of(r, id)))?;
    Ok(ApiResponse::json(&all.iter().map(entity::keyword).collect::<Vec<_>>()))
}

/// The change of one keyword.
fn keyword_change(call: &ApiRequest) -> KeywordChange {
    KeywordChange {
        keyword: call.params.text("keyword"),
        whole_word: call.params.flag("whole_word"),
        ..KeywordChange::default()
    }
}

/// `POST /api/v2/filters/{id}/keywords`.
pub fn add_keyword(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, word) = (call.id()?, keyword_change(call));
    let added = node.store.write(move |w| filter::add_keyword(w, id, &word))?;
    Ok(ApiResponse::json(&entity::keyword(&node.store.read(|r| filters::keyword(r, added))?)))
}

/// `GET /api/v2/filters/keywords/{id}`.
pub fn keyword(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: KeywordId = call.id()?;
    Ok(ApiResponse::json(&entity::keyword(&node.store.read(|r| filters::keyword(r, id))?)))
}

/// `PUT /api/v2/filters/keywords/{id}`.
pub fn set_keyword(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, word) = (call.id()?, keyword_change(call));
    node.store.write(move |w| filter::change_keyword(w, id, &word))?;
    keyword(node, call)
}

/// `DELETE /api/v2/filters/keywords/{id}`.
pub fn remove_keyword(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    node.store.write(move |w| filter::remove_keyword(w, id))?;
    Ok(ApiResponse::empty())
}

/// `GET /api/v2/filters/{id}/statuses`.
pub fn posts(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    let all = node.store.read(|r| filters::by_id(r, id).and_then(|_| filters::posts_of(r, id)))?;
    Ok(ApiResponse::json(&all.iter().map(entity::filtered).collect::<Vec<_>>()))
}

/// `POST /api/v2/filters/{id}/statuses`.
pub fn add_post(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    let post: PostId = call.params.required("status_id")?.parse()?;
    let added = node.store.write(move |w| filter::add_post(w, id, post))?;
    Ok(ApiResponse::json(&entity::filtered(&node.store.read(|r| filters::filtered(r, added))?)))
}

/// `GET /api/v2/filters/statuses/{id}`.
pub fn post(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: FilteredId = call.id()?;
    Ok(ApiResponse::json(&entity::filtered(&node.store.read(|r| filters::filtered(r, id))?)))
}

/// `DELETE /api/v2/filters/statuses/{id}`.
pub fn remove_post(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    node.store.write(move |w| filter::remove_post(w, id))?;
    Ok(ApiResponse::empty())
}
