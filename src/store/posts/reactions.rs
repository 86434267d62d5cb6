//! Emoji reactions to posts, ours and others'. Plain likes are in [`super::likes`].

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, params};

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::{Read, Write, column};

/// Maximum different emoji of one actor on one post: Pleroma sets no limit, and strangers must not fill the disk.
pub const MAX_EMOJI_PER_ACTOR: u32 = 10;
/// Maximum different emoji shown on one post; those the owner used are shown beyond it.
pub const MAX_SHOWN_EMOJI: usize = 24;

/// An emoji: Unicode, or `:shortcode:` with its image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReactionEmoji {
    /// The emoji, or the shortcode with its colons.
    pub name: String,
    /// URL of the shortcode's image.
    pub url: Option<String>,
}

/// One actor's reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The post.
    pub post_id: PostId,
    /// The actor.
    pub actor_id: ActorId,
    /// The emoji.
    pub emoji: ReactionEmoji,
    /// Id of its activity.
    pub uri: String,
}

/// The count of one emoji on a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionCount {
    /// The emoji.
    pub emoji: ReactionEmoji,
    /// Number of actors who used it.
    pub count: u32,
    /// The owner used it.
    pub by_owner: bool,
}

fn emoji_from_row(row: &Row<'_>) -> rusqlite::Result<ReactionEmoji> {
    Ok(ReactionEmoji { name: column(row, "emoji")?, url: column(row, "url")? })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Reaction> {
    Ok(Reaction {
        post_id: column(row, "post_id")?,
        actor_id: column(row, "actor_id")?,
        emoji: emoji_from_row(row)?,
        uri: column(row, "uri")?,
    })
}

/// Adds a reaction; false when the actor used this emoji before, or has reached the limit.
pub fn add(w: &Write<'_>, reaction: &Reaction) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO reaction (post_id, actor_id, emoji, url, uri, created_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE (SELECT count(*) FROM reaction WHERE post_id = ?1 AND actor_id = ?2) < ?7",
    )?;
    let Reaction { post_id, actor_id, emoji: sign, uri } = reaction;
    Ok(statement.execute(params![post_id, actor_id, sign.name, sign.url, uri, w.now, MAX_EMOJI_PER_ACTOR])? > 0)
}

/// An actor's reactions to a post.
pub fn of_actor(r: &Read<'_>, actor: ActorId, post: PostId) -> Result<Vec<Reaction>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT * FROM reaction WHERE post_id = ?1 AND actor_id = ?2 ORDER BY created_at LIMIT 100")?;
    let rows = statement.query_map(params![post, actor], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes a reaction.
pub fn remove(w: &Write<'_>, actor: ActorId, post: PostId, emoji: &str) -> Result<()> {
    w.conn
        .prepare_cached("DELETE FROM reaction WHERE post_id = ?1 AND actor_id = ?2 AND emoji = ?3")?
        .execute(params![post, actor, emoji])?;
    Ok(())
}

/// The actor's reaction with this activity id, if stored.
pub fn by_uri(r: &Read<'_>, actor: ActorId, uri: &str) -> Result<Option<Reaction>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM reaction WHERE uri = ?1 AND actor_id = ?2 LIMIT 1")?;
    Ok(statement.query_one(params![uri, actor], from_row).optional()?)
}

/// An image already used on a post under this shortcode; `url` selects among several.
pub fn image_url(r: &Read<'_>, post: PostId, emoji: &str, url: Option<&str>) -> Result<Option<String>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT url FROM reaction WHERE post_id = ?1 AND emoji = ?2 AND url IS NOT NULL
         ORDER BY url IS NOT ?3, created_at LIMIT 1",
    )?;
    Ok(statement.query_one(params![post, emoji, url], |row| column(row, "url")).optional()?)
}

/// The reaction counts of these posts.
pub fn counts(r: &Read<'_>, posts: &[PostId]) -> Result<HashMap<PostId, Vec<ReactionCount>>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT post_id, emoji, url, count(*) AS number, max(actor_id = (SELECT owner_id FROM node)) AS mine
         FROM reaction WHERE post_id IN (SELECT value FROM json_each(?1))
         GROUP BY post_id, emoji, url ORDER BY count(*) DESC, min(created_at), emoji LIMIT 5000",
    )?;
    let rows = statement.query_map([crate::store::id_list(posts.iter().map(|id| id.0))], |row| {
        let count = ReactionCount {
            emoji: emoji_from_row(row)?,
            count: column(row, "number")?,
            by_owner: column(row, "mine")?,
        };
        Ok((column::<PostId>(row, "post_id")?, count))
    })?;
    let mut found: HashMap<PostId, Vec<ReactionCount>> = HashMap::new();
    for row in rows {
        let (post, count) = row?;
        let counts = found.entry(post).or_default();
        if counts.len() < MAX_SHOWN_EMOJI || count.by_owner {
            counts.push(count);
        }
    }
    Ok(found)
}

/// The reactions to these posts, for their notifications.
pub fn of_posts(r: &Read<'_>, posts: &[PostId]) -> Result<Vec<Reaction>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM reaction WHERE post_id IN (SELECT value FROM json_each(?1)) ORDER BY created_at LIMIT 2000",
    )?;
    let rows = statement.query_map([crate::store::id_list(posts.iter().map(|id| id.0))], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
