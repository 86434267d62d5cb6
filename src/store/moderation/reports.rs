//! Reports (Flag): received ones about the owner's posts, and those the owner has sent.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, ReportId};
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// Received reports kept; the oldest are removed first.
const MAX_RECEIVED_REPORTS: u32 = 1_000;

/// A row of `report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Counts up.
    pub id: ReportId,
    /// Of the Flag.
    pub uri: String,
    /// The sender; for own reports, the reported actor.
    pub actor_id: ActorId,
    /// Sent by us.
    pub ours: bool,
    /// Uris of actors and posts.
    pub about: Vec<String>,
    /// Plain text.
    pub comment: String,
    /// Own reports: spam, legal, violation or other.
    pub category: String,
    /// Own reports: numbers of the broken rules.
    pub rules: Vec<String>,
    /// Own reports: forwarded to the other server.
    pub forwarded: bool,
    /// When.
    pub created_at: Time,
    /// When the owner had dealt with it.
    pub closed_at: Option<Time>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Report> {
    Ok(Report {
        id: column(row, "id")?,
        uri: column(row, "uri")?,
        actor_id: column(row, "actor_id")?,
        ours: column(row, "ours")?,
        about: crate::store::json(row, "about")?,
        comment: column(row, "comment")?,
        category: column(row, "category")?,
        rules: crate::store::json(row, "rules")?,
        forwarded: column(row, "forwarded")?,
        created_at: column(row, "created_at")?,
        closed_at: column(row, "closed_at")?,
    })
}

/// Stores a received report; false when it is known.
pub fn receive(w: &Write<'_>, uri: &str, sender: ActorId, about: &[String], comment: &str) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO report (uri, actor_id, ours, about, comment, created_at) VALUES (?1, ?2, 0, ?3, ?4, ?5)",
    )?;
    let new = statement.execute(params![uri, sender, crate::store::to_json(&about)?, comment, w.now])? > 0;
    w.conn.execute(
        "DELETE FROM report WHERE ours = 0 AND id <= (SELECT id FROM report WHERE ours = 0 ORDER BY id DESC LIMIT 1 OFFSET ?1)",
        [MAX_RECEIVED_REPORTS],
    )?;
    Ok(new)
}

/// A report of the owner's to keep.
#[derive(Debug, Clone, Copy)]
pub struct SentReport<'s> {
    /// Of the Flag, sent or not.
    pub uri: &'s str,
    /// The reported actor.
    pub target: ActorId,
    /// Uris of posts.
    pub about: &'s [String],
    /// Plain text.
    pub comment: &'s str,
    /// spam, legal, violation or other.
    pub category: &'s str,
    /// Numbers of the rules that were broken.
    pub rules: &'s [String],
    /// Forwarded to the other server.
    pub forwarded: bool,
}

/// Keeps a report of the owner's.
pub fn sent(w: &Write<'_>, report: SentReport<'_>) -> Result<ReportId> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO report (uri, actor_id, ours, about, comment, created_at, closed_at, category, rules, forwarded)
         VALUES (?1, ?2, 1, ?3, ?4, ?5, ?5, ?6, ?7, ?8) RETURNING id",
    )?;
    let (about, rules) = (crate::store::to_json(&report.about)?, crate::store::to_json(&report.rules)?);
    let row =
        params![report.uri, report.target, about, report.comment, w.now, report.category, rules, report.forwarded];
    Ok(statement.query_one(row, |row| column(row, "id"))?)
}

/// The report with this number.
pub fn by_id(r: &Read<'_>, id: ReportId) -> Result<Report> {
    Ok(r.conn.prepare_cached("SELECT * FROM report WHERE id = ?1")?.query_one([id], from_row)?)
}

/// The report made by this Flag.
pub fn by_uri(r: &Read<'_>, uri: &str) -> Result<Option<Report>> {
    Ok(r.conn.prepare_cached("SELECT * FROM report WHERE uri = ?1")?.query_one([uri], from_row).optional()?)
}

/// The newest reports below `before`, received and sent; at most `limit`.
pub fn page(r: &Read<'_>, before: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM report WHERE id < ?1 ORDER BY id DESC LIMIT ?2")?;
    let rows = statement.query_map(params![before.map_or(i64::MAX, |id| id.0), limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many reports wait for the owner.
pub fn open(r: &Read<'_>) -> Result<u32> {
    let mut statement = r.conn.prepare_cached("SELECT count(*) FROM report WHERE ours = 0 AND closed_at IS NULL")?;
    Ok(statement.query_one([], |row| row.get(0))?)
}

/// The owner has dealt with it, or takes it up again.
pub fn close(w: &Write<'_>, id: ReportId, at: Option<Time>) -> Result<()> {
    w.conn.execute("UPDATE report SET closed_at = ?2 WHERE id = ?1 AND ours = 0", params![id, at])?;
    Ok(())
}
