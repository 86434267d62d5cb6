//! Likes, both directions.

use serde_json::Value;

use super::interaction::outbound::{self, PerformedInteraction, RequestMode};
use super::{document, group, interaction::inbound, outbox, uri_of};
use crate::ap::activity::Activity;
use crate::ap::json::Ref;
use crate::base::id::{ActorId, PostId};
use crate::base::interaction_policy::Interaction;
use crate::base::{Audience, Result};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind};
use crate::store::{
    Write,
    posts::{self, interaction_requests_out, likes, tombstones},
};

/// Receives a like. Likes of unknown posts are ignored.
pub(super) fn receive(w: &Write<'_>, owner: ActorId, sender: &Actor, activity: &Activity, object: &Ref) -> Result<()> {
    let Some(post) = object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten() else { return Ok(()) };
    if post.boost_of.is_some() || (post.actor_id == owner && !inbound::may_read(w, sender, &post)?) {
        return Ok(());
    }
    if !inbound::allows_without_request(w, owner, sender, &post, Interaction::Like, &uri_of(activity), None)? {
        return Ok(());
    }
    let new = likes::add(w, sender.id, post.id, &uri_of(activity))?;
    if new && post.actor_id == owner {
        notifications::add(w, NotificationKind::Like, sender.id, Some(post.id))
    } else {
        Ok(())
    }
}

/// Receives the Undo of a like.
pub(super) fn receive_undo(w: &Write<'_>, sender: &Actor, post: PostId) -> Result<()> {
    likes::remove(w, sender.id, post)?;
    notifications::remove(w, NotificationKind::Like, sender.id, Some(post))
}

/// Likes a post; repeating does nothing. The caller undoes a reaction of the owner first: a post has only one of the
/// two.
pub fn send(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<()> {
    let post = posts::by_id(w, id)?;
    let (activity_id, uri) = outbox::next_activity(w, owner)?;
    if !likes::add(w, owner.id, id, &uri)? {
        return Ok(());
    }
    let author = actors::by_id(w, post.actor_id)?;
    let like = document::like(owner, &uri, &post, &author, w.now);
    if let Some(how) = outbound::request_mode(w, owner.id, &post, Interaction::Like)? {
        let done = PerformedInteraction { interaction: Interaction::Like, uri: &uri, own_post_id: None, target: &post };
        outbound::send_request(w, owner, how, &done, || Ok(like.clone()))?;
        if how == RequestMode::Explicit {
            return Ok(());
        }
    }
    outbox::send(
        w,
        owner,
        activity_id,
        like,
        &post.uri,
        Audience::Mentioned,
        &group::like_recipients(w, &post, &author)?,
    )
}

/// Undoes a like of the owner.
pub fn unlike(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<()> {
    let post = posts::by_id(w, id)?;
    let Some(uri) = likes::remove(w, owner.id, id)? else { return Ok(()) };
    let author = actors::by_id(w, post.actor_id)?;
    let like: Value = document::like(owner, &uri, &post, &author, w.now);
    interaction_requests_out::remove(w, &uri)?;
    tombstones::add_own(w, &uri)?;
    outbox::undo(w, owner, &like, &post.uri, Audience::Mentioned, &group::like_recipients(w, &post, &author)?)
}
