//! What was deleted: our own objects answer 410 for ever; remote ones are remembered against a Create that comes late.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use super::{Read, Write};
use crate::base::{Result, Time};

/// Remote tombstones and seen ids older than this are forgotten.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);
/// Remote tombstones and seen ids kept at most: what peers choose must not fill the disk.
const MOST: i64 = 200_000;

/// Remembers that `uri` was deleted. `ours` answer 410 from now on.
fn add(w: &Write<'_>, uri: &str, ours: i64) -> Result<()> {
    w.conn
        .prepare_cached("INSERT OR IGNORE INTO tombstone (uri, ours, deleted_at) VALUES (?1, ?2, ?3)")?
        .execute(params![uri, ours, w.now])?;
    Ok(())
}

/// Remembers that we deleted `uri`.
pub fn add_ours(w: &Write<'_>, uri: &str) -> Result<()> {
    add(w, uri, 1)
}

/// Remembers that its author deleted `uri`.
pub fn add_remote(w: &Write<'_>, uri: &str) -> Result<()> {
    add(w, uri, 0)
}

/// When `uri` was deleted, if it was.
pub fn deleted_at(r: &Read<'_>, uri: &str) -> Result<Option<Time>> {
    let mut statement = r.conn.prepare_cached("SELECT deleted_at FROM tombstone WHERE uri = ?1")?;
    Ok(statement.query_one([uri], |row| row.get("deleted_at")).optional()?)
}

/// Remembers that the activity `uri` was applied or undone. False when it had been already.
pub fn see(w: &Write<'_>, uri: &str) -> Result<bool> {
    let mut statement = w.conn.prepare_cached("INSERT OR IGNORE INTO seen (uri, seen_at) VALUES (?1, ?2)")?;
    Ok(statement.execute(params![uri, w.now])? > 0)
}

/// Whether the activity `uri` was applied or undone before.
pub fn was_seen(r: &Read<'_>, uri: &str) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM seen WHERE uri = ?1")?.exists([uri])?)
}

/// Forgets what is old or too much. Bounded: call it again until it returns 0.
pub fn prune(w: &Write<'_>, limit: u32) -> Result<usize> {
    let before = w.now.minus(MEMORY);
    let mut gone = w.conn.execute(
        "DELETE FROM seen WHERE uri IN (SELECT uri FROM seen WHERE seen_at < ?1 ORDER BY seen_at LIMIT ?2)",
        params![before, limit],
    )?;
    gone += w.conn.execute(
        "DELETE FROM tombstone WHERE uri IN
           (SELECT uri FROM tombstone WHERE ours = 0 AND deleted_at < ?1 ORDER BY deleted_at LIMIT ?2)",
        params![before, limit],
    )?;
    gone += w.conn.execute(
        "DELETE FROM seen WHERE uri IN (SELECT uri FROM seen ORDER BY seen_at
           LIMIT min(?2, max(0, (SELECT count(*) FROM seen) - ?1)))",
        params![MOST, limit],
    )?;
    gone += w.conn.execute(
        "DELETE FROM tombstone WHERE uri IN (SELECT uri FROM tombstone WHERE ours = 0 ORDER BY deleted_at
           LIMIT min(?2, max(0, (SELECT count(*) FROM tombstone WHERE ours = 0) - ?1)))",
        params![MOST, limit],
    )?;
    Ok(gone)
}
