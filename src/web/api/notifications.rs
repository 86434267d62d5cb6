//! Notifications, one by one.

pub(super) mod notification_groups;
pub(super) mod notification_policy;
pub(super) mod push;

use serde_json::json;

use super::call::{Answer, Call, Reply};
use super::entity::View;
use super::entity::notification::{Cast, Words, shown, word};
use super::paging::{Back, Window, linked};
use crate::base::id::{NotificationId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::Read;
use crate::store::notifications::{self as rows, Kind, Notification, Wanted};
use crate::store::timelines::markers::{self, List};

/// Unread ones are counted up to this when nothing is said.
const COUNTED: u32 = 100;
/// And never further than this.
const COUNTED_MOST: u32 = 1_000;

/// Which types the client takes: it names the ones it wants or knows, or it may be an old one.
fn words(call: &Call) -> Words {
    let says = !call.params.list("types").is_empty() || !call.params.list("supported_types").is_empty();
    if says { Words::All } else { Words::Old }
}

/// What the parameters ask for, each row; None for somebody who cannot exist.
pub fn wanted(call: &Call, words: Words) -> Option<Wanted> {
    let (only, never) = (call.params.list("types"), call.params.list("exclude_types"));
    let is_one_of = |list: &[String], kind: Kind| {
        list.iter().any(|one| Some(one.as_str()) == word(kind) || Some(one.as_str()) == words.of(kind))
    };
    let fits = |kind: &Kind| {
        word(*kind).is_some() && (only.is_empty() || is_one_of(&only, *kind)) && !is_one_of(&never, *kind)
    };
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(fits).collect();
    let by = call.params.given("account_id").map(|id| id.parse()).transpose().ok()?;
    // Of one person everything is asked for: Tusky shows what a request is about like this.
    let kept_back = by.is_some() || call.params.flag("include_filtered") == Some(true);
    Some(Wanted { apart: kinds.clone(), kinds, kept_back, by })
}

/// Everyone and everything these rows tell of.
fn cast(r: &Read<'_>, call: &Call, view: &View<'_>, found: &[Notification]) -> Result<Cast> {
    let posts: Vec<PostId> = found.iter().filter_map(|row| row.post_id).collect();
    Cast::load(r, found.iter().map(|row| row.actor_id), call.pieces.of(r, view, &posts)?)
}

/// `GET /api/v1/notifications`.
pub fn list(node: &Node, call: &Call) -> Reply {
    let (window, words) = (Window::of(call, 40, 80), words(call));
    let Some(wanted) = wanted(call, words) else { return Ok(Answer::none()) };
    let (list, ids) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let found = rows::list(r, &wanted, window.rows())?;
        let cast = cast(r, call, &view, &found)?;
        let list: Vec<_> = found.iter().filter_map(|row| shown(&view, words, row, &cast)).collect();
        Ok((list, found.iter().map(|row| row.id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&list), &ids, window, Back::Min))
}

/// `GET /api/v1/notifications/{id}`.
pub fn one(node: &Node, call: &Call) -> Reply {
    let (id, words): (NotificationId, _) = (call.id()?, words(call));
    let one = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let row = rows::by_id(r, id)?;
        shown(&view, words, &row, &cast(r, call, &view, std::slice::from_ref(&row))?).ok_or(Error::NotFound)
    })?;
    Ok(Answer::json(&one))
}

/// `POST /api/v1/notifications/clear`, also of version 2. A few thousand at a time, so that other writes get through; what
/// the owner's rules keep back stays where it waits.
pub fn clear(node: &Node, _: &Call) -> Reply {
    let newest = node.store.read(rows::newest)?;
    while node.store.write(move |w| rows::clear(w, newest))? {}
    Ok(Answer::done())
}

/// `POST /api/v1/notifications/{id}/dismiss`.
pub fn dismiss(node: &Node, call: &Call) -> Reply {
    let id: NotificationId = call.id()?;
    node.store.write(move |w| rows::dismiss(w, id))?;
    Ok(Answer::done())
}

/// `POST /api/v1/notifications/dismiss` with the id as a parameter, as Mammoth still asks: done also when it is not there.
pub fn dismiss_named(node: &Node, call: &Call) -> Reply {
    let Some(id) = call.params.given("id").and_then(|id| id.parse::<NotificationId>().ok()) else {
        return Ok(Answer::done());
    };
    match node.store.write(move |w| rows::dismiss(w, id)) {
        Ok(()) | Err(Error::NotFound) => Ok(Answer::done()),
        Err(error) => Err(error.into()),
    }
}

/// `GET /api/v1/notifications/unread_count`.
pub fn unread(node: &Node, call: &Call) -> Reply {
    let wanted = wanted(call, words(call));
    count(node, call, wanted)
}

/// How many are newer than the marker of the notifications.
pub fn count(node: &Node, call: &Call, wanted: Option<Wanted>) -> Reply {
    let most = Window::of(call, COUNTED, COUNTED_MOST).limit;
    let count = match wanted {
        Some(wanted) => node.store.read(|r| rows::count(r, &wanted, read_up_to(r)?, most))?,
        None => 0,
    };
    Ok(Answer::json(&json!({ "count": count })))
}

fn read_up_to(r: &Read<'_>) -> Result<i64> {
    Ok(markers::get(r, List::Notifications)?.map_or(0, |marker| marker.last_id))
}
