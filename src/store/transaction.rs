//! Read snapshots and write transactions: pages get a [`Read`], actions a [`Write`], so the compiler shows what may
//! change the database.

use std::ops::Deref;

use rusqlite::Connection;

use super::events::EventDemand;
use crate::base::Time;

/// A read snapshot of the database, and its time.
pub struct Read<'c> {
    pub(super) conn: &'c Connection,
    /// The time of this act: the same for all it reads and writes.
    pub now: Time,
    /// Commit generation of this snapshot (for cache validity). None inside a write: uncommitted data must never be
    /// cached.
    pub generation: Option<u64>,
}

/// A write: everything it does is committed, or nothing.
pub struct Write<'c> {
    read: Read<'c>,
    /// Which events are wanted.
    pub(super) event_demand: &'c EventDemand,
}

impl<'c> Read<'c> {
    pub(super) fn new(conn: &'c Connection, now: Time, generation: Option<u64>) -> Self {
        Self { conn, now, generation }
    }
}

impl<'c> Write<'c> {
    pub(super) fn new(conn: &'c Connection, now: Time, event_demand: &'c EventDemand) -> Self {
        Self { read: Read::new(conn, now, None), event_demand }
    }
}

impl<'c> Deref for Write<'c> {
    type Target = Read<'c>;

    fn deref(&self) -> &Read<'c> {
        &self.read
    }
}
