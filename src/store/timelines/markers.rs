//! Read markers of timelines, shared by client apps.

use rusqlite::{OptionalExtension, params};

use crate::base::id::NotificationId;
use crate::base::{Result, Time};
use crate::store::{Read, Write, column, node};

/// A list with a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerTimeline {
    /// The home timeline.
    Home,
    /// Notifications.
    Notifications,
}

impl MarkerTimeline {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Home, Self::Notifications];

    /// The stored word, which is the one of client apps.
    pub fn word(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Notifications => "notifications",
        }
    }
}

/// A row of `marker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMarker {
    /// Of the newest row that was read.
    pub last_id: i64,
    /// Counts up with every change.
    pub version: i64,
    /// When it was moved.
    pub updated_at: Time,
}

/// The marker of a list, if there ever was one.
pub fn get(r: &Read<'_>, list: MarkerTimeline) -> Result<Option<ReadMarker>> {
    let mut statement = r.conn.prepare_cached("SELECT last_id, version, updated_at FROM marker WHERE list = ?1")?;
    let found = statement.query_one([list.word()], |row| {
        Ok(ReadMarker {
            last_id: column(row, "last_id")?,
            version: column(row, "version")?,
            updated_at: column(row, "updated_at")?,
        })
    });
    Ok(found.optional()?)
}

/// Moves a marker, back too; the same place again changes nothing.
pub fn set(w: &Write<'_>, list: MarkerTimeline, last: i64) -> Result<()> {
    put(w, list, last)?;
    if list == MarkerTimeline::Notifications {
        // Never beyond the newest: a client may send any number.
        let mut newest = w.conn.prepare_cached("SELECT ifnull(max(id), 0) FROM notification")?;
        let newest: i64 = newest.query_one([], |row| row.get(0))?;
        node::see_notifications(w, NotificationId(last.min(newest)))?;
    }
    Ok(())
}

/// The owner has looked at their notifications on the page.
pub fn seen(w: &Write<'_>, newest: NotificationId) -> Result<()> {
    node::see_notifications(w, newest)?;
    match get(w, MarkerTimeline::Notifications)? {
        Some(marker) if marker.last_id >= newest.0 => Ok(()),
        _ => put(w, MarkerTimeline::Notifications, newest.0),
    }
}

fn put(w: &Write<'_>, list: MarkerTimeline, last: i64) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO marker (list, last_id, version, updated_at) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT DO UPDATE SET last_id = ?2, version = version + 1, updated_at = ?3 WHERE last_id <> ?2",
    )?;
    statement.execute(params![list.word(), last, w.now])?;
    Ok(())
}
