//! Hashtags: followed ones, recent use, completion.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, PostId, first_at};
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// Maximum hashtags the owner can follow.
pub const MAX_FOLLOWED_TAGS: u32 = 1_000;
/// Days covered by a hashtag's history, today included.
pub const HISTORY_DAYS: i64 = 7;
/// Maximum posts counted for the histories of one response; beyond it the counts are a little too low.
const MAX_POSTS_COUNTED: usize = 4_000;
/// Number of the owner's newest posts in which their hashtags are counted.
const MAX_OWN_POSTS_COUNTED: u32 = 10_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A row of `followed_tag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedTag {
    /// Autoincrement key.
    pub id: i64,
    /// Lower case, without `#`.
    pub name: String,
    /// The written form.
    pub display_name: String,
}

fn followed_from_row(row: &Row<'_>) -> rusqlite::Result<FollowedTag> {
    Ok(FollowedTag { id: column(row, "id")?, name: column(row, "name")?, display_name: column(row, "shown")? })
}

/// Follows a hashtag; false when it is followed already, or the limit is reached.
pub fn follow(w: &Write<'_>, name: &str, shown: &str) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO followed_tag (name, shown, created_at)
         SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM followed_tag) < ?4",
    )?;
    Ok(statement.execute(params![name, shown, w.now, MAX_FOLLOWED_TAGS])? > 0)
}

/// Unfollows a hashtag; false when it was not followed.
pub fn unfollow(w: &Write<'_>, name: &str) -> Result<bool> {
    Ok(w.conn.prepare_cached("DELETE FROM followed_tag WHERE name = ?1")?.execute([name])? > 0)
}

/// The hashtag, if the owner follows it.
pub fn get(r: &Read<'_>, name: &str) -> Result<Option<FollowedTag>> {
    let mut statement = r.conn.prepare_cached("SELECT id, name, shown FROM followed_tag WHERE name = ?1")?;
    Ok(statement.query_one([name], followed_from_row).optional()?)
}

/// The followed hashtags among these names.
pub fn followed_among(r: &Read<'_>, names: &[String]) -> Result<HashSet<String>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT name FROM followed_tag WHERE name IN (SELECT value FROM json_each(?1)) LIMIT 1000")?;
    let rows = statement.query_map([crate::store::to_json(&names)?], |row| column(row, "name"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a post has a hashtag that the owner follows.
pub fn has_followed_tag(r: &Read<'_>, post: PostId) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(
        "SELECT 1 FROM hashtag h JOIN followed_tag f ON f.name = h.name WHERE h.post_id = ?1 LIMIT 1",
    )?;
    Ok(statement.exists([post])?)
}

/// A page of the followed hashtags, the last followed first: ids below `max` and above `since`, or the oldest above
/// `min`.
pub fn page(
    r: &Read<'_>,
    max: Option<i64>,
    since: Option<i64>,
    min: Option<i64>,
    limit: u32,
) -> Result<Vec<FollowedTag>> {
    let newest = "SELECT id, name, shown FROM followed_tag WHERE id < ?1 AND id > ?2 ORDER BY id DESC LIMIT ?3";
    let oldest = "SELECT id, name, shown FROM (SELECT id, name, shown FROM followed_tag WHERE id < ?1 AND id > ?2
                  ORDER BY id LIMIT ?3) ORDER BY id DESC";
    let mut statement = r.conn.prepare_cached(if min.is_some() { oldest } else { newest })?;
    let above = since.unwrap_or(0).max(min.unwrap_or(0));
    let rows = statement.query_map(params![max.unwrap_or(i64::MAX), above, limit], followed_from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// After unfollowing a hashtag, removes the posts from home that are there only because of it. The owner's posts, those
/// of followed accounts or groups, and those with another followed hashtag stay.
pub fn remove_from_home(w: &Write<'_>, name: &str) -> Result<usize> {
    let sql = format!(
        "DELETE FROM home WHERE post_id IN (
           SELECT h.post_id FROM hashtag h CROSS JOIN home o ON o.post_id = h.post_id
             CROSS JOIN post p ON p.id = h.post_id, node n
           WHERE h.name = ?1 AND {UNCONNECTED_POST_SQL} AND NOT EXISTS (
             SELECT 1 FROM hashtag x JOIN followed_tag f ON f.name = x.name WHERE x.post_id = p.id))"
    );
    Ok(w.conn.prepare_cached(&sql)?.execute([name])?)
}

/// Removes those of these posts from home that are there only because of a hashtag and are older than `before`:
/// otherwise posts of a busy hashtag would be kept forever.
pub(in crate::store) fn prune_home(w: &Write<'_>, ids: &str, before: Time) -> Result<usize> {
    let sql = format!(
        "DELETE FROM home WHERE post_id IN (
           SELECT p.id FROM json_each(?1) j CROSS JOIN home o ON o.post_id = j.value
             CROSS JOIN post p ON p.id = o.post_id, node n
           WHERE p.received_at < ?2 AND {UNCONNECTED_POST_SQL})"
    );
    Ok(w.conn.prepare_cached(&sql)?.execute(params![ids, before])?)
}

/// Condition on a post (p): not by the owner (of n) or an account they follow, and in no group they follow.
const UNCONNECTED_POST_SQL: &str = "p.boost_of IS NULL AND p.audience = 0 AND p.actor_id <> n.owner_id
    AND EXISTS (SELECT 1 FROM hashtag WHERE post_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM follow f WHERE f.followed_id = p.actor_id AND f.follower_id = n.owner_id)
    AND NOT EXISTS (SELECT 1 FROM post_group g JOIN follow f ON f.followed_id = g.group_id
      WHERE g.post_id = p.id AND f.follower_id = n.owner_id)";

/// How much a hashtag was used on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TagDay {
    /// Posts.
    pub posts: u32,
    /// Number of authors.
    pub authors: u32,
}

/// Days between 1970 and this time.
pub fn day_number(at: Time) -> i64 {
    at.ms() / DAY_MS
}

/// Public use of a hashtag on each of the last [`HISTORY_DAYS`] days, today first. `of` is the number of hashtags in
/// the response: they share `MAX_POSTS_COUNTED`.
pub fn history(r: &Read<'_>, name: &str, of: usize) -> Result<Vec<TagDay>> {
    let today = day_number(r.now);
    let first = first_at(Time::from_ms((today - HISTORY_DAYS + 1) * DAY_MS));
    let most = u32::try_from(MAX_POSTS_COUNTED / of.max(1)).unwrap_or(0);
    let mut statement = r.conn.prepare_cached(
        "SELECT p.id, p.actor_id FROM hashtag h CROSS JOIN post p ON p.id = h.post_id
         WHERE h.name = ?1 AND h.post_id >= ?2 AND p.audience = 0 ORDER BY h.post_id DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![name, first, most], |row| {
        Ok((column::<PostId>(row, "id")?, column::<ActorId>(row, "actor_id")?))
    })?;
    let mut days: BTreeMap<i64, (u32, HashSet<ActorId>)> = BTreeMap::new();
    for row in rows {
        let (post, actor) = row?;
        let (posts, people) = days.entry(day_number(Time::from_ms(post.0 >> 16))).or_default();
        *posts += 1;
        people.insert(actor);
    }
    let day = |at: i64| {
        days.get(&at).map_or_else(TagDay::default, |(posts, people)| TagDay {
            posts: *posts,
            authors: u32::try_from(people.len()).unwrap_or(u32::MAX),
        })
    };
    Ok((0..HISTORY_DAYS).map(|back| day(today - back)).collect())
}

/// Known hashtags with this prefix (lower case, without `#`), in alphabetical order: one index lookup each.
pub fn starting_with(r: &Read<'_>, prefix: &str, limit: u32) -> Result<Vec<String>> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE found (name) AS (
           SELECT min(name) FROM hashtag WHERE name >= ?1 AND name < ?2
           UNION ALL
           SELECT (SELECT min(name) FROM hashtag WHERE name > found.name AND name < ?2) FROM found
             WHERE found.name IS NOT NULL LIMIT ?3)
         SELECT name FROM found WHERE name IS NOT NULL LIMIT ?3",
    )?;
    let rows = statement.query_map(params![prefix, format!("{prefix}\u{10FFFF}"), limit], |row| column(row, "name"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How often the owner used a hashtag, and when last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTagUse {
    /// Lower case, without `#`.
    pub name: String,
    /// Public and unlisted posts.
    pub posts: u32,
    /// The newest of them.
    pub newest_post: PostId,
}

/// How often the owner used each of these hashtags in public and unlisted posts; unused ones are left out.
pub fn own_use_among(r: &Read<'_>, names: &[String]) -> Result<Vec<OwnTagUse>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT h.name, count(*) AS posts, max(p.id) AS last FROM (
           SELECT id FROM post INDEXED BY post_own WHERE source IS NOT NULL AND audience <= 1
           ORDER BY id DESC LIMIT ?1) p
         CROSS JOIN hashtag h ON h.post_id = p.id
         WHERE h.name IN (SELECT value FROM json_each(?2)) GROUP BY h.name LIMIT 1000",
    )?;
    let rows = statement.query_map(params![MAX_OWN_POSTS_COUNTED, crate::store::to_json(&names)?], own_use_from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Hashtags of the owner's public and unlisted posts that begin with `prefix`, the most used first.
pub fn own_starting_with(r: &Read<'_>, prefix: &str, limit: u32) -> Result<Vec<OwnTagUse>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT h.name, count(*) AS posts, max(p.id) AS last FROM (
           SELECT id FROM post INDEXED BY post_own WHERE source IS NOT NULL AND audience <= 1
           ORDER BY id DESC LIMIT ?1) p
         CROSS JOIN hashtag h ON h.post_id = p.id
         WHERE h.name >= ?2 AND h.name < ?3 GROUP BY h.name ORDER BY posts DESC, h.name LIMIT ?4",
    )?;
    let rows = statement
        .query_map(params![MAX_OWN_POSTS_COUNTED, prefix, format!("{prefix}\u{10FFFF}"), limit], own_use_from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn own_use_from_row(row: &Row<'_>) -> rusqlite::Result<OwnTagUse> {
    Ok(OwnTagUse { name: column(row, "name")?, posts: column(row, "posts")?, newest_post: column(row, "last")? })
}
