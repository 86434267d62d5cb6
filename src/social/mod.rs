//! What activities mean: one file per activity, both directions. This layer uses only the store: [`needs`] returns what
//! must be fetched first, and `federation/` fetches it before [`receive`].

pub mod account_move;
mod inbox_forwarding;
pub mod interaction;
pub mod moderation;
mod post_edit;
mod post_metadata;
pub mod remote_post;
pub mod tag_follow;

pub mod boost;
pub mod document;
pub mod emoji;
pub mod follow;
pub mod group;
pub mod like;
pub mod list;
pub mod outbox;
pub mod pin;
pub mod poll;
pub mod post;
pub mod profile;
pub mod quote;
pub mod react;
pub mod relay;
mod undo;
pub mod vote;

use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::json::{Ref, Uri};
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::peers::relays::RelayState;
use crate::store::{
    Read, Write,
    moderation::block_filter,
    node,
    posts::{self, tombstones},
};

/// Something that must be fetched before an activity can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prerequisite {
    /// A post by its id; it is stored when it was fetched. Without it the activity may have no effect.
    Post(String),
    /// The missing ancestors of a post.
    Ancestors(String),
    /// A post without its ancestors; optional.
    OptionalPost(String),
    /// A known post, fetched again.
    PostRefresh(String),
    /// A known post that is said to be deleted: removed when its server confirms it.
    DeletionCheck(String),
    /// The unknown group that a post claims to belong to; optional.
    Group(String),
    /// An actor's document, fetched again.
    ActorRefresh(String),
    /// An actor's document, fetched again; without it the activity is not believed.
    RequiredActorRefresh(String),
}

/// What to fetch before [`receive`]. Nothing for activities that do not concern us.
pub fn prerequisites(r: &Read<'_>, sender: &Actor, activity: &Activity) -> Result<Vec<Prerequisite>> {
    // Nothing is fetched for blocked actors, except to see where they move.
    if !matches!(activity.kind, ActivityKind::Move { .. }) && block_filter::is_hidden(r, sender)? {
        return Ok(Vec::new());
    }
    match &activity.kind {
        ActivityKind::Create { object, .. } | ActivityKind::Update { object } => {
            remote_post::prerequisites(r, sender, activity, object)
        }
        ActivityKind::Announce { object } if relay::is_relay(r, sender)? => relay::prerequisites(r, object),
        ActivityKind::Announce { object } => match group::announced_activity(object) {
            Some(inner) => group::prerequisites(r, sender, inner),
            None => boost::prerequisites(r, sender, object),
        },
        ActivityKind::Add { object, target } => pin::prerequisites(r, sender, object, target),
        ActivityKind::Move { object, target } => account_move::prerequisites(r, sender, object, target),
        ActivityKind::Request { deed, object, instrument } => {
            interaction::inbound::prerequisites(r, sender, *deed, object, instrument)
        }
        _ => Ok(Vec::new()),
    }
}

/// Applies an activity that `sender` has signed. Activities that are repeated or out of order have the same effect as
/// once and in order. Unknown types are ignored; Denied when the sender is not allowed to do it.
pub fn receive(w: &Write<'_>, sender: &Actor, activity: &Activity) -> Result<()> {
    if activity.actor != sender.uri.as_str() {
        return Err(Error::Denied("the sender is not the actor of the activity".to_owned()));
    }
    let owner = node::owner(w)?;
    if !moderation::block::accepts_from(w, sender, activity)? {
        return Ok(());
    }
    if let Some(id) = &activity.id {
        let undone = match id_is_reusable(activity) {
            true => tombstones::consume(w, sender.id, id.as_str())?,
            false => tombstones::is_deleted(w, sender.id, id.as_str())?,
        };
        if undone {
            // Its Undo came first.
            return Ok(());
        }
    }
    let job = inbox_forwarding::forward_job(w, owner, sender, activity)?;
    apply_activity(w, owner, sender, activity)?;
    match job {
        Some(job) => inbox_forwarding::forward(w, &actors::by_id(w, owner)?, sender, activity, &job),
        None => Ok(()),
    }
}

/// Whether the id of an activity may come again with a new activity. These types state a relation of the sender, so
/// repeating them changes nothing, and peers reuse their ids: Misskey and PeerTube name a Follow after the two actors,
/// Pixelfed an Undo, Wafrn a like after actor and post.
pub fn id_is_reusable(activity: &Activity) -> bool {
    match &activity.kind {
        ActivityKind::Follow { .. }
        | ActivityKind::Accept { .. }
        | ActivityKind::Reject { .. }
        | ActivityKind::Undo { .. }
        | ActivityKind::Block { .. } => true,
        ActivityKind::Like { .. }
        | ActivityKind::EmojiReact { .. }
        | ActivityKind::Add { .. }
        | ActivityKind::Remove { .. } => true,
        // A group may announce anything.
        ActivityKind::Announce { object } => group::announced_activity(object).is_none(),
        _ => false,
    }
}

fn apply_activity(w: &Write<'_>, owner: ActorId, sender: &Actor, activity: &Activity) -> Result<()> {
    match &activity.kind {
        ActivityKind::Follow { object } if relay::is_for_instance_actor(w, object)? => {
            relay::receive_follow(w, sender, activity)
        }
        ActivityKind::Follow { object } => follow::receive(w, owner, sender, activity, object),
        ActivityKind::Accept { object, .. } if relay::receive_response(w, sender, object, RelayState::Accepted)? => {
            Ok(())
        }
        ActivityKind::Accept { object, result } => receive_accept(w, owner, sender, activity, object, result.as_ref()),
        ActivityKind::Reject { object } if relay::receive_response(w, sender, object, RelayState::Refused)? => Ok(()),
        ActivityKind::Reject { object } => receive_reject(w, owner, sender, object),
        ActivityKind::Request { deed, object, instrument } => {
            interaction::inbound::receive_request(w, owner, sender, activity, (*deed, object, instrument))
        }
        ActivityKind::Create { object, rest } => {
            for object in std::iter::once(object).chain(rest) {
                remote_post::receive_create(w, owner, sender, activity, object)?;
            }
            Ok(())
        }
        ActivityKind::Update { object } => receive_update(w, owner, sender, activity, object),
        ActivityKind::Delete { object, .. } => {
            quote::receive_revocation(w, owner, sender, object)?;
            interaction::outbound::receive_revocation(w, owner, sender, object)?;
            remote_post::receive_delete(w, sender, object)
        }
        ActivityKind::Like { object, content, emoji } | ActivityKind::EmojiReact { object, content, emoji } => {
            react::receive(w, owner, sender, activity, object, (content, emoji))
        }
        ActivityKind::Announce { object } if relay::is_relay(w, sender)? => relay::receive_announce(w, object),
        ActivityKind::Add { object, target } => pin::receive_add(w, sender, object, target),
        ActivityKind::Remove { object, target } => pin::receive_remove(w, sender, object, target),
        ActivityKind::Announce { object } => match group::announced_activity(object) {
            Some(inner) => group::receive(w, owner, sender, inner),
            None if group::receive_announced_post(w, owner, sender, object)? => Ok(()),
            None => boost::receive(w, owner, sender, activity, object),
        },
        ActivityKind::Undo { object } => undo::receive(w, owner, sender, object),
        ActivityKind::Block { object } => moderation::block::receive_block(w, owner, sender, activity, object),
        ActivityKind::Move { object, target } => account_move::receive(w, owner, sender, object, target),
        ActivityKind::Flag { objects, content } => {
            moderation::report::receive(w, owner, sender, activity, objects, content.as_deref())
        }
        _ => Ok(()),
    }
}

/// Receives an Accept of our quote request, of our interaction request, or of our Follow.
fn receive_accept(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    object: &Ref,
    result: Option<&Uri>,
) -> Result<()> {
    if quote::receive_accept(w, owner, sender, object, result)?
        || interaction::outbound::receive_accept(w, owner, sender, activity, object, result)?
    {
        return Ok(());
    }
    follow::receive_accept(w, owner, sender, object)
}

/// Receives a Reject of the same.
fn receive_reject(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<()> {
    if quote::receive_reject(w, owner, sender, object)?
        || interaction::outbound::receive_reject(w, owner, sender, object)?
    {
        return Ok(());
    }
    follow::receive_reject(w, owner, sender, object)
}

/// Receives an Update of the actor itself, or of one of their posts.
fn receive_update(w: &Write<'_>, owner: ActorId, sender: &Actor, activity: &Activity, object: &Ref) -> Result<()> {
    if object.id().is_some_and(|id| *id == sender.uri.as_str()) {
        profile::receive_update(w, sender, object)
    } else if block_filter::is_hidden(w, sender)?
        && object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten().is_none()
    {
        Ok(())
    } else {
        remote_post::receive_update(w, owner, sender, activity, object)
    }
}

/// The URI of an activity; empty for activities without one (votes, inner activities).
fn uri_of(activity: &Activity) -> String {
    activity.id.as_ref().map(Uri::as_str).unwrap_or_default().to_owned()
}
