//! Pages of prepared timeline tables (home, lists), without muted actors.

use crate::base::Result;
use crate::base::id::PostId;
use crate::store::posts::PostPage;
use crate::store::{Read, column};

/// A page of a prepared table, named `t`; `fits` may use `of` as ?5.
pub(in crate::store) fn page(r: &Read<'_>, table: &str, fits: &str, page: PostPage, of: i64) -> Result<Vec<PostId>> {
    let sql = page_sql(table, fits, if is_anybody_muted(r)? { NOT_MUTED_SQL } else { "" }, page);
    let mut statement = r.conn.prepare_cached(&sql)?;
    let before = page.before.map_or(i64::MAX, |id| id.0);
    let after = page.after.map_or(0, |id| id.0);
    let window = [before, after, i64::from(page.limit), r.now.ms(), of];
    let known = window.iter().take(statement.parameter_count());
    let rows = statement.query_map(rusqlite::params_from_iter(known), |row| column(row, "post_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The query of a page: ids below ?1 and above ?2, at most ?3.
pub(in crate::store) fn page_sql(table: &str, fits: &str, muted: &str, page: PostPage) -> String {
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
