//! An outage of ours that is being recovered from: since when, and how far we are. Stored, so that a restart continues.

use rusqlite::{OptionalExtension, params};

use crate::base::id::ActorId;
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// What remains to be recovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageRecovery {
    /// The last sign of life before it.
    pub since: Time,
    /// The last host that was told we are back, in their order; empty for none yet.
    pub announced_after: String,
    /// The last followed account whose gap was filled, in their order; 0 for none yet.
    pub caught_up: ActorId,
}

/// Records that we are alive, and begins a recovery when the last record is older than `longest`. An unfinished
/// recovery keeps its start.
pub fn record_alive(w: &Write<'_>, longest: std::time::Duration) -> Result<()> {
    w.conn.execute(
        "UPDATE node SET away_since_at = ifnull(away_since_at, alive_at), poked = '', caught_up = 0 WHERE alive_at < ?1",
        [w.now.minus(longest)],
    )?;
    crate::store::node::set_alive(w)
}

/// The current recovery, if any.
pub fn current(r: &Read<'_>) -> Result<Option<OutageRecovery>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT away_since_at AS since, poked, caught_up FROM node WHERE away_since_at IS NOT NULL")?;
    let found = statement.query_one([], |row| {
        Ok(OutageRecovery {
            since: column(row, "since")?,
            announced_after: column(row, "poked")?,
            caught_up: column(row, "caught_up")?,
        })
    });
    Ok(found.optional()?)
}

/// Notes how far we have come.
pub fn advance(w: &Write<'_>, poked: &str, caught_up: ActorId) -> Result<()> {
    w.conn.execute("UPDATE node SET poked = ?1, caught_up = ?2", params![poked, caught_up])?;
    Ok(())
}

/// All is made up for.
pub fn end(w: &Write<'_>) -> Result<()> {
    w.conn.execute("UPDATE node SET away_since_at = NULL, poked = '', caught_up = 0", [])?;
    Ok(())
}
