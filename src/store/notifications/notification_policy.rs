//! The notification policy: which notifications are accepted, filtered or dropped, by their sender.

use std::time::Duration;

use rusqlite::params;
use serde::{Deserialize, Serialize};

use crate::base::id::{ActorId, PostId};
use crate::base::{Audience, Result};
use crate::store::actors::{self, Actor};
use crate::store::notifications::NotificationKind;
use crate::store::{Read, actors::follows, moderation::host_blocks, node, notifications::notification_requests, posts};

/// Accounts younger than this are new.
const NEW_ACCOUNT_AGE: Duration = Duration::from_hours(30 * 24);
/// Followers since less than this do not count as followers yet.
const NEW_FOLLOWER_AGE: Duration = Duration::from_hours(3 * 24);
/// How many ancestors are searched for the owner's part in a thread.
const MAX_ANCESTORS: u32 = 100;

/// What happens to a notification; later variants are stricter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyAction {
    /// It is shown.
    #[default]
    Accept,
    /// It is filtered until the owner has reviewed its sender.
    Filter,
    /// It is not created.
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

    /// The action of a stored word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }
}

/// The policy by kinds of senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationPolicy {
    /// By people the owner does not follow.
    pub not_following: PolicyAction,
    /// Actors who do not follow the owner, or only for less than three days.
    pub not_followers: PolicyAction,
    /// Accounts younger than 30 days; as all of the following, unless the owner follows them.
    pub new_accounts: PolicyAction,
    /// Private mentions that are no reply to a private post of the owner's.
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

/// The action for an event. Responses to the owner's own actions, and reports, are always accepted.
pub fn judge(r: &Read<'_>, kind: NotificationKind, who: ActorId, post: Option<PostId>) -> Result<PolicyAction> {
    if !kind.may_be_filtered() {
        return Ok(PolicyAction::Accept);
    }
    let policy = node::settings(r)?.notices;
    // Follow requests are always shown: followers from limited servers need approval.
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
