//! Remote actors that anonymous visitors may see: those already shown beside the owner's public posts. All others look
//! unknown, so nobody learns whom the owner reads.

use rusqlite::named_params;

use crate::base::Result;
use crate::base::id::ActorId;
use crate::store::posts::Viewer;
use crate::store::{Read, actors::follows, node};

/// Maximum newest posts and boosts, and maximum newest likes, of the actor that are searched.
const MAX_NEWEST_POSTS: u32 = 100;
/// Maximum posts searched upwards in the threads of those posts, and downwards.
const MAX_THREAD_POSTS: u32 = 500;

/// Whether strangers may see an actor: the owner; actors mentioned in the owner's public posts; actors in lists that
/// the owner shows; and actors who recently wrote, boosted or liked a post that is in a public thread with the owner's
/// (see [`crate::store::posts::is_in_thread_of`]).
pub fn is_publicly_visible(r: &Read<'_>, owner: ActorId, who: ActorId) -> Result<bool> {
    Ok(who == owner
        || is_in_public_lists(r, owner, who)?
        || is_mentioned_publicly(r, who)?
        || is_in_public_thread(r, owner, who)?)
}

fn is_in_public_lists(r: &Read<'_>, owner: ActorId, who: ActorId) -> Result<bool> {
    let ours = follows::get_accepted(r, owner, who)?;
    if ours.as_ref().is_some_and(|follow| follow.endorsed) {
        return Ok(true);
    }
    Ok(node::settings(r)?.show_follows && (ours.is_some() || follows::is_accepted(r, who, owner)?))
}

const MENTIONED_IN_PUBLIC_SQL: &str =
    "SELECT 1 FROM actor a CROSS JOIN mention m INDEXED BY mention_ours ON m.uri = a.uri AND m.ours = 1
    CROSS JOIN post p ON p.id = m.post_id WHERE a.id = :who AND p.audience <= :rank LIMIT 1";

fn is_mentioned_publicly(r: &Read<'_>, who: ActorId) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(MENTIONED_IN_PUBLIC_SQL)?;
    Ok(statement.exists(named_params! { ":who": who, ":rank": Viewer::Stranger.max_audience() })?)
}

const VISIBLE_IN_THREAD_SQL: &str = "WITH RECURSIVE theirs (id) AS (
      SELECT * FROM (SELECT ifnull(boost_of, id) FROM post WHERE actor_id = :who AND audience <= :rank
        ORDER BY id DESC LIMIT :newest)
      UNION ALL
      SELECT * FROM (SELECT l.post_id FROM post_like l CROSS JOIN post p ON p.id = l.post_id
        WHERE l.actor_id = :who AND p.audience <= :rank ORDER BY l.id DESC LIMIT :newest)),
    up (id) AS (
      SELECT id FROM theirs
      UNION
      SELECT p.reply_to FROM up CROSS JOIN post p ON p.id = up.id WHERE p.reply_to IS NOT NULL LIMIT :around),
    down (id) AS (
      SELECT id FROM theirs
      UNION
      SELECT p.id FROM down CROSS JOIN post p ON p.reply_to = down.id LIMIT :around),
    near (id) AS (
      SELECT id FROM up UNION ALL SELECT id FROM down
      UNION ALL SELECT b.id FROM theirs CROSS JOIN post b ON b.boost_of = theirs.id AND b.actor_id = :owner
      UNION ALL SELECT q.post_id FROM theirs CROSS JOIN quote q ON q.quoted_id = theirs.id)
    SELECT 1 FROM near CROSS JOIN post p ON p.id = near.id WHERE p.actor_id = :owner AND p.audience <= :rank LIMIT 1";

fn is_in_public_thread(r: &Read<'_>, owner: ActorId, who: ActorId) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(VISIBLE_IN_THREAD_SQL)?;
    Ok(statement.exists(named_params! {
        ":who": who, ":owner": owner, ":rank": Viewer::Stranger.max_audience(), ":newest": MAX_NEWEST_POSTS, ":around": MAX_THREAD_POSTS,
    })?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    #[test]
    fn a_look_at_somebody_reads_no_whole_table() {
        let s = TestStore::new();
        for sql in [MENTIONED_IN_PUBLIC_SQL, VISIBLE_IN_THREAD_SQL] {
            let plan = s.store.read(|r| {
                let mut plan = r.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let values = rusqlite::params_from_iter(std::iter::repeat_n(1, plan.parameter_count()));
                let lines = plan.query_map(values, |row| row.get::<_, String>("detail"))?;
                Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?)
            });
            let plan = plan.unwrap();
            let own = ["SCAN theirs", "SCAN up", "SCAN down", "SCAN near", "SCAN (subquery"];
            let reads = |line: &&String| line.starts_with("SCAN") && !own.iter().any(|one| line.starts_with(one));
            let whole: Vec<&String> = plan.iter().filter(reads).collect();
            let sorts = plan.iter().any(|line| line.contains("ORDER BY"));
            assert!(whole.is_empty() && !sorts, "{plan:#?}");
        }
    }
}
