//! The home timeline, prepared: one row a post, one indexed query a page. Takes posts of any age.

use rusqlite::params;

use super::posts::Page;
use super::{Read, Write};
use crate::base::Result;
use crate::base::id::{ActorId, PostId};

/// Posts taken into the timeline when somebody is followed.
const WELCOME: u32 = 40;

/// Puts a post or boost on the home timeline.
pub fn add(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.prepare_cached("INSERT OR IGNORE INTO home (post_id) VALUES (?1)")?.execute([post])?;
    Ok(())
}

/// Takes an actor's newest open posts we already have into the timeline, a group's too: they were just followed.
pub fn welcome(w: &Write<'_>, actor: ActorId) -> Result<()> {
    w.conn.execute(
        "INSERT OR IGNORE INTO home (post_id) SELECT id FROM post WHERE actor_id = ?1 AND audience <= 2
           AND reply_to_uri IS NULL ORDER BY id DESC LIMIT ?2",
        params![actor, WELCOME],
    )?;
    super::groups::welcome(w, actor, WELCOME)
}

/// Takes an actor's posts off the timeline: they are not followed any more.
pub fn forget(w: &Write<'_>, actor: ActorId) -> Result<()> {
    w.conn.execute("DELETE FROM home WHERE post_id IN (SELECT id FROM post WHERE actor_id = ?1)", [actor])?;
    super::groups::forget(w, actor)
}

/// A page of the timeline, newest first.
pub fn page(r: &Read<'_>, page: Page) -> Result<Vec<PostId>> {
    let newest = "SELECT post_id FROM home WHERE post_id < ?1 AND post_id > ?2 ORDER BY post_id DESC LIMIT ?3";
    let oldest = "SELECT post_id FROM (SELECT post_id FROM home WHERE post_id < ?1 AND post_id > ?2
                  ORDER BY post_id LIMIT ?3) ORDER BY post_id DESC";
    let mut statement = r.conn.prepare_cached(if page.after.is_some() { oldest } else { newest })?;
    let before = page.before.map_or(i64::MAX, |id| id.0);
    let after = page.after.map_or(0, |id| id.0);
    let rows = statement.query_map(params![before, after, page.limit], |row| row.get("post_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
