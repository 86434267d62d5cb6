//! The inbox queue: received activities between "verified" and "applied". One that cannot be applied is set aside,
//! never dropped.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, InboxId};
use crate::base::{Result, Time};
use crate::store::{Read, Write};

/// Maximum waiting rows; beyond that peers get 503 and try again.
pub const MAX_WAITING_ROWS: u32 = 100_000;
/// Bytes waiting and set aside at most, likewise.
pub const MAX_STORED_BYTES: i64 = 256 * 1024 * 1024;
/// Set-aside activities kept: what the page shows.
const MAX_SET_ASIDE: u32 = 200;
/// No honest wait is longer.
const MAX_WAIT: Duration = Duration::from_hours(25);

/// A received activity.
#[derive(Debug, Clone)]
pub struct ReceivedActivity {
    /// Which.
    pub id: InboxId,
    /// The activity's id, behind its signer's number; `hint:` before both for another actor's act. For those that come again
    /// under the same id also when it was signed.
    pub uri: String,
    /// The actor whose key signed it.
    pub signer_id: ActorId,
    /// The body as received.
    pub document: String,
    /// Attempts, this one included.
    pub tries: u32,
    /// When it came.
    pub received_at: Time,
    /// The last failure.
    pub error: Option<String>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ReceivedActivity> {
    Ok(ReceivedActivity {
        id: row.get("id")?,
        uri: row.get("uri")?,
        signer_id: row.get("signer_id")?,
        document: row.get("document")?,
        tries: row.get("tries")?,
        received_at: row.get("received_at")?,
        error: row.get("error")?,
    })
}

/// Keeps a verified activity; None when it waits already or was applied before.
pub fn store(w: &Write<'_>, uri: &str, signer: ActorId, document: &str) -> Result<Option<InboxId>> {
    if crate::store::posts::tombstones::was_seen(w, uri)? {
        return Ok(None);
    }
    store_again(w, uri, signer, document)
}

/// As [`store`], also when it was applied before.
pub fn store_again(w: &Write<'_>, uri: &str, signer: ActorId, document: &str) -> Result<Option<InboxId>> {
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO inbox (uri, signer_id, document, bytes, next_at, received_at)
         VALUES (?1, ?2, ?3, ?5, ?4, ?4)
         RETURNING id",
    )?;
    Ok(statement.query_one(params![uri, signer, document, w.now, bytes(document)], |row| row.get("id")).optional()?)
}

fn bytes(document: &str) -> i64 {
    i64::try_from(document.len()).unwrap_or(i64::MAX)
}

const CLAIM_SQL: &str = "UPDATE inbox SET lease_at = ?1, tries = tries + 1 WHERE id IN (
      SELECT id FROM inbox i INDEXED BY inbox_due
      WHERE set_aside_at IS NULL AND lease_at IS NULL AND next_at <= ?2
        AND NOT EXISTS (SELECT 1 FROM inbox x WHERE x.signer_id = i.signer_id AND x.lease_at IS NOT NULL)
      ORDER BY next_at, id LIMIT ?3)
    RETURNING *";

/// Claims up to `limit` activities that are due, oldest first. Two workers never have the same signer, so one
/// peer's acts are applied in order.
pub fn claim(w: &Write<'_>, limit: u32, lease: Duration) -> Result<Vec<ReceivedActivity>> {
    let mut statement = w.conn.prepare_cached(CLAIM_SQL)?;
    let rows = statement.query_map(params![w.now.plus(lease), w.now, limit], from_row)?;
    let mut claimed: Vec<ReceivedActivity> = rows.collect::<rusqlite::Result<_>>()?;
    claimed.sort_by_key(|row| row.id);
    Ok(claimed)
}

/// It was applied: the row is removed, its id stays in `seen`.
pub fn finish(w: &Write<'_>, row: &ReceivedActivity) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM inbox WHERE id = ?1")?.execute([row.id])?;
    crate::store::posts::tombstones::mark_seen(w, &row.uri)?;
    Ok(())
}

/// Claimed, but not looked at: others may have them.
pub fn release(w: &Write<'_>, ids: &[InboxId]) -> Result<()> {
    let mut statement = w
        .conn
        .prepare_cached("UPDATE inbox SET lease_at = NULL, tries = tries - 1 WHERE id = ?1 AND lease_at IS NOT NULL")?;
    for id in ids {
        statement.execute([id])?;
    }
    Ok(())
}

/// It failed for now and is tried again at `next_at`.
pub fn postpone(w: &Write<'_>, id: InboxId, next_at: Time, error: &str) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("UPDATE inbox SET lease_at = NULL, next_at = ?2, error = ?3 WHERE id = ?1")?;
    statement.execute(params![id, next_at, error])?;
    Ok(())
}

/// It cannot be applied: kept for the owner to see.
pub fn set_aside(w: &Write<'_>, id: InboxId, error: &str) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("UPDATE inbox SET lease_at = NULL, set_aside_at = ?2, error = ?3 WHERE id = ?1")?;
    statement.execute(params![id, w.now, error])?;
    Ok(())
}

/// Frees all leases (called when the server starts).
pub fn free_leases(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("UPDATE inbox SET lease_at = NULL WHERE lease_at IS NOT NULL", [])?)
}

/// Frees leases that are over: a worker that died must not hold its signer's other activities.
pub fn free_overdue(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("UPDATE inbox SET lease_at = NULL WHERE lease_at < ?1", [w.now])?)
}

/// Corrects retry times that a clock that was ahead has put too far into the future. Returns how many.
pub fn clamp_retry_times(w: &Write<'_>) -> Result<usize> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE inbox INDEXED BY inbox_due SET next_at = ?1
         WHERE set_aside_at IS NULL AND lease_at IS NULL AND next_at > ?2",
    )?;
    Ok(statement.execute(params![w.now, w.now.plus(MAX_WAIT)])?)
}

/// When the next claim succeeds: now, or later; None when nothing waits, or only what depends on a claim being applied
/// (whose end notifies).
pub fn next_due(r: &Read<'_>) -> Result<Option<Time>> {
    let mut now = r.conn.prepare_cached(FIRST_DUE_SQL)?;
    if now.exists([r.now])? {
        return Ok(Some(r.now));
    }
    let mut later = r.conn.prepare_cached(NEXT_DUE_SQL)?;
    Ok(later.query_one([r.now], |row| row.get(0))?)
}

/// A due (?1) activity whose signer has none in progress.
const FIRST_DUE_SQL: &str = "SELECT id FROM inbox i INDEXED BY inbox_due
    WHERE set_aside_at IS NULL AND lease_at IS NULL AND next_at <= ?1
      AND NOT EXISTS (SELECT 1 FROM inbox x WHERE x.signer_id = i.signer_id AND x.lease_at IS NOT NULL) LIMIT 1";

const NEXT_DUE_SQL: &str = "SELECT min(next_at) FROM inbox INDEXED BY inbox_due
    WHERE set_aside_at IS NULL AND lease_at IS NULL AND next_at > ?1";

/// The queries that run for every activity; a test checks their plans.
#[cfg(test)]
pub(in crate::store) const HOT_QUERIES: &[&str] = &[CLAIM_SQL, FIRST_DUE_SQL, NEXT_DUE_SQL];

/// How many wait to be applied (set aside ones not counted).
pub fn count(r: &Read<'_>) -> Result<u32> {
    // Two counts of small indices: the documents themselves are not read.
    let mut statement = r.conn.prepare_cached(
        "SELECT (SELECT count(*) FROM inbox INDEXED BY inbox_signer)
           - (SELECT count(*) FROM inbox INDEXED BY inbox_aside WHERE set_aside_at IS NOT NULL)",
    )?;
    Ok(statement.query_one([], |row| row.get(0))?)
}

/// Whether the queue is full, by number or by size: peers must try again later.
pub fn is_full(r: &Read<'_>) -> Result<bool> {
    let mut statement =
        r.conn.prepare_cached("SELECT ifnull(sum(bytes), 0) AS bytes FROM inbox INDEXED BY inbox_signer")?;
    let bytes: i64 = statement.query_one([], |row| row.get("bytes"))?;
    Ok(bytes >= MAX_STORED_BYTES || count(r)? >= MAX_WAITING_ROWS)
}

/// Forgets set-aside activities from before `before`, and all but the newest few. Returns how many.
pub fn prune_aside(w: &Write<'_>, before: Time) -> Result<usize> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM inbox WHERE set_aside_at IS NOT NULL AND (set_aside_at < ?1 OR id NOT IN (
           SELECT id FROM inbox WHERE set_aside_at IS NOT NULL ORDER BY set_aside_at DESC, id DESC LIMIT ?2))",
    )?;
    Ok(statement.execute(params![before, MAX_SET_ASIDE])?)
}

/// Activities set aside, newest first.
pub fn set_aside_list(r: &Read<'_>, limit: u32) -> Result<Vec<ReceivedActivity>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT * FROM inbox WHERE set_aside_at IS NOT NULL ORDER BY set_aside_at DESC LIMIT ?1")?;
    let rows = statement.query_map([limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::store::test_support::TestStore;

    const LEASE: Duration = Duration::from_secs(60);

    /// Makes actors and keeps one activity of each word `signer/name`.
    fn receive(s: &TestStore, words: &[&str]) {
        for word in words {
            let signer = word.split('/').next().unwrap().parse::<i64>().unwrap();
            let uri = format!("https://peer.example/{word}");
            let kept = s.store.write(move |w| {
                w.conn.execute(
                    "INSERT OR IGNORE INTO actor (id, uri, kind, username, host, name, bio, url, inbox, created_at, fetched_at)
                     VALUES (?1, ?1, 'Person', 'x', 'x', 'x', '', '', '', 0, 0)",
                    [signer],
                )?;
                store(w, &uri, ActorId(signer), "{}")
            });
            assert!(kept.unwrap().is_some());
        }
    }

    fn words(rows: &[ReceivedActivity]) -> Vec<&str> {
        rows.iter().map(|row| row.uri.strip_prefix("https://peer.example/").unwrap()).collect()
    }

    fn take(s: &TestStore, limit: u32) -> Vec<ReceivedActivity> {
        s.store.write(move |w| claim(w, limit, LEASE)).unwrap()
    }

    #[test]
    fn the_same_activity_is_kept_once_and_never_again_once_applied() {
        let s = TestStore::new();
        receive(&s, &["1/a"]);
        let again = || s.store.write(|w| store(w, "https://peer.example/1/a", ActorId(1), "{}")).unwrap();
        assert_eq!(again(), None);
        let rows = take(&s, 10);
        s.store.write(move |w| finish(w, &rows[0])).unwrap();
        assert_eq!(again(), None);
        assert_eq!(s.store.read(count).unwrap(), 0);
    }

    #[test]
    fn two_workers_never_have_the_same_signer() {
        let s = TestStore::new();
        receive(&s, &["1/a", "1/b", "2/a", "1/c", "2/b"]);
        let first = take(&s, 2);
        assert_eq!(words(&first), ["1/a", "1/b"], "in order");
        assert_eq!(words(&take(&s, 9)), ["2/a", "2/b"]);
        assert!(take(&s, 9).is_empty());
        assert_eq!(s.store.read(next_due).unwrap(), None, "1/c waits for the first worker, not for the clock");
        s.store.write(move |w| first.iter().try_for_each(|row| finish(w, row))).unwrap();
        assert_eq!(s.store.read(next_due).unwrap(), Some(s.clock.now()));
        assert_eq!(words(&take(&s, 9)), ["1/c"]);
    }

    #[test]
    fn what_was_given_back_is_taken_up_as_if_it_never_was() {
        let s = TestStore::new();
        receive(&s, &["1/a", "2/a"]);
        let rows = take(&s, 10);
        let second = rows[1].id;
        s.store.write(move |w| release(w, &[second])).unwrap();
        let again = take(&s, 10);
        assert_eq!((words(&again), again[0].tries), (vec!["2/a"], 1));
    }

    #[test]
    fn failures_wait_count_and_are_set_aside() {
        let s = TestStore::new();
        receive(&s, &["1/a"]);
        let row = take(&s, 1).remove(0);
        let later = s.clock.now().plus(Duration::from_secs(90));
        s.store.write(move |w| postpone(w, row.id, later, "their server is away")).unwrap();
        assert!(take(&s, 1).is_empty());
        assert_eq!(s.store.read(next_due).unwrap(), Some(later));
        s.clock.advance(Duration::from_secs(90));
        let row = take(&s, 1).remove(0);
        assert_eq!((row.tries, row.error.as_deref()), (2, Some("their server is away")));
        s.store.write(move |w| set_aside(w, row.id, "it makes no sense")).unwrap();
        assert_eq!(s.store.read(next_due).unwrap(), None);
        assert_eq!(s.store.read(count).unwrap(), 0);
        assert_eq!(words(&s.store.read(|r| set_aside_list(r, 9)).unwrap()), ["1/a"]);
    }

    #[test]
    fn a_worker_that_dies_holds_its_signer_until_the_lease_ends() {
        let s = TestStore::new();
        receive(&s, &["1/a"]);
        take(&s, 1);
        receive(&s, &["1/b"]);
        assert!(take(&s, 1).is_empty());
        s.clock.advance(LEASE + LEASE);
        s.store.write(free_overdue).unwrap();
        assert_eq!(words(&take(&s, 9)), ["1/a", "1/b"]);
        s.store.write(free_leases).unwrap();
        assert_eq!(take(&s, 9)[0].tries, 3);
    }

    #[test]
    fn the_inbox_is_full_by_size_too_and_what_was_set_aside_goes_in_time() {
        let s = TestStore::new();
        receive(&s, &["1/a"]);
        assert!(!s.store.read(is_full).unwrap());
        s.store.write(|w| Ok(w.conn.execute("UPDATE inbox SET bytes = ?1", [MAX_STORED_BYTES])?)).unwrap();
        assert!(s.store.read(is_full).unwrap());
        let names: Vec<String> = (0..MAX_SET_ASIDE + 5).map(|n| format!("1/{n}")).collect();
        receive(&s, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let rows = take(&s, 500);
        s.store.write(move |w| rows.iter().try_for_each(|row| set_aside(w, row.id, "it makes no sense"))).unwrap();
        let long_ago = s.clock.now().minus(LEASE);
        assert_eq!(s.store.write(move |w| prune_aside(w, long_ago)).unwrap(), 6, "the newest few stay");
        s.clock.advance(LEASE);
        assert_eq!(s.store.write(|w| prune_aside(w, w.now)).unwrap(), MAX_SET_ASIDE as usize);
        assert!(!s.store.read(is_full).unwrap());
    }

    #[test]
    fn a_clock_that_went_back_leaves_nothing_waiting_for_years() {
        let s = TestStore::new();
        receive(&s, &["1/a"]);
        let row = take(&s, 1).remove(0);
        s.store.write(move |w| postpone(w, row.id, w.now.plus(Duration::from_hours(99_999)), "later")).unwrap();
        assert_eq!(s.store.write(clamp_retry_times).unwrap(), 1);
        assert_eq!(take(&s, 9).len(), 1);
    }
}
