//! Published lists of servers to block: address, last fetch, whether they take effect.

use rusqlite::{Row, params};

use crate::base::id::HostListId;
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// Lists at most.
pub const MAX_LISTS: u32 = 20;

/// A row of `host_list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostList {
    /// Our id.
    pub id: HostListId,
    /// Of the CSV.
    pub url: String,
    /// The owner's name for it.
    pub name: String,
    /// None: only looked at so far.
    pub applied_at: Option<Time>,
    /// Last successful fetch.
    pub fetched_at: Option<Time>,
    /// Last failed fetch since then.
    pub failed_at: Option<Time>,
    /// Why it failed.
    pub error: Option<String>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<HostList> {
    Ok(HostList {
        id: column(row, "id")?,
        url: column(row, "url")?,
        name: column(row, "name")?,
        applied_at: column(row, "applied_at")?,
        fetched_at: column(row, "fetched_at")?,
        failed_at: column(row, "failed_at")?,
        error: column(row, "error")?,
    })
}

/// Adds a list that does not count yet, or finds the one with this URL.
pub fn add(w: &Write<'_>, url: &str, name: &str) -> Result<HostListId> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO host_list (url, name, created_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (url) DO UPDATE SET name = excluded.name RETURNING id",
    )?;
    Ok(statement.query_one(params![url, name, w.now], |row| column(row, "id"))?)
}

/// The list with this id.
pub fn get(r: &Read<'_>, id: HostListId) -> Result<HostList> {
    Ok(r.conn.prepare_cached("SELECT * FROM host_list WHERE id = ?1")?.query_one([id], from_row)?)
}

/// All lists, oldest first.
pub fn all(r: &Read<'_>) -> Result<Vec<HostList>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM host_list ORDER BY id LIMIT ?1")?;
    let rows = statement.query_map([MAX_LISTS], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// From now on its rules count.
pub fn apply(w: &Write<'_>, id: HostListId) -> Result<()> {
    w.conn.execute("UPDATE host_list SET applied_at = ifnull(applied_at, ?2) WHERE id = ?1", params![id, w.now])?;
    Ok(())
}

/// Records a successful fetch.
pub fn fetched(w: &Write<'_>, id: HostListId) -> Result<()> {
    w.conn.execute(
        "UPDATE host_list SET fetched_at = ?2, failed_at = NULL, error = NULL WHERE id = ?1",
        params![id, w.now],
    )?;
    Ok(())
}

/// Records a failed fetch; its rules stay.
pub fn failed(w: &Write<'_>, id: HostListId, error: &str) -> Result<()> {
    w.conn.execute("UPDATE host_list SET failed_at = ?2, error = ?3 WHERE id = ?1", params![id, w.now, error])?;
    Ok(())
}

/// Forgets a list and its rules.
pub fn remove(w: &Write<'_>, id: HostListId) -> Result<()> {
    w.conn.execute("DELETE FROM host_block WHERE list_id = ?1", [id])?;
    w.conn.execute("DELETE FROM host_list WHERE id = ?1", [id])?;
    Ok(())
}
