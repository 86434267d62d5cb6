//! Lists and their timelines.

use serde_json::{Value, json};

use crate::base::Result;
use crate::base::id::{ActorId, ListId};
use crate::federation::Node;
use crate::social::list::{self, ListChange};
use crate::store::actors;
use crate::store::timelines::lists::{self, ListReplies, MAX_LIST_MEMBERS, StoredList};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::account::account;
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};

fn shown(list: &StoredList) -> Value {
    json!({
        "id": list.id.to_string(),
        "title": list.title,
        "replies_policy": list.replies.word(),
        "exclusive": list.exclusive,
    })
}

/// `GET /api/v1/lists`.
pub fn all(node: &Node, _: &ApiRequest) -> ApiResult {
    let all = node.store.read(lists::all)?;
    Ok(ApiResponse::json(&all.iter().map(shown).collect::<Vec<_>>()))
}

/// `GET /api/v1/lists/{id}`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ListId = call.id()?;
    Ok(ApiResponse::json(&shown(&node.store.read(|r| lists::by_id(r, id))?)))
}

/// The change of a list.
fn list_change(call: &ApiRequest) -> Result<ListChange, ApiError> {
    let replies = match call.params.given("replies_policy") {
        None => None,
        Some(word) => Some(ListReplies::from_word(&word).ok_or_else(|| {
            ApiError::Refused(format!("'{}' is not a valid replies_policy", crate::text::cut(&word, 40)))
        })?),
    };
    Ok(ListChange { title: call.params.text("title"), replies, exclusive: call.params.flag("exclusive") })
}

/// `POST /api/v1/lists`.
pub fn create(node: &Node, call: &ApiRequest) -> ApiResult {
    let said = list_change(call)?;
    Ok(ApiResponse::json(&shown(&node.store.write(move |w| list::create_list(w, &said))?)))
}

/// `PUT /api/v1/lists/{id}`: absent fields stay.
pub fn change(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, said) = (call.id()?, list_change(call)?);
    Ok(ApiResponse::json(&shown(&node.store.write(move |w| list::change_list(w, id, &said))?)))
}

/// `DELETE /api/v1/lists/{id}`.
pub fn remove(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ListId = call.id()?;
    node.store.write(move |w| lists::remove(w, id))?;
    Ok(ApiResponse::empty())
}

/// `GET /api/v1/lists/{id}/accounts`: all with `limit=0`, as Tusky and Mastodon's Android app request.
pub fn members(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ListId = call.id()?;
    let mut window = PageWindow::of(call, 40, 80);
    let whole = window.limit == 0;
    if whole {
        window = PageWindow { max: None, since: None, min: None, limit: MAX_LIST_MEMBERS };
    }
    let (shown, ids) = node.store.read(|r| {
        lists::by_id(r, id)?;
        let view = ApiViewer::load(node, r, call)?;
        let ids = lists::members(r, id, window.max, window.since.or(window.min), window.limit)?;
        let found = actors::by_ids(r, &ids)?;
        let ordered = ids.iter().filter_map(|id| found.iter().find(|actor| actor.id == *id));
        Ok((ordered.map(|actor| account(&view, actor)).collect::<Vec<_>>(), ids))
    })?;
    let answer = ApiResponse::json(&shown);
    let rows: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(if whole { answer } else { linked(node, call, answer, &rows, window, BackwardParameter::Since) })
}

/// The named accounts; an invalid id is ignored.
fn named_list(call: &ApiRequest) -> Result<Vec<ActorId>, ApiError> {
    call.params.list("account_ids").iter().map(|id| id.parse().map_err(ApiError::Error)).collect()
}

/// `POST /api/v1/lists/{id}/accounts`: all of them, or none.
pub fn add_members(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, people) = (call.id()?, named_list(call)?);
    node.store.write(move |w| list::add_members(w, id, &people))?;
    Ok(ApiResponse::empty())
}

/// `DELETE /api/v1/lists/{id}/accounts`.
pub fn remove_members(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, people) = (call.id()?, named_list(call)?);
    node.store.write(move |w| list::remove_members(w, id, &people))?;
    Ok(ApiResponse::empty())
}

/// `GET /api/v1/accounts/{id}/lists`: those of the owner's lists that hold them.
pub fn of_account(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ActorId = call.id()?;
    let of_theirs = node.store.read(|r| {
        actors::by_id(r, id)?;
        lists::of_member(r, id)
    })?;
    Ok(ApiResponse::json(&of_theirs.iter().map(shown).collect::<Vec<_>>()))
}

/// `GET /api/v1/timelines/list/{id}`.
pub fn timeline(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ListId = call.id()?;
    let window = PageWindow::of(call, 20, 40);
    let (shown, rows) = node.store.read(|r| {
        let list = lists::by_id(r, id)?;
        let view = ApiViewer::load(node, r, call)?;
        let mut ids = lists::page(r, &list, window.posts())?;
        ids.retain(|id| window.holds(id.0));
        Ok((call.status_cache.of(r, &view, &ids)?, ids.iter().map(|id| id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &rows, window, BackwardParameter::Min))
}
