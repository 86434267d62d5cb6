//! Which posts belong to which groups, and votes announced by groups for the owner's posts.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::posts::PostPage;
use crate::store::{Read, Write, column};

/// Maximum ancestors searched in a thread.
const MAX_ANCESTORS: u32 = 50;
/// Maximum votes counted for one post.
const MAX_VOTES_PER_POST: u32 = 10_000;

/// Who states that a post belongs to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupSource {
    /// Only the author (`audience`): enough to reply there.
    Author,
    /// The group itself, by announcing it: it is on the group's page.
    Group,
}

/// Records that a post belongs to a group. A statement by the group overrides the author's.
pub fn put(w: &Write<'_>, group: ActorId, post: PostId, word: GroupSource) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO post_group (group_id, post_id, announced) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET announced = 1 WHERE announced < excluded.announced",
        )?
        .execute(params![group, post, word == GroupSource::Group])?;
    Ok(())
}

/// Removes a post from a group.
pub fn remove(w: &Write<'_>, group: ActorId, post: PostId) -> Result<()> {
    w.conn
        .prepare_cached("DELETE FROM post_group WHERE group_id = ?1 AND post_id = ?2")?
        .execute(params![group, post])?;
    Ok(())
}

/// Who states that a post belongs to this group; None when nobody does.
pub fn source(r: &Read<'_>, group: ActorId, post: PostId) -> Result<Option<GroupSource>> {
    let mut statement =
        r.conn.prepare_cached("SELECT announced FROM post_group WHERE group_id = ?1 AND post_id = ?2")?;
    let found: Option<bool> = statement.query_one(params![group, post], |row| column(row, "announced")).optional()?;
    Ok(found.map(|announced| if announced { GroupSource::Group } else { GroupSource::Author }))
}

/// The group of a post. If there are several, one that has announced it.
pub fn of_post(r: &Read<'_>, post: PostId) -> Result<Option<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT group_id FROM post_group WHERE post_id = ?1 ORDER BY announced DESC, group_id LIMIT 1",
    )?;
    Ok(statement.query_one([post], |row| column(row, "group_id")).optional()?)
}

/// As [`of_post`], for several posts.
pub fn of_posts(r: &Read<'_>, posts: &[PostId]) -> Result<HashMap<PostId, ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT post_id, group_id FROM post_group WHERE post_id IN (SELECT value FROM json_each(?1))
         ORDER BY announced, group_id DESC LIMIT 2000",
    )?;
    let rows = statement.query_map([crate::store::id_list(posts.iter().map(|id| id.0))], |row| {
        Ok((column::<PostId>(row, "post_id")?, column::<ActorId>(row, "group_id")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The group of a post, or of its nearest ancestor with a group: replies from other software do not name it.
pub fn of_thread(r: &Read<'_>, post: PostId) -> Result<Option<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, depth) AS (
           SELECT ?1, 0
           UNION ALL
           SELECT p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.id WHERE p.reply_to IS NOT NULL AND depth < ?2)
         SELECT g.group_id FROM up JOIN post_group g ON g.post_id = up.id
         ORDER BY depth, g.announced DESC, g.group_id LIMIT 1",
    )?;
    Ok(statement.query_one(params![post, MAX_ANCESTORS], |row| column(row, "group_id")).optional()?)
}

/// Whether this post or one of its ancestors is by `author`.
pub fn has_ancestor_or_self_by(r: &Read<'_>, post: PostId, author: ActorId) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, actor, parent, depth) AS (
           SELECT id, actor_id, reply_to, 0 FROM post WHERE id = ?1
           UNION ALL
           SELECT p.id, p.actor_id, p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.parent WHERE depth < ?2)
         SELECT 1 FROM up WHERE actor = ?3 LIMIT 1",
    )?;
    Ok(statement.exists(params![post, MAX_ANCESTORS, author])?)
}

/// Ids of posts a group announced, wrote or boosted, newest first. Public posts only.
pub fn page(r: &Read<'_>, group: ActorId, page: PostPage) -> Result<Vec<PostId>> {
    let order = if page.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT id FROM (
           SELECT id FROM (SELECT g.post_id AS id FROM post_group g JOIN post p ON p.id = g.post_id
             WHERE g.group_id = ?1 AND g.announced = 1 AND p.audience <= 1 AND p.reply_to_uri IS NULL
               AND g.post_id < ?2 AND g.post_id > ?3 ORDER BY g.post_id {order} LIMIT ?4)
           UNION
           SELECT id FROM (SELECT id FROM post WHERE actor_id = ?1 AND audience <= 1 AND id < ?2 AND id > ?3
             ORDER BY id {order} LIMIT ?4)
           ORDER BY id {order} LIMIT ?4) ORDER BY id DESC"
    );
    let before = page.before.map_or(i64::MAX, |id| id.0);
    let after = page.after.map_or(0, |id| id.0);
    let mut statement = r.conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params![group, before, after, page.limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Adds a group's newest posts to the home timeline, after the owner followed it.
pub(in crate::store) fn add_to_home(w: &Write<'_>, group: ActorId, most: u32) -> Result<()> {
    w.conn.execute(
        "INSERT OR IGNORE INTO home (post_id) SELECT g.post_id FROM post_group g JOIN post p ON p.id = g.post_id
           WHERE g.group_id = ?1 AND g.announced = 1 AND p.audience <= 1 AND p.reply_to_uri IS NULL
           ORDER BY g.post_id DESC LIMIT ?2",
        params![group, most],
    )?;
    Ok(())
}

/// Removes a post from the home timeline if it is there only because of this group.
pub fn remove_from_home(w: &Write<'_>, group: ActorId, post: PostId) -> Result<()> {
    w.conn.prepare_cached(REMOVE_FROM_HOME_SQL)?.execute(params![group, post])?;
    Ok(())
}

/// Removes all posts from the home timeline that are there only because of this group, after unfollowing it.
pub(in crate::store) fn remove_all_from_home(w: &Write<'_>, group: ActorId) -> Result<()> {
    w.conn.prepare_cached(REMOVE_FROM_HOME_SQL)?.execute(params![group, None::<PostId>])?;
    Ok(())
}

/// Removes the posts of a group (?1), or one of them (?2), from home, except the owner's posts and posts of accounts or
/// other groups the owner follows.
const REMOVE_FROM_HOME_SQL: &str = "DELETE FROM home WHERE post_id IN (
    SELECT g.post_id FROM post_group g JOIN post p ON p.id = g.post_id, node n
    WHERE g.group_id = ?1 AND (?2 IS NULL OR g.post_id = ?2) AND p.actor_id <> n.owner_id
      AND NOT EXISTS (SELECT 1 FROM follow f WHERE f.followed_id = p.actor_id AND f.follower_id = n.owner_id)
      AND NOT EXISTS (SELECT 1 FROM post_group o JOIN follow f ON f.followed_id = o.group_id
        WHERE o.post_id = g.post_id AND o.group_id <> ?1 AND f.follower_id = n.owner_id))";

/// Records a vote announced by a group.
pub fn add_vote(w: &Write<'_>, post: PostId, voter: &str) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO post_vote (post_id, voter) SELECT ?1, ?2
             WHERE (SELECT count(*) FROM post_vote WHERE post_id = ?1) < ?3
               AND NOT EXISTS (SELECT 1 FROM post_like l JOIN actor a ON a.id = l.actor_id
                 WHERE l.post_id = ?1 AND a.uri = ?2)",
        )?
        .execute(params![post, voter, MAX_VOTES_PER_POST])?;
    Ok(())
}

/// Removes a vote announced by a group.
pub fn remove_vote(w: &Write<'_>, post: PostId, voter: &str) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM post_vote WHERE post_id = ?1 AND voter = ?2")?.execute(params![post, voter])?;
    Ok(())
}
