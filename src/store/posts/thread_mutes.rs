//! Muted conversations: no notifications from the tree of replies below the first post.

use std::collections::HashSet;

use rusqlite::params;

use crate::base::Result;
use crate::base::id::PostId;
use crate::store::{Read, Write, column};

/// Maximum ancestors searched in a thread.
const MAX_ANCESTORS: u32 = 300;

/// Mutes the thread of a post.
pub fn add(w: &Write<'_>, post: PostId) -> Result<()> {
    let first = thread_root(w, post)?;
    let mut statement =
        w.conn.prepare_cached("INSERT OR IGNORE INTO thread_mute (post_id, created_at) VALUES (?1, ?2)")?;
    statement.execute(params![first, w.now])?;
    Ok(())
}

/// Unmutes the thread of a post.
pub fn remove(w: &Write<'_>, post: PostId) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "WITH RECURSIVE up (id, depth) AS (
           SELECT ?1, 0
           UNION ALL
           SELECT p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.id WHERE p.reply_to IS NOT NULL AND depth < ?2)
         DELETE FROM thread_mute WHERE post_id IN (SELECT id FROM up)",
    )?;
    statement.execute(params![post, MAX_ANCESTORS])?;
    Ok(())
}

/// Which of these posts are in muted threads.
pub fn muted_among(r: &Read<'_>, posts: &[PostId]) -> Result<HashSet<PostId>> {
    if !has_any(r)? {
        return Ok(HashSet::new());
    }
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, at, depth) AS (
           SELECT value, value, 0 FROM json_each(?1)
           UNION ALL
           SELECT up.id, p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.at
             WHERE p.reply_to IS NOT NULL AND depth < ?2)
         SELECT DISTINCT up.id FROM up JOIN thread_mute m ON m.post_id = up.at LIMIT 1000",
    )?;
    let list = crate::store::id_list(posts.iter().map(|id| id.0));
    let rows = statement.query_map(params![list, MAX_ANCESTORS], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a post is in a muted thread.
pub fn is_muted(r: &Read<'_>, post: PostId) -> Result<bool> {
    Ok(muted_among(r, &[post])?.contains(&post))
}

/// Call after linking `parent` to replies stored before it: if one was the root of a muted thread, the mute moves to
/// the new root.
pub(in crate::store) fn move_mute_to_root(w: &Write<'_>, parent: PostId) -> Result<()> {
    if !has_any(w)? {
        return Ok(());
    }
    let first = thread_root(w, parent)?;
    let mut statement = w.conn.prepare_cached(
        "UPDATE OR REPLACE thread_mute SET post_id = ?2 WHERE post_id IN (SELECT id FROM post WHERE reply_to = ?1)",
    )?;
    statement.execute(params![parent, first])?;
    Ok(())
}

/// The root of a thread, as far as its posts are stored.
pub(in crate::store) fn thread_root(r: &Read<'_>, post: PostId) -> Result<PostId> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, depth) AS (
           SELECT ?1, 0
           UNION ALL
           SELECT p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.id WHERE p.reply_to IS NOT NULL AND depth < ?2)
         SELECT id FROM up ORDER BY depth DESC LIMIT 1",
    )?;
    Ok(statement.query_one(params![post, MAX_ANCESTORS], |row| column(row, "id"))?)
}

fn has_any(r: &Read<'_>) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM thread_mute LIMIT 1")?.exists([])?)
}
