//! Retention of remote data: posts, actors and hosts that nothing refers to are pruned. Never touches what the owner
//! interacted with.

use rusqlite::{OptionalExtension, params};

use super::{Read, Write, column};
use crate::base::id::{ActorId, PostId, first_at};
use crate::base::{Result, Time};

/// Tables whose rows are parts of a post and are deleted with it: (table, column). Any other reference keeps the post.
const POST_PART_TABLES: &[(&str, &str)] = &[
    ("mention", "post_id"),
    ("hashtag", "post_id"),
    ("attachment", "post_id"),
    ("edition", "post_id"),
    ("poll", "post_id"),
    ("post_like", "post_id"),
    ("reaction", "post_id"),
    ("pin", "post_id"),
    ("post_group", "post_id"),
    ("post_vote", "post_id"),
    ("relayed", "post_id"),
    ("policy", "post_id"),
    ("quote", "post_id"),
    ("post_once", "post_id"),
    // Private posts, which are never taken.
    ("conversation_post", "post_id"),
];
/// Tables whose rows are parts of an actor and are deleted with it.
const ACTOR_PART_TABLES: &[(&str, &str)] =
    &[("actor_key", "actor_id"), ("pin", "actor_id"), ("featured_tag", "actor_id")];
/// How many ancestors are searched for the owner's part in a thread.
const MAX_ANCESTORS: u32 = 50;

/// How long unreferenced data is kept.
#[derive(Debug, Clone, Copy)]
pub struct RetentionLimits {
    /// Posts that came before this moment go.
    pub posts: Time,
    /// Posts that came by a relay before this moment go.
    pub relayed: Time,
    /// Maximum number of posts brought by relays.
    pub most_relayed: u32,
}

/// Checks up to `limit` posts after `after` and deletes those that nothing refers to. Returns the last id checked (None
/// at the end) and the number deleted.
pub fn prune_posts(
    w: &Write<'_>,
    after: PostId,
    terms: RetentionLimits,
    limit: u32,
) -> Result<(Option<PostId>, usize)> {
    let surplus = surplus_relayed_sql(w, terms.most_relayed)?;
    let young = first_at(terms.posts.max(terms.relayed)).max(surplus.0 + 1);
    let ids: Vec<PostId> = {
        let mut slice = w.conn.prepare_cached("SELECT id FROM post WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3")?;
        let rows = slice.query_map(params![after, young, limit], |row| column(row, "id"))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let Some(last) = ids.last().copied() else { return Ok((None, 0)) };
    let list = super::id_list(ids.iter().map(|id| id.0));
    super::timelines::tags::prune_home(w, &list, terms.posts)?;
    let values = params![list, terms.posts, terms.relayed, surplus, MAX_ANCESTORS];
    Ok((Some(last), w.conn.prepare_cached(&posts_sql(w)?)?.execute(values)?))
}

/// Deletes those of some posts (?1) that are old (?2; ?3 and ?4 by a relay) and unreferenced.
fn posts_sql(r: &Read<'_>) -> Result<String> {
    let free = unreferenced_sql(r, "post", POST_PART_TABLES)?;
    Ok(format!(
        "DELETE FROM post WHERE id IN (
           SELECT p.id FROM json_each(?1) j JOIN post p ON p.id = j.value, node n
           WHERE p.audience <= 1 AND p.actor_id NOT IN (n.owner_id, n.service_id)
             AND (p.received_at < ?2
               OR (p.received_at < ?3 OR p.id <= ?4) AND EXISTS (SELECT 1 FROM relayed WHERE post_id = p.id))
             AND NOT EXISTS (SELECT 1 FROM follow WHERE followed_id = p.actor_id AND follower_id = n.owner_id)
             AND NOT EXISTS (SELECT 1 FROM post_like WHERE post_id = p.id AND actor_id = n.owner_id)
             AND NOT EXISTS (SELECT 1 FROM reaction WHERE post_id = p.id AND actor_id = n.owner_id)
             AND NOT EXISTS (SELECT 1 FROM post b WHERE b.id = p.boost_of AND b.actor_id = n.owner_id)
             AND NOT EXISTS (
               WITH RECURSIVE up (id, depth) AS (
                 SELECT p.reply_to, 0 WHERE p.reply_to IS NOT NULL
                 UNION ALL
                 SELECT q.reply_to, depth + 1 FROM up JOIN post q ON q.id = up.id
                   WHERE q.reply_to IS NOT NULL AND depth < ?5)
               SELECT 1 FROM up JOIN post q ON q.id = up.id WHERE q.actor_id = n.owner_id)
             {free})"
    ))
}

/// The newest of the posts that are too many.
fn surplus_relayed_sql(r: &Read<'_>, most: u32) -> Result<PostId> {
    let mut statement = r.conn.prepare_cached("SELECT post_id FROM relayed ORDER BY post_id DESC LIMIT 1 OFFSET ?1")?;
    Ok(statement.query_one([most], |row| column(row, "post_id")).optional()?.unwrap_or(PostId(0)))
}

/// Checks up to `limit` actors after `after` and deletes unreferenced ones not fetched since `before`. Returns the last
/// id checked (None at the end) and the number deleted.
pub fn prune_actors(w: &Write<'_>, after: ActorId, before: Time, limit: u32) -> Result<(Option<ActorId>, usize)> {
    let ids: Vec<ActorId> = {
        let mut slice = w.conn.prepare_cached("SELECT id FROM actor WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3")?;
        let rows = slice.query_map(params![after, first_at(before), limit], |row| column(row, "id"))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let Some(last) = ids.last().copied() else { return Ok((None, 0)) };
    let list = super::id_list(ids.iter().map(|id| id.0));
    Ok((Some(last), w.conn.prepare_cached(&actors_sql(w)?)?.execute(params![list, before])?))
}

/// Deletes those of some actors (?1) that were not fetched lately (?2) and are unreferenced.
fn actors_sql(r: &Read<'_>) -> Result<String> {
    let free = unreferenced_sql(r, "actor", ACTOR_PART_TABLES)?;
    Ok(format!(
        "DELETE FROM actor WHERE id IN (
           SELECT p.id FROM json_each(?1) j JOIN actor p ON p.id = j.value
           WHERE p.fetched_at < ?2 {free})"
    ))
}

/// Checks up to `limit` hosts after `after` and forgets those not heard from since `before` without known actors and
/// without waiting deliveries. Returns the last one checked (None at the end) and the number deleted.
pub fn prune_hosts(w: &Write<'_>, after: &str, before: Time, limit: u32) -> Result<(Option<String>, usize)> {
    let names: Vec<String> = {
        let mut slice = w.conn.prepare_cached("SELECT name FROM host WHERE name > ?1 ORDER BY name LIMIT ?2")?;
        let rows = slice.query_map(params![after, limit], |row| column(row, "name"))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let Some(last) = names.last().cloned() else { return Ok((None, 0)) };
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM host WHERE name IN (
           SELECT h.name FROM json_each(?1) j JOIN host h ON h.name = j.value, node n
           WHERE ifnull(h.heard_at, 0) < ?2 AND ifnull(h.failing_since_at, 0) < ?2
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE host = h.name AND ready = 1)
             AND NOT EXISTS (SELECT 1 FROM actor
               WHERE uri >= n.scheme || '://' || h.name || '/' AND uri < n.scheme || '://' || h.name || '0'))",
    )?;
    let gone = statement.execute(params![super::to_json(&names)?, before])?;
    Ok((Some(last), gone))
}

/// The conditions that nothing but `parts` refers to `p`, a row of `table`, derived from the schema: a new table keeps
/// what it refers to until it is listed as a part.
fn unreferenced_sql(r: &Read<'_>, table: &str, parts: &[(&str, &str)]) -> Result<String> {
    let mut keys = r.conn.prepare_cached(
        "SELECT m.name AS name, k.[from] AS side FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) k
         WHERE m.type = 'table' AND k.[table] = ?1 ORDER BY m.name, side LIMIT 200",
    )?;
    let rows = keys.query_map([table], |row| Ok((column::<String>(row, "name")?, column::<String>(row, "side")?)))?;
    let mut free = String::new();
    for key in rows {
        let (name, side) = key?;
        if !parts.contains(&(name.as_str(), side.as_str())) {
            free.push_str(&format!(" AND NOT EXISTS (SELECT 1 FROM {name} WHERE {name}.{side} = p.id)"));
        }
    }
    Ok(free)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    /// Tables whose rows keep a remote post: (table, column). A new table that refers to posts belongs here or to
    /// [`POST_PART_TABLES`].
    const POST_HOLDER_TABLES: &[(&str, &str)] = &[
        ("home", "post_id"),
        ("bookmark", "post_id"),
        ("thread_mute", "post_id"),
        ("list_post", "post_id"),
        ("filter_post", "post_id"),
        ("notification", "post_id"),
        ("post", "boost_of"),
        ("post", "reply_to"),
        ("vote", "post_id"),
        ("quote", "quoted_id"),
        ("draft", "reply_to"),
        ("draft", "quote"),
        ("request", "target_id"),
        ("request", "post_id"),
        ("asked", "target_id"),
        ("asked", "made_id"),
    ];

    #[test]
    fn every_table_that_refers_to_posts_is_a_part_of_them_or_holds_them() {
        let s = TestStore::new();
        let conditions = s.store.read(|r| unreferenced_sql(r, "post", POST_PART_TABLES)).unwrap();
        let undecided: Vec<&str> = conditions
            .split(" AND NOT EXISTS ")
            .filter(|one| !one.is_empty())
            .filter(|one| {
                let holds = |(table, side): &(&str, &str)| one.contains(&format!(" {table}.{side} "));
                !POST_HOLDER_TABLES.iter().any(holds)
            })
            .collect();
        assert!(
            undecided.is_empty(),
            "are these parts of a post (PARTS), or do they hold it (HOLDERS)? {undecided:#?}"
        );
        let all = s.store.read(|r| unreferenced_sql(r, "post", &[])).unwrap();
        for (table, side) in POST_PART_TABLES.iter().chain(POST_HOLDER_TABLES) {
            assert!(all.contains(&format!(" {table}.{side} ")), "{table}.{side} is not there any more");
        }
    }

    #[test]
    fn no_look_at_a_stranger_reads_a_whole_table() {
        let s = TestStore::new();
        let plans = s.store.read(|r| {
            let mut plans: Vec<String> = Vec::new();
            for sql in [posts_sql(r)?, actors_sql(r)?] {
                let mut plan = r.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let values = rusqlite::params_from_iter(std::iter::repeat_n(1, plan.parameter_count()));
                let lines = plan.query_map(values, |row| column::<String>(row, "detail"))?;
                plans.extend(lines.collect::<rusqlite::Result<Vec<_>>>()?);
            }
            Ok(plans)
        });
        let small = ["SCAN j", "SCAN n", "SCAN up", "SCAN CONSTANT ROW", "SCAN own_key", "SCAN node"];
        let scans: Vec<String> = plans.unwrap().into_iter().filter(|line| line.starts_with("SCAN")).collect();
        let long: Vec<&String> = scans.iter().filter(|line| !small.iter().any(|s| line.starts_with(s))).collect();
        assert!(!scans.is_empty() && long.is_empty(), "{long:#?}");
    }

    #[test]
    fn the_surplus_of_relays_goes_before_its_time() {
        let s = TestStore::new();
        let posts = |count: i64| {
            s.store
                .write(move |w| {
                    w.conn.execute_batch(
                        "INSERT INTO actor (id, uri, kind, username, host, name, bio, url, inbox, created_at, fetched_at)
                           VALUES (1, 'x', 'Person', 'x', 'x', 'x', '', '', '', 0, 0), (2, 'y', 'Person', 'y', 'y', 'y', '', '', '', 0, 0);
                         INSERT INTO node (one, scheme, host, domain, owner_id, service_id, secret, created_at, alive_at)
                           VALUES (1, 'https', 'h', 'h', 2, 2, x'00', 0, 0)",
                    )?;
                    for n in 1..=count {
                        let id = first_at(w.now) + n;
                        w.conn.execute(
                            "INSERT INTO post (id, uri, actor_id, kind, audience, published_at, received_at)
                             VALUES (?1, ?1, 1, 'Note', 0, ?2, ?2)",
                            params![id, w.now],
                        )?;
                        super::super::peers::relays::mark_post(w, PostId(id))?;
                    }
                    Ok(())
                })
                .unwrap();
        };
        posts(10);
        let old = s.clock.now().minus(std::time::Duration::from_secs(60));
        let terms = RetentionLimits { posts: old, relayed: old, most_relayed: 4 };
        let (last, gone) = s.store.write(move |w| prune_posts(w, PostId(0), terms, 100)).unwrap();
        assert_eq!((last.is_some(), gone), (true, 6));
        assert_eq!(s.store.write(move |w| prune_posts(w, PostId(0), terms, 100)).unwrap(), (None, 0));
    }
}
