//! Deleted objects. Requests for own ones get 410 forever; remote ones are recorded so that a late Create does not
//! restore them.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use crate::base::id::ActorId;
use crate::base::{Result, Time};
use crate::store::{Read, Write};

/// Retention of remote tombstones and seen activity ids.
const TOMBSTONE_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
/// Maximum remote tombstones, and maximum seen activity ids: peers choose them, so they are bounded.
const MAX_TOMBSTONES: i64 = 200_000;

/// Records that `uri` was deleted; `ours` is 1 for an own object, which gets 410 from now on.
fn insert(w: &Write<'_>, uri: &str, ours: i64) -> Result<()> {
    w.conn
        .prepare_cached("INSERT OR IGNORE INTO tombstone (uri, ours, deleted_at) VALUES (?1, ?2, ?3)")?
        .execute(params![uri, ours, w.now])?;
    Ok(())
}

/// Records that we deleted `uri`.
pub fn add_own(w: &Write<'_>, uri: &str) -> Result<()> {
    insert(w, uri, 1)
}

/// Records that `author` deleted or undid `uri`. It applies to this author only: naming another actor's id first must
/// not block that actor's activity.
pub fn add_remote(w: &Write<'_>, author: ActorId, uri: &str) -> Result<()> {
    insert(w, &remote_key(author, uri), 0)
}

/// As [`is_deleted`], but deletes the record: the activity may be repeated under the same id.
pub fn consume(w: &Write<'_>, author: ActorId, uri: &str) -> Result<bool> {
    let mut statement = w.conn.prepare_cached("DELETE FROM tombstone WHERE uri = ?1 AND ours = 0")?;
    Ok(statement.execute([remote_key(author, uri)])? > 0)
}

/// Whether `author` deleted or undid `uri`.
pub fn is_deleted(r: &Read<'_>, author: ActorId, uri: &str) -> Result<bool> {
    Ok(deleted_at(r, &remote_key(author, uri))?.is_some())
}

fn remote_key(author: ActorId, uri: &str) -> String {
    format!("{author} {uri}")
}

/// When we deleted `uri`, if we did.
pub fn deleted_at(r: &Read<'_>, uri: &str) -> Result<Option<Time>> {
    let mut statement = r.conn.prepare_cached("SELECT deleted_at FROM tombstone WHERE uri = ?1")?;
    Ok(statement.query_one([uri], |row| row.get("deleted_at")).optional()?)
}

/// Key of an activity id in `seen`, which applies to this author only.
pub fn seen_key(author: ActorId, uri: &str) -> String {
    format!("{author}:{uri}")
}

/// Records that an activity (see [`transaction_time`]) was applied or undone now.
pub fn mark_seen(w: &Write<'_>, act: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO seen (uri, seen_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at",
    )?;
    statement.execute(params![act, w.now])?;
    Ok(())
}

/// Whether an activity (see [`transaction_time`]) was applied or undone before.
pub fn was_seen(r: &Read<'_>, act: &str) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM seen WHERE uri = ?1")?.exists([act])?)
}

/// Removes old or excess rows. Bounded: call it again until it returns 0.
pub fn prune(w: &Write<'_>, limit: u32) -> Result<usize> {
    let before = w.now.minus(TOMBSTONE_RETENTION);
    let mut gone = w.conn.execute(
        "DELETE FROM seen WHERE uri IN (SELECT uri FROM seen WHERE seen_at < ?1 ORDER BY seen_at LIMIT ?2)",
        params![before, limit],
    )?;
    gone += w.conn.execute(
        "DELETE FROM tombstone WHERE uri IN
           (SELECT uri FROM tombstone WHERE ours = 0 AND deleted_at < ?1 ORDER BY deleted_at LIMIT ?2)",
        params![before, limit],
    )?;
    gone += w.conn.execute(
        "DELETE FROM seen WHERE uri IN (SELECT uri FROM seen ORDER BY seen_at
           LIMIT min(?2, max(0, (SELECT count(*) FROM seen) - ?1)))",
        params![MAX_TOMBSTONES, limit],
    )?;
    gone += w.conn.execute(
        "DELETE FROM tombstone WHERE uri IN (SELECT uri FROM tombstone WHERE ours = 0 ORDER BY deleted_at
           LIMIT min(?2, max(0, (SELECT count(*) FROM tombstone WHERE ours = 0) - ?1)))",
        params![MAX_TOMBSTONES, limit],
    )?;
    Ok(gone)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    #[test]
    fn ours_stay_for_ever_and_the_rest_a_month() {
        let s = TestStore::new();
        let remember = |n: u32| {
            s.store
                .write(move |w| {
                    add_own(w, &format!("ours/{n}"))?;
                    add_remote(w, ActorId(1), &format!("theirs/{n}"))?;
                    mark_seen(w, &format!("seen/{n}"))
                })
                .unwrap()
        };
        remember(1);
        s.clock.advance(TOMBSTONE_RETENTION);
        remember(2);
        s.clock.advance(Duration::from_secs(1));
        assert_eq!(s.store.write(|w| prune(w, 100)).unwrap(), 2);
        assert_eq!(s.store.write(|w| prune(w, 100)).unwrap(), 0);
        let left = s.store.read(|r| {
            let mut left = Vec::new();
            for uri in ["ours/1", "ours/2"] {
                left.push(deleted_at(r, uri)?.is_some());
            }
            for uri in ["theirs/1", "theirs/2"] {
                left.push(is_deleted(r, ActorId(1), uri)?);
                assert!(!is_deleted(r, ActorId(2), uri)?, "another actor's tombstone");
            }
            left.push(was_seen(r, "seen/1")?);
            left.push(was_seen(r, "seen/2")?);
            Ok(left)
        });
        assert_eq!(left.unwrap(), [true, true, false, true, false, true]);
    }

    #[test]
    fn what_is_seen_again_is_remembered_from_then_on_and_an_undo_counts_once() {
        let s = TestStore::new();
        let author = ActorId(1);
        let see = || s.store.write(move |w| mark_seen(w, &seen_key(author, "likes/1"))).unwrap();
        see();
        s.clock.advance(TOMBSTONE_RETENTION);
        see();
        s.clock.advance(Duration::from_secs(1));
        assert_eq!(s.store.write(|w| prune(w, 100)).unwrap(), 0);
        let spend = |who: ActorId| s.store.write(move |w| consume(w, who, "likes/1")).unwrap();
        s.store.write(move |w| add_remote(w, author, "likes/1")).unwrap();
        assert!(!spend(ActorId(2)), "another actor's tombstone");
        assert_eq!([spend(author), spend(author)], [true, false]);
    }

    #[test]
    fn what_peers_choose_is_bounded_and_the_oldest_goes_first() {
        let s = TestStore::new();
        let many = MAX_TOMBSTONES + 10;
        s.store
            .write(move |w| {
                w.conn.execute(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                     INSERT INTO seen SELECT 'seen/' || i, ?2 + i FROM n",
                    params![many, w.now],
                )?;
                Ok(())
            })
            .unwrap();
        s.clock.advance(Duration::from_secs(600));
        let mut gone = 0;
        loop {
            match s.store.write(|w| prune(w, 4)).unwrap() {
                0 => break,
                n => gone += n,
            }
        }
        assert_eq!(gone, 10);
        assert!(!s.store.read(|r| was_seen(r, "seen/10")).unwrap());
        assert!(s.store.read(|r| was_seen(r, "seen/11")).unwrap());
    }
}
