//! Notifications, one by one.

use super::call::{Answer, Call, Reply};
use super::entity::View;
use super::entity::notification::{shown, word};
use super::paging::{Back, Window, linked};
use crate::base::id::NotificationId;
use crate::federation::Node;
use crate::store::notifications as rows;
use crate::store::{actors, cards};

/// `GET /api/v1/notifications`.
pub fn list(node: &Node, call: &Call) -> Reply {
    let window = Window::of(call, 40, 80);
    let (only, never) = (call.params.list("types"), call.params.list("exclude_types"));
    let by = call.params.given("account_id");
    let (list, ids) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let mut found = rows::page(r, window.max.map(NotificationId), window.limit)?;
        found.retain(|row| {
            let fits = word(row.kind).is_some_and(|word| {
                (only.is_empty() || only.iter().any(|one| one == word)) && !never.iter().any(|one| one == word)
            });
            fits && window.holds(row.id.0) && by.as_ref().is_none_or(|id| *id == row.actor_id.to_string())
        });
        let people = actors::by_ids(r, &found.iter().map(|row| row.actor_id).collect::<Vec<_>>())?;
        let cards = cards::of(r, &found.iter().filter_map(|row| row.post_id).collect::<Vec<_>>())?;
        let list: Vec<_> = found
            .iter()
            .filter_map(|row| {
                let who = people.iter().find(|actor| actor.id == row.actor_id)?;
                shown(&view, row, who, cards.iter().find(|card| Some(card.id) == row.post_id))
            })
            .collect();
        Ok((list, found.iter().map(|row| row.id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&list), &ids, window, Back::Min))
}
