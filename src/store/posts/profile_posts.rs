//! The posts of one profile: all, with media, with a hashtag, with or without replies and boosts.

use rusqlite::params;

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::Read;
use crate::store::column;
use crate::store::cursor::CursorWindow;
use crate::store::posts::Viewer;

/// Filter of an actor's posts.
#[derive(Debug, Clone, Copy)]
pub struct ProfilePostFilter<'t> {
    /// Who views the profile: strangers do not get private posts.
    pub viewer: Viewer,
    /// The page.
    pub window: CursorWindow,
    /// Only with this hashtag (lower case, without `#`).
    pub tag: Option<&'t str>,
    /// Only with images or other files.
    pub only_media: bool,
    /// Without replies to others; replies to the actor's own posts stay.
    pub no_replies: bool,
    /// Without boosts.
    pub no_boosts: bool,
    /// Without private mentions.
    pub no_private_mentions: bool,
}

/// Ids of the matching posts and boosts, newest first.
pub fn page(r: &Read<'_>, author: ActorId, wanted: &ProfilePostFilter<'_>) -> Result<Vec<PostId>> {
    let rank = wanted.viewer.max_audience().min(if wanted.no_private_mentions { 2 } else { 3 });
    let rows = wanted.window;
    let mut statement = r.conn.prepare_cached(&page_sql(wanted))?;
    let values = params![author, rank, rows.above, rows.below, rows.limit, wanted.tag];
    let found = statement.query_map(values, |row| column(row, "id"))?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// The SQL of a page. It reads along the index of the most selective condition: a hashtag (?6), else media.
fn page_sql(wanted: &ProfilePostFilter<'_>) -> String {
    let (id, from) = match (wanted.tag, wanted.only_media) {
        (Some(_), _) => (
            "h.post_id",
            "hashtag h INDEXED BY hashtag_by_author CROSS JOIN post p ON p.id = h.post_id
             WHERE h.author_id = ?1 AND h.name = ?6",
        ),
        (None, true) => (
            "a.post_id",
            "attachment a INDEXED BY attachment_by_author CROSS JOIN post p ON p.id = a.post_id
             WHERE a.author_id = ?1 AND a.post_id IS NOT NULL AND ?6 IS NULL",
        ),
        (None, false) => ("p.id", "post p WHERE p.actor_id = ?1 AND ?6 IS NULL"),
    };
    let media = if wanted.only_media && wanted.tag.is_some() {
        "AND EXISTS (SELECT 1 FROM attachment a WHERE a.post_id = p.id)"
    } else {
        ""
    };
    let replies = if wanted.no_replies {
        "AND (p.reply_to_uri IS NULL OR EXISTS (SELECT 1 FROM post q WHERE q.id = p.reply_to AND q.actor_id = ?1))"
    } else {
        ""
    };
    let boosts = if wanted.no_boosts { "AND p.boost_of IS NULL" } else { "" };
    let order = wanted.window.sql_order();
    format!(
        "SELECT {id} AS id FROM {from} AND p.audience <= ?2 AND {id} > ?3 AND {id} < ?4 {media} {replies} {boosts}
         GROUP BY {id} ORDER BY {id} {order} LIMIT ?5"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    #[test]
    fn no_page_sorts_or_reads_a_whole_table() {
        let s = TestStore::new();
        for (tag, only_media, no_replies) in
            [(None, false, false), (None, true, true), (Some("x"), false, true), (Some("x"), true, false)]
        {
            let wanted = ProfilePostFilter {
                viewer: Viewer::Owner,
                window: CursorWindow::first(20),
                tag,
                only_media,
                no_replies,
                no_boosts: true,
                no_private_mentions: true,
            };
            let plan = s.store.read(|r| {
                page(r, ActorId(1), &wanted)?;
                let mut plan = r.conn.prepare(&format!("EXPLAIN QUERY PLAN {}", page_sql(&wanted)))?;
                let values = rusqlite::params_from_iter(std::iter::repeat_n(1, plan.parameter_count()));
                let lines = plan.query_map(values, |row| column::<String>(row, "detail"))?;
                Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?.join("\n"))
            });
            let plan = plan.unwrap();
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP"), "{wanted:?}: {plan}");
        }
    }
}
