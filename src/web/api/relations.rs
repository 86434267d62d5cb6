//! Follows, followers, requests: who stands how to the owner.

use super::call::{Answer, Call, Reply};
use super::entity::View;
use super::entity::account::{Relationship, account};
use super::fault::Fault;
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::{Node, publish};
use crate::store::follows::{self, List};
use crate::store::{Read, actors, node};

use super::paging::{Back, Window, linked};

/// How the owner and these people stand, in their order; unknown ids are passed over.
pub fn of(r: &Read<'_>, ids: &[ActorId]) -> Result<Vec<Relationship>> {
    let owner = node::owner(r)?;
    let known = actors::by_ids(r, ids)?;
    let mut all = Vec::new();
    for id in ids.iter().filter(|id| known.iter().any(|actor| actor.id == **id)) {
        let (to, from) = (follows::get(r, owner, *id)?, follows::get(r, *id, owner)?);
        let accepted = |follow: &Option<follows::Follow>| follow.as_ref().is_some_and(|f| f.accepted_at.is_some());
        let following = accepted(&to);
        all.push(Relationship {
            id: id.to_string(),
            following,
            showing_reblogs: following,
            requested: to.is_some() && !following,
            followed_by: accepted(&from),
            requested_by: from.is_some() && !accepted(&from),
            ..Relationship::default()
        });
    }
    Ok(all)
}

/// The answer of every act on one person: how they stand now.
fn now(node: &Node, id: ActorId) -> Reply {
    let one = node.store.read(|r| of(r, &[id]))?;
    Ok(Answer::json(&one.first().ok_or(Error::NotFound)?))
}

/// `GET /api/v1/accounts/relationships`.
pub fn several(node: &Node, call: &Call) -> Reply {
    let ids: Vec<ActorId> = call.params.list("id").iter().filter_map(|id| id.parse().ok()).take(80).collect();
    Ok(Answer::json(&node.store.read(|r| of(r, &ids))?))
}

/// The account in the path, known and not the owner.
fn other(node: &Node, call: &Call) -> Result<ActorId, Fault> {
    let id: ActorId = call.id()?;
    let (actor, owner) = node.store.read(|r| Ok((actors::by_id(r, id)?, node::owner(r)?)))?;
    if actor.id == owner { Err(Fault::NotAllowed) } else { Ok(id) }
}

/// `POST /api/v1/accounts/{id}/follow`; asking again changes what is shown of them.
pub fn follow(node: &Node, call: &Call) -> Reply {
    let id = other(node, call)?;
    let owner = node.owner()?;
    if node.store.read(|r| follows::get(r, owner, id))?.is_none() {
        publish::follow(node, id)?;
    }
    let mut shown = node.store.read(|r| of(r, &[id]))?.pop().ok_or(Error::NotFound)?;
    // Clients do not wait for the Accept: who lets everyone in is followed at once.
    if shown.requested && !node.store.read(|r| actors::by_id(r, id))?.approves_followers {
        (shown.following, shown.requested, shown.showing_reblogs) = (true, false, true);
    }
    Ok(Answer::json(&shown))
}

/// `POST /api/v1/accounts/{id}/unfollow`: a waiting request is taken back, too.
pub fn unfollow(node: &Node, call: &Call) -> Reply {
    let id = other(node, call)?;
    let owner = node.owner()?;
    if node.store.read(|r| follows::get(r, owner, id))?.is_some() {
        publish::unfollow(node, id)?;
    }
    now(node, id)
}

/// `POST /api/v1/accounts/{id}/remove_from_followers`.
pub fn remove_follower(node: &Node, call: &Call) -> Reply {
    let id = other(node, call)?;
    let owner = node.owner()?;
    if node.store.read(|r| follows::get(r, id, owner))?.is_some() {
        publish::reject_follower(node, id)?;
    }
    now(node, id)
}

/// `POST /api/v1/follow_requests/{account id}/authorize`.
pub fn authorize(node: &Node, call: &Call) -> Reply {
    answer(node, call, publish::accept_follower)
}

/// `POST /api/v1/follow_requests/{account id}/reject`.
pub fn reject(node: &Node, call: &Call) -> Reply {
    answer(node, call, publish::reject_follower)
}

fn answer(node: &Node, call: &Call, act: fn(&Node, ActorId) -> Result<()>) -> Reply {
    let (id, owner) = (call.id()?, node.owner()?);
    let waits = node.store.read(|r| follows::get(r, id, owner))?.is_some_and(|f| f.accepted_at.is_none());
    if !waits {
        return Err(Error::NotFound.into());
    }
    act(node, id)?;
    now(node, id)
}

/// `GET /api/v1/follow_requests`.
pub fn requests(node: &Node, call: &Call) -> Reply {
    people(node, call, node.owner()?, List::Requests)
}

/// `GET /api/v1/accounts/{id}/followers`.
pub fn followers(node: &Node, call: &Call) -> Reply {
    listed(node, call, List::Followers)
}

/// `GET /api/v1/accounts/{id}/following`.
pub fn following(node: &Node, call: &Call) -> Reply {
    listed(node, call, List::Following)
}

/// The owner's lists, for strangers only if the owner shows them; of others we know none.
fn listed(node: &Node, call: &Call, list: List) -> Reply {
    let id: ActorId = call.id()?;
    let (owner, settings) = node.store.read(|r| {
        actors::by_id(r, id)?;
        Ok((node::owner(r)?, node::settings(r)?))
    })?;
    if id != owner || !(call.is_owner() || settings.show_follows) {
        return Ok(Answer::none());
    }
    people(node, call, owner, list)
}

/// A page of one of the owner's lists. Its link ids are those of the rows: newest first by when they were asked.
fn people(node: &Node, call: &Call, owner: ActorId, list: List) -> Reply {
    let window = Window::of(call, 40, 80);
    let (shown, rows) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let rows = follows::newest(r, owner, list, window.max, window.since.or(window.min), window.limit)?;
        let ids: Vec<ActorId> = rows.iter().map(|(_, id)| *id).collect();
        let found = actors::by_ids(r, &ids)?;
        let ordered = ids.iter().filter_map(|id| found.iter().find(|actor| actor.id == *id));
        let shown: Vec<_> = ordered.map(|actor| account(&view, actor)).collect();
        Ok((shown, rows.iter().map(|(row, _)| *row).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &rows, window, Back::Since))
}
