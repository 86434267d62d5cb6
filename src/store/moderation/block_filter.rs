//! Which actors are hidden: blocked themselves or with their server; and whose media is rejected.

use std::collections::{HashMap, HashSet};

use rusqlite::params;

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::Read;
use crate::store::actors::{self, Actor};
use crate::store::{actors::follows, column, moderation::host_blocks, node};

/// Which of some actors are hidden.
#[derive(Debug, Default)]
pub struct BlockFilter {
    /// Nothing of theirs is shown.
    pub blocked: HashSet<ActorId>,
    /// Their images are not shown.
    pub media_rejected: HashSet<ActorId>,
}

/// The filter for these actors.
pub fn filter_for<'a>(r: &Read<'_>, people: impl Iterator<Item = &'a Actor> + Clone) -> Result<BlockFilter> {
    let mut shield =
        BlockFilter { blocked: blocked(r, people.clone().map(|actor| actor.id))?, media_rejected: HashSet::new() };
    let rules = host_blocks::rules_for(r, people.clone().flat_map(host_blocks::hosts_of), None)?;
    for actor in people {
        let verdict = rules.judge_actor(actor);
        if verdict.is_blocked() {
            shield.blocked.insert(actor.id);
        } else if verdict.no_media {
            shield.media_rejected.insert(actor.id);
        }
    }
    Ok(shield)
}

fn blocked(r: &Read<'_>, people: impl Iterator<Item = ActorId>) -> Result<HashSet<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT actor_id FROM block WHERE actor_id IN (SELECT value FROM json_each(?1)) LIMIT 100000",
    )?;
    let rows = statement.query_map([crate::store::id_list(people.map(|id| id.0))], |row| column(row, "actor_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// True for a blocked actor, or one on a blocked server.
pub fn is_hidden(r: &Read<'_>, actor: &Actor) -> Result<bool> {
    Ok(filter_for(r, std::iter::once(actor))?.blocked.contains(&actor.id))
}

/// True for an actor on a limited server who is not followed: not suggested.
pub fn is_limited(r: &Read<'_>, who: ActorId) -> Result<bool> {
    if !host_blocks::any(r)? {
        return Ok(false);
    }
    let limited = host_blocks::of_actor(r, &actors::by_id(r, who)?)?.is_limited();
    Ok(limited && !follows::is_accepted(r, node::owner(r)?, who)?)
}

/// The posts of these that may be suggested, in the same order: none by actors on blocked servers, or on limited ones
/// unless followed. Actors blocked or muted by the owner were already left out by the query.
pub fn may_be_suggested(r: &Read<'_>, ids: Vec<PostId>) -> Result<Vec<PostId>> {
    if ids.is_empty() || !host_blocks::any(r)? {
        return Ok(ids);
    }
    let authors = authors(r, &ids)?;
    let people = actors::by_ids(r, &authors.values().copied().collect::<Vec<_>>())?;
    let rules = host_blocks::rules_for(r, people.iter().flat_map(host_blocks::hosts_of), None)?;
    let owner = node::get(r)?.owner;
    let mut kept = HashSet::new();
    for actor in &people {
        let verdict = rules.judge_actor(actor);
        let followed = || owner.map_or(Ok(false), |owner| follows::is_accepted(r, owner, actor.id));
        if !verdict.is_blocked() && (!verdict.is_limited() || followed()?) {
            kept.insert(actor.id);
        }
    }
    let is_kept = |id: &PostId| authors.get(id).is_some_and(|author| kept.contains(author));
    Ok(ids.into_iter().filter(is_kept).collect())
}

/// The posts of these that are shown, in the same order.
pub fn is_shown(r: &Read<'_>, ids: &[PostId]) -> Result<Vec<PostId>> {
    let authors = authors(r, ids)?;
    let people = actors::by_ids(r, &authors.values().copied().collect::<Vec<_>>())?;
    let shield = filter_for(r, people.iter())?;
    let is_shown = |id: &&PostId| authors.get(id).is_some_and(|author| !shield.blocked.contains(author));
    Ok(ids.iter().filter(is_shown).copied().collect())
}

fn authors(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, ActorId>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT id, actor_id FROM post WHERE id IN (SELECT value FROM json_each(?1)) LIMIT 1000")?;
    let rows = statement.query_map(params![crate::store::id_list(ids.iter().map(|id| id.0))], |row| {
        Ok((column::<PostId>(row, "id")?, column::<ActorId>(row, "actor_id")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
