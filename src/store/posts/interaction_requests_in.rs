//! Requests of others to reply to, like, boost or quote the owner's posts: waiting, granted (then others can fetch the
//! stamp), or refused.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, PostId, RequestId};
use crate::base::interaction_policy::Interaction;
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// Maximum number of waiting requests: strangers must not fill the disk. The owner sees the oldest first.
pub const MAX_PENDING_REQUESTS: u32 = 2_000;

/// State of an interaction request, received or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// No response yet.
    Pending,
    /// Granted.
    Accepted,
    /// Rejected, or approved and later revoked.
    Rejected,
}

impl RequestState {
    /// The value in the `state` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "waiting",
            Self::Accepted => "granted",
            Self::Rejected => "refused",
        }
    }

    pub(in crate::store) fn parse(word: &str) -> Self {
        match word {
            "granted" => Self::Accepted,
            "refused" => Self::Rejected,
            _ => Self::Pending,
        }
    }
}

/// A row of `request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionRequestIn {
    /// Our id.
    pub id: RequestId,
    /// The interaction.
    pub interaction: Interaction,
    /// The requesting actor.
    pub actor_id: ActorId,
    /// The owner's post.
    pub target_id: PostId,
    /// Their post, Like or Announce.
    pub object_uri: String,
    /// Their stored post, for replies and quotes.
    pub post_id: Option<PostId>,
    /// Id of the request activity; None for an interaction without a request.
    pub request_uri: Option<String>,
    /// The state.
    pub state: RequestState,
    /// When it was requested.
    pub created_at: Time,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<InteractionRequestIn> {
    let (deed, state): (String, String) = (column(row, "deed")?, column(row, "state")?);
    Ok(InteractionRequestIn {
        id: column(row, "id")?,
        interaction: Interaction::from_word(&deed).unwrap_or(Interaction::Reply),
        actor_id: column(row, "actor_id")?,
        target_id: column(row, "target_id")?,
        object_uri: column(row, "object_uri")?,
        post_id: column(row, "post_id")?,
        request_uri: column(row, "request_uri")?,
        state: RequestState::parse(&state),
        created_at: column(row, "created_at")?,
    })
}

/// Stores a request (its id is ignored); a repeated one keeps its state and takes the newer ids. Returns the stored
/// row.
pub fn put(w: &Write<'_>, request: &InteractionRequestIn) -> Result<InteractionRequestIn> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO request (deed, actor_id, target_id, object_uri, post_id, request_uri, state, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET post_id = ifnull(?5, post_id), request_uri = ifnull(?6, request_uri)
         RETURNING *",
    )?;
    Ok(statement.query_one(
        params![
            request.interaction.word(),
            request.actor_id,
            request.target_id,
            request.object_uri,
            request.post_id,
            request.request_uri,
            request.state.as_str(),
            w.now,
        ],
        from_row,
    )?)
}

/// Removes earlier requests of the same actor for the same post under another id, unless the owner has refused them.
pub fn delete_superseded(w: &Write<'_>, request: &InteractionRequestIn) -> Result<()> {
    w.conn
        .prepare_cached(
            "DELETE FROM request WHERE target_id = ?1 AND actor_id = ?2 AND deed = ?3 AND object_uri <> ?4
               AND state <> 'refused'",
        )?
        .execute(params![request.target_id, request.actor_id, request.interaction.word(), request.object_uri])?;
    Ok(())
}

/// Sets the state.
pub fn set_state(w: &Write<'_>, id: RequestId, state: RequestState) -> Result<()> {
    w.conn.prepare_cached("UPDATE request SET state = ?2 WHERE id = ?1")?.execute(params![id, state.as_str()])?;
    Ok(())
}

/// Removes a request whose object is gone.
pub fn remove(w: &Write<'_>, id: RequestId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM request WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The request with this id.
pub fn get(r: &Read<'_>, id: RequestId) -> Result<InteractionRequestIn> {
    Ok(r.conn.prepare_cached("SELECT * FROM request WHERE id = ?1")?.query_one([id], from_row)?)
}

/// The request for this interaction of this object with this post.
pub fn by_object(
    r: &Read<'_>,
    object_uri: &str,
    deed: Interaction,
    target: PostId,
) -> Result<Option<InteractionRequestIn>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM request WHERE object_uri = ?1 AND deed = ?2 AND target_id = ?3")?;
    Ok(statement.query_one(params![object_uri, deed.word(), target], from_row).optional()?)
}

/// Waiting requests, oldest first, after `after`.
pub fn list_pending(r: &Read<'_>, after: Option<RequestId>, limit: u32) -> Result<Vec<InteractionRequestIn>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM request WHERE state = 'waiting' AND id > ?1 ORDER BY id LIMIT ?2")?;
    let rows = statement.query_map(params![after.map_or(0, |id| id.0), limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Number of waiting requests.
pub fn count_pending(r: &Read<'_>) -> Result<u32> {
    let mut statement = r.conn.prepare_cached("SELECT count(*) FROM request WHERE state = 'waiting'")?;
    Ok(statement.query_one([], |row| row.get(0))?)
}
