//! Likes of posts, ours and others'.

use rusqlite::{OptionalExtension, params};

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::cursor::CursorWindow;
use crate::store::{Read, Write, column};

/// Adds a like; false when this actor already likes the post.
pub fn add(w: &Write<'_>, actor: ActorId, post: PostId, uri: &str) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO post_like (post_id, actor_id, uri, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    Ok(statement.execute(params![post, actor, uri, w.now])? > 0)
}

/// Removes a like; returns the uri of its activity if there was one.
pub fn remove(w: &Write<'_>, actor: ActorId, post: PostId) -> Result<Option<String>> {
    let mut statement =
        w.conn.prepare_cached("DELETE FROM post_like WHERE post_id = ?1 AND actor_id = ?2 RETURNING uri")?;
    Ok(statement.query_one(params![post, actor], |row| column(row, "uri")).optional()?)
}

/// The post liked by this Like activity of an actor, if stored.
pub fn by_uri(r: &Read<'_>, actor: ActorId, uri: &str) -> Result<Option<PostId>> {
    let mut statement =
        r.conn.prepare_cached("SELECT post_id FROM post_like WHERE uri = ?1 AND actor_id = ?2 LIMIT 1")?;
    Ok(statement.query_one(params![uri, actor], |row| column(row, "post_id")).optional()?)
}

/// Actors who like a post, ordered by actor id, at most `limit`.
pub fn likers(r: &Read<'_>, post: PostId, limit: u32) -> Result<Vec<ActorId>> {
    let mut statement =
        r.conn.prepare_cached("SELECT actor_id FROM post_like WHERE post_id = ?1 ORDER BY actor_id LIMIT ?2")?;
    let rows = statement.query_map(params![post, limit], |row| column(row, "actor_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A page of posts an actor likes: (row id, post).
pub fn list_liked_posts(r: &Read<'_>, actor: ActorId, rows: CursorWindow) -> Result<Vec<(i64, PostId)>> {
    let order = rows.sql_order();
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT id, post_id FROM post_like INDEXED BY post_like_actor WHERE actor_id = ?1 AND id > ?2 AND id < ?3
         ORDER BY id {order} LIMIT ?4"
    ))?;
    let found = statement.query_map(params![actor, rows.above, rows.below, rows.limit], |row| {
        Ok((column(row, "id")?, column(row, "post_id")?))
    })?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// A page of actors who like a post, without blocked ones: (row id, actor).
pub fn list_likers(r: &Read<'_>, post: PostId, rows: CursorWindow) -> Result<Vec<(i64, ActorId)>> {
    let order = rows.sql_order();
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT id, actor_id FROM post_like INDEXED BY post_like_post WHERE post_id = ?1 AND id > ?2 AND id < ?3
           AND actor_id NOT IN (SELECT actor_id FROM block) ORDER BY id {order} LIMIT ?4"
    ))?;
    let found = statement.query_map(params![post, rows.above, rows.below, rows.limit], |row| {
        Ok((column(row, "id")?, column(row, "actor_id")?))
    })?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// Actors who liked, boosted, replied to, quoted, voted in or reacted to a post: its edits and deletion are sent to
/// them.
pub fn interacting_actors(r: &Read<'_>, post: PostId, limit: u32) -> Result<Vec<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT actor_id FROM post_like WHERE post_id = ?1
         UNION SELECT actor_id FROM reaction WHERE post_id = ?1
         UNION SELECT actor_id FROM post WHERE boost_of = ?1
         UNION SELECT actor_id FROM post WHERE reply_to = ?1
         UNION SELECT actor_id FROM vote WHERE post_id = ?1
         UNION SELECT p.actor_id FROM quote q JOIN post p ON p.id = q.post_id WHERE q.quoted_id = ?1 LIMIT ?2",
    )?;
    let rows = statement.query_map(params![post, limit], |row| column(row, "actor_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
