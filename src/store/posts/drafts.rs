//! Drafts and scheduled posts, stored as the owner typed them.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{DraftId, MediaId, PostId};
use crate::base::{Error, Result, Time};
use crate::store::access::apps::IDEMPOTENCY_KEY_LIFETIME;
use crate::store::{Read, Write, column};

/// Maximum number of drafts and scheduled posts together.
pub const MAX_DRAFTS: u32 = 600;

/// A row of `draft`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDraft {
    /// Our id.
    pub id: DraftId,
    /// Its content as JSON.
    pub content_json: String,
    /// When it is to be published; None for a draft.
    pub due_at: Option<Time>,
    /// Why it could not be published.
    pub error: Option<String>,
    /// When it was created.
    pub created_at: Time,
    /// When the owner last changed it.
    pub changed_at: Time,
}

/// Rows a draft refers to and that must not be pruned.
#[derive(Debug, Clone, Default)]
pub struct DraftReferences {
    /// Its uploads.
    pub media: Vec<MediaId>,
    /// The post it replies to.
    pub reply_to: Option<PostId>,
    /// The post it quotes.
    pub quote: Option<PostId>,
    /// Idempotency key of the API request that created it.
    pub idempotency_key: Option<String>,
}

/// Number of drafts, scheduled posts and failed posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DraftCounts {
    /// Drafts.
    pub drafts: u32,
    /// Scheduled posts.
    pub scheduled: u32,
    /// Scheduled posts that could not be published.
    pub failed: u32,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredDraft> {
    Ok(StoredDraft {
        id: column(row, "id")?,
        content_json: column(row, "words")?,
        due_at: column(row, "due_at")?,
        error: column(row, "error")?,
        created_at: column(row, "created_at")?,
        changed_at: column(row, "changed_at")?,
    })
}

/// Adds a draft or scheduled post. Invalid when there are too many already, or when an upload is missing or in use.
pub fn add(w: &Write<'_>, words: &str, due_at: Option<Time>, holds: &DraftReferences) -> Result<DraftId> {
    let count = counts(w)?;
    if count.drafts + count.scheduled + count.failed >= MAX_DRAFTS {
        return Err(Error::invalid(format!(
            "you can have at most {MAX_DRAFTS} drafts and scheduled posts; delete one"
        )));
    }
    let id = w
        .conn
        .prepare_cached(
            "INSERT INTO draft (words, due_at, once, reply_to, quote, created_at, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) RETURNING id",
        )?
        .query_one(params![words, due_at, holds.idempotency_key, holds.reply_to, holds.quote, w.now], |row| {
            column(row, "id")
        })?;
    set_uploads(w, id, &holds.media)?;
    Ok(id)
}

/// Changes a draft and clears its error. NotFound when it does not exist.
pub fn update(w: &Write<'_>, id: DraftId, words: &str, due_at: Option<Time>, holds: &DraftReferences) -> Result<()> {
    let changed = w
        .conn
        .prepare_cached(
            "UPDATE draft SET words = ?2, due_at = ?3, reply_to = ?4, quote = ?5, error = NULL, changed_at = ?6
             WHERE id = ?1",
        )?
        .execute(params![id, words, due_at, holds.reply_to, holds.quote, w.now])?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    w.conn.prepare_cached("DELETE FROM draft_file WHERE draft_id = ?1")?.execute([id])?;
    set_uploads(w, id, &holds.media)
}

fn set_uploads(w: &Write<'_>, id: DraftId, media: &[MediaId]) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO draft_file (media_id, draft_id) SELECT id, ?2 FROM attachment
         WHERE id = ?1 AND post_id IS NULL AND file IS NOT NULL AND id NOT IN (SELECT media_id FROM draft_file)",
    )?;
    let mut each = media.to_vec();
    each.sort_unstable();
    each.dedup();
    for file in each {
        if statement.execute(params![file, id])? == 0 {
            return Err(Error::invalid("a file of this post is not available any more; upload it again"));
        }
    }
    Ok(())
}

/// Changes the publication time; None makes it a draft. Clears its error.
pub fn set_due(w: &Write<'_>, id: DraftId, due_at: Option<Time>) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("UPDATE draft SET due_at = ?2, error = NULL, changed_at = ?3 WHERE id = ?1")?;
    if statement.execute(params![id, due_at, w.now])? == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Records why it could not be published. It is not tried again until the owner changes it.
pub fn mark_failed(w: &Write<'_>, id: DraftId, error: &str) -> Result<()> {
    w.conn.prepare_cached("UPDATE draft SET error = ?2 WHERE id = ?1")?.execute(params![id, error])?;
    Ok(())
}

/// Removes a draft that is discarded, or published in the same write; its uploads become unattached. NotFound when it
/// does not exist any more.
pub fn remove(w: &Write<'_>, id: DraftId) -> Result<()> {
    match w.conn.prepare_cached("DELETE FROM draft WHERE id = ?1")?.execute([id])? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// The draft or scheduled post with this id.
pub fn get(r: &Read<'_>, id: DraftId) -> Result<StoredDraft> {
    Ok(r.conn.prepare_cached("SELECT * FROM draft WHERE id = ?1")?.query_one([id], from_row)?)
}

/// The draft created with this idempotency key within [`IDEMPOTENCY_KEY_LIFETIME`].
pub fn by_idempotency_key(r: &Read<'_>, key: &str) -> Result<Option<DraftId>> {
    let mut statement =
        r.conn.prepare_cached("SELECT id FROM draft WHERE once = ?1 AND created_at > ?2 ORDER BY id LIMIT 1")?;
    Ok(statement.query_one(params![key, r.now.minus(IDEMPOTENCY_KEY_LIFETIME)], |row| column(row, "id")).optional()?)
}

/// Scheduled posts, failed ones included, newest first: at most `limit` with ids below `below`, or the oldest above
/// `after`.
pub fn scheduled(r: &Read<'_>, below: i64, after: Option<i64>, limit: u32) -> Result<Vec<StoredDraft>> {
    let order = if after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT * FROM (SELECT * FROM draft WHERE due_at IS NOT NULL AND id < ?1 AND id > ?2 ORDER BY id {order} LIMIT ?3)
         ORDER BY id DESC"
    );
    let mut statement = r.conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params![below, after.unwrap_or(0), limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Scheduled posts by publication time, then drafts, the last changed first.
pub fn list(r: &Read<'_>) -> Result<Vec<StoredDraft>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT * FROM draft ORDER BY due_at IS NULL, due_at, changed_at DESC, id DESC LIMIT ?1")?;
    let rows = statement.query_map([MAX_DRAFTS], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Counts drafts, scheduled posts and failed posts.
pub fn counts(r: &Read<'_>) -> Result<DraftCounts> {
    let mut statement = r.conn.prepare_cached(
        "SELECT ifnull(sum(due_at IS NULL), 0) AS drafts, ifnull(sum(due_at IS NOT NULL AND error IS NULL), 0) AS waiting,
           ifnull(sum(due_at IS NOT NULL AND error IS NOT NULL), 0) AS failed FROM draft",
    )?;
    let count = |row: &Row<'_>| {
        Ok(DraftCounts {
            drafts: column(row, "drafts")?,
            scheduled: column(row, "waiting")?,
            failed: column(row, "failed")?,
        })
    };
    Ok(statement.query_one([], count)?)
}

/// When the next scheduled post is due.
pub fn next_due_at(r: &Read<'_>) -> Result<Option<Time>> {
    let mut statement =
        r.conn.prepare_cached("SELECT min(due_at) AS at FROM draft WHERE due_at IS NOT NULL AND error IS NULL")?;
    Ok(statement.query_one([], |row| column(row, "at"))?)
}

/// The earliest scheduled post that is due now.
pub fn get_due(r: &Read<'_>) -> Result<Option<StoredDraft>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM draft WHERE due_at <= ?1 AND due_at IS NOT NULL AND error IS NULL ORDER BY due_at LIMIT 1",
    )?;
    Ok(statement.query_one([r.now], from_row).optional()?)
}
