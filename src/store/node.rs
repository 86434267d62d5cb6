//! The single row of `node`: identity and settings, and our own keys.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::notifications::notification_policy::NotificationPolicy;
use super::{Read, Write, column};
use crate::base::config::Origin;
use crate::base::id::{ActorId, NotificationId};
use crate::base::interaction_policy::{PolicyChoice, PolicyChoices};
use crate::base::{Audience, Error, Result, Time};

/// The fixed facts of this server, read once at start (the owner may come later, in a trial).
#[derive(Debug, Clone)]
pub struct NodeFacts {
    /// Where peers find us.
    pub origin: Origin,
    /// The owner; None until a trial's owner has picked a name.
    pub owner: Option<ActorId>,
    /// The instance actor.
    pub service: ActorId,
    /// Key of our HMACs (CSRF tokens, proxy links).
    pub secret: [u8; 32],
    /// When this folder was made.
    pub created_at: Time,
    /// The last sign of life before this start.
    pub alive_at: Time,
}

/// The owner's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The audience a new post starts with (a word of [`Audience`]).
    pub audience: String,
    /// The language of new posts (BCP 47), empty for none.
    pub language: String,
    /// New posts are written in Markdown.
    pub markdown: bool,
    /// Contact shown to visitors and in NodeInfo.
    pub contact: String,
    /// Followers and following are public lists.
    pub show_follows: bool,
    /// Blocked actors are told by a Block, as in Mastodon; else only the follows end.
    pub tell_blocked: bool,
    /// When a followed account moves, the new one is followed.
    pub follow_moves: bool,
    /// Text of `/about`, plain text with paragraphs; empty for the default text.
    pub about: String,
    /// The same for the rules.
    pub rules: String,
    /// The same for the privacy policy.
    pub privacy: String,
    /// Retention of posts brought by relays, in days.
    pub relay_days: u32,
    /// Documents are shown only to servers that sign their requests (authorised fetch).
    pub signed_fetch: bool,
    /// Who may reply to new posts (a word of [`PolicyChoice`](crate::base::interaction_policy::PolicyChoice)).
    pub who_replies: String,
    /// Who may quote new posts.
    pub who_quotes: String,
    /// Who may like new posts.
    pub who_likes: String,
    /// Who may boost new posts.
    pub who_boosts: String,
    /// The notification policy.
    pub notices: NotificationPolicy,
    /// Attachments of new posts are marked as sensitive.
    pub sensitive: bool,
    /// Alt text of the owner's avatar.
    pub icon_alt: String,
    /// Alt text of the owner's header.
    pub image_alt: String,
    /// Domains that may name the owner as author of their articles (`attributionDomains`).
    pub attribution_domains: Vec<String>,
    /// Settings unknown to this build; kept when an older build saves.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            audience: Audience::Public.as_word().to_owned(),
            language: "en".to_owned(),
            markdown: false,
            contact: String::new(),
            show_follows: true,
            signed_fetch: false,
            tell_blocked: true,
            follow_moves: true,
            about: String::new(),
            rules: String::new(),
            privacy: String::new(),
            relay_days: 7,
            who_replies: PolicyChoice::default().word().to_owned(),
            who_quotes: PolicyChoice::default().word().to_owned(),
            who_likes: PolicyChoice::default().word().to_owned(),
            who_boosts: PolicyChoice::default().word().to_owned(),
            notices: NotificationPolicy::default(),
            sensitive: false,
            icon_alt: String::new(),
            image_alt: String::new(),
            attribution_domains: Vec::new(),
            other: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Default interaction policy of new posts.
    pub fn choices(&self) -> PolicyChoices {
        let choice = |word: &str| word.parse().unwrap_or_default();
        PolicyChoices {
            reply: choice(&self.who_replies),
            quote: choice(&self.who_quotes),
            like: choice(&self.who_likes),
            boost: choice(&self.who_boosts),
        }
    }
}

/// The type of one of our keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Requests, with RSA.
    Rsa,
    /// Integrity proofs, with Ed25519.
    Ed25519,
    /// Requests to push services (VAPID), with P-256.
    P256,
}

impl KeyKind {
    /// The word the store keeps.
    fn word(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
            Self::P256 => "p256",
        }
    }
}

/// One of our own private keys.
pub struct OwnPrivateKey {
    /// The key id, `…#main-key`, `…#ed25519-key` or `…#push-key`.
    pub uri: String,
    /// The owner of the key.
    pub actor_id: ActorId,
    /// PKCS#8 DER.
    pub private: Vec<u8>,
    /// The published form: SPKI PEM, or multibase.
    pub public: String,
}

/// The node's row, or NotFound in a folder that was not initialized.
pub fn get(r: &Read<'_>) -> Result<NodeFacts> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT scheme, host, domain, owner_id, service_id, secret, created_at, alive_at FROM node")?;
    Ok(statement.query_one([], |row| {
        Ok(NodeFacts {
            origin: Origin {
                scheme: column(row, "scheme")?,
                host: column(row, "host")?,
                domain: column(row, "domain")?,
            },
            owner: column(row, "owner_id")?,
            service: column(row, "service_id")?,
            secret: column(row, "secret")?,
            created_at: column(row, "created_at")?,
            alive_at: column(row, "alive_at")?,
        })
    })?)
}

/// The owner's id; NotFound before a trial's owner has picked a name.
pub fn owner(r: &Read<'_>) -> Result<ActorId> {
    let mut statement = r.conn.prepare_cached("SELECT owner_id FROM node")?;
    let owner: Option<Option<ActorId>> = statement.query_one([], |row| column(row, "owner_id")).optional()?;
    owner.flatten().ok_or(Error::NotFound)
}

/// Writes the node's row of a new folder.
pub fn create(w: &Write<'_>, origin: &Origin, service: ActorId, secret: [u8; 32]) -> Result<()> {
    w.conn.execute(
        "INSERT INTO node (one, scheme, host, domain, service_id, secret, created_at, alive_at)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![origin.scheme, origin.host, origin.domain, service, secret, w.now],
    )?;
    Ok(())
}

/// Names the owner, once. Conflict when there is one.
pub fn set_owner(w: &Write<'_>, owner: ActorId) -> Result<()> {
    match w.conn.execute("UPDATE node SET owner_id = ?1 WHERE owner_id IS NULL", [owner])? {
        1 => Ok(()),
        _ => Err(Error::Conflict("the owner has a name already".to_owned())),
    }
}

/// Notes that we are alive.
pub fn set_alive(w: &Write<'_>) -> Result<()> {
    w.conn.execute("UPDATE node SET alive_at = ?1", [w.now])?;
    Ok(())
}

/// The owner's settings; unreadable ones are the defaults.
pub fn settings(r: &Read<'_>) -> Result<Settings> {
    let text: String =
        r.conn.prepare_cached("SELECT settings FROM node")?.query_one([], |row| column(row, "settings"))?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Keeps the owner's settings.
pub fn set_settings(w: &Write<'_>, settings: &Settings) -> Result<()> {
    let text = serde_json::to_string(settings).map_err(Error::internal)?;
    w.conn.execute("UPDATE node SET settings = ?1", [text])?;
    Ok(())
}

/// The password's argon2id hash, if one is set.
pub fn password(r: &Read<'_>) -> Result<Option<String>> {
    Ok(r.conn.prepare_cached("SELECT password FROM node")?.query_one([], |row| column(row, "password"))?)
}

/// Sets the password's hash.
pub fn set_password(w: &Write<'_>, hash: &str) -> Result<()> {
    w.conn.execute("UPDATE node SET password = ?1", [hash])?;
    Ok(())
}

/// The newest notification the owner has looked at.
pub fn seen_notification(r: &Read<'_>) -> Result<NotificationId> {
    let mut statement = r.conn.prepare_cached("SELECT seen_notification FROM node")?;
    Ok(statement.query_one([], |row| column(row, "seen_notification"))?)
}

/// Moves the mark of looked-at notifications forward, never back.
pub fn see_notifications(w: &Write<'_>, newest: NotificationId) -> Result<()> {
    w.conn.execute("UPDATE node SET seen_notification = ?1 WHERE seen_notification < ?1", [newest])?;
    Ok(())
}

/// Adds a key of our own.
pub fn add_key(w: &Write<'_>, kind: KeyKind, key: &OwnPrivateKey) -> Result<()> {
    w.conn.execute(
        "INSERT INTO own_key (uri, actor_id, kind, private, public, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![key.uri, key.actor_id, kind.word(), key.private, key.public, w.now],
    )?;
    Ok(())
}

/// The current request-signing key of an actor of ours: the newest one not retired.
pub fn key_of(r: &Read<'_>, actor: ActorId) -> Result<OwnPrivateKey> {
    newest_key(r, actor, KeyKind::Rsa)?.ok_or(Error::NotFound)
}

/// The current proof-signing key of an actor of ours; None in a folder older than those.
pub fn proof_key_of(r: &Read<'_>, actor: ActorId) -> Result<Option<OwnPrivateKey>> {
    newest_key(r, actor, KeyKind::Ed25519)
}

/// The VAPID key; it belongs to the instance actor and never changes, because subscriptions are bound to it.
pub fn push_key(r: &Read<'_>) -> Result<Option<OwnPrivateKey>> {
    newest_key(r, get(r)?.service, KeyKind::P256)
}

fn newest_key(r: &Read<'_>, actor: ActorId, kind: KeyKind) -> Result<Option<OwnPrivateKey>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT uri, actor_id, private, public FROM own_key
         WHERE actor_id = ?1 AND kind = ?2 AND retired_at IS NULL ORDER BY created_at DESC, uri LIMIT 1",
    )?;
    let found = statement.query_one(params![actor, kind.word()], |row| {
        Ok(OwnPrivateKey {
            uri: column(row, "uri")?,
            actor_id: column(row, "actor_id")?,
            private: column(row, "private")?,
            public: column(row, "public")?,
        })
    });
    Ok(found.optional()?)
}
