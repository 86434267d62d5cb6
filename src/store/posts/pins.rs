//! Pinned posts and featured hashtags of profiles, the owner's and remote ones.

use rusqlite::{Row, params};

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::posts::Viewer;
use crate::store::{Read, Write, column};

/// Maximum pinned posts stored for a profile; for the owner, `social/pin.rs` sets a lower limit.
pub const MAX_PINNED_POSTS: u32 = 20;
/// Maximum featured hashtags of a profile: as many as Mastodon shows.
pub const MAX_FEATURED_HASHTAGS: u32 = 10;

/// Pins a post above those already pinned; false when it is pinned already, or the limit is reached.
pub fn add(w: &Write<'_>, actor: ActorId, post: PostId) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO pin (actor_id, post_id, rank)
         SELECT ?1, ?2, 1 + ifnull(max(rank), 0) FROM pin WHERE actor_id = ?1 HAVING count(*) < ?3",
    )?;
    Ok(statement.execute(params![actor, post, MAX_PINNED_POSTS])? > 0)
}

/// Unpins a post; false when it was not pinned.
pub fn remove(w: &Write<'_>, actor: ActorId, post: PostId) -> Result<bool> {
    let mut statement = w.conn.prepare_cached("DELETE FROM pin WHERE actor_id = ?1 AND post_id = ?2")?;
    Ok(statement.execute(params![actor, post])? > 0)
}

/// Replaces the pinned posts of a profile; the first one is shown on top.
pub fn set(w: &Write<'_>, actor: ActorId, posts: &[PostId]) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM pin WHERE actor_id = ?1")?.execute([actor])?;
    for post in posts.iter().take(MAX_PINNED_POSTS as usize).rev() {
        add(w, actor, *post)?;
    }
    Ok(())
}

/// Pinned posts that `viewer` may see, the newest pin first.
pub fn of_actor(r: &Read<'_>, actor: ActorId, viewer: Viewer) -> Result<Vec<PostId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT pin.post_id FROM pin JOIN post p ON p.id = pin.post_id WHERE pin.actor_id = ?1 AND p.audience <= ?2
         ORDER BY pin.rank DESC LIMIT ?3",
    )?;
    let rows =
        statement.query_map(params![actor, viewer.max_audience(), MAX_PINNED_POSTS], |row| column(row, "post_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A featured hashtag of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeaturedHashtag {
    /// Lower case, without `#`.
    pub name: String,
    /// The written form.
    pub display_name: String,
    /// URL of its page on the actor's server; None for the owner's.
    pub url: Option<String>,
}

fn hashtag_from_row(row: &Row<'_>) -> rusqlite::Result<FeaturedHashtag> {
    Ok(FeaturedHashtag { name: column(row, "name")?, display_name: column(row, "shown")?, url: column(row, "url")? })
}

/// Adds a hashtag at the end; false when it is listed already, or the limit is reached.
pub fn add_tag(w: &Write<'_>, actor: ActorId, tag: &FeaturedHashtag) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO featured_tag (actor_id, name, shown, url, rank)
         SELECT ?1, ?2, ?3, ?4, 1 + ifnull(max(rank), 0) FROM featured_tag WHERE actor_id = ?1 HAVING count(*) < ?5",
    )?;
    Ok(statement.execute(params![actor, tag.name, tag.display_name, tag.url, MAX_FEATURED_HASHTAGS])? > 0)
}

/// Removes a featured hashtag; false when it was not listed.
pub fn remove_tag(w: &Write<'_>, actor: ActorId, name: &str) -> Result<bool> {
    let mut statement = w.conn.prepare_cached("DELETE FROM featured_tag WHERE actor_id = ?1 AND name = ?2")?;
    Ok(statement.execute(params![actor, name])? > 0)
}

/// Replaces the featured hashtags of a profile.
pub fn set_tags(w: &Write<'_>, actor: ActorId, tags: &[FeaturedHashtag]) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM featured_tag WHERE actor_id = ?1")?.execute([actor])?;
    for tag in tags {
        add_tag(w, actor, tag)?;
    }
    Ok(())
}

/// The featured hashtags of a profile, in their order.
pub fn tags(r: &Read<'_>, actor: ActorId) -> Result<Vec<FeaturedHashtag>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT name, shown, url FROM featured_tag WHERE actor_id = ?1 ORDER BY rank LIMIT ?2")?;
    let rows = statement.query_map(params![actor, MAX_FEATURED_HASHTAGS], hashtag_from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
