//! Timelines.

use super::call::{Answer, Call, Reply};
use super::entity::View;
use super::entity::status::status;
use super::paging::{Back, Window, linked};
use crate::federation::Node;
use crate::store::{cards, timeline};

/// `GET /api/v1/timelines/home`.
pub fn home(node: &Node, call: &Call) -> Reply {
    let window = Window::of(call, 20, 40);
    let (shown, rows) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let mut ids = timeline::page(r, window.posts())?;
        ids.retain(|id| window.holds(id.0));
        let cards = cards::of(r, &ids)?;
        let shown: Vec<_> = cards.iter().map(|card| status(&view, card)).collect();
        Ok((shown, ids.iter().map(|id| id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &rows, window, Back::Min))
}
