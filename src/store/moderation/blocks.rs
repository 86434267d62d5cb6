//! Actors the owner has blocked, and actors that have blocked the owner.

use rusqlite::{OptionalExtension, params};

use crate::base::id::ActorId;
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// A row of `block`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The blocked actor.
    pub actor_id: ActorId,
    /// The id of our Block activity; None when none was sent.
    pub uri: Option<String>,
    /// Since when.
    pub created_at: Time,
}

/// Blocks an actor; an existing block stays as it is.
pub fn add(w: &Write<'_>, actor: ActorId, uri: Option<&str>) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("INSERT OR IGNORE INTO block (actor_id, uri, created_at) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![actor, uri, w.now])?;
    Ok(())
}

/// Ends a block; returns it if there was one.
pub fn remove(w: &Write<'_>, actor: ActorId) -> Result<Option<Block>> {
    let block = get(w, actor)?;
    w.conn.execute("DELETE FROM block WHERE actor_id = ?1", [actor])?;
    Ok(block)
}

/// The owner's block of an actor, if any.
pub fn get(r: &Read<'_>, actor: ActorId) -> Result<Option<Block>> {
    let mut statement = r.conn.prepare_cached("SELECT actor_id, uri, created_at FROM block WHERE actor_id = ?1")?;
    let found = statement.query_one([actor], |row| {
        Ok(Block {
            actor_id: column(row, "actor_id")?,
            uri: column(row, "uri")?,
            created_at: column(row, "created_at")?,
        })
    });
    Ok(found.optional()?)
}

/// True when the owner has blocked this very person (their server is another matter: `host_blocks`).
pub fn is_blocked(r: &Read<'_>, actor: ActorId) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM block WHERE actor_id = ?1")?.exists([actor])?)
}

/// Ids of the blocked, ascending from `after`; at most `limit`.
pub fn list(r: &Read<'_>, after: Option<ActorId>, limit: u32) -> Result<Vec<ActorId>> {
    let mut statement =
        r.conn.prepare_cached("SELECT actor_id FROM block WHERE actor_id > ?1 ORDER BY actor_id LIMIT ?2")?;
    let rows = statement.query_map(params![after.map_or(0, |id| id.0), limit], |row| column(row, "actor_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A window of blocked actors, newest first: (row id, actor), rows between `max` and `min`.
pub fn newest(r: &Read<'_>, max: Option<i64>, min: Option<i64>, limit: u32) -> Result<Vec<(i64, ActorId)>> {
    let mut statement =
        r.conn.prepare_cached("SELECT id, actor_id FROM block WHERE id < ?1 AND id > ?2 ORDER BY id DESC LIMIT ?3")?;
    let rows = statement.query_map(params![max.unwrap_or(i64::MAX), min.unwrap_or(0), limit], |row| {
        Ok((column(row, "id")?, column(row, "actor_id")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Which of these actors block the owner.
pub fn blocked_by_among(r: &Read<'_>, people: &[ActorId]) -> Result<Vec<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT actor_id FROM blocked_by WHERE actor_id IN (SELECT value FROM json_each(?1)) LIMIT 1000",
    )?;
    let rows =
        statement.query_map([crate::store::id_list(people.iter().map(|id| id.0))], |row| column(row, "actor_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Which of these actors the owner blocks.
pub fn of(r: &Read<'_>, people: &[ActorId]) -> Result<Vec<ActorId>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT actor_id FROM block WHERE actor_id IN (SELECT value FROM json_each(?1)) LIMIT 1000")?;
    let rows =
        statement.query_map([crate::store::id_list(people.iter().map(|id| id.0))], |row| column(row, "actor_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Records that an actor blocks the owner.
pub fn add_blocked_by(w: &Write<'_>, actor: ActorId, uri: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO blocked_by (actor_id, uri, created_at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET uri = excluded.uri",
    )?;
    statement.execute(params![actor, uri, w.now])?;
    Ok(())
}

/// Records that an actor no longer blocks the owner; false when they did not.
pub fn remove_blocked_by(w: &Write<'_>, actor: ActorId) -> Result<bool> {
    Ok(w.conn.execute("DELETE FROM blocked_by WHERE actor_id = ?1", [actor])? > 0)
}

/// The id of the Block with which an actor blocks the owner.
pub fn blocked_by(r: &Read<'_>, actor: ActorId) -> Result<Option<String>> {
    let mut statement = r.conn.prepare_cached("SELECT uri FROM blocked_by WHERE actor_id = ?1")?;
    Ok(statement.query_one([actor], |row| column(row, "uri")).optional()?)
}
