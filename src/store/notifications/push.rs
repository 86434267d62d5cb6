//! Web Push: subscriptions of apps, and queued messages.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, MessageId, NotificationId, SubscriptionId, TokenId};
use crate::base::{Result, Time};
use crate::store::notifications::NotificationKind;
use crate::store::{Read, Write, column};

/// Messages that wait for one app at most; the oldest go.
const MAX_WAITING_PER_SUBSCRIPTION: u32 = 200;
/// How long a message is worth sending.
pub const MESSAGE_LIFETIME: Duration = Duration::from_hours(48);

/// Whose notifications an app wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PushPolicy {
    /// Everybody's.
    #[default]
    All,
    /// Of those the owner follows.
    Followed,
    /// Followers of the owner.
    Follower,
    /// Nobody.
    None,
}

impl PushPolicy {
    const ALL: [Self; 4] = [Self::All, Self::Followed, Self::Follower, Self::None];

    /// The stored word, which is also the apps'.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Followed => "followed",
            Self::Follower => "follower",
            Self::None => "none",
        }
    }

    /// The one of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|whose| whose.word() == word)
    }
}

/// Notification kinds an app wants, with the app's own name for each.
pub type PushAlerts = BTreeMap<String, String>;

/// A row of `push_subscription`.
#[derive(Debug, Clone)]
pub struct PushSubscription {
    /// Counts up.
    pub id: SubscriptionId,
    /// The token.
    pub token: TokenId,
    /// The token itself, sealed.
    pub bearer: Vec<u8>,
    /// An address of a push service.
    pub endpoint: String,
    /// The app's public key, an uncompressed P-256 point.
    pub point: Vec<u8>,
    /// 16 bytes.
    pub auth: Vec<u8>,
    /// RFC 8291, else the draft before it.
    pub standard: bool,
    /// Wanted notification kinds.
    pub alerts: PushAlerts,
    /// Wanted senders.
    pub whose: PushPolicy,
}

impl PushSubscription {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (alerts, whose): (String, String) = (column(row, "alerts")?, column(row, "policy")?);
        Ok(Self {
            id: column(row, "id")?,
            token: column(row, "token_id")?,
            bearer: column(row, "bearer")?,
            endpoint: column(row, "endpoint")?,
            point: column(row, "point")?,
            auth: column(row, "auth")?,
            standard: column(row, "standard")?,
            alerts: serde_json::from_str(&alerts).unwrap_or_default(),
            whose: PushPolicy::of(&whose).unwrap_or(PushPolicy::None),
        })
    }
}

/// The subscription of a token.
pub fn of_token(r: &Read<'_>, token: TokenId) -> Result<Option<PushSubscription>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM push_subscription WHERE token_id = ?1")?;
    Ok(statement.query_one([token], PushSubscription::from_row).optional()?)
}

/// Subscribes (the id is ignored); an earlier subscription of the token is replaced, its messages are dropped.
pub fn subscribe(w: &Write<'_>, new: &PushSubscription) -> Result<()> {
    unsubscribe(w, new.token)?;
    w.conn.execute(
        "INSERT INTO push_subscription (token_id, bearer, endpoint, point, auth, standard, alerts, policy, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            new.token,
            new.bearer,
            new.endpoint,
            new.point,
            new.auth,
            new.standard,
            json(&new.alerts),
            new.whose.word(),
            w.now
        ],
    )?;
    Ok(())
}

/// Changes what an app wants. False when it has no subscription.
pub fn change(w: &Write<'_>, token: TokenId, alerts: &PushAlerts, whose: PushPolicy) -> Result<bool> {
    let changed = w.conn.execute(
        "UPDATE push_subscription SET alerts = ?2, policy = ?3 WHERE token_id = ?1",
        params![token, json(alerts), whose.word()],
    )?;
    Ok(changed > 0)
}

fn json(alerts: &PushAlerts) -> String {
    serde_json::to_string(alerts).unwrap_or_default()
}

/// Ends a token's subscription, if it has one.
pub fn unsubscribe(w: &Write<'_>, token: TokenId) -> Result<()> {
    w.conn.execute("DELETE FROM push_subscription WHERE token_id = ?1", [token])?;
    Ok(())
}

/// Queues a message for every app that wants this notification.
pub fn enqueue_for_notification(
    w: &Write<'_>,
    id: NotificationId,
    kind: NotificationKind,
    actor: ActorId,
) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "SELECT s.id FROM push_subscription s, node n WHERE s.alerts ->> ?2 IS NOT NULL AND CASE s.policy
             WHEN 'all' THEN 1
             WHEN 'followed' THEN EXISTS (SELECT 1 FROM follow
               WHERE follower_id = n.owner_id AND followed_id = ?1 AND accepted_at NOT NULL)
             WHEN 'follower' THEN EXISTS (SELECT 1 FROM follow
               WHERE follower_id = ?1 AND followed_id = n.owner_id AND accepted_at NOT NULL)
             ELSE 0 END
           AND ?1 NOT IN (SELECT actor_id FROM mute WHERE notices = 1 AND ifnull(until_at, ?3 + 1) > ?3) LIMIT 200",
    )?;
    let wanted = statement.query_map(params![actor, kind.word(), w.now], |row| row.get::<_, SubscriptionId>(0))?;
    for subscription in wanted.collect::<rusqlite::Result<Vec<_>>>()? {
        enqueue(w, subscription, id)?;
    }
    Ok(())
}

fn enqueue(w: &Write<'_>, subscription: SubscriptionId, id: NotificationId) -> Result<()> {
    w.conn.execute(
        "INSERT INTO push_message (subscription_id, notification_id, next_at, created_at) VALUES (?1, ?2, ?3, ?3)",
        params![subscription, id, w.now],
    )?;
    w.conn.execute(
        "DELETE FROM push_message WHERE subscription_id = ?1 AND id IN
           (SELECT id FROM push_message WHERE subscription_id = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)",
        params![subscription, MAX_WAITING_PER_SUBSCRIPTION],
    )?;
    Ok(())
}

/// A claimed message, to be settled before its lease ends.
#[derive(Debug, Clone)]
pub struct PushMessage {
    /// Counts up.
    pub id: MessageId,
    /// The subscription.
    pub subscription: PushSubscription,
    /// The notification.
    pub notification: NotificationId,
    /// This attempt is the first, the second …
    pub tries: u32,
    /// When it was queued.
    pub created_at: Time,
}

/// When the next message is due; None when none waits.
pub fn next_due(r: &Read<'_>) -> Result<Option<Time>> {
    Ok(r.conn.prepare_cached("SELECT min(next_at) FROM push_message")?.query_one([], |row| row.get(0))?)
}

/// Claims the message that has been due the longest. Expired ones are dropped on the way.
pub fn claim(w: &Write<'_>, lease: Duration) -> Result<Option<PushMessage>> {
    let mut due = w.conn.prepare_cached(
        "UPDATE push_message SET tries = tries + 1, next_at = ?2
         WHERE id = (SELECT id FROM push_message WHERE next_at <= ?1 ORDER BY next_at, id LIMIT 1)
         RETURNING id, subscription_id, notification_id, tries, created_at",
    )?;
    loop {
        let claimed = due
            .query_one(params![w.now, w.now.plus(lease)], |row| {
                let ids: (MessageId, SubscriptionId) = (row.get(0)?, row.get(1)?);
                Ok((ids, row.get::<_, NotificationId>(2)?, row.get::<_, u32>(3)?, row.get::<_, Time>(4)?))
            })
            .optional()?;
        let Some(((id, subscription), notification, tries, created_at)) = claimed else { return Ok(None) };
        if w.now.since(created_at) > MESSAGE_LIFETIME {
            drop_message(w, id)?;
            continue;
        }
        let mut found = w.conn.prepare_cached("SELECT * FROM push_subscription WHERE id = ?1")?;
        let subscription = found.query_one([subscription], PushSubscription::from_row)?;
        return Ok(Some(PushMessage { id, subscription, notification, tries, created_at }));
    }
}

/// It arrived, or never will.
pub fn drop_message(w: &Write<'_>, id: MessageId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM push_message WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Another try, later.
pub fn postpone(w: &Write<'_>, id: MessageId, next_at: Time) -> Result<()> {
    w.conn.prepare_cached("UPDATE push_message SET next_at = ?2 WHERE id = ?1")?.execute(params![id, next_at])?;
    Ok(())
}

/// The push service does not know the endpoint any more: removes the subscription and its messages, unless it was
/// replaced.
pub fn end(w: &Write<'_>, id: SubscriptionId) -> Result<()> {
    w.conn.execute("DELETE FROM push_subscription WHERE id = ?1", [id])?;
    Ok(())
}
