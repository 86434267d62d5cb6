//! Inbox forwarding (ActivityPub §7.1.2): replies below the owner's public posts go to the owner's followers, who would
//! otherwise see half a conversation. Only signed documents, and within limits.

use std::time::Duration;

use super::outbox;
use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::json::{self, Uri};
use crate::base::id::ActorId;
use crate::base::{Audience, Result};
use crate::store::actors::Actor;
use crate::store::posts::{self, Post};
use crate::store::{Read, Write, queue::deliveries};

/// Maximum size of a forwarded activity: Misskey accepts no more.
const MAX_FORWARDED_BYTES: usize = 64 * 1024;
/// The time the next two are counted in.
const COUNT_WINDOW: Duration = Duration::from_hours(1);
/// Maximum number of activities forwarded within that time.
const MAX_FORWARDED_IN_WINDOW: u32 = 300;
/// Of one author: a thread can be flooded, but not at the cost of everyone's followers.
const MAX_FORWARDED_PER_ACTOR: u32 = 30;

/// What may be forwarded: the reply, looked up before the activity is applied (a Delete leaves nothing).
pub(super) enum ForwardJob {
    /// A new or changed reply, by its uri.
    Forward(String),
    /// A deleted reply.
    ForwardDeletion(String),
}

/// The forward job of an activity that is about a reply to a public post of the owner's.
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
            Ok(below_ours.then(|| ForwardJob::Forward(id.to_owned())))
        }
        ActivityKind::Delete { .. } => {
            let answer = posts::by_uri(r, id)?.filter(|answer| is_public_post_of(answer, sender.id));
            let parent = answer.and_then(|answer| answer.reply_to).map(|id| posts::by_id(r, id)).transpose()?;
            let below_ours = parent.is_some_and(|parent| is_public_post_of(&parent, owner));
            Ok(below_ours.then(|| ForwardJob::ForwardDeletion(id.to_owned())))
        }
        _ => Ok(None),
    }
}

fn is_public_post_of(post: &Post, author: ActorId) -> bool {
    post.actor_id == author && post.audience.is_open() && post.boost_of.is_none()
}

/// Forwards an activity after it was applied: to all followers except where it came from, and only once.
pub(super) fn forward(
    w: &Write<'_>,
    owner: &Actor,
    sender: &Actor,
    activity: &Activity,
    job: &ForwardJob,
) -> Result<()> {
    let Some(uri) = &activity.id else { return Ok(()) };
    let known = match job {
        // Applied means: stored, by its author, and public.
        ForwardJob::Forward(id) => posts::by_uri(w, id)?.is_some_and(|answer| is_public_post_of(&answer, sender.id)),
        ForwardJob::ForwardDeletion(id) => posts::by_uri(w, id)?.is_none(),
    };
    let document = activity.raw.to_string();
    if !known || document.len() > MAX_FORWARDED_BYTES || sender.id == owner.id || deliveries::is_known(w, uri.as_str())?
    {
        return Ok(());
    }
    let (ForwardJob::Forward(object_uri) | ForwardJob::ForwardDeletion(object_uri)) = job;
    let (all, theirs) = deliveries::forwarded_recently(w, w.now.minus(COUNT_WINDOW), sender.id)?;
    // Each Delete removes a stored reply, so there are no more of them than forwarded replies.
    if matches!(job, ForwardJob::Forward(_)) && (all >= MAX_FORWARDED_IN_WINDOW || theirs >= MAX_FORWARDED_PER_ACTOR) {
        tracing::info!(author = sender.uri, "too many answers to pass this one on");
        return Ok(());
    }
    outbox::forward(w, owner, sender, uri.as_str(), object_uri, document, Audience::Public)
}
