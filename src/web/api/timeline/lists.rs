//! Lists of people, and their timelines.

use serde_json::{Value, json};

use crate::base::Result;
use crate::base::id::{ActorId, ListId};
use crate::federation::Node;
use crate::social::list::{self, Change};
use crate::store::actors;
use crate::store::timelines::lists::{self, List, MEMBERS, Replies};
use crate::web::api::call::{Answer, Call, Reply};
use crate::web::api::entity::View;
use crate::web::api::entity::account::account;
use crate::web::api::error::Fault;
use crate::web::api::paging::{Back, Window, linked};

fn shown(list: &List) -> Value {
    json!({
        "id": list.id.to_string(),
        "title": list.title,
        "replies_policy": list.replies.word(),
        "exclusive": list.exclusive,
    })
}

/// `GET /api/v1/lists`.
pub fn all(node: &Node, _: &Call) -> Reply {
    let all = node.store.read(lists::all)?;
    Ok(Answer::json(&all.iter().map(shown).collect::<Vec<_>>()))
}

/// `GET /api/v1/lists/{id}`.
pub fn one(node: &Node, call: &Call) -> Reply {
    let id: ListId = call.id()?;
    Ok(Answer::json(&shown(&node.store.read(|r| lists::by_id(r, id))?)))
}

/// What the parameters say.
fn said(call: &Call) -> Result<Change, Fault> {
    let replies = match call.params.given("replies_policy") {
        None => None,
        Some(word) => Some(Replies::from_word(&word).ok_or_else(|| {
            Fault::Refused(format!("'{}' is not a valid replies_policy", crate::text::cut(&word, 40)))
        })?),
    };
    Ok(Change { title: call.params.text("title"), replies, exclusive: call.params.flag("exclusive") })
}

/// `POST /api/v1/lists`.
pub fn make(node: &Node, call: &Call) -> Reply {
    let said = said(call)?;
    Ok(Answer::json(&shown(&node.store.write(move |w| list::make(w, &said))?)))
}

/// `PUT /api/v1/lists/{id}`: what is not said stays.
pub fn change(node: &Node, call: &Call) -> Reply {
    let (id, said) = (call.id()?, said(call)?);
    Ok(Answer::json(&shown(&node.store.write(move |w| list::change(w, id, &said))?)))
}

/// `DELETE /api/v1/lists/{id}`.
pub fn remove(node: &Node, call: &Call) -> Reply {
    let id: ListId = call.id()?;
    node.store.write(move |w| lists::remove(w, id))?;
    Ok(Answer::done())
}

/// `GET /api/v1/lists/{id}/accounts`: with `limit=0`, as Tusky and Mastodon's Android app ask, all of them.
pub fn members(node: &Node, call: &Call) -> Reply {
    let id: ListId = call.id()?;
    let mut window = Window::of(call, 40, 80);
    let whole = window.limit == 0;
    if whole {
        window = Window { max: None, since: None, min: None, limit: MEMBERS };
    }
    let (shown, ids) = node.store.read(|r| {
        lists::by_id(r, id)?;
        let view = View::load(node, r, call)?;
        let ids = lists::members(r, id, window.max, window.since.or(window.min), window.limit)?;
        let found = actors::by_ids(r, &ids)?;
        let ordered = ids.iter().filter_map(|id| found.iter().find(|actor| actor.id == *id));
        Ok((ordered.map(|actor| account(&view, actor)).collect::<Vec<_>>(), ids))
    })?;
    let answer = Answer::json(&shown);
    let rows: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(if whole { answer } else { linked(node, call, answer, &rows, window, Back::Since) })
}

/// The accounts named; a word that is no id is nobody's.
fn named(call: &Call) -> Result<Vec<ActorId>, Fault> {
    call.params.list("account_ids").iter().map(|id| id.parse().map_err(Fault::Error)).collect()
}

/// `POST /api/v1/lists/{id}/accounts`: all of them, or none.
pub fn put_in(node: &Node, call: &Call) -> Reply {
    let (id, people) = (call.id()?, named(call)?);
    node.store.write(move |w| list::add(w, id, &people))?;
    Ok(Answer::done())
}

/// `DELETE /api/v1/lists/{id}/accounts`.
pub fn take_out(node: &Node, call: &Call) -> Reply {
    let (id, people) = (call.id()?, named(call)?);
    node.store.write(move |w| list::remove(w, id, &people))?;
    Ok(Answer::done())
}

/// `GET /api/v1/accounts/{id}/lists`: those of the owner's lists that hold them.
pub fn of_account(node: &Node, call: &Call) -> Reply {
    let id: ActorId = call.id()?;
    let of_theirs = node.store.read(|r| {
        actors::by_id(r, id)?;
        lists::of_member(r, id)
    })?;
    Ok(Answer::json(&of_theirs.iter().map(shown).collect::<Vec<_>>()))
}

/// `GET /api/v1/timelines/list/{id}`.
pub fn timeline(node: &Node, call: &Call) -> Reply {
    let id: ListId = call.id()?;
    let window = Window::of(call, 20, 40);
    let (shown, rows) = node.store.read(|r| {
        let list = lists::by_id(r, id)?;
        let view = View::load(node, r, call)?;
        let mut ids = lists::page(r, &list, window.posts())?;
        ids.retain(|id| window.holds(id.0));
        Ok((call.pieces.of(r, &view, &ids)?, ids.iter().map(|id| id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &rows, window, Back::Min))
}
