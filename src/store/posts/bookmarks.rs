//! The owner's bookmarks. They are not federated; a bookmarked post is never pruned.

use rusqlite::params;

use crate::base::Result;
use crate::base::id::PostId;
use crate::store::cursor::CursorWindow;
use crate::store::{Read, Write, column};

/// Bookmarks a post; does nothing when it is bookmarked already.
pub fn add(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.prepare_cached("INSERT OR IGNORE INTO bookmark (post_id) VALUES (?1)")?.execute([post])?;
    Ok(())
}

/// Removes a bookmark; does nothing when there is none.
pub fn remove(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM bookmark WHERE post_id = ?1")?.execute([post])?;
    Ok(())
}

/// A page of bookmarks: (row id, post).
pub fn page(r: &Read<'_>, rows: CursorWindow) -> Result<Vec<(i64, PostId)>> {
    let order = rows.sql_order();
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT id, post_id FROM bookmark WHERE id > ?1 AND id < ?2 ORDER BY id {order} LIMIT ?3"
    ))?;
    let found = statement.query_map(params![rows.above, rows.below, rows.limit], |row| {
        Ok((column(row, "id")?, column(row, "post_id")?))
    })?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}
