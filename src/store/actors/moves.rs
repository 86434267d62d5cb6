//! Followed accounts that moved to another server, and what was done about it.

use std::time::Duration;

use rusqlite::params;

use crate::base::Result;
use crate::base::id::ActorId;
use crate::store::{Read, Write, column};

/// Further moves of the same account within this time are ignored.
pub const MOVE_COOLDOWN: Duration = Duration::from_secs(7 * 24 * 3600);

/// Whether a move of this account was processed within [`MOVE_COOLDOWN`].
pub fn is_recent(r: &Read<'_>, old: ActorId) -> Result<bool> {
    let since = r.now.minus(MOVE_COOLDOWN);
    Ok(r.conn.prepare_cached("SELECT 1 FROM move WHERE old_id = ?1 AND seen_at > ?2")?.exists(params![old, since])?)
}

/// Records that a move is being processed.
pub fn record_started(w: &Write<'_>, old: ActorId, new: ActorId) -> Result<()> {
    w.conn.execute(
        "INSERT OR REPLACE INTO move (old_id, new_id, seen_at) VALUES (?1, ?2, ?3)",
        params![old, new, w.now],
    )?;
    Ok(())
}

/// Old accounts to unfollow once this new account has accepted the owner's follow.
pub fn pending_old_accounts(r: &Read<'_>, new: ActorId) -> Result<Vec<ActorId>> {
    let mut statement =
        r.conn.prepare_cached("SELECT old_id FROM move WHERE new_id = ?1 AND done_at IS NULL LIMIT 100")?;
    let rows = statement.query_map([new], |row| column(row, "old_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Records that the processing of a move is complete.
pub fn record_finished(w: &Write<'_>, old: ActorId) -> Result<()> {
    w.conn.execute("UPDATE move SET done_at = ?2 WHERE old_id = ?1", params![old, w.now])?;
    Ok(())
}

/// Followed accounts whose document says that they moved, and whose move was not processed within [`MOVE_COOLDOWN`].
pub fn list_unprocessed(r: &Read<'_>, owner: ActorId, limit: u32) -> Result<Vec<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT a.id FROM follow f JOIN actor a ON a.id = f.followed_id
         WHERE f.follower_id = ?1 AND a.moved_to IS NOT NULL AND a.gone_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM move m WHERE m.old_id = a.id AND m.seen_at > ?2) LIMIT ?3",
    )?;
    let rows = statement.query_map(params![owner, r.now.minus(MOVE_COOLDOWN), limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Records the move target, as stated by a Move before the document is fetched again.
pub fn set_moved_to(w: &Write<'_>, old: ActorId, target: &str) -> Result<()> {
    w.conn.execute("UPDATE actor SET moved_to = ?2 WHERE id = ?1", params![old, target])?;
    Ok(())
}
