//! The owner's replies, likes and boosts of posts that need approval. Approval is requested explicitly where the peer
//! supports that, else by sending the activity itself.

use crate::ap::activity::Activity;
use crate::ap::interaction;
use crate::ap::json::{Ref, Uri, id_of, same_origin};
use crate::base::id::{ActivityId, ActorId, PostId};
use crate::base::interaction_policy::{Interaction, Permission};
use crate::base::{Audience, Error, Result};
use crate::social::outbox::{self, ActivityRecipients};
use crate::social::{boost, document, interaction::documents, post};
use crate::store::actors::{self, Actor};
use crate::store::posts::interaction_requests_in::RequestState;
use crate::store::posts::interaction_requests_out::{self, InteractionRequestOut};
use crate::store::posts::{self, Post};
use crate::store::{
    Read, Write,
    posts::{interaction_policies, likes, reactions},
};

/// How the approval is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::social) enum RequestMode {
    /// By a request activity; nobody else gets the interaction before the response.
    Explicit,
    /// By sending the interaction itself, as for GoToSocial before 0.20.
    Implicit,
}

/// How to request approval for an interaction with a post; None when none is needed. Invalid when the policy forbids
/// it.
pub(in crate::social) fn request_mode(
    r: &Read<'_>,
    owner: ActorId,
    target: &Post,
    deed: Interaction,
) -> Result<Option<RequestMode>> {
    if target.actor_id == owner {
        return Ok(None);
    }
    let leave = interaction_policies::permission_of(r, target.id)?;
    match leave.permission(deed) {
        None | Some(Permission::Allowed) => Ok(None),
        Some(Permission::AllowedWithAuthorization | Permission::NeedsApproval) => {
            Ok(Some(if leave.policy.legacy_gotosocial { RequestMode::Implicit } else { RequestMode::Explicit }))
        }
        Some(Permission::Forbidden) => {
            Err(Error::invalid(format!("its author does not let others {} this post", deed.verb())))
        }
    }
}

/// An interaction of the owner's.
pub(in crate::social) struct PerformedInteraction<'a> {
    /// The kind of interaction.
    pub(in crate::social) interaction: Interaction,
    /// The URI of our post, Like or Announce.
    pub(in crate::social) uri: &'a str,
    /// Our reply or boost.
    pub(in crate::social) own_post_id: Option<PostId>,
    /// The post it refers to.
    pub(in crate::social) target: &'a Post,
}

/// Records that approval is requested. In explicit mode it also sends the request; `instrument` builds the activity for
/// it.
pub(in crate::social) fn send_request(
    w: &Write<'_>,
    owner: &Actor,
    how: RequestMode,
    done: &PerformedInteraction<'_>,
    instrument: impl FnOnce() -> Result<serde_json::Value>,
) -> Result<()> {
    let mut asked = InteractionRequestOut {
        object_uri: done.uri.to_owned(),
        interaction: done.interaction,
        target_id: done.target.id,
        own_post_id: done.own_post_id,
        request_uri: None,
        state: RequestState::Pending,
        stamp: None,
    };
    if how == RequestMode::Explicit {
        let author = actors::by_id(w, done.target.actor_id)?;
        let (id, uri) = next_activity_after(w, owner, done.uri)?;
        let request =
            documents::request_document(owner, &uri, done.interaction, done.target, &author, instrument()?, w.now);
        outbox::send(w, owner, id, request, done.uri, Audience::Mentioned, &ActivityRecipients::single_actor(&author))?;
        asked.request_uri = Some(uri);
    }
    interaction_requests_out::put(w, &asked)
}

/// The number and URI of our next activity when `reserved` is already taken by one that has not been sent yet.
fn next_activity_after(w: &Write<'_>, owner: &Actor, reserved: &str) -> Result<(ActivityId, String)> {
    let (id, uri) = outbox::next_activity(w, owner)?;
    if uri != reserved {
        return Ok((id, uri));
    }
    let id = ActivityId(id.0 + 1);
    Ok((id, document::activity_uri(owner, id)))
}

/// Our request that a response refers to. Only the response of the requested author counts.
fn find_answered_request(w: &Write<'_>, sender: &Actor, object: &Ref) -> Result<Option<InteractionRequestOut>> {
    let by_id = object.id().map(|id| interaction_requests_out::by_uri(w, id.as_str())).transpose()?.flatten();
    let by_parts = || {
        let uri = object.embedded().and_then(|value| id_of(value, "instrument"));
        uri.map(|uri| interaction_requests_out::by_uri(w, uri.as_str())).transpose().map(Option::flatten)
    };
    let Some(asked) = by_id.map_or_else(by_parts, |asked| Ok(Some(asked)))? else { return Ok(None) };
    Ok((posts::by_id(w, asked.target_id)?.actor_id == sender.id).then_some(asked))
}

/// Receives the approval of a request: the waiting activity is sent, with the stamp. False when the response is about
/// something else.
pub(in crate::social) fn receive_accept(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    object: &Ref,
    result: Option<&Uri>,
) -> Result<bool> {
    let Some(asked) = find_answered_request(w, sender, object)? else { return Ok(false) };
    if asked.state == RequestState::Accepted {
        return Ok(true);
    }
    // GoToSocial before 0.19 sends no stamp: the Accept itself is the authorization.
    let stamp = result.or(activity.id.as_ref()).filter(|stamp| same_origin(stamp.as_str(), &sender.uri));
    let stamp = stamp.map(|stamp| stamp.as_str().to_owned());
    let owner = actors::by_id(w, owner)?;
    interaction_requests_out::put(
        w,
        &InteractionRequestOut { state: RequestState::Accepted, stamp: stamp.clone(), ..asked.clone() },
    )?;
    match (asked.interaction, asked.own_post_id) {
        (Interaction::Reply, Some(reply)) if asked.request_uri.is_some() => {
            post::broadcast_create(w, &owner, &posts::by_id(w, reply)?)?;
        }
        (Interaction::Reply, Some(reply)) => post::broadcast_update(w, &owner, reply)?,
        (Interaction::Boost, Some(boost)) if asked.request_uri.is_some() => {
            boost::send_approved_boost(w, &owner, &posts::by_id(w, boost)?, stamp.as_deref())?;
        }
        _ => {}
    }
    Ok(true)
}

/// Receives the rejection of a request: a like or boost is removed; a reply stays here and is marked as rejected. False
/// when the response is about something else.
pub(in crate::social) fn receive_reject(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<bool> {
    let Some(asked) = find_answered_request(w, sender, object)? else { return Ok(false) };
    apply_rejection(w, owner, asked).map(|()| true)
}

/// Receives the Delete of a stamp: the author revoked their authorization. Treated like a Reject.
pub(in crate::social) fn receive_revocation(w: &Write<'_>, owner: ActorId, sender: &Actor, stamp: &Uri) -> Result<()> {
    match interaction_requests_out::by_authorization(w, stamp.as_str())? {
        Some(asked) if posts::by_id(w, asked.target_id)?.actor_id == sender.id => apply_rejection(w, owner, asked),
        _ => Ok(()),
    }
}

fn apply_rejection(w: &Write<'_>, owner: ActorId, asked: InteractionRequestOut) -> Result<()> {
    if asked.state == RequestState::Rejected {
        return Ok(());
    }
    let was_told = asked.state == RequestState::Accepted;
    let made = if asked.interaction == Interaction::Reply { asked.own_post_id } else { None };
    let us = actors::by_id(w, owner)?;
    match (asked.interaction, asked.own_post_id) {
        (Interaction::Like, _) => {
            likes::remove(w, owner, asked.target_id)?;
            if let Some(mark) = reactions::by_uri(w, owner, &asked.object_uri)? {
                reactions::remove(w, owner, mark.post_id, &mark.emoji.name)?;
            }
        }
        // The followers have received it: send an Undo.
        (Interaction::Boost, Some(_)) if was_told => boost::unboost(w, &us, asked.target_id)?,
        (Interaction::Boost, Some(boost)) => posts::delete(w, boost)?,
        _ => {}
    }
    interaction_requests_out::put(
        w,
        &InteractionRequestOut { state: RequestState::Rejected, own_post_id: made, ..asked.clone() },
    )?;
    match (asked.interaction, asked.own_post_id) {
        (Interaction::Reply, Some(reply)) if was_told => post::broadcast_update(w, &us, reply),
        _ => Ok(()),
    }
}

/// The stamp of one of our replies, if it was approved.
pub(in crate::social) fn authorization_of_reply(r: &Read<'_>, reply: &Post) -> Result<Option<String>> {
    Ok(interaction_requests_out::by_uri(r, &reply.uri)?
        .filter(|asked| asked.state == RequestState::Accepted)
        .and_then(|asked| asked.stamp))
}

/// Adds the stamp to one of our documents.
pub(in crate::social) fn add_authorization(
    mut document: serde_json::Value,
    deed: Interaction,
    stamp: Option<&str>,
) -> serde_json::Value {
    if let (Some(stamp), Some(members)) = (stamp, document.as_object_mut()) {
        members.insert(interaction::authorization_member(deed).to_owned(), stamp.into());
        members.insert("@context".to_owned(), crate::ap::context::full_context());
    }
    document
}
