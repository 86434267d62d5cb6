//! Inbox forwarding (ActivityPub §7.1.2): forwards replies below the owner's public posts to the owner's followers, who
//! would otherwise see only half of a conversation. Only activities with a signature or proof of their author, within
//! limits.

use std::time::Duration;

use super::outbox;
use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::json::{self, Uri};
use crate::base::id::ActorId;
use crate::base::{Audience, Result};
use crate::store::actors::Actor;
use crate::store::posts::{self, Post};
use crate::store::{Read, Write, queue::deliveries};

/// Maximum size of a forwarded activity: Misskey does not accept larger ones.
const MAX_FORWARDED_BYTES: usize = 64 * 1024;
/// The period over which the next two limits are counted.
const FORWARDING_COUNT_WINDOW: Duration = Duration::from_hours(1);
/// Maximum number of forwarded activities per [`COUNT_WINDOW`].
const MAX_FORWARDED_IN_WINDOW: u32 = 300;
/// Maximum number of forwarded activities per author and [`COUNT_WINDOW`]: one author must not flood all followers.
const MAX_FORWARDED_PER_ACTOR: u32 = 30;

/// What may be forwarded. It is determined before the activity is applied, because a Delete removes the reply.
pub(super) enum ForwardJob {
    /// A new or changed reply, by its uri.
    Reply(String),
    /// A deleted reply.
    Deletion(String),
}

/// The forward job of an activity about a reply to one of the owner's public posts.
pub(super) fn forward_job(
    r: &Read<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
) -> Result<Option<ForwardJob>> {
    let checkable = ["proof", "signature"].iter().any(|key| activity.raw.get(*key).is_some_and(|v| v.is_object()));
    let Some(id) = activity.object_id().map(Uri::as_str).filter(|_| checkable) else { return Ok(None) };
    match &activity.kind {
        ActivityKind::Create { object, .. } | ActivityKind::Update { object } => {
            let parent = object.embedded().and_then(|value| json::id_of(value, "inReplyTo"));
            let parent = parent.map(|uri| posts::by_uri(r, uri.as_str())).transpose()?.flatten();
            let below_ours = parent.is_some_and(|parent| is_public_post_of(&parent, owner));
            Ok(below_ours.then(|| ForwardJob::Reply(id.to_owned())))
        }
        ActivityKind::Delete { .. } => {
            let answer = posts::by_uri(r, id)?.filter(|answer| is_public_post_of(answer, sender.id));
            let parent = answer.and_then(|answer| answer.reply_to).map(|id| posts::by_id(r, id)).transpose()?;
            let below_ours = parent.is_some_and(|parent| is_public_post_of(&parent, owner));
            Ok(below_ours.then(|| ForwardJob::Deletion(id.to_owned())))
        }
        _ => Ok(None),
    }
}

fn is_public_post_of(post: &Post, author: ActorId) -> bool {
    post.actor_id == author && post.audience.is_open() && post.boost_of.is_none()
}

/// Forwards an activity after it was applied: to all followers except on the author's server, and only once.
pub(super) fn forward(
    w: &Write<'_>,
    owner: &Actor,
    sender: &Actor,
    activity: &Activity,
    job: &ForwardJob,
) -> Result<()> {
    let Some(uri) = &activity.id else { return Ok(()) };
    let known = match job {
        // The activity was applied if the post is stored, by its author, and public.
        ForwardJob::Reply(id) => posts::by_uri(w, id)?.is_some_and(|answer| is_public_post_of(&answer, sender.id)),
        ForwardJob::Deletion(id) => posts::by_uri(w, id)?.is_none(),
    };
    let document = activity.raw.to_string();
    if !known || document.len() > MAX_FORWARDED_BYTES || sender.id == owner.id || deliveries::is_known(w, uri.as_str())?
    {
        return Ok(());
    }
    let (ForwardJob::Reply(object_uri) | ForwardJob::Deletion(object_uri)) = job;
    let (all, theirs) = deliveries::forwarded_recently(w, w.now.minus(FORWARDING_COUNT_WINDOW), sender.id)?;
    // A Delete removes a stored reply, so there cannot be more of them than forwarded replies.
    if matches!(job, ForwardJob::Reply(_)) && (all >= MAX_FORWARDED_IN_WINDOW || theirs >= MAX_FORWARDED_PER_ACTOR) {
        tracing::info!(author = sender.uri, "did not forward a reply: the forwarding limit is reached");
        return Ok(());
    }
    outbox::forward(w, owner, sender, uri.as_str(), object_uri, document, Audience::Public)
}
