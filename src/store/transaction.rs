//! Read snapshots and write transactions: pages get a [`Read`], actions a [`Write`], so the compiler shows what may
//! change the database.

use std::ops::Deref;

use rusqlite::Connection;

use super::events::EventDemand;
use crate::base::Time;

/// One snapshot of the database, and the moment it was asked for.
pub struct Read<'c> {
    pub(super) conn: &'c Connection,
    /// The time of this act: the same for all it reads and writes.
    pub now: Time,
    /// How often the bell had rung before this snapshot was taken: what is read holds until it rings again. None in an act
    /// that writes, whose view nobody else may ever share.
    pub rung: Option<u64>,
}

/// One act that may change the database: everything it does is kept, or nothing.
pub struct Write<'c> {
    read: Read<'c>,
    /// Who listens to events.
    pub(super) ears: &'c EventDemand,
}

impl<'c> Read<'c> {
    pub(super) fn new(conn: &'c Connection, now: Time, rung: Option<u64>) -> Self {
        Self { conn, now, rung }
    }
}

impl<'c> Write<'c> {
    pub(super) fn new(conn: &'c Connection, now: Time, ears: &'c EventDemand) -> Self {
        Self { read: Read::new(conn, now, None), ears }
    }
}

impl<'c> Deref for Write<'c> {
    type Target = Read<'c>;

    fn deref(&self) -> &Read<'c> {
        &self.read
    }
}
