//! The home timeline as a table: one row per post, one indexed query per page. Accepts posts of any age.

use rusqlite::params;

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::posts::PostPage;
use crate::store::{Read, Write, column, events, timelines::lists};

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
pub fn forget(w: &Write<'_>, actor: ActorId) -> Result<()> {
    lists::forget(w, actor)?;
    w.conn.execute("DELETE FROM home WHERE post_id IN (SELECT id FROM post WHERE actor_id = ?1)", [actor])?;
    crate::store::posts::groups::forget_group(w, actor)
}

/// A page of the timeline, newest first.
pub fn page(r: &Read<'_>, page: PostPage) -> Result<Vec<PostId>> {
    window(r, "home t", "1", page, 0)
}

/// A page of a prepared table, named `t`; `fits` may use `of` as ?5.
pub(in crate::store) fn window(r: &Read<'_>, table: &str, fits: &str, page: PostPage, of: i64) -> Result<Vec<PostId>> {
    let sql = window_sql(table, fits, if is_anybody_muted(r)? { NOT_MUTED_SQL } else { "" }, page);
    let mut statement = r.conn.prepare_cached(&sql)?;
    let before = page.before.map_or(i64::MAX, |id| id.0);
    let after = page.after.map_or(0, |id| id.0);
    let window = [before, after, i64::from(page.limit), r.now.ms(), of];
    let known = window.iter().take(statement.parameter_count());
    let rows = statement.query_map(rusqlite::params_from_iter(known), |row| column(row, "post_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The query of a page: ids below ?1 and above ?2, at most ?3.
pub(in crate::store) fn window_sql(table: &str, fits: &str, muted: &str, page: PostPage) -> String {
    let inside = format!("FROM {table} WHERE t.post_id < ?1 AND t.post_id > ?2 AND {fits} {muted}");
    match page.after {
        None => format!("SELECT t.post_id {inside} ORDER BY t.post_id DESC LIMIT ?3"),
        Some(_) => {
            format!("SELECT post_id FROM (SELECT t.post_id {inside} ORDER BY t.post_id LIMIT ?3) ORDER BY post_id DESC")
        }
    }
}

/// Leaves out posts and boosts by the muted, and boosts of their posts; of those muted for their boosts only these.
pub(in crate::store) const NOT_MUTED_SQL: &str =
    "AND NOT EXISTS (SELECT 1 FROM post p LEFT JOIN post q ON q.id = p.boost_of
    JOIN mute m ON (m.actor_id = p.actor_id AND (m.boosts_only = 0 OR p.boost_of IS NOT NULL))
      OR (m.actor_id = q.actor_id AND m.boosts_only = 0)
    WHERE p.id = t.post_id AND ifnull(m.until_at, ?4 + 1) > ?4)";

fn is_anybody_muted(r: &Read<'_>) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM mute LIMIT 1")?.exists([])?)
}
