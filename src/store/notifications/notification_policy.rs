//! The notification policy: which notifications are accepted, filtered or dropped, by their sender.

use std::time::Duration;

use rusqlite::params;
use serde::{Deserialize, Serialize};

use crate::base::id::{ActorId, PostId};
use crate::base::{Audience, Result};
use crate::store::actors::{self, Actor};
use crate::store::notifications::NotificationKind;
use crate::store::{Read, actors::follows, moderation::host_blocks, node, notifications::notification_requests, posts};

/// Who joined their server later than this is new.
const NEW_ACCOUNT_AGE: Duration = Duration::from_hours(30 * 24);
/// Who follows the owner for less than this does not count as a follower yet.
const NEW_FOLLOWER_AGE: Duration = Duration::from_hours(3 * 24);
/// How far up a thread the owner's own part in it is looked for.
const MAX_ANCESTORS: u32 = 100;

/// What becomes of a notification; the later ones are stricter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyAction {
    /// The owner hears of it.
    #[default]
    Accept,
    /// It is filtered until the owner has looked at who sent it.
    Filter,
    /// It is not made.
    Drop,
}

impl PolicyAction {
    /// Every one, the mildest first.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Filter, Self::Drop];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Filter => "filter",
            Self::Drop => "drop",
        }
    }

    /// The answer of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }
}

/// What becomes of notifications by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationPolicy {
    /// By people the owner does not follow.
    pub not_following: PolicyAction,
    /// By people who do not follow the owner, or only since three days.
    pub not_followers: PolicyAction,
    /// By people whose account is younger than 30 days; like all that follow, unless the owner follows them.
    pub new_accounts: PolicyAction,
    /// Private mentions that answer nothing the owner wrote to their author in private.
    pub private_mentions: PolicyAction,
    /// By people of limited servers.
    pub limited: PolicyAction,
    /// By programs.
    pub bots: PolicyAction,
}

impl Default for NotificationPolicy {
    fn default() -> Self {
        let accept = PolicyAction::Accept;
        Self {
            not_following: accept,
            not_followers: accept,
            new_accounts: accept,
            private_mentions: accept,
            limited: PolicyAction::Filter,
            bots: accept,
        }
    }
}

impl NotificationPolicy {
    fn strictest(self) -> PolicyAction {
        let people = self.not_following.max(self.not_followers).max(self.new_accounts);
        people.max(self.private_mentions).max(self.limited).max(self.bots)
    }
}

/// What becomes of an event, by the settings. What the owner asked for themselves, and reports, always come through.
pub fn judge(r: &Read<'_>, kind: NotificationKind, who: ActorId, post: Option<PostId>) -> Result<PolicyAction> {
    if !kind.may_be_filtered() {
        return Ok(PolicyAction::Accept);
    }
    let policy = node::settings(r)?.notices;
    // Who asks to follow is seen in any case: of limited servers everybody has to ask.
    let limits = kind != NotificationKind::FollowRequest && host_blocks::any(r)?;
    let policy = if limits { policy } else { NotificationPolicy { limited: PolicyAction::Accept, ..policy } };
    if policy.strictest() == PolicyAction::Accept || notification_requests::is_permitted(r, who)? {
        return Ok(PolicyAction::Accept);
    }
    let (actor, owner) = (actors::by_id(r, who)?, node::owner(r)?);
    let mut answer = if is_follower(r, owner, who)? { PolicyAction::Accept } else { policy.not_followers };
    if follows::is_accepted(r, owner, who)? {
        return Ok(answer);
    }
    answer = answer.max(policy.not_following);
    if actor.published_at.unwrap_or(actor.created_at) > r.now.minus(NEW_ACCOUNT_AGE) {
        answer = answer.max(policy.new_accounts);
    }
    if matches!(actor.kind.as_str(), "Service" | "Application") {
        answer = answer.max(policy.bots);
    }
    if policy.limited > answer && host_blocks::of_actor(r, &actor)?.is_limited() {
        answer = policy.limited;
    }
    if policy.private_mentions > answer && is_unsolicited_mention(r, kind, &actor, owner, post)? {
        answer = policy.private_mentions;
    }
    Ok(answer)
}

fn is_follower(r: &Read<'_>, owner: ActorId, who: ActorId) -> Result<bool> {
    let since = follows::get(r, who, owner)?.and_then(|follow| follow.accepted_at);
    Ok(since.is_some_and(|at| at <= r.now.minus(NEW_FOLLOWER_AGE)))
}

/// A private mention that does not belong to something the owner wrote to its author in private.
fn is_unsolicited_mention(
    r: &Read<'_>,
    kind: NotificationKind,
    who: &Actor,
    owner: ActorId,
    post: Option<PostId>,
) -> Result<bool> {
    let Some(post) = post.filter(|_| kind == NotificationKind::Mention) else { return Ok(false) };
    if posts::by_id(r, post)?.audience != Audience::Mentioned {
        return Ok(false);
    }
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, depth) AS (
           SELECT reply_to, 0 FROM post WHERE id = ?1
           UNION ALL
           SELECT p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.id WHERE depth < ?2)
         SELECT 1 FROM up JOIN post p ON p.id = up.id JOIN mention m ON m.post_id = p.id AND m.uri = ?3
         WHERE p.actor_id = ?4 AND p.audience = ?5 LIMIT 1",
    )?;
    Ok(!statement.exists(params![post, MAX_ANCESTORS, who.uri, owner, Audience::Mentioned])?)
}
