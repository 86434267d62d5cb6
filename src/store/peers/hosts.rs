//! Known hosts: accepted signature format, reachability, software.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use crate::base::{Result, Time};
use crate::store::queue::deliveries::BREAKER_FAILURES;
use crate::store::{Read, Write, queue::deliveries};

/// How long the breaker stays open the first time; doubles up to [`MAX_BREAKER_PAUSE`].
const MIN_BREAKER_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause between probes.
const MAX_BREAKER_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// An outage of our own is noticed from this length on.
const MIN_OWN_OUTAGE: Duration = Duration::from_secs(30 * 60);

/// A row of `host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// With `:port` if unusual.
    pub name: String,
    /// The signature that worked last: `cavage` or `rfc9421`.
    pub knock: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// Since when.
    pub failing_since_at: Option<Time>,
    /// Nothing is sent before then.
    pub open_until_at: Option<Time>,
    /// The last verified inbound or good delivery.
    pub heard_at: Option<Time>,
    /// The last failure.
    pub error: Option<String>,
    /// From NodeInfo.
    pub software: Option<String>,
    /// From NodeInfo.
    pub software_version: Option<String>,
    /// When NodeInfo was last fetched.
    pub software_at: Option<Time>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Host> {
    Ok(Host {
        name: row.get("name")?,
        knock: row.get("knock")?,
        failures: row.get("failures")?,
        failing_since_at: row.get("failing_since_at")?,
        open_until_at: row.get("open_until_at")?,
        heard_at: row.get("heard_at")?,
        error: row.get("error")?,
        software: row.get("software")?,
        software_version: row.get("software_version")?,
        software_at: row.get("software_at")?,
    })
}

/// The row of a host, if known.
pub fn get(r: &Read<'_>, name: &str) -> Result<Option<Host>> {
    Ok(r.conn.prepare_cached("SELECT * FROM host WHERE name = ?1")?.query_one([name], from_row).optional()?)
}

/// Remembers which signature worked.
pub fn set_knock(w: &Write<'_>, name: &str, knock: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO host (name, knock) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET knock = excluded.knock WHERE knock IS NOT excluded.knock",
    )?;
    statement.execute(params![name, knock])?;
    Ok(())
}

/// The host responded or contacted us: the breaker closes, and held deliveries are released.
pub fn record_success(w: &Write<'_>, name: &str) -> Result<()> {
    let known = get(w, name)?;
    // One write a minute is enough for a healthy host.
    let recent = known.as_ref().and_then(|host| host.heard_at).is_some_and(|at| w.now.since(at).as_secs() < 60);
    let failing = known.as_ref().is_some_and(|host| host.failing_since_at.is_some());
    let held = known.as_ref().is_some_and(|host| host.failures >= BREAKER_FAILURES);
    if recent && !failing {
        return Ok(());
    }
    let alone = match known.and_then(|host| host.failing_since_at).filter(|at| w.now.since(*at) >= MIN_OWN_OUTAGE) {
        Some(since) => is_first_since(w, since)?,
        None => false,
    };
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO host (name, heard_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET heard_at = ?2, failures = 0,
           failing_since_at = NULL, open_until_at = NULL, error = NULL",
    )?;
    statement.execute(params![name, w.now])?;
    // Only a whole host's return hurries its lines: one delivery that fails among good ones keeps to its own times.
    if held {
        deliveries::release(w, name)?;
    }
    if alone { release_all(w) } else { Ok(()) }
}

/// True when no other host was heard from since this moment either: then we were offline.
fn is_first_since(r: &Read<'_>, since: Time) -> Result<bool> {
    Ok(!r.conn.prepare_cached("SELECT 1 FROM host WHERE heard_at > ?1")?.exists([since])?)
}

/// Ends all pauses: once our connection is back, peers must not wait half a day each.
fn release_all(w: &Write<'_>) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE host INDEXED BY host_failing SET open_until_at = ?1
         WHERE failing_since_at IS NOT NULL AND open_until_at > ?1",
    )?;
    statement.execute([w.now])?;
    deliveries::release_all(w)
}

/// The host could not be reached or answered 5xx. After five failures in a row its deliveries are held, longer each
/// time; what was still in flight when they were held does not count again.
pub fn record_failure(w: &Write<'_>, name: &str, error: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO host (name, failures, failing_since_at, error) VALUES (?1, 1, ?2, ?3)
         ON CONFLICT DO UPDATE SET failures = failures + (ifnull(open_until_at, 0) <= ?2),
           failing_since_at = ifnull(failing_since_at, ?2), error = ?3
         RETURNING failures, open_until_at",
    )?;
    let (failures, open_until): (u32, Option<Time>) = statement
        .query_one(params![name, w.now, error], |row| Ok((row.get("failures")?, row.get("open_until_at")?)))?;
    if failures < BREAKER_FAILURES {
        return Ok(());
    }
    let until = match open_until {
        Some(until) if until > w.now => until,
        _ => w.now.plus((MIN_BREAKER_PAUSE * (1 << (failures - BREAKER_FAILURES).min(16))).min(MAX_BREAKER_PAUSE)),
    };
    w.conn.prepare_cached("UPDATE host SET open_until_at = ?2 WHERE name = ?1")?.execute(params![name, until])?;
    deliveries::hold_back(w, name, until)
}

/// Ends pauses that a clock which was ahead has put too far into the future.
pub fn clamp_retry_times(w: &Write<'_>) -> Result<usize> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE host INDEXED BY host_failing SET open_until_at = ?1
         WHERE failing_since_at IS NOT NULL AND open_until_at > ?2",
    )?;
    Ok(statement.execute(params![w.now, w.now.plus(MAX_BREAKER_PAUSE)])?)
}

/// Records a server's software (NodeInfo).
pub fn set_software(w: &Write<'_>, name: &str, software: &str, version: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO host (name, software, software_version, software_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET software = excluded.software, software_version = excluded.software_version,
           software_at = excluded.software_at",
    )?;
    statement.execute(params![name, software, version, w.now])?;
    Ok(())
}

/// Records that the software is unknown; an earlier result stays.
pub fn software_checked(w: &Write<'_>, name: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO host (name, software_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET software_at = excluded.software_at",
    )?;
    statement.execute(params![name, w.now])?;
    Ok(())
}

/// Servers of followed accounts and followers whose software was not fetched since `before`.
pub fn next_without_software(r: &Read<'_>, before: Time, limit: u32) -> Result<Vec<String>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT h.name FROM host h WHERE ifnull(h.software_at, 0) <= ?1 AND h.failing_since_at IS NULL
           AND EXISTS (SELECT 1 FROM actor a WHERE a.host = h.name AND EXISTS
             (SELECT 1 FROM follow f WHERE f.followed_id = a.id OR f.follower_id = a.id))
         ORDER BY h.name LIMIT ?2",
    )?;
    let rows = statement.query_map(params![before, limit], |row| row.get("name"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Since when an actor of this server has been known.
pub fn known_since(r: &Read<'_>, handle_host: &str) -> Result<Option<Time>> {
    let mut statement = r.conn.prepare_cached("SELECT min(created_at) FROM actor WHERE host = ?1")?;
    Ok(statement.query_one([handle_host], |row| row.get(0))?)
}

/// Number of hosts ever heard from.
pub fn count_heard_since(r: &Read<'_>) -> Result<u32> {
    let mut statement = r.conn.prepare_cached("SELECT count(*) FROM host WHERE heard_at IS NOT NULL")?;
    Ok(statement.query_one([], |row| row.get(0))?)
}

/// Hosts ever heard from, by name after `after`.
pub fn heard_after(r: &Read<'_>, after: &str, limit: u32) -> Result<Vec<String>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT name FROM host WHERE name > ?1 AND heard_at IS NOT NULL ORDER BY name LIMIT ?2")?;
    let rows = statement.query_map(params![after, limit], |row| row.get("name"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Hosts that cannot be reached, longest first.
pub fn failing(r: &Read<'_>, limit: u32) -> Result<Vec<Host>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM host INDEXED BY host_failing WHERE failing_since_at IS NOT NULL ORDER BY failing_since_at LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    fn host(s: &TestStore) -> Host {
        s.store.read(|r| get(r, "x.example")).unwrap().unwrap()
    }

    #[test]
    fn pauses_double_up_to_six_hours_and_one_word_ends_them() {
        let s = TestStore::new();
        let mut pauses = Vec::new();
        for _ in 0..16 {
            s.store.write(|w| record_failure(w, "x.example", "no answer")).unwrap();
            let until = host(&s).open_until_at.unwrap_or(s.clock.now());
            let pause = until.since(s.clock.now());
            s.clock.advance(pause);
            pauses.push(pause.as_secs() / 60);
        }
        assert_eq!(pauses, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
        assert_eq!(s.store.read(|r| failing(r, 9)).unwrap(), [host(&s)]);
        s.store.write(|w| record_success(w, "x.example")).unwrap();
        let now = host(&s);
        assert_eq!((now.failures, now.open_until_at, now.failing_since_at, now.error), (0, None, None, None));
        assert_eq!(now.heard_at, Some(s.clock.now()));
        assert!(s.store.read(|r| failing(r, 9)).unwrap().is_empty());
    }

    #[test]
    fn a_host_in_good_health_is_written_once_a_minute() {
        let s = TestStore::new();
        s.store.write(|w| record_success(w, "x.example")).unwrap();
        let first = host(&s).heard_at;
        s.clock.advance(Duration::from_secs(59));
        s.store.write(|w| record_success(w, "x.example")).unwrap();
        assert_eq!(host(&s).heard_at, first);
        s.clock.advance(Duration::from_secs(1));
        s.store.write(|w| record_success(w, "x.example")).unwrap();
        assert!(host(&s).heard_at > first);
    }

    #[test]
    fn what_we_learn_about_a_host_stays_together() {
        let s = TestStore::new();
        s.store.write(|w| set_knock(w, "x.example", "rfc9421")).unwrap();
        s.store.write(|w| set_software(w, "x.example", "snac", "2.80")).unwrap();
        s.store.write(|w| record_failure(w, "x.example", "no answer")).unwrap();
        let host = host(&s);
        assert_eq!(
            (host.knock.as_deref(), host.software.as_deref(), host.failures),
            (Some("rfc9421"), Some("snac"), 1)
        );
    }

    #[test]
    fn a_clock_that_went_back_ends_the_pause() {
        let s = TestStore::new();
        s.store
            .write(|w| {
                (0..9).try_for_each(|_| record_failure(w, "x.example", "no answer"))?;
                w.conn.execute("UPDATE host SET open_until_at = open_until_at * 2", [])?;
                Ok(())
            })
            .unwrap();
        assert_eq!(s.store.write(clamp_retry_times).unwrap(), 1);
        assert_eq!(host(&s).open_until_at, Some(s.clock.now()));
    }
}
