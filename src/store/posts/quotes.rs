//! Quotes, ours and remote, and whether the quoted author agreed.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, PostId};
use crate::base::{Result, Time};
use crate::store::posts::{PostPage, Viewer};
use crate::store::{Read, Write, column};

/// Whether a quote may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteState {
    /// The quoted author has not approved it, or we do not know yet: shown as a link.
    Pending,
    /// Approved: shown with the quoted post.
    Accepted,
    /// The quoted author rejected it, or their stamp is invalid.
    Rejected,
    /// The quoted author revoked the approval.
    Revoked,
    /// The quoted post was deleted.
    Deleted,
}

impl QuoteState {
    const ALL: [Self; 5] = [Self::Pending, Self::Accepted, Self::Rejected, Self::Revoked, Self::Deleted];

    /// The value in the `state` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "waiting",
            Self::Accepted => "granted",
            Self::Rejected => "refused",
            Self::Revoked => "revoked",
            Self::Deleted => "gone",
        }
    }

    fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(Self::Pending)
    }
}

/// A row of `quote`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredQuote {
    /// The post that quotes.
    pub post_id: PostId,
    /// The quoted post, once stored.
    pub quoted_id: Option<PostId>,
    /// The quoted post's URI, as the quoting post states it.
    pub quoted_uri: String,
    /// A FEP-044f quote, which needs the quoted author's stamp.
    pub needs_authorization: bool,
    /// Whether it may be shown.
    pub state: QuoteState,
    /// URI of the quoted author's stamp.
    pub stamp: Option<String>,
    /// Id of our QuoteRequest.
    pub request_uri: Option<String>,
    /// Failed checks in a row.
    pub failed_checks: u32,
    /// When to check again.
    pub check_at: Option<Time>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredQuote> {
    let state: String = column(row, "state")?;
    Ok(StoredQuote {
        post_id: column(row, "post_id")?,
        quoted_id: column(row, "quoted_id")?,
        quoted_uri: column(row, "quoted_uri")?,
        needs_authorization: column(row, "consent")?,
        state: QuoteState::parse(&state),
        stamp: column(row, "stamp")?,
        request_uri: column(row, "request_uri")?,
        failed_checks: column(row, "tries")?,
        check_at: column(row, "check_at")?,
    })
}

/// Inserts or updates a quote.
pub fn put(w: &Write<'_>, quote: &StoredQuote) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO quote (post_id, quoted_id, quoted_uri, consent, state, stamp, request_uri, tries, check_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET quoted_id = ?2, quoted_uri = ?3, consent = ?4, state = ?5, stamp = ?6,
               request_uri = ?7, tries = ?8, check_at = ?9",
        )?
        .execute(params![
            quote.post_id,
            quote.quoted_id,
            quote.quoted_uri,
            quote.needs_authorization,
            quote.state.as_str(),
            quote.stamp,
            quote.request_uri,
            quote.failed_checks,
            quote.check_at,
        ])?;
    Ok(())
}

/// The quote of a post.
pub fn get(r: &Read<'_>, post: PostId) -> Result<Option<StoredQuote>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM quote WHERE post_id = ?1")?;
    Ok(statement.query_one([post], from_row).optional()?)
}

/// Removes the quote of a post.
pub fn remove(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM quote WHERE post_id = ?1")?.execute([post])?;
    Ok(())
}

/// The quotes of these posts.
pub fn of_posts(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, StoredQuote>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM quote WHERE post_id IN (SELECT value FROM json_each(?1)) LIMIT 1000")?;
    let rows = statement.query_map([crate::store::id_list(ids.iter().map(|id| id.0))], from_row)?;
    rows.map(|quote| Ok(quote.map(|quote| (quote.post_id, quote))?)).collect()
}

/// Ids of approved quotes of a post that `viewer` may see, newest first.
pub fn list_accepted(r: &Read<'_>, quoted: PostId, viewer: Viewer, page: PostPage) -> Result<Vec<PostId>> {
    let order = if page.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT id FROM (SELECT q.post_id AS id FROM quote q JOIN post p ON p.id = q.post_id
           WHERE q.quoted_id = ?1 AND q.state = 'granted' AND p.audience <= ?2 AND q.post_id < ?3 AND q.post_id > ?4
           ORDER BY q.post_id {order} LIMIT ?5) ORDER BY id DESC"
    );
    let (before, after) = (page.before.map_or(i64::MAX, |id| id.0), page.after.map_or(0, |id| id.0));
    let mut statement = r.conn.prepare_cached(&sql)?;
    let rows = statement
        .query_map(params![quoted, viewer.max_audience(), before, after, page.limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Approved quotes of this post by an actor, at most 20.
pub fn accepted_by_actor(r: &Read<'_>, quoted: PostId, actor: ActorId) -> Result<Vec<PostId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT q.post_id FROM quote q CROSS JOIN post p ON p.id = q.post_id
         WHERE q.quoted_id = ?1 AND q.state = 'granted' AND p.actor_id = ?2 LIMIT 20",
    )?;
    let rows = statement.query_map(params![quoted, actor], |row| column(row, "post_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The quote of our QuoteRequest with this id.
pub fn by_request(r: &Read<'_>, uri: &str) -> Result<Option<StoredQuote>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM quote WHERE request_uri = ?1 LIMIT 1")?;
    Ok(statement.query_one([uri], from_row).optional()?)
}

/// The quotes that rely on this stamp.
pub fn by_authorization(r: &Read<'_>, stamp: &str) -> Result<Vec<StoredQuote>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM quote WHERE stamp = ?1 LIMIT 100")?;
    let rows = statement.query_map([stamp], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Claims the next due quote: its next check is postponed by `lease`, in case this one never finishes.
pub fn claim(w: &Write<'_>, lease: Duration) -> Result<Option<StoredQuote>> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE quote SET check_at = ?2 WHERE post_id =
           (SELECT post_id FROM quote WHERE check_at IS NOT NULL AND check_at <= ?1 ORDER BY check_at LIMIT 1)
         RETURNING *",
    )?;
    Ok(statement.query_one(params![w.now, w.now.plus(lease)], from_row).optional()?)
}

/// When the next check of a quote is due.
pub fn next_check_at(r: &Read<'_>) -> Result<Option<Time>> {
    let mut statement = r.conn.prepare_cached("SELECT min(check_at) AS at FROM quote WHERE check_at IS NOT NULL")?;
    Ok(statement.query_one([], |row| column(row, "at"))?)
}
