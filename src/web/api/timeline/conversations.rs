//! Conversations (private threads), newest first.

use crate::base::id::ConversationId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::actors::{self, Actor};
use crate::store::posts::conversations::{self as rows, Conversation};
use crate::store::{Read, Write, moderation::block_filter, posts::post_views};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::conversation::{ConversationEntity, conversation};
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};

/// `GET /api/v1/conversations`. Its link ids are those of the newest posts.
pub fn list(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 20, 40);
    let (shown, ids) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let found = rows::page(r, window.rows())?;
        Ok((shown(r, &view, &found)?, found.iter().map(|row| row.newest_post.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&shown), &ids, window, BackwardParameter::Row))
}

/// These conversations; without those whose newest post is by a blocked actor.
pub fn shown(r: &Read<'_>, view: &ApiViewer<'_>, found: &[Conversation]) -> Result<Vec<ConversationEntity>> {
    let cards = post_views::post_views(r, &found.iter().map(|row| row.newest_post).collect::<Vec<_>>())?;
    let uris: Vec<&str> = found.iter().flat_map(|row| row.participants.iter().map(String::as_str)).collect();
    let mut known = actors::by_uris(r, &uris)?;
    let hidden = block_filter::filter_for(r, known.iter())?.blocked;
    known.retain(|actor| !hidden.contains(&actor.id));
    let owner = view.owner.map(|owner| actors::by_id(r, owner)).transpose()?;
    let one = |row: &Conversation| {
        let card = cards.iter().find(|card| card.id == row.newest_post)?;
        let mut people: Vec<&Actor> =
            row.participants.iter().filter_map(|uri| known.iter().find(|who| who.uri == *uri)).collect();
        if people.is_empty() {
            people.extend(&owner);
        }
        Some(conversation(view, row, &people, Some(card)))
    };
    Ok(found.iter().filter_map(one).collect())
}

/// `POST /api/v1/conversations/{id}/read`.
pub fn read(node: &Node, call: &ApiRequest) -> ApiResult {
    set_read(node, call, rows::mark_read)
}

/// `POST /api/v1/conversations/{id}/unread`.
pub fn unread(node: &Node, call: &ApiRequest) -> ApiResult {
    set_read(node, call, rows::mark_unread)
}

fn set_read(node: &Node, call: &ApiRequest, act: fn(&Write<'_>, ConversationId) -> Result<()>) -> ApiResult {
    let id: ConversationId = call.id()?;
    node.store.write(move |w| act(w, id))?;
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        shown(r, &view, &[rows::by_id(r, id)?])?.pop().ok_or(Error::NotFound)
    })?;
    Ok(ApiResponse::json(&shown))
}

/// `DELETE /api/v1/conversations/{id}`: off the list; the posts stay.
pub fn delete(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ConversationId = call.id()?;
    node.store.write(move |w| rows::remove(w, id))?;
    Ok(ApiResponse::empty())
}
