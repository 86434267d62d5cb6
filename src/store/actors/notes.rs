//! The owner's private notes about actors. They are not federated, and visitors never see them.

use rusqlite::{OptionalExtension, params};

use crate::base::Result;
use crate::base::id::ActorId;
use crate::store::{Read, Write, column};

/// Sets the note about an actor; blank text removes it.
pub fn set(w: &Write<'_>, actor: ActorId, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        w.conn.execute("DELETE FROM note WHERE actor_id = ?1", [actor])?;
        return Ok(());
    }
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO note (actor_id, text, written_at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET text = excluded.text, written_at = excluded.written_at",
    )?;
    statement.execute(params![actor, text, w.now])?;
    Ok(())
}

/// The note about an actor.
pub fn get(r: &Read<'_>, actor: ActorId) -> Result<Option<String>> {
    let mut statement = r.conn.prepare_cached("SELECT text FROM note WHERE actor_id = ?1")?;
    Ok(statement.query_one([actor], |row| column(row, "text")).optional()?)
}

/// The notes about these actors.
pub fn list_of_actors(r: &Read<'_>, people: &[ActorId]) -> Result<Vec<(ActorId, String)>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT actor_id, text FROM note WHERE actor_id IN (SELECT value FROM json_each(?1)) LIMIT 1000",
    )?;
    let rows = statement.query_map([crate::store::id_list(people.iter().map(|id| id.0))], |row| {
        Ok((column(row, "actor_id")?, column(row, "text")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
