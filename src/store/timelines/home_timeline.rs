//! The home timeline as a table: one row per post, one indexed query per page. Accepts posts of any age.

use rusqlite::params;

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::posts::PostPage;
use crate::store::timelines::{lists, window};
use crate::store::{Read, Write, events};

/// Maximum posts added to home when an account or group is followed.
const MAX_POSTS_ON_FOLLOW: u32 = 40;

/// Adds a post or boost to the home timeline.
pub fn add(w: &Write<'_>, post: PostId) -> Result<()> {
    match w.conn.prepare_cached("INSERT OR IGNORE INTO home (post_id) VALUES (?1)")?.execute([post])? {
        0 => Ok(()),
        _ => events::added_to_home(w, post),
    }
}

/// After following an account or group, adds its newest stored posts to home and to the lists it is in. If one of the
/// lists is exclusive, they are not added to home.
pub fn add_history_of(w: &Write<'_>, actor: ActorId) -> Result<()> {
    let lists = lists::of_member(w, actor)?;
    for list in &lists {
        lists::add_history_of(w, list.id, actor)?;
    }
    if lists.iter().any(|list| list.exclusive) {
        return Ok(());
    }
    w.conn.execute(
        "INSERT OR IGNORE INTO home (post_id) SELECT id FROM post WHERE actor_id = ?1 AND audience <= 2
           AND reply_to_uri IS NULL AND (boost_of IS NULL OR NOT EXISTS (SELECT 1 FROM follow f
             JOIN node n ON n.owner_id = f.follower_id WHERE f.followed_id = ?1 AND f.boosts = 0))
         ORDER BY id DESC LIMIT ?2",
        params![actor, MAX_POSTS_ON_FOLLOW],
    )?;
    crate::store::posts::groups::add_to_home(w, actor, MAX_POSTS_ON_FOLLOW)
}

/// After unfollowing an actor, removes their posts from home and them from every list.
pub fn remove_actor(w: &Write<'_>, actor: ActorId) -> Result<()> {
    lists::forget(w, actor)?;
    w.conn.execute("DELETE FROM home WHERE post_id IN (SELECT id FROM post WHERE actor_id = ?1)", [actor])?;
    crate::store::posts::groups::remove_all_from_home(w, actor)
}

/// A page of the timeline, newest first.
pub fn page(r: &Read<'_>, page: PostPage) -> Result<Vec<PostId>> {
    window::page(r, "home t", "1", page, 0)
}
