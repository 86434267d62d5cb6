//! Documents of interaction policies: adds the policy, the quote and the reply authorization to one of our posts, and
//! builds requests, responses and stamps (authorizations).

use serde_json::Value;

use crate::ap::addressing::Recipients;
use crate::ap::interaction::{self, PolicyAuthor};
use crate::ap::write_activity::{self as activity, ActivityEnvelope};
use crate::ap::write_object::OwnPostDocument;
use crate::base::id::RequestId;
use crate::base::interaction_policy::Interaction;
use crate::base::{Result, Time};
use crate::social::{interaction::outbound, quote};
use crate::store::actors::Actor;
use crate::store::posts::{Post, PostMention};
use crate::store::{Read, posts::interaction_policies};

/// The URI of one of the owner's stamps.
pub fn authorization_uri(owner: &Actor, id: RequestId) -> String {
    format!("{}/authorizations/{id}", owner.uri)
}

/// Adds the interaction policy, the quote and the reply authorization to one of our posts.
pub(in crate::social) fn add_to_post(
    r: &Read<'_>,
    owner: &Actor,
    row: &Post,
    mentions: &[PostMention],
    mut post: OwnPostDocument,
) -> Result<OwnPostDocument> {
    if let Some(rules) = interaction_policies::get(r, row.id)? {
        let author = PolicyAuthor {
            id: &owner.uri,
            followers: owner.followers.as_deref().unwrap_or_default(),
            following: owner.following.as_deref().unwrap_or_default(),
        };
        let named: Vec<String> = mentions.iter().map(|mention| mention.uri.clone()).collect();
        post.policy = Some(interaction::policy(&rules, &author, &named));
    }
    if let Some((quote, line)) = quote::quote_members(r, row.id)? {
        post.quote = quote;
        post.content.insert_str(0, &line);
    }
    if row.reply_to_uri.is_some() {
        post.reply_stamp = outbound::authorization_of_reply(r, row)?;
    }
    Ok(post)
}

fn envelope(actor: &Actor, uri: &str, recipients: Recipients, at: Time) -> ActivityEnvelope {
    ActivityEnvelope { id: uri.to_owned(), actor: actor.uri.clone(), recipients, published: at }
}

/// An interaction request to the author of `target`; `instrument` is the post, Like or Announce.
pub(in crate::social) fn request_document(
    owner: &Actor,
    uri: &str,
    deed: Interaction,
    target: &Post,
    author: &Actor,
    instrument: Value,
    at: Time,
) -> Value {
    let lists = Recipients { to: vec![author.uri.clone()], cc: Vec::new() };
    activity::request(&envelope(owner, uri, lists, at), deed, &target.uri, instrument)
}

/// A response of the owner's to an interaction.
pub(in crate::social) struct InteractionResponse<'a> {
    /// The URI of the response.
    pub(in crate::social) uri: &'a str,
    /// What it responds to: the request with its members, or the id of an interaction sent without a request.
    pub(in crate::social) object: &'a Value,
    /// The owner's post, for an interaction sent without a request.
    pub(in crate::social) target: Option<&'a str>,
    /// Recipients.
    pub(in crate::social) recipients: Recipients,
}

/// An Accept with the owner's stamp.
pub(in crate::social) fn accept_document(
    owner: &Actor,
    answer: InteractionResponse<'_>,
    stamp: &str,
    at: Time,
) -> Value {
    activity::accept_with_result(
        &envelope(owner, answer.uri, answer.recipients, at),
        answer.object,
        answer.target,
        stamp,
    )
}

/// The Reject of an interaction.
pub(in crate::social) fn reject_document(owner: &Actor, answer: InteractionResponse<'_>, at: Time) -> Value {
    activity::reject_request(&envelope(owner, answer.uri, answer.recipients, at), answer.object, answer.target)
}

/// The Delete that revokes a stamp.
pub(in crate::social) fn revocation_document(
    owner: &Actor,
    uri: &str,
    stamp: &str,
    lists: Recipients,
    at: Time,
) -> Value {
    activity::delete(&envelope(owner, uri, lists, at), stamp)
}
