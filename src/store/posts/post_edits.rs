//! Edit history: previous versions of posts. Bounded per post.

use rusqlite::params;

use crate::base::id::PostId;
use crate::base::{Result, Time};
use crate::store::posts::Post;
use crate::store::posts::attachments::PostAttachment;
use crate::store::posts::polls::StoredPoll;
use crate::store::posts::post_views::PostView;
use crate::store::{Read, Write, column};

/// Previous versions kept per post.
pub const MAX_EDITS_PER_POST: u32 = 20;
/// Bytes of text kept of all previous versions of a post together; the newest is always kept.
pub const MAX_EDIT_BYTES_PER_POST: u32 = 256 * 1024;

/// A row of `edition`: a previous version of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostEdit {
    /// When this version was written.
    pub written_at: Time,
    /// The title.
    pub title: Option<String>,
    /// The content warning.
    pub warning: Option<String>,
    /// Safe HTML.
    pub content: String,
    /// Marked as sensitive.
    pub sensitive: bool,
    /// The options of its poll.
    pub poll: Vec<String>,
    /// Its files; own files may have been deleted since.
    pub media: Vec<PostAttachment>,
}

/// Stores the current version before an edit; removes the oldest versions beyond the limits.
pub fn store_current_version(
    w: &Write<'_>,
    now: &Post,
    files: &[PostAttachment],
    poll: Option<&StoredPoll>,
) -> Result<()> {
    let media = if files.is_empty() { None } else { Some(crate::store::to_json(&files)?) };
    let poll = poll.map(|poll| crate::store::to_json(&option_texts(poll))).transpose()?;
    w.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO edition (post_id, written_at, title, warning, content, sensitive, poll, media, kept_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            now.id,
            now.edited_at.unwrap_or(now.published_at),
            now.title,
            now.warning,
            now.content,
            now.sensitive,
            poll,
            media,
            w.now
        ])?;
    w.conn
        .prepare_cached(
            "DELETE FROM edition WHERE post_id = ?1 AND written_at IN (
               SELECT written_at FROM (
                 SELECT written_at, row_number() OVER newest AS n,
                   sum(octet_length(content) + ifnull(octet_length(media), 0) + ifnull(octet_length(poll), 0)) OVER newest AS bytes
                 FROM edition WHERE post_id = ?1 WINDOW newest AS (ORDER BY written_at DESC))
               WHERE n > ?2 OR (n > 1 AND bytes > ?3) LIMIT 100)",
        )?
        .execute(params![now.id, MAX_EDITS_PER_POST, MAX_EDIT_BYTES_PER_POST])?;
    Ok(())
}

/// The current version of a post as a [`PostEdit`].
pub fn current_version(card: &PostView) -> PostEdit {
    let post = &card.post;
    PostEdit {
        written_at: post.edited_at.unwrap_or(post.published_at),
        title: post.title.clone(),
        warning: post.warning.clone(),
        content: post.content.clone(),
        sensitive: post.sensitive,
        poll: card.poll.as_ref().map(option_texts).unwrap_or_default(),
        media: card.attachments.clone(),
    }
}

/// The options of a poll, as its author wrote them.
pub fn option_texts(poll: &StoredPoll) -> Vec<String> {
    poll.options.iter().map(|option| option.text.clone()).collect()
}

/// The previous versions of a post, oldest first.
pub fn list(r: &Read<'_>, post: PostId) -> Result<Vec<PostEdit>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT written_at, title, warning, content, sensitive, poll, media FROM edition WHERE post_id = ?1
         ORDER BY written_at LIMIT ?2",
    )?;
    let rows = statement.query_map(params![post, MAX_EDITS_PER_POST], |row| {
        Ok(PostEdit {
            written_at: column(row, "written_at")?,
            title: column(row, "title")?,
            warning: column(row, "warning")?,
            content: column(row, "content")?,
            sensitive: column(row, "sensitive")?,
            poll: crate::store::json(row, "poll")?,
            media: crate::store::json(row, "media")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes the edit history of a post.
pub fn delete_of_post(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM edition WHERE post_id = ?1")?.execute([post])?;
    Ok(())
}

/// Deletes previous versions of remote posts that were replaced before `before`; those of the owner's posts stay.
pub fn prune(w: &Write<'_>, before: Time, limit: u32) -> Result<usize> {
    Ok(w.conn.execute(
        "DELETE FROM edition WHERE (post_id, written_at) IN (
           SELECT e.post_id, e.written_at FROM edition e JOIN post p ON p.id = e.post_id
           WHERE e.kept_at < ?1 AND p.actor_id NOT IN (SELECT actor_id FROM own_key) LIMIT ?2)",
        params![before, limit],
    )?)
}
