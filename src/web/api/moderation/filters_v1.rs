//! Filters for older apps (`/api/v1/filters`): one entry per keyword.

use crate::base::id::KeywordId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::list::MAX_TITLE_CHARS;
use crate::social::moderation::filter::{self, FilterChange, KeywordChange};
use crate::store::Read;
use crate::store::timelines::filters::{self, Filter, FilterAction, FilterKeyword};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::filter as entity;
use crate::web::api::error::ApiError;
use crate::web::api::moderation::filters::{contexts, length};

/// `GET /api/v1/filters`.
pub fn all(node: &Node, _: &ApiRequest) -> ApiResult {
    let shown = node.store.read(|r| {
        let all = filters::all(r)?;
        let keywords = filters::keywords(r)?;
        let entry =
            |one: &FilterKeyword| Some(entity::filter_v1(all.iter().find(|filter| filter.id == one.filter_id)?, one));
        Ok(keywords.iter().filter_map(entry).collect::<Vec<_>>())
    })?;
    Ok(ApiResponse::json(&shown))
}

fn shown(r: &Read<'_>, id: KeywordId) -> Result<ApiResponse> {
    let keyword = filters::keyword(r, id)?;
    Ok(ApiResponse::json(&entity::filter_v1(&filters::by_id(r, keyword.filter_id)?, &keyword)))
}

/// `GET /api/v1/filters/{id}`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = call.id()?;
    Ok(node.store.read(|r| shown(r, id))?)
}

/// The change of the filter, and of its keyword.
fn filter_change(call: &ApiRequest) -> Result<(FilterChange, KeywordChange), ApiError> {
    let phrase = call.params.text("phrase");
    let title = phrase.as_ref().map(|phrase| phrase.chars().take(MAX_TITLE_CHARS).collect());
    let action =
        call.params.flag("irreversible").map(|gone| if gone { FilterAction::Hide } else { FilterAction::Warn });
    let word =
        KeywordChange { keyword: phrase, whole_word: call.params.flag("whole_word"), ..KeywordChange::default() };
    Ok((FilterChange { title, contexts: contexts(call)?, action, duration: length(call)?, keywords: Vec::new() }, word))
}

/// `POST /api/v1/filters`: a filter with one word, named after it.
pub fn create(node: &Node, call: &ApiRequest) -> ApiResult {
    let (change, word) = filter_change(call)?;
    let id = node.store.write(move |w| {
        // Without a word there is nothing to name it after.
        let id = filter::create_filter(w, &FilterChange { title: Some(change.title.unwrap_or_default()), ..change })?;
        filter::add_keyword(w, id, &word)
    })?;
    Ok(node.store.read(|r| shown(r, id))?)
}

/// `PUT /api/v1/filters/{id}`. A change that would affect other keywords of the same filter is refused.
pub fn change(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: KeywordId = call.id()?;
    let (change, word) = filter_change(call)?;
    node.store.write(move |w| {
        let of = filters::by_id(w, filters::keyword(w, id)?.filter_id)?;
        filter::change_keyword(w, id, &word)?;
        // Version 1 knows two actions: anything but hide stays as it is.
        let action = change.action.filter(|action| *action == FilterAction::Hide || of.action == FilterAction::Hide);
        let change = FilterChange { action, ..change };
        let alone = filters::keywords_of(w, of.id)?.len() < 2;
        match alone {
            true => filter::change_filter(w, of.id, &change),
            false if is_unchanged(&change, &of) => Ok(()),
            false => Err(Error::invalid(MULTIPLE_KEYWORDS_MESSAGE)),
        }
    })?;
    Ok(node.store.read(|r| shown(r, id))?)
}

const MULTIPLE_KEYWORDS_MESSAGE: &str = "These parameters cannot be changed from this application because they apply to more than one filter \
                       keyword. Use a more recent application or the web interface.";

/// Whether a change changes nothing.
fn is_unchanged(change: &FilterChange, of: &Filter) -> bool {
    change.contexts.is_none_or(|contexts| contexts == of.contexts)
        && change.action.is_none_or(|action| action == of.action)
        && change.duration.is_none_or(|length| length.is_none() && of.until_at.is_none())
}

/// `DELETE /api/v1/filters/{id}`: removes the filter with its last keyword, if no posts were added to it.
pub fn remove(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: KeywordId = call.id()?;
    node.store.write(move |w| {
        let of = filters::keyword(w, id)?.filter_id;
        filter::remove_keyword(w, id)?;
        let empty = filters::keywords_of(w, of)?.is_empty() && filters::posts_of(w, of)?.is_empty();
        if empty { filter::delete_filter(w, of) } else { Ok(()) }
    })?;
    Ok(ApiResponse::empty())
}
