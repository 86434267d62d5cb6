//! Notification groups: likes of one post, boosts of one post, follows, each of at most twelve hours.

use rusqlite::params;

use crate::base::id::{ActorId, NotificationId, PostId};
use crate::base::{Result, Time};
use crate::store::cursor::CursorWindow;
use crate::store::notifications::{self, Notification, NotificationKind};
use crate::store::{Read, Write, column};

/// People named of one group.
const MAX_GROUP_SAMPLE: u32 = 8;

/// What rows of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupKey {
    /// Like, boost or follow.
    pub kind: NotificationKind,
    /// The post, but for follows.
    pub post_id: Option<PostId>,
    /// Since 1970, in which it began.
    pub hour: i64,
}

/// A group, without rows by muted actors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationGroup {
    /// The row by which it was requested.
    pub row: NotificationId,
    /// Its newest row.
    pub newest: NotificationId,
    /// When that one came.
    pub newest_at: Time,
    /// Its oldest row within the page.
    pub oldest: NotificationId,
    /// How many rows.
    pub count: u32,
    /// The newest people, at most eight.
    pub people: Vec<ActorId>,
}

/// The groups of some grouped rows, in one query; `floor` is the lowest id of the page.
pub fn of(r: &Read<'_>, rows: &[NotificationId], floor: i64) -> Result<Vec<NotificationGroup>> {
    let same = format!(
        "FROM notification g INDEXED BY notification_group
         WHERE g.kind = n.kind AND g.post_id IS n.post_id AND g.hour = n.hour AND {}",
        notifications::visible_sql("g", "?3")
    );
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT q.*, (SELECT created_at FROM notification WHERE id = q.newest) AS newest_at FROM (
           SELECT n.id, (SELECT g.id {same} ORDER BY g.id DESC LIMIT 1) AS newest,
             (SELECT g.id {same} AND g.id >= ?2 ORDER BY g.id LIMIT 1) AS oldest,
             (SELECT count(*) {same}) AS count,
             (SELECT json_group_array(who) FROM (SELECT g.actor_id AS who {same} ORDER BY g.id DESC LIMIT {MAX_GROUP_SAMPLE})) AS people
           FROM json_each(?1) j JOIN notification n ON n.id = j.value WHERE n.hour IS NOT NULL) q
         WHERE q.newest IS NOT NULL LIMIT 1000"
    ))?;
    let found =
        statement.query_map(params![crate::store::id_list(rows.iter().map(|id| id.0)), floor, r.now], |row| {
            let people: Vec<i64> = crate::store::json(row, "people")?;
            let newest = column(row, "newest")?;
            Ok(NotificationGroup {
                row: column(row, "id")?,
                newest,
                newest_at: column(row, "newest_at")?,
                oldest: column::<Option<NotificationId>>(row, "oldest")?.unwrap_or(newest),
                count: column(row, "count")?,
                people: people.into_iter().map(ActorId).collect(),
            })
        })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// A page of the rows of one group, newest first.
pub fn page(r: &Read<'_>, key: GroupKey, rows: CursorWindow) -> Result<Vec<Notification>> {
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT * FROM notification n INDEXED BY notification_group
         WHERE n.kind = ?1 AND n.post_id IS ?2 AND n.hour = ?3 AND n.id > ?4 AND n.id < ?5 AND {}
         ORDER BY n.id {} LIMIT ?7",
        notifications::visible_sql("n", "?6"),
        rows.sql_order()
    ))?;
    let values = params![key.kind.word(), key.post_id, key.hour, rows.above, rows.below, r.now, rows.limit];
    let found = statement.query_map(values, Notification::from_row)?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// Forgets a whole group.
pub fn dismiss_group(w: &Write<'_>, key: GroupKey) -> Result<()> {
    w.conn
        .prepare_cached("DELETE FROM notification WHERE kind = ?1 AND post_id IS ?2 AND hour = ?3")?
        .execute(params![key.kind.word(), key.post_id, key.hour])?;
    Ok(())
}
