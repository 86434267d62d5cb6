//! The delivery queue: our activities, and each one's way to each inbox. Order is strict per inbox: only the first of
//! an inbox's line is `ready`, unless all before it are stuck on server errors and about other objects.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::{Read, Write};
use crate::base::id::{ActivityId, DeliveryId};
use crate::base::{Audience, Result, Time};

/// Requests in flight per host.
const PER_HOST: u32 = 4;
/// 5xx answers for one activity after which deliveries about other objects pass it.
const STUCK: u32 = 3;
/// How many waiting deliveries of one inbox are looked at to find the next in line.
const LOOK_AHEAD: u32 = 20;
/// A retry waits behind everything that has not been tried yet.
const RETRY_URGENCY: u32 = 2;

/// An activity of ours: the JSON once, however many inboxes it goes to.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Its number, also in its uri.
    pub id: ActivityId,
    /// ActivityPub id.
    pub uri: String,
    /// What it is about: order matters per object.
    pub object_uri: String,
    /// Who may fetch it.
    pub audience: Audience,
    /// Key id that signs it.
    pub signer: String,
    /// The JSON.
    pub document: String,
}

/// Where an activity goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// 0 for people mentioned, 1 for everyone else.
    pub urgency: u32,
    /// The inbox's URL.
    pub inbox: String,
    /// Its host, with `:port` if unusual.
    pub host: String,
}

/// A delivery somebody has claimed and must settle before its lease ends.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which.
    pub id: DeliveryId,
    /// Where to.
    pub inbox: String,
    /// Its host.
    pub host: String,
    /// The activity's JSON.
    pub document: String,
    /// Key id that signs it.
    pub signer: String,
    /// Attempts, this one included.
    pub tries: u32,
    /// When it was queued.
    pub created_at: Time,
    /// The host's preferred signature, a word of `hosts::Host::knock`.
    pub knock: Option<String>,
}

/// The next free activity id at this moment.
pub fn next_activity_id(w: &Write<'_>) -> Result<ActivityId> {
    let first = crate::base::id::first_at(w.now);
    let mut statement = w.conn.prepare_cached("SELECT max(id) FROM activity WHERE id >= ?1 AND id < ?1 + 65536")?;
    let last: Option<i64> = statement.query_one([first], |row| row.get(0))?;
    Ok(ActivityId(last.map_or(first, |last| last + 1)))
}

/// Queues an activity for its targets, one delivery per distinct inbox.
pub fn enqueue(w: &Write<'_>, activity: &Activity, targets: &[Target]) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO activity (id, uri, object_uri, audience, signer, document, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            activity.id,
            activity.uri,
            activity.object_uri,
            activity.audience,
            activity.signer,
            activity.document,
            w.now
        ])?;
    let mut insert = w.conn.prepare_cached(
        "INSERT INTO delivery (activity_id, object_uri, inbox, host, urgency, ready, next_at, created_at)
         SELECT ?1, ?2, ?3, ?4,
           CASE WHEN h.open_until_at > ?6 THEN ?7 ELSE ?5 END,
           NOT EXISTS (SELECT 1 FROM delivery e WHERE e.inbox = ?3),
           max(?6, ifnull(h.open_until_at, 0)), ?6
         FROM (SELECT 1) LEFT JOIN host h ON h.name = ?4",
    )?;
    for target in targets {
        let Target { urgency, inbox, host } = target;
        insert.execute(params![activity.id, activity.object_uri, inbox, host, urgency, w.now, RETRY_URGENCY])?;
        promote(w, inbox)?;
    }
    Ok(())
}

/// Claims the most urgent delivery that may go now, counting the attempt; nobody else gets it until `lease` is over.
pub fn claim(w: &Write<'_>, lease: Duration) -> Result<Option<Claim>> {
    let mut due = w.conn.prepare_cached(
        "SELECT id FROM delivery d INDEXED BY delivery_due
         WHERE ready = 1 AND lease_at IS NULL AND urgency = ?1 AND next_at <= ?2
           AND (SELECT count(*) FROM delivery f WHERE f.host = d.host AND f.lease_at IS NOT NULL)
             < (SELECT CASE WHEN max(failures) >= ?4 THEN 1 ELSE ?3 END FROM host WHERE name = d.host)
         ORDER BY next_at LIMIT 1",
    )?;
    for urgency in 0..=RETRY_URGENCY {
        let id: Option<DeliveryId> =
            due.query_one(params![urgency, w.now, PER_HOST, super::hosts::FAILURES], |row| row.get("id")).optional()?;
        if let Some(id) = id {
            let mut take =
                w.conn.prepare_cached("UPDATE delivery SET lease_at = ?2, tries = tries + 1 WHERE id = ?1")?;
            take.execute(params![id, w.now.plus(lease)])?;
            let mut full = w.conn.prepare_cached(
                "SELECT d.id, d.inbox, d.host, d.tries, d.created_at, a.document, a.signer, h.knock
                 FROM delivery d JOIN activity a ON a.id = d.activity_id LEFT JOIN host h ON h.name = d.host
                 WHERE d.id = ?1",
            )?;
            return Ok(Some(full.query_one([id], claim_row)?));
        }
    }
    Ok(None)
}

fn claim_row(row: &Row<'_>) -> rusqlite::Result<Claim> {
    Ok(Claim {
        id: row.get("id")?,
        inbox: row.get("inbox")?,
        host: row.get("host")?,
        document: row.get("document")?,
        signer: row.get("signer")?,
        tries: row.get("tries")?,
        created_at: row.get("created_at")?,
        knock: row.get("knock")?,
    })
}

/// It arrived, or never will: it leaves the queue, and the next in its inbox's line may go.
pub fn finish(w: &Write<'_>, id: DeliveryId) -> Result<()> {
    let mut statement = w.conn.prepare_cached("DELETE FROM delivery WHERE id = ?1 RETURNING inbox")?;
    let inbox: Option<String> = statement.query_one([id], |row| row.get("inbox")).optional()?;
    inbox.map_or(Ok(()), |inbox| promote(w, &inbox))
}

/// Why a delivery goes back into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The host was not reached: its lines wait in order.
    Unreachable,
    /// The host answered 5xx: after three of them other objects pass.
    ServerError,
    /// It answered something else that is worth another try.
    Refused,
}

/// It failed and is tried again at `next_at`; `error` is for the owner to read.
pub fn postpone(w: &Write<'_>, id: DeliveryId, next_at: Time, failure: Failure, error: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE delivery SET lease_at = NULL, next_at = ?2, urgency = ?3, error = ?4, server_errors = server_errors + ?5
         WHERE id = ?1 RETURNING inbox",
    )?;
    let server_error = u32::from(failure == Failure::ServerError);
    let inbox: Option<String> = statement
        .query_one(params![id, next_at, RETRY_URGENCY, error, server_error], |row| row.get("inbox"))
        .optional()?;
    inbox.map_or(Ok(()), |inbox| promote(w, &inbox))
}

/// Makes the next delivery of an inbox's line ready, if it may go. At most one ever can: it blocks those behind it.
fn promote(w: &Write<'_>, inbox: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE delivery SET ready = 1 WHERE id = (
           SELECT c.id FROM (SELECT id, object_uri FROM delivery WHERE inbox = ?1 AND ready = 0 ORDER BY id LIMIT ?3) c
           WHERE NOT EXISTS (SELECT 1 FROM delivery e WHERE e.inbox = ?1 AND e.id < c.id
                               AND (e.server_errors < ?2 OR e.object_uri = c.object_uri))
           ORDER BY c.id LIMIT 1)",
    )?;
    statement.execute(params![inbox, STUCK, LOOK_AHEAD])?;
    Ok(())
}

/// Holds all of a host's lines until `until`.
pub fn hold(w: &Write<'_>, host: &str, until: Time) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE delivery SET next_at = max(next_at, ?2), urgency = ?3 WHERE host = ?1 AND ready = 1
           AND lease_at IS NULL",
    )?;
    statement.execute(params![host, until, RETRY_URGENCY])?;
    Ok(())
}

/// The host is back: its lines may go at once.
pub fn release(w: &Write<'_>, host: &str) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE delivery SET next_at = ?2 WHERE host = ?1 AND ready = 1 AND lease_at IS NULL AND next_at > ?2",
    )?;
    statement.execute(params![host, w.now])?;
    Ok(())
}

/// Frees all leases: whoever held them is gone (called when the server starts).
pub fn free_leases(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("UPDATE delivery SET lease_at = NULL WHERE lease_at IS NOT NULL", [])?)
}

/// Frees leases that are over: a worker that died or hangs must not hold a line.
pub fn free_overdue(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("UPDATE delivery SET lease_at = NULL WHERE lease_at < ?1", [w.now])?)
}

/// When the next delivery is due; None when nothing waits (or all that waits is in flight).
pub fn next_due(r: &Read<'_>) -> Result<Option<Time>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT min(next_at) FROM delivery INDEXED BY delivery_due WHERE ready = 1 AND lease_at IS NULL AND urgency = ?1",
    )?;
    let mut soonest: Option<Time> = None;
    for urgency in 0..=RETRY_URGENCY {
        let due: Option<Time> = statement.query_one([urgency], |row| row.get(0))?;
        soonest = [soonest, due].into_iter().flatten().min();
    }
    Ok(soonest)
}

/// How many deliveries wait or are in flight.
pub fn count(r: &Read<'_>) -> Result<u32> {
    Ok(r.conn.prepare_cached("SELECT count(*) FROM delivery")?.query_one([], |row| row.get(0))?)
}

/// One host's part of the queue, for the owner to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The host.
    pub host: String,
    /// Deliveries waiting for it.
    pub deliveries: u32,
    /// Attempts of the one tried most.
    pub tries: u32,
    /// The oldest was queued then.
    pub oldest_at: Time,
    /// The next attempt.
    pub next_at: Time,
    /// The last failure.
    pub error: Option<String>,
}

/// The queue by host, longest-waiting first.
pub fn waiting(r: &Read<'_>, limit: u32) -> Result<Vec<Waiting>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT host, count(*) AS deliveries, max(tries) AS tries, min(created_at) AS oldest_at,
           min(CASE WHEN ready = 1 THEN next_at END) AS next_at, max(error) AS error
         FROM delivery GROUP BY host ORDER BY oldest_at LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        let oldest_at: Time = row.get("oldest_at")?;
        Ok(Waiting {
            host: row.get("host")?,
            deliveries: row.get("deliveries")?,
            tries: row.get("tries")?,
            oldest_at,
            next_at: row.get::<_, Option<Time>>("next_at")?.unwrap_or(oldest_at),
            error: row.get("error")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One of our activities by its ActivityPub id, with its audience.
pub fn activity(r: &Read<'_>, uri: &str) -> Result<(Audience, String)> {
    let mut statement = r.conn.prepare_cached("SELECT audience, document FROM activity WHERE uri = ?1")?;
    Ok(statement.query_one([uri], |row| Ok((row.get("audience")?, row.get("document")?)))?)
}

/// Forgets activities older than `before` that have arrived everywhere. Bounded.
pub fn prune(w: &Write<'_>, before: Time, limit: u32) -> Result<usize> {
    Ok(w.conn.execute(
        "DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE id < ?1
           AND NOT EXISTS (SELECT 1 FROM delivery WHERE activity_id = activity.id) ORDER BY id LIMIT ?2)",
        params![crate::base::id::first_at(before), limit],
    )?)
}
