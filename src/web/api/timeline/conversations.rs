//! Conversations: private threads, the one with the newest post first.

use crate::base::id::ConversationId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::actors::{self, Actor};
use crate::store::posts::conversations::{self as rows, Conversation};
use crate::store::{Read, Write, moderation::block_filter, posts::post_views};
use crate::web::api::call::{Answer, Call, Reply};
use crate::web::api::entity::View;
use crate::web::api::entity::conversation::{Shown, conversation};
use crate::web::api::paging::{Back, Window, linked};

/// `GET /api/v1/conversations`. Its link ids are those of the newest posts.
pub fn list(node: &Node, call: &Call) -> Reply {
    let window = Window::of(call, 20, 40);
    let (shown, ids) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let found = rows::page(r, window.rows())?;
        Ok((shown(r, &view, &found)?, found.iter().map(|row| row.newest.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &ids, window, Back::Row))
}

/// These conversations as the owner sees them; one whose newest post is by somebody blocked is left out.
pub fn shown(r: &Read<'_>, view: &View<'_>, found: &[Conversation]) -> Result<Vec<Shown>> {
    let cards = post_views::of(r, &found.iter().map(|row| row.newest).collect::<Vec<_>>())?;
    let uris: Vec<&str> = found.iter().flat_map(|row| row.people.iter().map(String::as_str)).collect();
    let mut known = actors::by_uris(r, &uris)?;
    let hidden = block_filter::of(r, known.iter())?.hidden;
    known.retain(|actor| !hidden.contains(&actor.id));
    let owner = view.owner.map(|owner| actors::by_id(r, owner)).transpose()?;
    let one = |row: &Conversation| {
        let card = cards.iter().find(|card| card.id == row.newest)?;
        let mut people: Vec<&Actor> =
            row.people.iter().filter_map(|uri| known.iter().find(|who| who.uri == *uri)).collect();
        if people.is_empty() {
            people.extend(&owner);
        }
        Some(conversation(view, row, &people, Some(card)))
    };
    Ok(found.iter().filter_map(one).collect())
}

/// `POST /api/v1/conversations/{id}/read`.
pub fn read(node: &Node, call: &Call) -> Reply {
    mark(node, call, rows::read)
}

/// `POST /api/v1/conversations/{id}/unread`.
pub fn unread(node: &Node, call: &Call) -> Reply {
    mark(node, call, rows::unread)
}

fn mark(node: &Node, call: &Call, act: fn(&Write<'_>, ConversationId) -> Result<()>) -> Reply {
    let id: ConversationId = call.id()?;
    node.store.write(move |w| act(w, id))?;
    let shown = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        shown(r, &view, &[rows::by_id(r, id)?])?.pop().ok_or(Error::NotFound)
    })?;
    Ok(Answer::json(&shown))
}

/// `DELETE /api/v1/conversations/{id}`: off the list; the posts stay.
pub fn delete(node: &Node, call: &Call) -> Reply {
    let id: ConversationId = call.id()?;
    node.store.write(move |w| rows::remove(w, id))?;
    Ok(Answer::done())
}
