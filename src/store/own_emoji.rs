//! The owner's custom emoji: a shortcode and an image in `media/`.

use rusqlite::{OptionalExtension, Row, params};

use super::{Read, Write, column};
use crate::base::{Error, Result, Time};

/// Emoji the owner can have.
pub const MAX_OWN_EMOJI: u32 = 200;

/// A row of `own_emoji`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEmoji {
    /// Its number, which a new name does not change.
    pub id: i64,
    /// Without colons.
    pub code: String,
    /// A name in media/.
    pub file: String,
    /// When its image or name last changed.
    pub updated_at: Time,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<OwnEmoji> {
    Ok(OwnEmoji {
        id: column(row, "id")?,
        code: column(row, "code")?,
        file: column(row, "file")?,
        updated_at: column(row, "updated_at")?,
    })
}

/// All of them, by name.
pub fn all(r: &Read<'_>) -> Result<Vec<OwnEmoji>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM own_emoji ORDER BY code LIMIT ?1")?;
    let rows = statement.query_map([MAX_OWN_EMOJI], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The emoji with this number.
pub fn by_id(r: &Read<'_>, id: i64) -> Result<OwnEmoji> {
    Ok(r.conn.prepare_cached("SELECT * FROM own_emoji WHERE id = ?1")?.query_one([id], from_row)?)
}

/// The emoji with exactly this shortcode.
pub fn by_code(r: &Read<'_>, code: &str) -> Result<Option<OwnEmoji>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM own_emoji WHERE code = ?1")?;
    Ok(statement.query_one([code], from_row).optional()?)
}

/// The emoji whose `:shortcode:` is used in one of the texts.
pub fn used(r: &Read<'_>, texts: &[&str]) -> Result<Vec<OwnEmoji>> {
    if !texts.iter().any(|text| text.contains(':')) {
        return Ok(Vec::new());
    }
    let mut emoji = all(r)?;
    emoji.retain(|emoji| texts.iter().any(|text| text.contains(&format!(":{}:", emoji.code))));
    Ok(emoji)
}

/// Adds an emoji. Invalid when the limit is reached, Conflict when the shortcode is taken.
pub fn add(w: &Write<'_>, code: &str, file: &str) -> Result<()> {
    free(w, code, None)?;
    let mut count = w.conn.prepare_cached("SELECT count(*) FROM own_emoji")?;
    if count.query_one([], |row| row.get::<_, u32>(0))? >= MAX_OWN_EMOJI {
        return Err(Error::invalid(format!("there is room for {MAX_OWN_EMOJI} emoji")));
    }
    w.conn.execute("INSERT INTO own_emoji (code, file, updated_at) VALUES (?1, ?2, ?3)", params![code, file, w.now])?;
    Ok(())
}

/// Changes a shortcode. Conflict when it is taken.
pub fn rename(w: &Write<'_>, id: i64, code: &str) -> Result<()> {
    free(w, code, Some(id))?;
    w.conn.execute("UPDATE own_emoji SET code = ?2, updated_at = ?3 WHERE id = ?1", params![id, code, w.now])?;
    Ok(())
}

fn free(r: &Read<'_>, code: &str, but: Option<i64>) -> Result<()> {
    match by_code(r, code)? {
        Some(other) if Some(other.id) != but => Err(Error::Conflict(format!("there is an emoji :{code}: already"))),
        _ => Ok(()),
    }
}

/// Removes an emoji; its file is found by [`super::media_files::sweep`].
pub fn remove(w: &Write<'_>, id: i64) -> Result<()> {
    w.conn.execute("DELETE FROM own_emoji WHERE id = ?1", [id])?;
    Ok(())
}
