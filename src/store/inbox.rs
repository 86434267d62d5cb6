//! Received activities between "verified" and "applied". Poison is set aside, never dropped.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::{Read, Write};
use crate::base::id::{ActorId, InboxId};
use crate::base::{Result, Time};

/// Waiting rows at most; beyond that peers hear 503 and try again.
pub const MOST: u32 = 100_000;

/// A received activity.
#[derive(Debug, Clone)]
pub struct Received {
    /// Which.
    pub id: InboxId,
    /// The activity's id, behind its signer's number; `hint:` before both for somebody else's act.
    pub uri: String,
    /// Whose key signed it.
    pub signer_id: ActorId,
    /// The body as received.
    pub document: String,
    /// Attempts, this one included.
    pub tries: u32,
    /// When it came.
    pub received_at: Time,
    /// The last failure.
    pub error: Option<String>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Received> {
    Ok(Received {
        id: row.get("id")?,
        uri: row.get("uri")?,
        signer_id: row.get("signer_id")?,
        document: row.get("document")?,
        tries: row.get("tries")?,
        received_at: row.get("received_at")?,
        error: row.get("error")?,
    })
}

/// Keeps a verified activity; None when it waits already or was applied before.
pub fn keep(w: &Write<'_>, uri: &str, signer: ActorId, document: &str) -> Result<Option<InboxId>> {
    if super::tombstones::was_seen(w, uri)? {
        return Ok(None);
    }
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO inbox (uri, signer_id, document, next_at, received_at) VALUES (?1, ?2, ?3, ?4, ?4)
         RETURNING id",
    )?;
    Ok(statement.query_one(params![uri, signer, document, w.now], |row| row.get("id")).optional()?)
}

/// Claims up to `limit` activities that are due, oldest first. Two workers never have the same signer, so one
/// peer's acts are applied in order.
pub fn claim(w: &Write<'_>, limit: u32, lease: Duration) -> Result<Vec<Received>> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE inbox SET lease_at = ?1, tries = tries + 1 WHERE id IN (
           SELECT id FROM inbox i INDEXED BY inbox_due
           WHERE set_aside_at IS NULL AND lease_at IS NULL AND next_at <= ?2
             AND NOT EXISTS (SELECT 1 FROM inbox x WHERE x.signer_id = i.signer_id AND x.lease_at IS NOT NULL)
           ORDER BY next_at, id LIMIT ?3)
         RETURNING *",
    )?;
    let rows = statement.query_map(params![w.now.plus(lease), w.now, limit], from_row)?;
    let mut claimed: Vec<Received> = rows.collect::<rusqlite::Result<_>>()?;
    claimed.sort_by_key(|row| row.id);
    Ok(claimed)
}

/// It was applied (or needs nothing): the row goes, its id stays in `seen`.
pub fn finish(w: &Write<'_>, row: &Received) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM inbox WHERE id = ?1")?.execute([row.id])?;
    super::tombstones::see(w, &row.uri)?;
    Ok(())
}

/// The row goes, its id is not remembered: the same again is taken up again.
pub fn forget(w: &Write<'_>, id: InboxId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM inbox WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// It failed for now and is tried again at `next_at`.
pub fn postpone(w: &Write<'_>, id: InboxId, next_at: Time, error: &str) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("UPDATE inbox SET lease_at = NULL, next_at = ?2, error = ?3 WHERE id = ?1")?;
    statement.execute(params![id, next_at, error])?;
    Ok(())
}

/// It cannot be applied: kept for the owner to see.
pub fn set_aside(w: &Write<'_>, id: InboxId, error: &str) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("UPDATE inbox SET lease_at = NULL, set_aside_at = ?2, error = ?3 WHERE id = ?1")?;
    statement.execute(params![id, w.now, error])?;
    Ok(())
}

/// Frees all leases (called when the server starts).
pub fn free_leases(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("UPDATE inbox SET lease_at = NULL WHERE lease_at IS NOT NULL", [])?)
}

/// When the next activity is due; None when nothing waits.
pub fn next_due(r: &Read<'_>) -> Result<Option<Time>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT min(next_at) FROM inbox INDEXED BY inbox_due WHERE set_aside_at IS NULL AND lease_at IS NULL",
    )?;
    Ok(statement.query_one([], |row| row.get(0))?)
}

/// How many wait to be applied (set aside ones not counted).
pub fn count(r: &Read<'_>) -> Result<u32> {
    let mut statement = r.conn.prepare_cached("SELECT count(*) FROM inbox WHERE set_aside_at IS NULL")?;
    Ok(statement.query_one([], |row| row.get(0))?)
}

/// Activities set aside, newest first.
pub fn aside(r: &Read<'_>, limit: u32) -> Result<Vec<Received>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT * FROM inbox WHERE set_aside_at IS NOT NULL ORDER BY set_aside_at DESC LIMIT ?1")?;
    let rows = statement.query_map([limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
