//! Follows. One side is always the owner.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::ActorId;
use crate::base::{Result, Time};
use crate::store::{Read, Write, column};

/// A row of `follow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Autoincrement key.
    pub id: i64,
    /// The follower.
    pub follower_id: ActorId,
    /// The followed actor.
    pub followed_id: ActorId,
    /// Id of the Follow activity.
    pub uri: String,
    /// The Follow as received; None for our own.
    pub document: Option<String>,
    /// None while it waits for a response.
    pub accepted_at: Option<Time>,
    /// When it was requested.
    pub created_at: Time,
    /// Options of an own follow.
    pub options: FollowOptions,
    /// Endorsed on the owner's profile (own follows).
    pub endorsed: bool,
}

/// Options of a follow of the owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOptions {
    /// Boosts are put on the home timeline.
    pub boosts: bool,
    /// Each post creates a notification.
    pub notify: bool,
    /// Only posts in these languages are added to home; empty for all.
    pub languages: Vec<String>,
}

impl Default for FollowOptions {
    fn default() -> Self {
        Self { boosts: true, notify: false, languages: Vec::new() }
    }
}

impl FollowOptions {
    /// Whether a post in this language is wanted. A post without a language always is; `en` also matches `en-GB`.
    pub fn accepts_language(&self, language: Option<&str>) -> bool {
        let first = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        match language.filter(|tag| !tag.is_empty() && !self.languages.is_empty()) {
            Some(tag) => self.languages.iter().any(|known| first(known) == first(tag)),
            None => true,
        }
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Follow> {
    Ok(Follow {
        id: column(row, "id")?,
        follower_id: column(row, "follower_id")?,
        followed_id: column(row, "followed_id")?,
        uri: column(row, "uri")?,
        document: column(row, "document")?,
        accepted_at: column(row, "accepted_at")?,
        created_at: column(row, "created_at")?,
        options: FollowOptions {
            boosts: column(row, "boosts")?,
            notify: column(row, "notify")?,
            languages: crate::store::json(row, "languages")?,
        },
        endorsed: column(row, "endorsed")?,
    })
}

/// Sets the options of a follow; does nothing when there is none.
pub fn set_options(w: &Write<'_>, follower: ActorId, followed: ActorId, wishes: &FollowOptions) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE follow SET boosts = ?3, notify = ?4, languages = ?5 WHERE follower_id = ?1 AND followed_id = ?2",
    )?;
    let languages = crate::store::to_json(&wishes.languages)?;
    statement.execute(params![follower, followed, wishes.boosts, wishes.notify, languages])?;
    Ok(())
}

/// Sets whether a followed account is endorsed on the profile; false when it is not followed.
pub fn set_endorsed(w: &Write<'_>, follower: ActorId, followed: ActorId, endorsed: bool) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE follow SET endorsed = ?3 WHERE follower_id = ?1 AND followed_id = ?2 AND accepted_at IS NOT NULL",
    )?;
    Ok(statement.execute(params![follower, followed, endorsed])? > 0)
}

/// The accepted follow of an actor, if any: checked for each arriving post.
pub fn get_accepted(r: &Read<'_>, follower: ActorId, followed: ActorId) -> Result<Option<Follow>> {
    Ok(get(r, follower, followed)?.filter(|follow| follow.accepted_at.is_some()))
}

/// Stores a follow request. A repeated one replaces the uri and document, and an acceptance stays.
pub fn upsert(w: &Write<'_>, follower: ActorId, followed: ActorId, uri: &str, document: Option<&str>) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO follow (follower_id, followed_id, uri, document, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET uri = excluded.uri, document = excluded.document",
        )?
        .execute(params![follower, followed, uri, document, w.now])?;
    Ok(())
}

/// Marks a follow as accepted; false when there is none or it was accepted before.
pub fn accept(w: &Write<'_>, follower: ActorId, followed: ActorId) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE follow SET accepted_at = ?3 WHERE follower_id = ?1 AND followed_id = ?2 AND accepted_at IS NULL",
    )?;
    Ok(statement.execute(params![follower, followed, w.now])? > 0)
}

/// Ends a follow or request; returns it if there was one.
pub fn delete(w: &Write<'_>, follower: ActorId, followed: ActorId) -> Result<Option<Follow>> {
    let mut statement =
        w.conn.prepare_cached("DELETE FROM follow WHERE follower_id = ?1 AND followed_id = ?2 RETURNING *")?;
    Ok(statement.query_one(params![follower, followed], from_row).optional()?)
}

/// The follow between two actors, if there is one.
pub fn get(r: &Read<'_>, follower: ActorId, followed: ActorId) -> Result<Option<Follow>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM follow WHERE follower_id = ?1 AND followed_id = ?2")?;
    Ok(statement.query_one(params![follower, followed], from_row).optional()?)
}

/// The owner's follows and follow requests towards these actors.
pub fn by_owner_towards(r: &Read<'_>, owner: ActorId, people: &[ActorId]) -> Result<Vec<Follow>> {
    list_among(r, owner, people, "follower_id = ?1 AND followed_id")
}

/// Follows and follow requests of these actors towards the owner.
pub fn towards_owner_by(r: &Read<'_>, owner: ActorId, people: &[ActorId]) -> Result<Vec<Follow>> {
    list_among(r, owner, people, "followed_id = ?1 AND follower_id")
}

fn list_among(r: &Read<'_>, owner: ActorId, people: &[ActorId], side: &str) -> Result<Vec<Follow>> {
    let sql = format!("SELECT * FROM follow WHERE {side} IN (SELECT value FROM json_each(?2)) LIMIT 1000");
    let mut statement = r.conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params![owner, crate::store::id_list(people.iter().map(|id| id.0))], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The follow made by this activity, if there is one.
pub fn by_uri(r: &Read<'_>, uri: &str) -> Result<Option<Follow>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM follow WHERE uri = ?1 LIMIT 1")?;
    Ok(statement.query_one([uri], from_row).optional()?)
}

/// True when the follow exists and was accepted.
pub fn is_accepted(r: &Read<'_>, follower: ActorId, followed: ActorId) -> Result<bool> {
    Ok(get(r, follower, followed)?.is_some_and(|follow| follow.accepted_at.is_some()))
}

/// A list of followers or followed accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowList {
    /// Accepted followers.
    Followers,
    /// Accepted follows.
    Following,
    /// Followers waiting for approval.
    Requests,
    /// The owner's requests without a response.
    Pending,
    /// Followed accounts that are endorsed on the profile.
    Endorsed,
}

impl FollowList {
    /// (the listed column, the column of the list's actor, the condition)
    fn columns(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Followers => ("follower_id", "followed_id", "accepted_at IS NOT NULL"),
            Self::Requests => ("follower_id", "followed_id", "accepted_at IS NULL"),
            Self::Following => ("followed_id", "follower_id", "accepted_at IS NOT NULL"),
            Self::Pending => ("followed_id", "follower_id", "accepted_at IS NULL"),
            Self::Endorsed => ("followed_id", "follower_id", "accepted_at IS NOT NULL AND endorsed = 1"),
        }
    }
}

/// Ids of the actors in a list, ascending, after `after`; at most `limit`.
pub fn list(r: &Read<'_>, of: ActorId, list: FollowList, after: Option<ActorId>, limit: u32) -> Result<Vec<ActorId>> {
    let (listed, side, condition) = list.columns();
    let sql = format!(
        "SELECT {listed} AS id FROM follow WHERE {side} = ?1 AND {condition} AND {listed} > ?2
         ORDER BY {listed} LIMIT ?3"
    );
    let mut statement = r.conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params![of, after.map_or(0, |id| id.0), limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A page of a list, newest first: (row id, actor), with row ids below `max` and above `min`.
pub fn page(
    r: &Read<'_>,
    of: ActorId,
    list: FollowList,
    max: Option<i64>,
    min: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, ActorId)>> {
    let (listed, side, condition) = list.columns();
    let sql = format!(
        "SELECT id AS number, {listed} AS who FROM follow WHERE {side} = ?1 AND {condition} AND id < ?2
           AND id > ?3 ORDER BY id DESC LIMIT ?4"
    );
    let mut statement = r.conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params![of, max.unwrap_or(i64::MAX), min.unwrap_or(0), limit], |row| {
        Ok((column(row, "number")?, column(row, "who")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Number of actors in a list.
pub fn count(r: &Read<'_>, of: ActorId, list: FollowList) -> Result<u32> {
    let (_, side, condition) = list.columns();
    let sql = format!("SELECT count(*) FROM follow WHERE {side} = ?1 AND {condition}");
    Ok(r.conn.prepare_cached(&sql)?.query_one([of], |row| row.get(0))?)
}

/// The distinct inboxes that reach all accepted followers, shared ones preferred.
pub fn follower_inboxes(r: &Read<'_>, of: ActorId) -> Result<Vec<String>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT DISTINCT ifnull(a.shared_inbox, a.inbox) AS inbox FROM follow f JOIN actor a ON a.id = f.follower_id
         WHERE f.followed_id = ?1 AND f.accepted_at IS NOT NULL AND a.gone_at IS NULL LIMIT 1000000",
    )?;
    let rows = statement.query_map([of], |row| column(row, "inbox"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Actor ids of the accepted followers on one origin (`https://host`), at most `limit`.
pub fn follower_uris_on_origin(r: &Read<'_>, of: ActorId, origin: &str, limit: u32) -> Result<Vec<String>> {
    // Starts from the actors of the host, not from all followers, because this runs for every delivery. `0` is the
    // character after `/`.
    let mut statement = r.conn.prepare_cached(
        "SELECT a.uri FROM actor a CROSS JOIN follow f ON f.followed_id = ?1 AND f.follower_id = a.id
         WHERE a.uri > ?2 || '/' AND a.uri < ?2 || '0' AND f.accepted_at IS NOT NULL LIMIT ?3",
    )?;
    let rows = statement.query_map(params![of, origin, limit], |row| column(row, "uri"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends the follows of everyone this inbox reaches, because the inbox is gone. Returns how many.
pub fn delete_by_inbox(w: &Write<'_>, followed: ActorId, inbox: &str) -> Result<usize> {
    Ok(w.conn.execute(
        "DELETE FROM follow WHERE followed_id = ?1 AND follower_id IN (
           SELECT a.id FROM follow f JOIN actor a ON a.id = f.follower_id
           WHERE f.followed_id = ?1 AND (a.inbox = ?2 OR a.shared_inbox = ?2))",
        params![followed, inbox],
    )?)
}
