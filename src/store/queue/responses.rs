//! Our Accept and Reject activities: pruned sooner than others, because strangers decide how many there are.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::params;

use crate::base::Result;
use crate::base::id::{ActivityId, first_at};
use crate::store::Write;
use crate::store::column;
use crate::store::queue::deliveries::promote_next;

/// Retention after they were delivered.
const DELIVERED_RESPONSE_RETENTION: Duration = Duration::from_hours(1);

/// Marks an activity as a response (Accept, Reject) that nobody will fetch, and removes earlier ones to the same actor,
/// delivered or not: repeated requests must not fill the disk. What is in flight stays.
pub fn mark(w: &Write<'_>, id: ActivityId, object_uri: &str) -> Result<()> {
    w.conn.prepare_cached("UPDATE activity SET fleeting = 1 WHERE id = ?1")?.execute([id])?;
    let mut waiting = w.conn.prepare_cached(
        "DELETE FROM delivery WHERE lease_at IS NULL AND activity_id IN (
           SELECT id FROM activity INDEXED BY activity_fleeting WHERE fleeting = 1 AND object_uri = ?1 AND id <> ?2)
         RETURNING inbox",
    )?;
    let rows = waiting.query_map(params![object_uri, id], |row| column(row, "inbox"))?;
    let inboxes: HashSet<String> = rows.collect::<rusqlite::Result<_>>()?;
    for inbox in &inboxes {
        promote_next(w, inbox)?;
    }
    let mut old = w.conn.prepare_cached(
        "DELETE FROM activity INDEXED BY activity_fleeting WHERE fleeting = 1 AND object_uri = ?1 AND id <> ?2
           AND NOT EXISTS (SELECT 1 FROM delivery WHERE activity_id = activity.id)",
    )?;
    old.execute(params![object_uri, id])?;
    Ok(())
}

/// Removes responses delivered a while ago. Bounded: call it again until it returns 0.
pub fn prune(w: &Write<'_>, limit: u32) -> Result<usize> {
    Ok(w.conn.execute(
        "DELETE FROM activity WHERE id IN (SELECT id FROM activity INDEXED BY activity_fleeting WHERE fleeting = 1
           AND id < ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE activity_id = activity.id) LIMIT ?2)",
        params![first_at(w.now.minus(DELIVERED_RESPONSE_RETENTION)), limit],
    )?)
}
