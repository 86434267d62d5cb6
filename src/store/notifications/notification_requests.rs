//! Senders of filtered notifications: one row each, until the owner accepts or dismisses them.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, NotificationRequestId, PostId};
use crate::base::{Error, Result, Time};
use crate::store::cursor::CursorWindow;
use crate::store::{Read, Write, column};

/// Counting stops here.
const MAX_COUNTED: u32 = 100;

/// A sender of filtered notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRequest {
    /// Counts up.
    pub id: NotificationRequestId,
    /// The sender.
    pub actor_id: ActorId,
    /// Since when.
    pub created_at: Time,
    /// When the last notification was filtered.
    pub updated_at: Time,
    /// How many were, counted up to 100.
    pub count: u32,
    /// The newest post among them.
    pub post_id: Option<PostId>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<NotificationRequest> {
    Ok(NotificationRequest {
        id: column(row, "id")?,
        actor_id: column(row, "actor_id")?,
        created_at: column(row, "created_at")?,
        updated_at: column(row, "updated_at")?,
        count: column(row, "count")?,
        post_id: column(row, "post_id")?,
    })
}

/// Requests with their details; those without remaining notifications are left out.
fn sql(condition: &str, order: &str) -> String {
    let newest = "FROM notification WHERE actor_id = q.actor_id AND place = 0 ORDER BY id DESC LIMIT";
    format!(
        "SELECT q.id, q.actor_id, q.created_at, (SELECT created_at {newest} 1) AS updated_at,
           (SELECT count(*) FROM (SELECT 1 {newest} {MAX_COUNTED})) AS count,
           (SELECT post_id FROM (SELECT kind, post_id {newest} {MAX_COUNTED})
            WHERE kind IN ('mention', 'quote') LIMIT 1) AS post_id
         FROM notification_request q
         WHERE {condition} AND EXISTS (SELECT 1 FROM notification WHERE actor_id = q.actor_id AND place = 0)
         ORDER BY q.id {order} LIMIT ?1"
    )
}

/// Records that a notification was filtered.
pub(in crate::store) fn record(w: &Write<'_>, actor: ActorId) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO notification_request (actor_id, created_at)
         SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM notification_request WHERE actor_id = ?1)",
    )?;
    statement.execute(params![actor, w.now])?;
    Ok(())
}

/// Forgets a request of which nothing is left.
pub(in crate::store) fn prune_answered(w: &Write<'_>, actor: ActorId) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM notification_request WHERE actor_id = ?1
           AND NOT EXISTS (SELECT 1 FROM notification WHERE actor_id = ?1 AND place = 0)",
    )?;
    statement.execute([actor])?;
    Ok(())
}

/// A page of requests, newest first.
pub fn page(r: &Read<'_>, rows: CursorWindow) -> Result<Vec<NotificationRequest>> {
    let mut statement = r.conn.prepare_cached(&sql("q.id > ?2 AND q.id < ?3", rows.sql_order()))?;
    let found = statement.query_map(params![rows.limit, rows.above, rows.below], from_row)?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// One request; NotFound when there is none.
pub fn by_id(r: &Read<'_>, id: NotificationRequestId) -> Result<NotificationRequest> {
    let mut statement = r.conn.prepare_cached(&sql("q.id = ?2", "DESC"))?;
    statement.query_one(params![1, id], from_row).optional()?.ok_or(Error::NotFound)
}

/// How many wait, and how many notifications they sent; of the newest hundred.
pub fn summary(r: &Read<'_>) -> Result<(u32, u32)> {
    let waiting = page(r, CursorWindow::first(MAX_COUNTED))?;
    Ok((waiting.len() as u32, waiting.iter().map(|request| request.count).sum()))
}

/// Accepts a sender: filtered notifications are shown, and later ones are not filtered.
pub fn accept(w: &Write<'_>, id: NotificationRequestId) -> Result<()> {
    let actor = by_id(w, id)?.actor_id;
    w.conn
        .prepare_cached("INSERT OR IGNORE INTO notification_permission (actor_id, created_at) VALUES (?1, ?2)")?
        .execute(params![actor, w.now])?;
    w.conn.prepare_cached("UPDATE notification SET place = 2 WHERE actor_id = ?1 AND place = 0")?.execute([actor])?;
    prune_answered(w, actor)
}

/// Dismisses the filtered notifications; new ones make a new request.
pub fn dismiss(w: &Write<'_>, id: NotificationRequestId) -> Result<()> {
    let actor = by_id(w, id)?.actor_id;
    w.conn.prepare_cached("DELETE FROM notification WHERE actor_id = ?1 AND place = 0")?.execute([actor])?;
    prune_answered(w, actor)
}

/// Whether the owner has accepted a sender.
pub fn is_permitted(r: &Read<'_>, actor: ActorId) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM notification_permission WHERE actor_id = ?1")?.exists([actor])?)
}
