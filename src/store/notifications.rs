//! What the owner should hear of: each event once.

use rusqlite::{Row, params};

use super::{Read, Write, events, push, shield, thread_mutes};
use crate::base::id::{ActorId, NotificationId, PostId};
use crate::base::{Result, Time};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A post names the owner or answers them.
    Mention,
    /// Somebody follows the owner.
    Follow,
    /// Somebody asks to.
    FollowRequest,
    /// Somebody likes a post of the owner's.
    Like,
    /// Somebody reacts to one with an emoji.
    Reaction,
    /// Somebody boosts one.
    Boost,
    /// Somebody accepted the owner's follow.
    Accepted,
    /// Somebody the owner follows has moved here.
    Moved,
    /// A post of the owner's, or the owner, was reported.
    Report,
    /// A poll of the owner's, or one they voted in, is over.
    Poll,
    /// Somebody quotes a post of the owner's; the post is the one that quotes.
    Quote,
    /// Somebody asks to answer, like, boost or quote a post of the owner's.
    Request,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Mention,
        Self::Follow,
        Self::FollowRequest,
        Self::Like,
        Self::Reaction,
        Self::Boost,
        Self::Accepted,
        Self::Moved,
        Self::Report,
        Self::Poll,
        Self::Quote,
        Self::Request,
    ];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Follow => "follow",
            Self::FollowRequest => "follow_request",
            Self::Like => "like",
            Self::Reaction => "reaction",
            Self::Boost => "boost",
            Self::Accepted => "accepted",
            Self::Moved => "moved",
            Self::Report => "report",
            Self::Poll => "poll",
            Self::Quote => "quote",
            Self::Request => "request",
        }
    }
}

/// A row of `notification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Counts up.
    pub id: NotificationId,
    /// What happened.
    pub kind: Kind,
    /// Who did it.
    pub actor_id: ActorId,
    /// To or with which post.
    pub post_id: Option<PostId>,
    /// When.
    pub created_at: Time,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Notification> {
    let word: String = row.get("kind")?;
    Ok(Notification {
        id: row.get("id")?,
        kind: Kind::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(Kind::Mention),
        actor_id: row.get("actor_id")?,
        post_id: row.get("post_id")?,
        created_at: row.get("created_at")?,
    })
}

/// Notes an event, once: the same again changes nothing. What people of limited servers do is not put forward, unless they
/// are followed; nor is what happens in muted threads.
pub fn add(w: &Write<'_>, kind: Kind, actor: ActorId, post: Option<PostId>) -> Result<()> {
    let asks_for_answer = matches!(kind, Kind::FollowRequest | Kind::Accepted | Kind::Moved | Kind::Report);
    if !asks_for_answer && shield::hushes(w, actor)? {
        return Ok(());
    }
    let muted = match post {
        Some(post) if kind != Kind::Request => thread_mutes::holds(w, post)?,
        _ => false,
    };
    if muted {
        return Ok(());
    }
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO notification (kind, actor_id, post_id, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    if statement.execute(params![kind.word(), actor, post, w.now])? > 0 {
        let id = NotificationId(w.conn.last_insert_rowid());
        push::announce(w, id, kind, actor)?;
        events::note(w, events::Kind::Notice, id.0)?;
    }
    Ok(())
}

/// The notification with this id.
pub fn by_id(r: &Read<'_>, id: NotificationId) -> Result<Notification> {
    Ok(r.conn.prepare_cached("SELECT * FROM notification WHERE id = ?1")?.query_one([id], from_row)?)
}

/// Takes an event back (an Undo).
pub fn remove(w: &Write<'_>, kind: Kind, actor: ActorId, post: Option<PostId>) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM notification WHERE kind = ?1 AND actor_id = ?2 AND ifnull(post_id, 0) = ifnull(?3, 0)",
    )?;
    statement.execute(params![kind.word(), actor, post])?;
    Ok(())
}

/// A page of notifications below `before`, newest first.
pub fn page(r: &Read<'_>, before: Option<NotificationId>, limit: u32) -> Result<Vec<Notification>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM notification WHERE id < ?1 AND actor_id NOT IN (SELECT actor_id FROM mute
           WHERE notices = 1 AND ifnull(until_at, ?3 + 1) > ?3) ORDER BY id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![before.map_or(i64::MAX, |id| id.0), limit, r.now], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many are newer than the owner's mark, counted up to 100.
pub fn unseen(r: &Read<'_>) -> Result<u32> {
    let mut statement = r.conn.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM notification WHERE id > (SELECT seen_notification FROM node)
           AND actor_id NOT IN (SELECT actor_id FROM mute WHERE notices = 1 AND ifnull(until_at, ?1 + 1) > ?1)
         LIMIT 100)",
    )?;
    Ok(statement.query_one([r.now], |row| row.get(0))?)
}
