//! Attachments of posts. The bytes are in `media/` ([`super::super::media_files`]) or at their origin.

use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use crate::base::id::{DraftId, MediaId, PostId};
use crate::base::{Error, Result, Time};
use crate::store::{Read, Write, column};

/// Maximum number of attachments of a post.
pub const MAX_ATTACHMENTS_PER_POST: usize = 16;

/// A row of `attachment`. Previous versions of posts store it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostAttachment {
    /// Our id.
    pub id: MediaId,
    /// Its post; None for a fresh upload.
    pub post_id: Option<PostId>,
    /// Sniffed for own files, as declared for remote ones.
    pub media_type: String,
    /// URL of the remote original.
    pub url: Option<String>,
    /// Name of an own file in `media/`.
    pub file: Option<String>,
    /// Name of an own preview in `media/`: a smaller image, or the cover of a video or audio.
    pub preview: Option<String>,
    /// Alt text.
    pub alt: String,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// BlurHash placeholder.
    pub blurhash: Option<String>,
    /// Focal point: "x,y" from -1 to 1.
    pub focus: Option<String>,
    /// URL of the cover of a remote video or audio.
    pub still: Option<String>,
    /// Duration of a video or audio.
    pub seconds: Option<u32>,
}

/// A change of an attachment's alt text, focal point or cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentChange {
    /// The attachment.
    pub id: MediaId,
    /// Alt text.
    pub alt: String,
    /// Focal point: "x,y" from -1 to 1; None for the center.
    pub focus: Option<String>,
    /// New cover of a video or audio; None keeps the old one.
    pub cover: Option<CoverImage>,
}

/// A cover image stored in `media/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverImage {
    /// Its name in `media/`.
    pub name: String,
    /// BlurHash placeholder, shown until it is loaded.
    pub blurhash: String,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<PostAttachment> {
    Ok(PostAttachment {
        id: column(row, "id")?,
        post_id: column(row, "post_id")?,
        media_type: column(row, "media_type")?,
        url: column(row, "url")?,
        file: column(row, "file")?,
        preview: column(row, "preview")?,
        alt: column(row, "alt")?,
        width: column(row, "width")?,
        height: column(row, "height")?,
        blurhash: column(row, "blurhash")?,
        focus: column(row, "focus")?,
        still: column(row, "still")?,
        seconds: column(row, "seconds")?,
    })
}

/// Adds an attachment (`id` is ignored): unattached, or at `position` of its post.
pub fn add(w: &Write<'_>, a: &PostAttachment, position: usize) -> Result<MediaId> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO attachment (post_id, position, media_type, url, file, preview, alt, width, height, blurhash, focus,
           still, seconds, created_at, author_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, (SELECT actor_id FROM post WHERE id = ?1))
         RETURNING id",
    )?;
    let position = u32::try_from(position).unwrap_or(u32::MAX);
    Ok(statement.query_one(
        params![
            a.post_id,
            position,
            a.media_type,
            a.url,
            a.file,
            a.preview,
            a.alt,
            a.width,
            a.height,
            a.blurhash,
            a.focus,
            a.still,
            a.seconds,
            w.now
        ],
        |row| column(row, "id"),
    )?)
}

/// Attaches uploads to a post, in this order. Invalid when one is unknown or belongs to another post or a draft.
pub fn attach(w: &Write<'_>, post: PostId, ids: &[MediaId]) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE attachment SET post_id = ?1, position = ?3, author_id = (SELECT actor_id FROM post WHERE id = ?1)
         WHERE id = ?2 AND file IS NOT NULL
           AND (post_id = ?1 OR post_id IS NULL AND id NOT IN (SELECT media_id FROM draft_file))",
    )?;
    for (position, id) in ids.iter().enumerate() {
        if statement.execute(params![post, id, u32::try_from(position).unwrap_or(u32::MAX)])? == 0 {
            return Err(Error::invalid("a file of this post is not available any more; upload it again"));
        }
    }
    Ok(())
}

/// Changes alt text, focal point and cover of a post's attachments; attachments of other posts are not changed.
pub fn update_descriptions(w: &Write<'_>, post: PostId, files: &[AttachmentChange]) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("UPDATE attachment SET alt = ?3, focus = ?4 WHERE id = ?2 AND post_id = ?1")?;
    for file in files {
        let known = statement.execute(params![post, file.id, file.alt, file.focus])? > 0;
        if let Some(cover) = file.cover.as_ref().filter(|_| known) {
            set_cover(w, file.id, cover)?;
        }
    }
    Ok(())
}

/// Changes alt text and focal point of unattached uploads.
pub fn update_unattached_descriptions(w: &Write<'_>, files: &[AttachmentChange]) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("UPDATE attachment SET alt = ?2, focus = ?3 WHERE id = ?1 AND post_id IS NULL")?;
    for file in files {
        statement.execute(params![file.id, file.alt, file.focus])?;
    }
    Ok(())
}

/// The attachment with this id.
pub fn by_id(r: &Read<'_>, id: MediaId) -> Result<PostAttachment> {
    Ok(r.conn.prepare_cached("SELECT * FROM attachment WHERE id = ?1")?.query_one([id], from_row)?)
}

/// Attachments of these posts, in order.
pub fn of_posts(r: &Read<'_>, posts: &[PostId]) -> Result<Vec<PostAttachment>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM attachment WHERE post_id IN (SELECT value FROM json_each(?1)) ORDER BY post_id, position LIMIT 2000",
    )?;
    let rows = statement.query_map([crate::store::id_list(posts.iter().map(|id| id.0))], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes all of a post's attachments (their files are found by [`crate::store::media_files::sweep`]).
pub fn delete_of_post(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.execute("DELETE FROM attachment WHERE post_id = ?1", [post])?;
    Ok(())
}

/// Deletes uploads created before `before` that no post or draft uses.
pub fn prune_unattached(w: &Write<'_>, before: Time, limit: u32) -> Result<usize> {
    Ok(w.conn.execute(
        "DELETE FROM attachment WHERE id IN (SELECT id FROM attachment WHERE post_id IS NULL AND created_at < ?1
           AND url IS NULL AND id NOT IN (SELECT media_id FROM draft_file) LIMIT ?2)",
        params![before, limit],
    )?)
}

/// Changes alt text and focal point of an attachment; None keeps the old value.
pub fn update_description(w: &Write<'_>, id: MediaId, alt: Option<&str>, focus: Option<&str>) -> Result<()> {
    w.conn
        .prepare_cached("UPDATE attachment SET alt = ifnull(?2, alt), focus = ifnull(?3, focus) WHERE id = ?1")?
        .execute(params![id, alt, focus])?;
    Ok(())
}

/// Sets the cover of a video or audio.
pub fn set_cover(w: &Write<'_>, id: MediaId, cover: &CoverImage) -> Result<()> {
    w.conn
        .prepare_cached(
            "UPDATE attachment SET preview = ?2, blurhash = ?3 WHERE id = ?1 AND media_type NOT LIKE 'image/%'",
        )?
        .execute(params![id, cover.name, cover.blurhash])?;
    Ok(())
}

/// Deletes an unattached upload; its files are deleted by the next sweep.
pub fn delete_unattached(w: &Write<'_>, id: MediaId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM attachment WHERE id = ?1 AND post_id IS NULL")?.execute([id])?;
    Ok(())
}

/// Detaches the files of an own post except `kept`: they become unattached uploads, as if uploaded just now.
pub fn detach(w: &Write<'_>, post: PostId, kept: &[MediaId]) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE attachment SET post_id = NULL, author_id = NULL, position = 0, created_at = ?2
         WHERE post_id = ?1 AND file IS NOT NULL AND id NOT IN (SELECT value FROM json_each(?3))",
    )?;
    statement.execute(params![post, w.now, crate::store::id_list(kept.iter().map(|id| id.0))])?;
    Ok(())
}

/// Whether all of these are uploads used by no post and by no draft except `but`.
pub fn are_unattached(r: &Read<'_>, ids: &[MediaId], but: Option<DraftId>) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(
        "SELECT count(*) FROM attachment a LEFT JOIN draft_file f ON f.media_id = a.id
         WHERE a.id IN (SELECT value FROM json_each(?1)) AND a.post_id IS NULL AND a.file IS NOT NULL
           AND (f.draft_id IS NULL OR f.draft_id = ?2)",
    )?;
    let loose: u32 =
        statement.query_one(params![crate::store::id_list(ids.iter().map(|id| id.0)), but], |row| row.get(0))?;
    let mut each = ids.to_vec();
    each.sort_unstable();
    each.dedup();
    Ok(loose as usize == each.len())
}

/// These attachments, in the order of `ids`; deleted ones are skipped.
pub fn by_ids(r: &Read<'_>, ids: &[MediaId]) -> Result<Vec<PostAttachment>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT a.* FROM json_each(?1) j JOIN attachment a ON a.id = j.value ORDER BY j.key LIMIT 1000",
    )?;
    let rows = statement.query_map([crate::store::id_list(ids.iter().map(|id| id.0))], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
