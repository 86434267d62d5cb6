//! Follows, both directions: Follow, Accept, Reject and their Undo.

use serde_json::Value;

use super::outbox::{self, ActivityRecipients};
use super::{account_move, document, uri_of};
use crate::ap::activity::Activity;
use crate::ap::json::{self, Ref, Uri};
use crate::base::id::ActorId;
use crate::base::{Audience, Error, Result};
use crate::store::actors::follows::{self, Follow};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind};
use crate::store::{
    Write,
    actors::severed_follows,
    moderation::{block_filter, blocks, host_blocks},
    queue::responses,
    timelines::home_timeline,
};

/// Maximum size of a Follow that is stored and sent back as received; a larger one is rebuilt.
const MAX_STORED_FOLLOW_BYTES: usize = 16 * 1024;
/// A follow younger than this may be missing from the followed server's follower list.
const FOLLOWER_LIST_GRACE: std::time::Duration = std::time::Duration::from_hours(1);
/// An Accept that arrives later than this after the request notifies the owner.
const LATE_RESPONSE_AFTER: std::time::Duration = std::time::Duration::from_secs(120);

/// Receives a Follow. It is accepted at once unless the owner approves follow requests. A repeated Follow is accepted
/// again, because the first Accept may have been lost.
pub(super) fn receive(w: &Write<'_>, owner: ActorId, sender: &Actor, activity: &Activity, object: &Uri) -> Result<()> {
    let us = actors::by_id(w, owner)?;
    if *object != us.uri.as_str() || us.moved_to.is_some() {
        return Ok(());
    }
    let whole = activity.raw.to_string();
    // The Follow is stored and sent back with every Accept: large ones could fill the disk.
    let asked = match whole.len() > MAX_STORED_FOLLOW_BYTES {
        true => document::follow(sender, &uri_of(activity), &us, w.now),
        false => activity.raw.clone(),
    };
    follows::upsert(w, sender.id, owner, &uri_of(activity), Some(&asked.to_string()))?;
    // Follow requests from limited servers always need approval.
    let asks_first = us.approves_followers || host_blocks::of_actor(w, sender)?.is_limited();
    if !asks_first || follows::is_accepted(w, sender.id, owner)? {
        let new = follows::accept(w, sender.id, owner)?;
        if new {
            notifications::add(w, NotificationKind::Follow, sender.id, None)?;
        }
        return respond(w, &us, sender, &asked, document::accept);
    }
    notifications::add(w, NotificationKind::FollowRequest, sender.id, None)
}

pub(super) type FollowResponseBuilder = fn(&Actor, &str, &Actor, &Value, crate::base::Time) -> Value;

/// Sends Accept or Reject with the Follow exactly as it was received.
pub(super) fn respond(
    w: &Write<'_>,
    us: &Actor,
    follower: &Actor,
    received: &Value,
    make: FollowResponseBuilder,
) -> Result<()> {
    let (id, uri) = outbox::next_activity(w, us)?;
    let document = make(us, &uri, follower, received, w.now);
    outbox::send(w, us, id, document, &follower.uri, Audience::Mentioned, &ActivityRecipients::single_actor(follower))?;
    responses::mark(w, id, &follower.uri)
}

/// The owner accepts a follow request.
pub fn accept(w: &Write<'_>, owner: &Actor, follower: ActorId) -> Result<()> {
    let follow = follows::get(w, follower, owner.id)?.ok_or(Error::NotFound)?;
    follows::accept(w, follower, owner.id)?;
    notifications::remove(w, NotificationKind::FollowRequest, follower, None)?;
    notifications::add(w, NotificationKind::Follow, follower, None)?;
    let them = actors::by_id(w, follower)?;
    respond(w, owner, &them, &stored_follow_document(&follow, &them, owner), document::accept)
}

/// The owner rejects a follow request, or removes a follower.
pub fn reject(w: &Write<'_>, owner: &Actor, follower: ActorId) -> Result<()> {
    let follow = follows::delete(w, follower, owner.id)?.ok_or(Error::NotFound)?;
    notifications::remove(w, NotificationKind::FollowRequest, follower, None)?;
    let them = actors::by_id(w, follower)?;
    respond(w, owner, &them, &stored_follow_document(&follow, &them, owner), document::reject)
}

/// The Follow as received; rebuilt when it is unreadable.
fn stored_follow_document(follow: &Follow, follower: &Actor, owner: &Actor) -> Value {
    let kept = follow.document.as_deref().and_then(|text| serde_json::from_str(text).ok());
    kept.unwrap_or_else(|| document::follow(follower, &follow.uri, owner, follow.created_at))
}

/// Receives the Undo of a follow or follow request.
pub(super) fn receive_undo(w: &Write<'_>, owner: ActorId, sender: &Actor) -> Result<()> {
    follows::delete(w, sender.id, owner)?;
    severed_follows::forget_severed_follower(w, sender.id)?;
    notifications::remove(w, NotificationKind::FollowRequest, sender.id, None)?;
    notifications::remove(w, NotificationKind::Follow, sender.id, None)
}

/// Sends a follow request; a repeated call sends it again.
pub fn send(w: &Write<'_>, owner: &Actor, who: ActorId) -> Result<()> {
    let them = actors::by_id(w, who)?;
    if who == owner.id {
        return Err(Error::invalid("you cannot follow yourself"));
    }
    if them.gone_at.is_some() {
        return Err(Error::Gone);
    }
    if blocks::is_blocked(w, who)? || block_filter::is_hidden(w, &them)? {
        return Err(Error::Conflict("you block this account or its server: unblock it first".to_owned()));
    }
    let (id, uri) = outbox::next_activity(w, owner)?;
    follows::upsert(w, owner.id, who, &uri, None)?;
    let document = document::follow(owner, &uri, &them, w.now);
    outbox::send(w, owner, id, document, &them.uri, Audience::Mentioned, &ActivityRecipients::single_actor(&them))
}

/// Unfollows an actor, or withdraws the request.
pub fn unfollow(w: &Write<'_>, owner: &Actor, who: ActorId) -> Result<()> {
    let follow = follows::delete(w, owner.id, who)?.ok_or(Error::NotFound)?;
    home_timeline::remove_actor(w, who)?;
    let them = actors::by_id(w, who)?;
    let inner = document::follow(owner, &follow.uri, &them, follow.created_at);
    outbox::undo(w, owner, &inner, &them.uri, Audience::Mentioned, &ActivityRecipients::single_actor(&them))
}

/// Our Follow that an Accept or Reject is about: named by id, or embedded, sometimes with another id (Guppe, Bonfire).
/// Only a response from the followed actor counts.
fn find_own_follow(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<Option<Follow>> {
    let by_id = object.id().map(|id| follows::by_uri(w, id.as_str())).transpose()?.flatten();
    let by_id = by_id.filter(|follow| follow.follower_id == owner && follow.followed_id == sender.id);
    if by_id.is_some() {
        return Ok(by_id);
    }
    let us = actors::by_id(w, owner)?.uri;
    // Not parsed as an activity: its id may be anything.
    let names = |doc: &Value, key: &str, who: &str| json::id_of(doc, key).is_some_and(|id| id == who);
    let fits = object.embedded().is_some_and(|doc| {
        json::is_type(doc, "Follow") && names(doc, "actor", &us) && names(doc, "object", &sender.uri)
    });
    if fits { follows::get(w, owner, sender.id) } else { Ok(None) }
}

/// Receives the Accept of our Follow.
pub(super) fn receive_accept(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<()> {
    let Some(follow) = find_own_follow(w, owner, sender, object)? else { return Ok(()) };
    if !follows::accept(w, owner, sender.id)? {
        return Ok(());
    }
    home_timeline::add_history_of(w, sender.id)?;
    account_move::finish_moves_to(w, owner, sender.id)?;
    if w.now.since(follow.created_at) > LATE_RESPONSE_AFTER {
        notifications::add(w, NotificationKind::Accepted, sender.id, None)?;
    }
    Ok(())
}

/// Receives the Reject of our Follow: the request was rejected, or we were removed from the followers.
pub(super) fn receive_reject(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<()> {
    if find_own_follow(w, owner, sender, object)?.is_none() {
        return Ok(());
    }
    follows::delete(w, owner, sender.id)?;
    home_timeline::remove_actor(w, sender.id)
}

/// Applies what the followed server says about whether it lists the owner as a follower (FEP-8fcf). A follow that is
/// not listed ends here; a listed one that is unknown here (after a restored backup) is ended there by an Undo. True
/// when a pending follow is listed: its Accept was lost.
pub fn reconcile_own_follow(w: &Write<'_>, owner: &Actor, who: ActorId, listed: bool) -> Result<bool> {
    match (follows::get(w, owner.id, who)?, listed) {
        (Some(Follow { accepted_at: Some(at), .. }), false) if w.now.since(at) > FOLLOWER_LIST_GRACE => {
            tracing::info!(%who, "ended a follow: the followed server does not list us as a follower any more");
            follows::delete(w, owner.id, who)?;
            home_timeline::remove_actor(w, who)?;
            Ok(false)
        }
        (Some(Follow { accepted_at: None, .. }), true) => {
            follows::accept(w, owner.id, who)?;
            home_timeline::add_history_of(w, who)?;
            Ok(true)
        }
        (None, true) => {
            let them = actors::by_id(w, who)?;
            let (_, uri) = outbox::next_activity(w, owner)?;
            let inner = document::follow(owner, &uri, &them, w.now);
            outbox::undo(w, owner, &inner, &them.uri, Audience::Mentioned, &ActivityRecipients::single_actor(&them))?;
            Ok(false)
        }
        _ => Ok(false),
    }
}
