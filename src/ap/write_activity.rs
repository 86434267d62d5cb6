//! Writes our activities for the outbox and for inboxes. The actor is always a plain id (Threads), `to` and `cc` are
//! always lists.

use serde_json::{Value, json};

use super::addressing::Recipients;
use super::context;
use super::document_builder::DocumentBuilder;
use super::interaction;
use super::write_object::{self, OwnTag, write_tag};
use crate::base::Time;
use crate::base::interaction_policy::Interaction;

/// Members of every activity.
#[derive(Debug, Clone, Default)]
pub struct ActivityEnvelope {
    /// The id: one of ours, without a fragment.
    pub id: String,
    /// The actor: the owner, or the instance actor for reports.
    pub actor: String,
    /// Addressees.
    pub recipients: Recipients,
    /// When.
    pub published: Time,
}

fn activity(kind: &str, context: Value, envelope: &ActivityEnvelope) -> DocumentBuilder {
    DocumentBuilder::of(kind, context)
        .put("id", envelope.id.as_str())
        .put("actor", envelope.actor.as_str())
        .put("published", envelope.published.rfc3339())
        .put("to", envelope.recipients.to.clone())
        .put("cc", envelope.recipients.cc.clone())
}

/// An activity about something named by its id.
fn activity_about(kind: &str, envelope: &ActivityEnvelope, object: &str) -> DocumentBuilder {
    activity(kind, context::plain_context(), envelope).put("object", object)
}

/// An activity with a document of ours inside, whose context moves to the outer level.
fn wrap(kind: &str, envelope: &ActivityEnvelope, mut object: Value) -> DocumentBuilder {
    let context = context::lift_terms(&mut object);
    activity(kind, context, envelope).put("object", object)
}

/// A Follow.
pub fn follow(envelope: &ActivityEnvelope, actor: &str) -> Value {
    activity_about("Follow", envelope, actor).build()
}

/// Accepts a Follow, which is embedded exactly as it was received.
pub fn accept(envelope: &ActivityEnvelope, received: &Value) -> Value {
    activity("Accept", context::plain_context(), envelope).put("object", received.clone()).build()
}

/// Rejects a Follow, or removes a follower; the Follow is embedded exactly as it was received.
pub fn reject(envelope: &ActivityEnvelope, received: &Value) -> Value {
    activity("Reject", context::plain_context(), envelope).put("object", received.clone()).build()
}

/// Lets a quote, answer, like or boost in, with the id of the stamp (FEP-044f, GoToSocial). `object` is the request, or
/// what was done without asking; then `target` names our post.
pub fn accept_with_result(envelope: &ActivityEnvelope, object: &Value, target: Option<&str>, stamp: &str) -> Value {
    activity("Accept", context::full_context(), envelope)
        .put("object", object.clone())
        .put_optional("target", target)
        .put("result", stamp)
        .build()
}

/// Rejects an interaction request, like [`accept_with_result`].
pub fn reject_request(envelope: &ActivityEnvelope, object: &Value, target: Option<&str>) -> Value {
    activity("Reject", context::full_context(), envelope)
        .put("object", object.clone())
        .put_optional("target", target)
        .build()
}

/// Publishes a post or casts a vote.
pub fn create(envelope: &ActivityEnvelope, object: Value) -> Value {
    wrap("Create", envelope, object).build()
}

/// Replaces a post or the owner's actor document.
pub fn update(envelope: &ActivityEnvelope, object: Value) -> Value {
    wrap("Update", envelope, object).build()
}

/// Deletes a post.
pub fn delete(envelope: &ActivityEnvelope, post: &str) -> Value {
    wrap("Delete", envelope, write_object::tombstone(post, None)).build()
}

/// Deletes the actor itself, for good.
pub fn delete_actor(envelope: &ActivityEnvelope) -> Value {
    activity_about("Delete", envelope, &envelope.actor).build()
}

/// Likes a post.
pub fn like(envelope: &ActivityEnvelope, post: &str) -> Value {
    activity_about("Like", envelope, post).build()
}

/// An emoji reaction, in the form that is a plain like for software without reactions.
pub fn react(envelope: &ActivityEnvelope, post: &str, content: &str, emoji: Option<&OwnTag>) -> Value {
    activity("Like", context::full_context(), envelope)
        .put("object", post)
        .put("content", content)
        .put("_misskey_reaction", content)
        .put("tag", emoji.map(write_tag).into_iter().collect::<Vec<_>>())
        .build()
}

/// Boosts a post.
pub fn announce(envelope: &ActivityEnvelope, post: &str) -> Value {
    activity_about("Announce", envelope, post).build()
}

/// An Undo: the activity is embedded whole (Threads fails on an id, Mastodon needs its type).
pub fn undo(envelope: &ActivityEnvelope, inner: Value) -> Value {
    wrap("Undo", envelope, inner).build()
}

/// Blocks an actor.
pub fn block(envelope: &ActivityEnvelope, actor: &str) -> Value {
    activity_about("Block", envelope, actor).build()
}

/// A Move of the owner.
pub fn move_to(envelope: &ActivityEnvelope, target: &str) -> Value {
    activity_about("Move", envelope, &envelope.actor).put("target", target).build()
}

/// A bare id needs none of our context terms.
fn listed(object: &Value) -> Value {
    if object.is_string() { context::plain_context() } else { context::full_context() }
}

/// Adds a post or a Hashtag to a collection of ours (`featured`).
pub fn add(envelope: &ActivityEnvelope, object: Value, collection: &str) -> Value {
    activity("Add", listed(&object), envelope).put("object", object).put("target", collection).build()
}

/// Removes a post or a Hashtag from a collection of ours.
pub fn remove(envelope: &ActivityEnvelope, object: Value, collection: &str) -> Value {
    activity("Remove", listed(&object), envelope).put("object", object).put("target", collection).build()
}

/// Reports an actor and posts of theirs to their server.
pub fn flag(envelope: &ActivityEnvelope, actor: &str, posts: &[String], comment: &str) -> Value {
    let objects: Vec<&str> = std::iter::once(actor).chain(posts.iter().map(String::as_str)).collect();
    activity("Flag", context::plain_context(), envelope).put("object", json!(objects)).put("content", comment).build()
}

/// Asks the author of `target` whether our post, Like or Announce (`instrument`) may do that to it (FEP-044f, GoToSocial).
pub fn request(envelope: &ActivityEnvelope, deed: Interaction, target: &str, mut instrument: Value) -> Value {
    context::lift_terms(&mut instrument);
    activity(interaction::request_type(deed), context::full_context(), envelope)
        .put("object", target)
        .put("instrument", instrument)
        .build()
}
