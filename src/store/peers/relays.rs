//! Relay subscriptions, and which posts relays brought.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, PostId, RelayId};
use crate::base::{Result, Time};
use crate::store::posts::PostPage;
use crate::store::{Read, Write, column};

/// Relays at most.
pub const MAX_RELAYS: u32 = 20;

/// The protocol of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayStyle {
    /// Public is followed at the relay's inbox; it gets our activities unchanged.
    Mastodon,
    /// The relay's actor is followed and follows back; it gets Announces.
    LitePub,
}

impl RelayStyle {
    fn word(self) -> &'static str {
        match self {
            Self::Mastodon => "mastodon",
            Self::LitePub => "litepub",
        }
    }
}

/// State of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayState {
    /// No response yet.
    Asked,
    /// It takes our posts and sends others'.
    Accepted,
    /// It does not want us, or not any more.
    Refused,
}

impl RelayState {
    fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// A row of `relay`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Which.
    pub id: RelayId,
    /// Where we send.
    pub inbox: String,
    /// The protocol.
    pub style: RelayStyle,
    /// The relay's actor, once known.
    pub actor_id: Option<ActorId>,
    /// Id of our Follow.
    pub follow_uri: String,
    /// The state.
    pub state: RelayState,
    /// When we subscribed.
    pub asked_at: Time,
    /// When it responded.
    pub answered_at: Option<Time>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Relay> {
    let (style, state): (String, String) = (column(row, "style")?, column(row, "state")?);
    Ok(Relay {
        id: column(row, "id")?,
        inbox: column(row, "inbox")?,
        style: if style == RelayStyle::LitePub.word() { RelayStyle::LitePub } else { RelayStyle::Mastodon },
        actor_id: column(row, "actor_id")?,
        follow_uri: column(row, "follow_uri")?,
        state: match state.as_str() {
            "accepted" => RelayState::Accepted,
            "refused" => RelayState::Refused,
            _ => RelayState::Asked,
        },
        asked_at: column(row, "asked_at")?,
        answered_at: column(row, "answered_at")?,
    })
}

/// Records a subscription request.
pub fn add(w: &Write<'_>, inbox: &str, style: RelayStyle, actor: Option<ActorId>, follow_uri: &str) -> Result<()> {
    w.conn.execute(
        "INSERT INTO relay (inbox, style, actor_id, follow_uri, state, asked_at) VALUES (?1, ?2, ?3, ?4, 'asked', ?5)
         ON CONFLICT DO UPDATE SET style = excluded.style, actor_id = ifnull(excluded.actor_id, actor_id),
           follow_uri = excluded.follow_uri, state = 'asked', asked_at = excluded.asked_at, answered_at = NULL",
        params![inbox, style.word(), actor, follow_uri, w.now],
    )?;
    Ok(())
}

/// Records a relay's response, and its actor.
pub fn set_state(w: &Write<'_>, id: RelayId, actor: ActorId, state: RelayState) -> Result<()> {
    w.conn.execute(
        "UPDATE relay SET actor_id = ?2, state = ?3, answered_at = ?4 WHERE id = ?1",
        params![id, actor, state.word(), w.now],
    )?;
    Ok(())
}

/// Forgets a relay.
pub fn remove(w: &Write<'_>, id: RelayId) -> Result<()> {
    w.conn.execute("DELETE FROM relay WHERE id = ?1", [id])?;
    Ok(())
}

/// The relay with this id.
pub fn by_id(r: &Read<'_>, id: RelayId) -> Result<Relay> {
    Ok(r.conn.prepare_cached("SELECT * FROM relay WHERE id = ?1")?.query_one([id], from_row)?)
}

/// All of them, oldest first.
pub fn all(r: &Read<'_>) -> Result<Vec<Relay>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM relay ORDER BY id LIMIT 100")?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The accepted relay this actor speaks for, if it does.
pub fn by_actor(r: &Read<'_>, actor: ActorId) -> Result<Option<Relay>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM relay WHERE actor_id = ?1 AND state = 'accepted' LIMIT 1")?;
    Ok(statement.query_one([actor], from_row).optional()?)
}

/// Notes that a relay brought a post.
pub fn mark_post(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.prepare_cached("INSERT OR IGNORE INTO relayed (post_id) VALUES (?1)")?.execute([post])?;
    Ok(())
}

/// Ids of public thread-starting posts of others, newest first.
pub fn relayed_posts(r: &Read<'_>, page: PostPage) -> Result<Vec<PostId>> {
    let newest = "SELECT id FROM post INDEXED BY post_around
        WHERE audience = 0 AND boost_of IS NULL AND reply_to_uri IS NULL AND id < ?1 AND id > ?2
          AND actor_id <> (SELECT owner_id FROM node) ORDER BY id DESC LIMIT ?3";
    let oldest = "SELECT id FROM (SELECT id FROM post INDEXED BY post_around
        WHERE audience = 0 AND boost_of IS NULL AND reply_to_uri IS NULL AND id < ?1 AND id > ?2
          AND actor_id <> (SELECT owner_id FROM node) ORDER BY id LIMIT ?3) ORDER BY id DESC";
    let mut statement = r.conn.prepare_cached(if page.after.is_some() { oldest } else { newest })?;
    let before = page.before.map_or(i64::MAX, |id| id.0);
    let after = page.after.map_or(0, |id| id.0);
    let rows = statement.query_map(params![before, after, page.limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
