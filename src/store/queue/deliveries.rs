//! The delivery queue: our activities, and one delivery per inbox. Order is strict per inbox: only the first is sent.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::{Row, params};

use crate::base::id::{ActivityId, ActorId, DeliveryId};
use crate::base::{Audience, Result, Time};
use crate::store::{Read, Write, column};

/// Failures in a row that open the breaker; from then on one probe at a time.
pub(in crate::store) const BREAKER_FAILURES: u32 = 5;
/// Requests in flight per host.
const MAX_IN_FLIGHT_PER_HOST: u32 = 4;
/// 5xx responses for one activity after which deliveries about other objects may pass it.
const SERVER_ERRORS_BEFORE_BYPASS: u32 = 3;
/// How many deliveries of one inbox are looked at to find the next in line.
const MAX_LOOK_AHEAD: u32 = 50;
/// A retry waits behind everything that has not been tried yet.
const RETRY_URGENCY: u32 = 2;
/// Maximum number of retries in flight: dead hosts must leave room for others.
const MAX_RETRIES_IN_FLIGHT: u32 = 192;
/// Due deliveries inspected per round to find one whose host has room.
const MAX_DUE_INSPECTED: u32 = 64;
const MAX_CLAIM_ROUNDS: u32 = 4;
/// Delay of deliveries whose host has no room.
const NO_ROOM_DELAY: Duration = Duration::from_secs(1);
/// No honest wait is longer: retries and pauses end within 14 hours, a Retry-After within a day.
const MAX_WAIT: Duration = Duration::from_hours(25);
/// Failures in a row after which a long-failing host counts as dead.
const DEAD_HOST_FAILURES: u32 = 10;
/// Tries every delivery gets before age alone ends it: a clock that jumped forward must not.
pub const TRIES_BEFORE_AGE: u32 = 6;

/// An activity of ours, stored once for all its inboxes.
#[derive(Debug, Clone)]
pub struct StoredActivity {
    /// Its number, also in its uri.
    pub id: ActivityId,
    /// ActivityPub id.
    pub uri: String,
    /// What it is about: order is kept per object.
    pub object_uri: String,
    /// Who may fetch it.
    pub audience: Audience,
    /// Key id that signs it.
    pub signer: String,
    /// The JSON.
    pub document: String,
    /// The author of a forwarded activity; None for our own.
    pub author: Option<ActorId>,
}

/// Where an activity goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryTarget {
    /// 0 for people mentioned, 1 for everyone else.
    pub urgency: u32,
    /// The inbox's URL.
    pub inbox: String,
    /// Its host, with `:port` if unusual.
    pub host: String,
}

/// A claimed delivery, to be settled before its lease ends.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    /// Which.
    pub id: DeliveryId,
    /// Where to.
    pub inbox: String,
    /// Its host.
    pub host: String,
    /// The activity's JSON.
    pub document: String,
    /// Who may fetch the activity.
    pub audience: Audience,
    /// The signing actor; None when the key is not ours any more.
    pub signer_id: Option<ActorId>,
    /// Attempts, this one included.
    pub tries: u32,
    /// Refusals before this attempt.
    pub refusals: u32,
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

/// Queues an activity for its targets: one delivery per distinct inbox, with the highest urgency among them.
pub fn enqueue(w: &Write<'_>, activity: &StoredActivity, targets: &[DeliveryTarget]) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO activity (id, uri, object_uri, audience, signer, document, created_at, author_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            activity.id,
            activity.uri,
            activity.object_uri,
            activity.audience,
            activity.signer,
            activity.document,
            w.now,
            activity.author
        ])?;
    let mut insert = w.conn.prepare_cached(
        "INSERT INTO delivery (activity_id, object_uri, inbox, host, urgency, ready, next_at, created_at)
         SELECT ?1, ?2, ?3, ?4,
           CASE WHEN h.open_until_at > ?6 THEN ?7 ELSE ?5 END,
           NOT EXISTS (SELECT 1 FROM delivery e WHERE e.inbox = ?3),
           max(?6, ifnull(h.open_until_at, 0)), ?6
         FROM (SELECT 1) LEFT JOIN host h ON h.name = ?4
         RETURNING ready",
    )?;
    let mut sorted: Vec<&DeliveryTarget> = targets.iter().collect();
    sorted.sort();
    let mut inboxes = HashSet::new();
    for DeliveryTarget { urgency, inbox, host } in sorted {
        if !inboxes.insert(inbox) {
            continue;
        }
        let values = params![activity.id, activity.object_uri, inbox, host, urgency, w.now, RETRY_URGENCY];
        let ready: bool = insert.query_one(values, |row| column(row, "ready"))?;
        if !ready {
            promote_next(w, inbox)?;
        }
    }
    Ok(())
}

/// Due (?2) deliveries of an urgency (?1), in claiming order; covered by the index.
const DUE_SQL: &str = "SELECT id, host FROM delivery INDEXED BY delivery_due
    WHERE ready = 1 AND lease_at IS NULL AND urgency = ?1 AND next_at <= ?2 ORDER BY next_at LIMIT ?3";

/// True when fewer requests to a host (?1) are in flight than may be.
const HAS_ROOM_SQL: &str = "SELECT
    (SELECT count(*) FROM delivery INDEXED BY delivery_flight WHERE host = ?1 AND lease_at IS NOT NULL)
    < (SELECT CASE WHEN max(failures) >= ?3 THEN 1 ELSE ?2 END FROM host WHERE name = ?1)";

/// Retries in flight.
const RETRIES_IN_FLIGHT_SQL: &str =
    "SELECT count(*) FROM delivery INDEXED BY delivery_flight WHERE lease_at IS NOT NULL AND urgency = ?1";

/// Result of inspecting the head of the queue.
enum QueueHead {
    /// This one may go.
    Free(DeliveryId),
    /// All of these are due, but their hosts have no room; more may follow.
    Full(Vec<DeliveryId>),
    /// Nothing may go.
    Empty,
}

fn head(r: &Read<'_>, urgency: u32) -> Result<QueueHead> {
    if urgency == RETRY_URGENCY {
        let mut count = r.conn.prepare_cached(RETRIES_IN_FLIGHT_SQL)?;
        let retries: u32 = count.query_one([RETRY_URGENCY], |row| row.get(0))?;
        if retries >= MAX_RETRIES_IN_FLIGHT {
            return Ok(QueueHead::Empty);
        }
    }
    let (mut due, mut has_room) = (r.conn.prepare_cached(DUE_SQL)?, r.conn.prepare_cached(HAS_ROOM_SQL)?);
    let mut rows = due.query(params![urgency, r.now, MAX_DUE_INSPECTED])?;
    let (mut full_hosts, mut ids) = (HashSet::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let (id, host): (DeliveryId, String) = (column(row, "id")?, column(row, "host")?);
        if !full_hosts.contains(&host) {
            if has_room.query_one(params![host, MAX_IN_FLIGHT_PER_HOST, BREAKER_FAILURES], |row| row.get(0))? {
                return Ok(QueueHead::Free(id));
            }
            full_hosts.insert(host);
        }
        ids.push(id);
    }
    Ok(if ids.len() < MAX_DUE_INSPECTED as usize { QueueHead::Empty } else { QueueHead::Full(ids) })
}

/// The delivery to claim next. Due ones without room are delayed a little, so that a host with thousands of inboxes
/// never blocks all others.
fn first_due(w: &Write<'_>) -> Result<Option<DeliveryId>> {
    let mut aside = w.conn.prepare_cached("UPDATE delivery SET next_at = ?2 WHERE id = ?1")?;
    for urgency in 0..=RETRY_URGENCY {
        for _ in 0..MAX_CLAIM_ROUNDS {
            match head(w, urgency)? {
                QueueHead::Free(id) => return Ok(Some(id)),
                QueueHead::Empty => break,
                QueueHead::Full(ids) => {
                    for id in ids {
                        aside.execute(params![id, w.now.plus(NO_ROOM_DELAY)])?;
                    }
                }
            }
        }
    }
    Ok(None)
}

/// Claims the most urgent due delivery, counting the attempt; it is exclusive until `lease` is over.
pub fn claim(w: &Write<'_>, lease: Duration) -> Result<Option<ClaimedDelivery>> {
    let Some(id) = first_due(w)? else { return Ok(None) };
    let mut take = w.conn.prepare_cached("UPDATE delivery SET lease_at = ?2, tries = tries + 1 WHERE id = ?1")?;
    take.execute(params![id, w.now.plus(lease)])?;
    let mut full = w.conn.prepare_cached(
        "SELECT d.id, d.inbox, d.host, d.tries, d.refusals, d.created_at, a.document, a.audience, k.actor_id AS signer_id, h.knock
         FROM delivery d JOIN activity a ON a.id = d.activity_id
         LEFT JOIN own_key k ON k.uri = a.signer LEFT JOIN host h ON h.name = d.host
         WHERE d.id = ?1",
    )?;
    Ok(Some(full.query_one([id], claim_row)?))
}

fn claim_row(row: &Row<'_>) -> rusqlite::Result<ClaimedDelivery> {
    Ok(ClaimedDelivery {
        id: column(row, "id")?,
        inbox: column(row, "inbox")?,
        host: column(row, "host")?,
        document: column(row, "document")?,
        audience: column(row, "audience")?,
        signer_id: column(row, "signer_id")?,
        tries: column(row, "tries")?,
        refusals: column(row, "refusals")?,
        created_at: column(row, "created_at")?,
        knock: column(row, "knock")?,
    })
}

/// It arrived, or never will: it leaves the queue, and the next in its inbox's line may go.
pub fn finish(w: &Write<'_>, claim: &ClaimedDelivery) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM delivery WHERE id = ?1")?.execute([claim.id])?;
    promote_next(w, &claim.inbox)
}

/// Why a delivery goes back into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// The host was not reached: its lines wait in order.
    Unreachable,
    /// 5xx: after three of them other objects pass.
    ServerError,
    /// A refusal that deserves a few more attempts.
    Refused,
    /// Not the delivery's fault: `Retry-After`, or we could not send.
    NotNow,
}

/// It failed and is tried again at `next_at`; `error` is for the owner to read. Does nothing when the lease was over and
/// another actor has claimed it since.
pub fn postpone(
    w: &Write<'_>,
    claim: &ClaimedDelivery,
    next_at: Time,
    failure: DeliveryFailure,
    error: &str,
) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE delivery SET lease_at = NULL, next_at = ?3, urgency = ?4, error = ?5, server_errors = server_errors + ?6,
           refusals = refusals + ?7
         WHERE id = ?1 AND tries = ?2",
    )?;
    let server_error = u32::from(failure == DeliveryFailure::ServerError);
    let refusal = u32::from(failure == DeliveryFailure::Refused);
    statement.execute(params![claim.id, claim.tries, next_at, RETRY_URGENCY, error, server_error, refusal])?;
    promote_next(w, &claim.inbox)
}

/// The head of an inbox's line.
const INBOX_ORDER_SQL: &str =
    "SELECT id, object_uri, ready, server_errors FROM delivery WHERE inbox = ?1 ORDER BY id LIMIT ?2";

/// Makes the next delivery of an inbox ready: the first that is neither stuck on server errors nor about the object of
/// one that is. It blocks all behind it.
pub(in crate::store) fn promote_next(w: &Write<'_>, inbox: &str) -> Result<()> {
    let mut line = w.conn.prepare_cached(INBOX_ORDER_SQL)?;
    let mut rows = line.query(params![inbox, MAX_LOOK_AHEAD])?;
    let mut passed: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        let object: String = column(row, "object_uri")?;
        if column::<u32>(row, "server_errors")? >= SERVER_ERRORS_BEFORE_BYPASS || passed.contains(&object) {
            passed.push(object);
            continue;
        }
        if !column::<bool>(row, "ready")? {
            // it was queued long ago; its host may be away by now
            let mut ready = w.conn.prepare_cached(
                "UPDATE delivery SET ready = 1, next_at = max(next_at,
                   ifnull((SELECT open_until_at FROM host WHERE name = delivery.host), 0)) WHERE id = ?1",
            )?;
            ready.execute([column::<DeliveryId>(row, "id")?])?;
        }
        break;
    }
    Ok(())
}

const HOLD_SQL: &str = "UPDATE delivery INDEXED BY delivery_host SET next_at = max(next_at, ?2), urgency = ?3
    WHERE host = ?1 AND ready = 1 AND lease_at IS NULL";

const RELEASE_SQL: &str = "UPDATE delivery INDEXED BY delivery_host SET next_at = ?2
    WHERE host = ?1 AND ready = 1 AND lease_at IS NULL AND next_at > ?2";

const NEXT_DUE_SQL: &str = "SELECT min(next_at) FROM delivery INDEXED BY delivery_due
    WHERE ready = 1 AND lease_at IS NULL AND urgency = ?1 AND next_at > ?2";

/// The queries that run for every delivery; a test checks their plans.
#[cfg(test)]
pub(in crate::store) const HOT_QUERIES: &[&str] =
    &[DUE_SQL, HAS_ROOM_SQL, RETRIES_IN_FLIGHT_SQL, INBOX_ORDER_SQL, HOLD_SQL, RELEASE_SQL, NEXT_DUE_SQL];

/// Holds all of a host's lines until `until`.
pub fn hold_back(w: &Write<'_>, host: &str, until: Time) -> Result<()> {
    w.conn.prepare_cached(HOLD_SQL)?.execute(params![host, until, RETRY_URGENCY])?;
    Ok(())
}

/// The host is back: its lines may go at once.
pub fn release(w: &Write<'_>, host: &str) -> Result<()> {
    w.conn.prepare_cached(RELEASE_SQL)?.execute(params![host, w.now])?;
    Ok(())
}

/// We are back: all that waits for a host which could not be reached may go at once.
pub(in crate::store) fn release_all(w: &Write<'_>) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE delivery INDEXED BY delivery_due SET next_at = ?2
         WHERE ready = 1 AND lease_at IS NULL AND urgency = ?1 AND next_at > ?2 AND server_errors = 0 AND refusals = 0",
    )?;
    statement.execute(params![RETRY_URGENCY, w.now])?;
    Ok(())
}

/// Frees all leases of a killed process (called when the server starts).
pub fn free_leases(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("UPDATE delivery SET lease_at = NULL WHERE lease_at IS NOT NULL", [])?)
}

/// Frees leases that are over: a worker that died or hangs must not hold a line.
pub fn free_overdue(w: &Write<'_>) -> Result<usize> {
    Ok(w.conn.execute("UPDATE delivery SET lease_at = NULL WHERE lease_at < ?1", [w.now])?)
}

/// When the next claim may succeed: now, or later; None when nothing waits, or only what depends on a delivery in
/// flight (whose end notifies).
pub fn next_due(r: &Read<'_>) -> Result<Option<Time>> {
    let mut statement = r.conn.prepare_cached(NEXT_DUE_SQL)?;
    let mut soonest: Option<Time> = None;
    for urgency in 0..=RETRY_URGENCY {
        if !matches!(head(r, urgency)?, QueueHead::Empty) {
            return Ok(Some(r.now));
        }
        let due: Option<Time> = statement.query_one(params![urgency, r.now], |row| row.get(0))?;
        soonest = [soonest, due].into_iter().flatten().min();
    }
    Ok(soonest)
}

/// Gives up deliveries queued before `before` that were tried often enough or whose host has been dead for as long.
/// Checks the oldest `limit`; call it again until it returns 0.
pub fn expire(w: &Write<'_>, before: Time, limit: u32) -> Result<usize> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM delivery WHERE id IN (
           SELECT d.id FROM (SELECT id, host, tries, lease_at, created_at FROM delivery ORDER BY id LIMIT ?2) d
           LEFT JOIN host h ON h.name = d.host
           WHERE d.created_at < ?1 AND d.lease_at IS NULL
             AND (d.tries >= ?3 OR (h.failing_since_at < ?1 AND h.failures >= ?4)))
         RETURNING inbox",
    )?;
    let rows = statement
        .query_map(params![before, limit, TRIES_BEFORE_AGE, DEAD_HOST_FAILURES], |row| column(row, "inbox"))?;
    let inboxes: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    for inbox in inboxes.iter().collect::<HashSet<_>>() {
        promote_next(w, inbox)?;
    }
    Ok(inboxes.len())
}

/// Corrects retry times that a clock that was ahead has put too far into the future. Returns how many.
pub fn clamp_retry_times(w: &Write<'_>) -> Result<usize> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE delivery INDEXED BY delivery_due SET next_at = ?2
         WHERE ready = 1 AND lease_at IS NULL AND urgency = ?1 AND next_at > ?3",
    )?;
    let mut mended = 0;
    for urgency in 0..=RETRY_URGENCY {
        mended += statement.execute(params![urgency, w.now, w.now.plus(MAX_WAIT)])?;
    }
    mended += w
        .conn
        .prepare_cached("UPDATE delivery SET lease_at = ?1 WHERE lease_at > ?2")?
        .execute(params![w.now, w.now.plus(MAX_WAIT)])?;
    Ok(mended)
}

/// How many deliveries wait or are in flight.
pub fn count(r: &Read<'_>) -> Result<u32> {
    Ok(r.conn.prepare_cached("SELECT count(*) FROM delivery")?.query_one([], |row| row.get(0))?)
}

/// One host's part of the queue, for the owner to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingHost {
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
pub fn waiting(r: &Read<'_>, limit: u32) -> Result<Vec<WaitingHost>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT host, count(*) AS deliveries, max(tries) AS tries, min(created_at) AS oldest_at,
           min(CASE WHEN ready = 1 THEN next_at END) AS next_at, max(error) AS error
         FROM delivery GROUP BY host ORDER BY oldest_at LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        let oldest_at: Time = column(row, "oldest_at")?;
        Ok(WaitingHost {
            host: column(row, "host")?,
            deliveries: column(row, "deliveries")?,
            tries: column(row, "tries")?,
            oldest_at,
            next_at: column::<Option<Time>>(row, "next_at")?.unwrap_or(oldest_at),
            error: column(row, "error")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One of our activities by its ActivityPub id, with its audience.
pub fn activity(r: &Read<'_>, uri: &str) -> Result<(Audience, String)> {
    let mut statement = r.conn.prepare_cached("SELECT audience, document FROM activity WHERE uri = ?1")?;
    Ok(statement.query_one([uri], |row| Ok((column(row, "audience")?, column(row, "document")?)))?)
}

/// Whether an activity id is known here.
pub fn is_known(r: &Read<'_>, uri: &str) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM activity WHERE uri = ?1")?.exists([uri])?)
}

/// How many activities of others were forwarded since then: all, and those of one author.
pub fn forwarded_recently(r: &Read<'_>, since: Time, author: ActorId) -> Result<(u32, u32)> {
    let mut statement = r.conn.prepare_cached(
        "SELECT count(*) AS every, ifnull(sum(author_id = ?2), 0) AS theirs FROM activity
         WHERE id >= ?1 AND author_id IS NOT NULL",
    )?;
    let first = crate::base::id::first_at(since);
    Ok(statement.query_one(params![first, author], |row| Ok((column(row, "every")?, column(row, "theirs")?)))?)
}

/// Ids of our newest activities.
#[cfg(test)]
pub(crate) fn activity_uris(r: &Read<'_>, limit: u32) -> Result<Vec<String>> {
    let mut statement = r.conn.prepare_cached("SELECT uri FROM activity ORDER BY id DESC LIMIT ?1")?;
    let rows = statement.query_map([limit], |row| column(row, "uri"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets activities older than `before` that have arrived everywhere. Bounded.
pub fn prune(w: &Write<'_>, before: Time, limit: u32) -> Result<usize> {
    Ok(w.conn.execute(
        "DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE id < ?1
           AND NOT EXISTS (SELECT 1 FROM delivery WHERE activity_id = activity.id) ORDER BY id LIMIT ?2)",
        params![crate::base::id::first_at(before), limit],
    )?)
}
