//! Relays (FEP-ae0c) in both styles. For Mastodon's, our instance actor follows Public at an inbox; for LitePub's, it
//! follows an actor that follows back.

use serde_json::Value;

use super::follow::respond;
use super::outbox::{self, ActivityRecipients};
use super::{Prerequisite, document, group, uri_of};
use crate::ap::activity::Activity;
use crate::ap::addressing::{PUBLIC, Recipients};
use crate::ap::json::{self, Ref, Uri, same_origin};
use crate::ap::write_activity::{self, ActivityEnvelope};
use crate::base::id::{PostId, RelayId};
use crate::base::{Audience, Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::peers::relays::{self, Relay, RelayState, RelayStyle};
use crate::store::posts::{self, Post};
use crate::store::{Read, Write, node};

/// Subscribes to a relay: by its `actor` in LitePub's style, else by its bare inbox. A repeated call sends the Follow
/// again.
pub fn subscribe(w: &Write<'_>, inbox: &str, actor: Option<&Actor>) -> Result<()> {
    let known = relays::all(w)?;
    if !known.iter().any(|relay| relay.inbox == inbox) && known.len() >= relays::MAX_RELAYS as usize {
        return Err(Error::invalid(format!("you can have at most {} relays", relays::MAX_RELAYS)));
    }
    let style = if actor.is_some() { RelayStyle::LitePub } else { RelayStyle::Mastodon };
    let service = instance_actor(w)?;
    let (id, uri) = outbox::next_activity(w, &service)?;
    relays::add(w, inbox, style, actor.map(|actor| actor.id), &uri)?;
    let follow = follow_document(&service, &uri, actor, w.now);
    outbox::send(w, &service, id, follow, inbox, Audience::Mentioned, &relay_recipient(inbox))
}

/// Unsubscribes from a relay.
pub fn unsubscribe(w: &Write<'_>, id: RelayId) -> Result<()> {
    let relay = relays::by_id(w, id)?;
    relays::remove(w, id)?;
    let service = instance_actor(w)?;
    let actor =
        relay.actor_id.filter(|_| relay.style == RelayStyle::LitePub).map(|id| actors::by_id(w, id)).transpose()?;
    let inner = follow_document(&service, &relay.follow_uri, actor.as_ref(), relay.asked_at);
    outbox::undo(w, &service, &inner, &relay.inbox, Audience::Mentioned, &relay_recipient(&relay.inbox))
}

fn follow_document(service: &Actor, uri: &str, actor: Option<&Actor>, at: crate::base::Time) -> Value {
    let object = actor.map_or(PUBLIC, |actor| actor.uri.as_str());
    let to = actor.map(|actor| actor.uri.clone()).into_iter().collect();
    let recipients = Recipients { to, cc: Vec::new() };
    let envelope = ActivityEnvelope { id: uri.to_owned(), actor: service.uri.clone(), recipients, published: at };
    write_activity::follow(&envelope, object)
}

fn instance_actor(r: &Read<'_>) -> Result<Actor> {
    actors::by_id(r, node::get(r)?.service)
}

fn relay_recipient(inbox: &str) -> ActivityRecipients {
    ActivityRecipients { extra_inboxes: vec![inbox.to_owned()], ..ActivityRecipients::default() }
}

/// Whether an actor is a relay that accepted our subscription.
pub fn is_relay(r: &Read<'_>, actor: &Actor) -> Result<bool> {
    Ok(relays::by_actor(r, actor.id)?.is_some())
}

/// Whether a Follow is for our instance actor, which only relays follow.
pub(super) fn is_for_instance_actor(r: &Read<'_>, object: &Uri) -> Result<bool> {
    Ok(*object == instance_actor(r)?.uri.as_str())
}

/// Receives a relay's Follow of the instance actor (LitePub relays follow back). Nobody else may follow it.
pub(super) fn receive_follow(w: &Write<'_>, sender: &Actor, activity: &Activity) -> Result<()> {
    let ours =
        relays::all(w)?.into_iter().any(|relay| speaks_for_relay(&relay, sender) && relay.state != RelayState::Refused);
    if !ours {
        return Ok(());
    }
    let service = instance_actor(w)?;
    let received = document::follow(sender, &uri_of(activity), &service, w.now);
    respond(w, &service, sender, &received, document::accept)
}

/// Whether an actor may speak for a relay: it is the one we followed or, if only an inbox is known, on the same server.
fn speaks_for_relay(relay: &Relay, sender: &Actor) -> bool {
    match (relay.style, relay.actor_id) {
        (RelayStyle::LitePub, Some(actor)) => actor == sender.id,
        _ => same_origin(&relay.inbox, &sender.uri),
    }
}

/// Receives a relay's Accept or Reject of our subscription, also when it ends the subscription later. False when the
/// response is about something else.
pub(super) fn receive_response(w: &Write<'_>, sender: &Actor, object: &Ref, state: RelayState) -> Result<bool> {
    let us = instance_actor(w)?.uri;
    let fits = |relay: &Relay| {
        let named = object.id().is_some_and(|id| *id == relay.follow_uri.as_str());
        // Some relays respond with a Follow they made up instead of ours.
        let whole = object.embedded().is_some_and(|doc| {
            json::is_type(doc, "Follow") && json::id_of(doc, "actor").is_some_and(|actor| actor == us.as_str())
        });
        (named || whole) && speaks_for_relay(relay, sender)
    };
    let Some(relay) = relays::all(w)?.into_iter().find(fits) else { return Ok(false) };
    relays::set_state(w, relay.id, sender.id, state)?;
    Ok(true)
}

/// What to fetch for a relay's Announce: the post it names.
pub(super) fn prerequisites(r: &Read<'_>, object: &Ref) -> Result<Vec<Prerequisite>> {
    let Some(uri) = announced_post_uri(object) else { return Ok(Vec::new()) };
    let known = node::get(r)?.origin.owns(uri.as_str()) || posts::by_uri(r, uri.as_str())?.is_some();
    Ok(if known { Vec::new() } else { vec![Prerequisite::OptionalPost(uri.as_str().to_owned())] })
}

/// The post that a relay announces: by its id, or by the Create of it.
fn announced_post_uri(object: &Ref) -> Option<Uri> {
    match group::announced_activity(object) {
        Some(inner) if json::is_type(inner, "Create") => json::id_of(inner, "object"),
        Some(_) => None,
        None => object.id().cloned(),
    }
}

/// Receives a relay's Announce. The post was fetched before.
pub(super) fn receive_announce(w: &Write<'_>, object: &Ref) -> Result<()> {
    let post = announced_post_uri(object).map(|uri| posts::by_uri(w, uri.as_str())).transpose()?.flatten();
    post.map_or(Ok(()), |post| mark_relayed(w, post.id))
}

/// Records that a relay brought this post, unless it is the owner's.
pub fn mark_relayed(w: &Write<'_>, id: PostId) -> Result<()> {
    let post = posts::by_id(w, id)?;
    if post.actor_id == node::owner(w)? || post.boost_of.is_some() { Ok(()) } else { relays::mark_post(w, id) }
}

/// Adds the accepted relays of these styles to the recipients of a public activity.
pub(super) fn add_relays(
    r: &Read<'_>,
    post: &Post,
    mut reach: ActivityRecipients,
    styles: &[RelayStyle],
) -> Result<ActivityRecipients> {
    if post.audience == Audience::Public {
        let asked = relays::all(r)?.into_iter().filter(|relay| styles.contains(&relay.style));
        reach.extra_inboxes.extend(asked.filter(|relay| relay.state == RelayState::Accepted).map(|relay| relay.inbox));
    }
    Ok(reach)
}

/// Announces a public post by our instance actor to LitePub relays, which relay what that actor announces.
pub(super) fn announce_to_relays(w: &Write<'_>, owner: &Actor, post: &Post) -> Result<()> {
    if post.audience != Audience::Public {
        return Ok(());
    }
    let asked =
        relays::all(w)?.into_iter().filter(|r| r.style == RelayStyle::LitePub && r.state == RelayState::Accepted);
    let inboxes: Vec<String> = asked.map(|relay| relay.inbox).collect();
    if inboxes.is_empty() {
        return Ok(());
    }
    let service = instance_actor(w)?;
    let (id, uri) = outbox::next_activity(w, &service)?;
    let recipients = Recipients { to: vec![PUBLIC.to_owned()], cc: vec![owner.uri.clone()] };
    let envelope = ActivityEnvelope { id: uri, actor: service.uri.clone(), recipients, published: w.now };
    let announce = write_activity::announce(&envelope, &post.uri);
    let reach = ActivityRecipients { extra_inboxes: inboxes, ..ActivityRecipients::default() };
    outbox::send(w, &service, id, announce, &post.uri, Audience::Public, &reach)
}
