//! Actors the owner has muted: hidden from home and, if wanted, from notifications. No peer is told.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::ActorId;
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// What a mute hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuteScope {
    /// Their posts and boosts at home; notifications still come.
    Home,
    /// Home and notifications.
    Everything,
    /// Only boosts by the actor.
    Boosts,
}

impl MuteScope {
    /// The columns `boosts_only` and `notices`.
    fn columns(self) -> (bool, bool) {
        match self {
            Self::Home => (false, false),
            Self::Everything => (false, true),
            Self::Boosts => (true, false),
        }
    }
}

/// A row of `mute`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// The muted actor.
    pub actor_id: ActorId,
    /// What is hidden.
    pub reach: MuteScope,
    /// When it ends; None for good.
    pub until_at: Option<Time>,
    /// Since when.
    pub created_at: Time,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Mute> {
    let reach = match (column(row, "boosts_only")?, column(row, "notices")?) {
        (true, _) => MuteScope::Boosts,
        (false, true) => MuteScope::Everything,
        (false, false) => MuteScope::Home,
    };
    Ok(Mute {
        actor_id: column(row, "actor_id")?,
        reach,
        until_at: column(row, "until_at")?,
        created_at: column(row, "created_at")?,
    })
}

/// Mutes an actor, replacing an earlier mute.
pub fn set(w: &Write<'_>, actor: ActorId, reach: MuteScope, until: Option<Time>) -> Result<()> {
    let (boosts_only, notices) = reach.columns();
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO mute (actor_id, boosts_only, notices, until_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (actor_id) DO UPDATE SET boosts_only = excluded.boosts_only, notices = excluded.notices,
           until_at = excluded.until_at, created_at = excluded.created_at",
    )?;
    statement.execute(params![actor, boosts_only, notices, until, w.now])?;
    Ok(())
}

/// Ends a mute; returns it if there was one.
pub fn remove(w: &Write<'_>, actor: ActorId) -> Result<Option<Mute>> {
    let mute = get(w, actor)?;
    w.conn.execute("DELETE FROM mute WHERE actor_id = ?1", [actor])?;
    Ok(mute)
}

/// The mute of an actor, unless it has ended.
pub fn get(r: &Read<'_>, actor: ActorId) -> Result<Option<Mute>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM mute WHERE actor_id = ?1 AND ifnull(until_at, ?2 + 1) > ?2")?;
    Ok(statement.query_one(params![actor, r.now], from_row).optional()?)
}

/// The mutes that are not over, by ascending actor from `after`; at most `limit`.
pub fn list(r: &Read<'_>, after: Option<ActorId>, limit: u32) -> Result<Vec<Mute>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM mute WHERE actor_id > ?1 AND ifnull(until_at, ?2 + 1) > ?2 ORDER BY actor_id LIMIT ?3",
    )?;
    let rows = statement.query_map(params![after.map_or(0, |id| id.0), r.now, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A window of the mutes that are not over, newest first, but those of boosts alone: (the row's number, the mute).
pub fn newest(r: &Read<'_>, max: Option<i64>, min: Option<i64>, limit: u32) -> Result<Vec<(i64, Mute)>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM mute WHERE id < ?1 AND id > ?2 AND boosts_only = 0 AND ifnull(until_at, ?3 + 1) > ?3
         ORDER BY id DESC LIMIT ?4",
    )?;
    let window = params![max.unwrap_or(i64::MAX), min.unwrap_or(0), r.now, limit];
    let rows = statement.query_map(window, |row| Ok((column(row, "id")?, from_row(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The mutes of these people that are not over.
pub fn of(r: &Read<'_>, people: &[ActorId]) -> Result<Vec<Mute>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM mute WHERE actor_id IN (SELECT value FROM json_each(?1)) AND ifnull(until_at, ?2 + 1) > ?2
         LIMIT 1000",
    )?;
    let rows = statement.query_map(params![crate::store::id_list(people.iter().map(|id| id.0)), r.now], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets mutes that are over.
pub fn prune(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("DELETE FROM mute WHERE until_at <= ?1", [w.now])?)
}
