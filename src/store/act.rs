//! What a caller holds while it reads or writes: a page gets a [`Read`], an act a [`Write`], so the compiler shows that a page
//! cannot write, and that one act has one time.

use std::ops::Deref;

use rusqlite::Connection;

use super::events::Ears;
use crate::base::Time;

/// One snapshot of the database, and the moment it was asked for.
pub struct Read<'c> {
    pub(super) conn: &'c Connection,
    /// The time of this act: the same for all it reads and writes.
    pub now: Time,
}

/// One act that may change the database: everything it does is kept, or nothing.
pub struct Write<'c> {
    read: Read<'c>,
    /// Who listens to events.
    pub(super) ears: &'c Ears,
}

impl<'c> Read<'c> {
    pub(super) fn new(conn: &'c Connection, now: Time) -> Self {
        Self { conn, now }
    }
}

impl<'c> Write<'c> {
    pub(super) fn new(conn: &'c Connection, now: Time, ears: &'c Ears) -> Self {
        Self { read: Read::new(conn, now), ears }
    }
}

impl<'c> Deref for Write<'c> {
    type Target = Read<'c>;

    fn deref(&self) -> &Read<'c> {
        &self.read
    }
}
