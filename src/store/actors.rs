//! All known actors, ourselves included: the `actor` and `actor_key` tables.

pub mod follows;
pub mod moves;
pub mod notes;
pub mod own_counts;
pub mod severed_follows;
pub mod visibility;

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{Read, Write, column, events};
use crate::base::id::{self, ActorId};
use crate::base::{Result, Time};

/// A field of a profile. `source` is what the owner typed; None for remote actors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorField {
    /// Plain text.
    pub name: String,
    /// Safe HTML.
    pub value: String,
    /// The owner's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A custom emoji: `:code:` and the image's URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomEmoji {
    /// Without colons.
    pub code: String,
    /// URL of the image.
    pub url: String,
}

/// A row of `actor`. Texts are safe to show: `name` plain, `bio` and field values sanitised HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Our id.
    pub id: ActorId,
    /// ActivityPub id.
    pub uri: String,
    /// Person, Service, Application, Group, Organization.
    pub kind: String,
    /// Left half of the handle.
    pub username: String,
    /// Right half of the handle: confirmed by WebFinger, else the uri's host.
    pub host: String,
    /// Display name, plain text, one line; never empty.
    pub name: String,
    /// Safe HTML.
    pub bio: String,
    /// The owner's own text.
    pub bio_source: Option<String>,
    /// HTML page of the profile.
    pub url: String,
    /// Personal inbox.
    pub inbox: String,
    /// Inbox shared by their whole server.
    pub shared_inbox: Option<String>,
    /// Outbox collection, as published.
    pub outbox: Option<String>,
    /// Followers collection: addressing it means "followers".
    pub followers: Option<String>,
    /// Following collection.
    pub following: Option<String>,
    /// Pinned posts.
    pub featured: Option<String>,
    /// Hashtags on their profile.
    pub featured_tags: Option<String>,
    /// Avatar: remote URL, or a name in media/ for our own.
    pub icon: Option<String>,
    /// Header image: remote URL, or a name in media/ for our own.
    pub image: Option<String>,
    /// Profile fields.
    pub fields: Vec<ActorField>,
    /// Custom emoji used in name and bio.
    pub emoji: Vec<CustomEmoji>,
    /// Actor ids of further accounts they claim as theirs (`alsoKnownAs`).
    pub also_known_as: Vec<String>,
    /// Actor id they moved to.
    pub moved_to: Option<String>,
    /// Approves follow requests manually (`manuallyApprovesFollowers`).
    pub approves_followers: bool,
    /// Agrees to be listed and suggested (Mastodon's `discoverable`).
    pub discoverable: bool,
    /// Agrees to have their posts searched (Mastodon's `indexable`).
    pub indexable: bool,
    /// When the account was created, as its document says.
    pub published_at: Option<Time>,
    /// When we first stored the actor.
    pub created_at: Time,
    /// Last successful fetch of the document.
    pub fetched_at: Time,
    /// Last failed fetch since then.
    pub failed_at: Option<Time>,
    /// When the handle was last confirmed by WebFinger.
    pub confirmed_at: Option<Time>,
    /// When the actor was marked as gone for good.
    pub gone_at: Option<Time>,
    /// Counts as their server states them; written by [`count`] only.
    pub counts: ActorCounts,
}

/// Post and follow counts as the actor's server stated them last; 0 before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActorCounts {
    /// Posts.
    pub posts: u32,
    /// Followers.
    pub followers: u32,
    /// Accounts they follow.
    pub following: u32,
    /// When the counts were fetched.
    pub fetched_at: Option<Time>,
}

impl Actor {
    /// `user@host`, without a leading `@`.
    pub fn handle(&self) -> String {
        format!("{}@{}", self.username, self.host)
    }

    /// The inbox to deliver to: the shared inbox if they have one.
    pub fn best_inbox(&self) -> &str {
        self.shared_inbox.as_deref().unwrap_or(&self.inbox)
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: column(row, "id")?,
            uri: column(row, "uri")?,
            kind: column(row, "kind")?,
            username: column(row, "username")?,
            host: column(row, "host")?,
            name: column(row, "name")?,
            bio: column(row, "bio")?,
            bio_source: column(row, "bio_source")?,
            url: column(row, "url")?,
            inbox: column(row, "inbox")?,
            shared_inbox: column(row, "shared_inbox")?,
            outbox: column(row, "outbox")?,
            followers: column(row, "followers")?,
            following: column(row, "following")?,
            featured: column(row, "featured")?,
            featured_tags: column(row, "featured_tags")?,
            icon: column(row, "icon")?,
            image: column(row, "image")?,
            fields: super::json(row, "fields")?,
            emoji: super::json(row, "emoji")?,
            also_known_as: super::json(row, "also_known_as")?,
            moved_to: column(row, "moved_to")?,
            approves_followers: column(row, "approves_followers")?,
            discoverable: column(row, "discoverable")?,
            indexable: column(row, "indexable")?,
            published_at: column(row, "published_at")?,
            created_at: column(row, "created_at")?,
            fetched_at: column(row, "fetched_at")?,
            failed_at: column(row, "failed_at")?,
            confirmed_at: column(row, "confirmed_at")?,
            gone_at: column(row, "gone_at")?,
            counts: ActorCounts {
                posts: column::<Option<u32>>(row, "posts")?.unwrap_or_default(),
                followers: column::<Option<u32>>(row, "followers_n")?.unwrap_or_default(),
                following: column::<Option<u32>>(row, "following_n")?.unwrap_or_default(),
                fetched_at: column(row, "counted_at")?,
            },
        })
    }
}

/// Stores the counts of an actor (posts, followers, following); None keeps the old value.
pub fn set_counts(
    w: &Write<'_>,
    id: ActorId,
    posts: Option<u32>,
    followers: Option<u32>,
    following: Option<u32>,
) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "UPDATE actor SET posts = ifnull(?2, posts), followers_n = ifnull(?3, followers_n),
           following_n = ifnull(?4, following_n), counted_at = ?5 WHERE id = ?1",
    )?;
    statement.execute(params![id, posts, followers, following, w.now])?;
    Ok(())
}

/// Time of each actor's newest public or unlisted post, if any is stored.
pub fn last_post_times(r: &Read<'_>, ids: &[ActorId]) -> Result<Vec<(ActorId, Time)>> {
    // Ids are time-sortable: one index lookup per actor.
    let mut statement = r.conn.prepare_cached(
        "SELECT j.value AS who, (SELECT id FROM post WHERE actor_id = j.value AND audience <= 1 ORDER BY id DESC LIMIT 1)
           AS newest FROM json_each(?1) j LIMIT 1000",
    )?;
    let rows = statement.query_map([super::id_list(ids.iter().map(|id| id.0))], |row| {
        Ok((column::<ActorId>(row, "who")?, column::<Option<i64>>(row, "newest")?))
    })?;
    let rows: Vec<(ActorId, Option<i64>)> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(rows.into_iter().filter_map(|(who, newest)| Some((who, Time::from_ms(newest? >> 16)))).collect())
}

/// The actor with this id.
pub fn by_id(r: &Read<'_>, id: ActorId) -> Result<Actor> {
    Ok(r.conn.prepare_cached("SELECT * FROM actor WHERE id = ?1")?.query_one([id], Actor::from_row)?)
}

/// The actors with these ids, in no particular order; unknown ids are skipped.
pub fn by_ids(r: &Read<'_>, ids: &[ActorId]) -> Result<Vec<Actor>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM actor WHERE id IN (SELECT value FROM json_each(?1)) LIMIT 5000")?;
    let rows = statement.query_map([super::id_list(ids.iter().map(|id| id.0))], Actor::from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The actors with these ActivityPub ids, in no particular order; unknown ones are skipped.
pub fn by_uris(r: &Read<'_>, uris: &[&str]) -> Result<Vec<Actor>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM actor WHERE uri IN (SELECT value FROM json_each(?1)) LIMIT 1000")?;
    let rows = statement.query_map([super::to_json(&uris)?], Actor::from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An actor on this origin (`https://host`), if one is stored and not gone.
pub fn any_on_origin(r: &Read<'_>, origin: &str) -> Result<Option<ActorId>> {
    // A prefix search on the index: `0` is the character after `/`.
    let mut statement = r
        .conn
        .prepare_cached("SELECT id FROM actor WHERE uri > ?1 || '/' AND uri < ?1 || '0' AND gone_at IS NULL LIMIT 1")?;
    Ok(statement.query_one([origin], |row| column(row, "id")).optional()?)
}

/// The actor with this ActivityPub id, if stored.
pub fn by_uri(r: &Read<'_>, uri: &str) -> Result<Option<Actor>> {
    Ok(r.conn.prepare_cached("SELECT * FROM actor WHERE uri = ?1")?.query_one([uri], Actor::from_row).optional()?)
}

/// Our id of the actor with this ActivityPub id, if stored.
pub fn id_by_uri(r: &Read<'_>, uri: &str) -> Result<Option<ActorId>> {
    let mut statement = r.conn.prepare_cached("SELECT id FROM actor WHERE uri = ?1")?;
    Ok(statement.query_one([uri], |row| column(row, "id")).optional()?)
}

/// The actor with this handle, unless gone. The host is compared as stored (lower case, punycode).
pub fn by_handle(r: &Read<'_>, username: &str, host: &str) -> Result<Option<Actor>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT * FROM actor WHERE username = ?1 COLLATE NOCASE AND host = ?2
         ORDER BY gone_at IS NOT NULL, fetched_at DESC LIMIT 1",
    )?;
    Ok(statement.query_one(params![username, host.to_lowercase()], Actor::from_row).optional()?)
}

/// Inserts a new actor or updates the one with the same `uri`; `id` and `created_at` of `actor` are ignored. Returns
/// our id. Clears `failed_at` and `gone_at`.
pub fn upsert(w: &Write<'_>, actor: &Actor) -> Result<ActorId> {
    let id = match id_by_uri(w, &actor.uri)? {
        Some(id) => id,
        None => {
            let id = next_id(w)?;
            w.conn.execute(
                "INSERT INTO actor (id, uri, kind, username, host, name, bio, url, inbox, created_at, fetched_at)
                 VALUES (?1, ?2, '', '', '', '', '', '', '', ?3, ?3)",
                params![id, actor.uri, w.now],
            )?;
            id
        }
    };
    w.conn
        .prepare_cached(
            "UPDATE actor SET kind = ?2, username = ?3, host = ?4, name = ?5, bio = ?6, bio_source = ?7, url = ?8,
               inbox = ?9, shared_inbox = ?10, outbox = ?11, followers = ?12, following = ?13, featured = ?14,
               icon = ?15, image = ?16, fields = ?17, emoji = ?18, also_known_as = ?19, moved_to = ?20,
               approves_followers = ?21, discoverable = ?22, indexable = ?23, published_at = ?24, fetched_at = ?25,
               failed_at = NULL, gone_at = NULL, confirmed_at = ?26, featured_tags = ?27
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            actor.kind,
            actor.username,
            actor.host.to_lowercase(),
            actor.name,
            actor.bio,
            actor.bio_source,
            actor.url,
            actor.inbox,
            actor.shared_inbox,
            actor.outbox,
            actor.followers,
            actor.following,
            actor.featured,
            actor.icon,
            actor.image,
            super::to_json(&actor.fields)?,
            super::to_json(&actor.emoji)?,
            super::to_json(&actor.also_known_as)?,
            actor.moved_to,
            actor.approves_followers,
            actor.discoverable,
            actor.indexable,
            actor.published_at,
            w.now,
            actor.confirmed_at,
            actor.featured_tags,
        ])?;
    Ok(id)
}

fn next_id(w: &Write<'_>) -> Result<ActorId> {
    let first = id::first_at(w.now);
    let mut statement = w.conn.prepare_cached("SELECT max(id) FROM actor WHERE id >= ?1 AND id < ?1 + 65536")?;
    let last: Option<i64> = statement.query_one([first], |row| row.get(0))?;
    Ok(ActorId(last.map_or(first, |last| last + 1)))
}

/// Records a WebFinger check: the handle's host, which stays the same when WebFinger did not respond.
pub fn record_webfinger(w: &Write<'_>, id: ActorId, host: &str) -> Result<()> {
    w.conn.execute(
        "UPDATE actor SET host = ?2, confirmed_at = ?3 WHERE id = ?1",
        params![id, host.to_lowercase(), w.now],
    )?;
    Ok(())
}

/// Records a failed fetch of the document; the row stays as it was.
pub fn record_fetch_failure(w: &Write<'_>, id: ActorId) -> Result<()> {
    w.conn.execute("UPDATE actor SET failed_at = ?2 WHERE id = ?1", params![id, w.now])?;
    Ok(())
}

/// Marks an actor as gone for good. Posts, follows, likes and keys are deleted; the row stays for the posts that
/// mention them.
pub fn mark_gone(w: &Write<'_>, id: ActorId) -> Result<()> {
    events::all_posts_deleted(w, id)?;
    for sql in [
        "DELETE FROM post WHERE actor_id = ?1",
        "DELETE FROM post_like WHERE actor_id = ?1",
        "DELETE FROM reaction WHERE actor_id = ?1",
        "DELETE FROM pin WHERE actor_id = ?1",
        "DELETE FROM featured_tag WHERE actor_id = ?1",
        "DELETE FROM follow WHERE follower_id = ?1 OR followed_id = ?1",
        "DELETE FROM list_member WHERE actor_id = ?1",
        "DELETE FROM notification WHERE actor_id = ?1",
        "DELETE FROM actor_key WHERE actor_id = ?1",
    ] {
        w.conn.execute(sql, [id])?;
    }
    w.conn.execute("UPDATE actor SET gone_at = ?2 WHERE id = ?1 AND gone_at IS NULL", params![id, w.now])?;
    Ok(())
}

/// A published key: its id, its owner, and PEM or multibase text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorKey {
    /// Key id.
    pub uri: String,
    /// The owner of the key.
    pub actor_id: ActorId,
    /// PEM (RSA) or multibase (Ed25519).
    pub value: String,
    /// True for an `assertionMethod`: it may sign integrity proofs.
    pub is_assertion_method: bool,
    /// When we last fetched it.
    pub fetched_at: Time,
}

/// A key as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Key id.
    pub uri: String,
    /// PEM (RSA) or multibase (Ed25519).
    pub value: String,
    /// True for an `assertionMethod`: it may sign integrity proofs.
    pub is_assertion_method: bool,
}

/// The key with this id, if its owner is known and not gone.
pub fn key_by_uri(r: &Read<'_>, uri: &str) -> Result<Option<ActorKey>> {
    let mut statement =
        r.conn.prepare_cached("SELECT uri, actor_id, value, proves, fetched_at FROM actor_key WHERE uri = ?1")?;
    let found = statement.query_one([uri], |row| {
        Ok(ActorKey {
            uri: column(row, "uri")?,
            actor_id: column(row, "actor_id")?,
            value: column(row, "value")?,
            is_assertion_method: column(row, "proves")?,
            fetched_at: column(row, "fetched_at")?,
        })
    });
    Ok(found.optional()?)
}

/// Replaces all keys of the actor `uri`. A key id under the actor's own id (`uri#…`) is theirs even if another actor
/// listed it first; any other key id stays with the actor that listed it first.
pub fn set_keys(w: &Write<'_>, owner: ActorId, uri: &str, keys: &[NewKey]) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM actor_key WHERE actor_id = ?1")?.execute([owner])?;
    let mut free = w.conn.prepare_cached("DELETE FROM actor_key WHERE uri = ?1")?;
    for key in keys {
        if key.uri.split('#').next() == Some(uri) {
            free.execute([&key.uri])?;
        }
        add_key(w, owner, key)?;
    }
    Ok(())
}

/// Adds another key id of an actor; does nothing when the key id is known.
pub fn add_key(w: &Write<'_>, owner: ActorId, key: &NewKey) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO actor_key (uri, actor_id, value, proves, fetched_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![key.uri, owner, key.value, key.is_assertion_method, w.now])?;
    Ok(())
}

/// Followed actors and followers with the oldest documents, for a slow refresh.
pub fn list_stale(r: &Read<'_>, before: Time, limit: u32) -> Result<Vec<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT id FROM actor INDEXED BY actor_stale WHERE fetched_at < ?1 AND gone_at IS NULL
           AND (failed_at IS NULL OR failed_at < ?1)
           AND EXISTS (SELECT 1 FROM follow WHERE followed_id = actor.id OR follower_id = actor.id)
           AND id NOT IN (SELECT actor_id FROM own_key)
         ORDER BY fetched_at LIMIT ?2",
    )?;
    let rows = statement.query_map(params![before, limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
