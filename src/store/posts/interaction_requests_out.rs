//! The owner's replies, likes and boosts that need the author's approval: waiting, granted, refused.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::Result;
use crate::base::id::PostId;
use crate::base::interaction_policy::Interaction;
use crate::store::posts::interaction_requests_in::RequestState;
use crate::store::{Read, Write, column};

/// A row of `asked`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionRequestOut {
    /// Our post, Like or Announce.
    pub object_uri: String,
    /// The interaction.
    pub interaction: Interaction,
    /// The post we did it to.
    pub target_id: PostId,
    /// Our reply or boost.
    pub own_post_id: Option<PostId>,
    /// Our request; None when the interaction itself is the request.
    pub request_uri: Option<String>,
    /// The state.
    pub state: RequestState,
    /// URI of the author's stamp; kept after a revocation.
    pub stamp: Option<String>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<InteractionRequestOut> {
    let (deed, state): (String, String) = (column(row, "deed")?, column(row, "state")?);
    Ok(InteractionRequestOut {
        object_uri: column(row, "object_uri")?,
        interaction: Interaction::from_word(&deed).unwrap_or(Interaction::Reply),
        target_id: column(row, "target_id")?,
        own_post_id: column(row, "made_id")?,
        request_uri: column(row, "request_uri")?,
        state: RequestState::parse(&state),
        stamp: column(row, "stamp")?,
    })
}

/// Stores a request, or its new state.
pub fn put(w: &Write<'_>, asked: &InteractionRequestOut) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO asked (object_uri, deed, target_id, made_id, request_uri, state, stamp, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET made_id = ?4, request_uri = ?5, state = ?6, stamp = ?7",
        )?
        .execute(params![
            asked.object_uri,
            asked.interaction.word(),
            asked.target_id,
            asked.own_post_id,
            asked.request_uri,
            asked.state.as_str(),
            asked.stamp,
            w.now,
        ])?;
    Ok(())
}

/// The request with this id, or about this post, Like or Announce.
pub fn by_uri(r: &Read<'_>, uri: &str) -> Result<Option<InteractionRequestOut>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM asked WHERE object_uri = ?1 UNION ALL SELECT * FROM asked WHERE request_uri = ?1 LIMIT 1",
    )?;
    Ok(statement.query_one([uri], from_row).optional()?)
}

/// The request that was approved with this stamp.
pub fn by_authorization(r: &Read<'_>, stamp: &str) -> Result<Option<InteractionRequestOut>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM asked WHERE stamp = ?1 LIMIT 1")?;
    Ok(statement.query_one([stamp], from_row).optional()?)
}

/// Removes a request whose interaction was withdrawn.
pub fn remove(w: &Write<'_>, object_uri: &str) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM asked WHERE object_uri = ?1")?.execute([object_uri])?;
    Ok(())
}

/// The requests for our interactions with these posts, and for those of these posts that are ours.
pub fn of_posts(r: &Read<'_>, ids: &[PostId]) -> Result<Vec<InteractionRequestOut>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM asked WHERE target_id IN (SELECT value FROM json_each(?1))
         UNION SELECT * FROM asked WHERE made_id IN (SELECT value FROM json_each(?1)) LIMIT 2000",
    )?;
    let rows = statement.query_map([crate::store::id_list(ids.iter().map(|id| id.0))], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
