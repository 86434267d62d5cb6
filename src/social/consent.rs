//! The documents of asking and agreeing: requests, answers, stamps, and what a post of the owner's says of who may do what
//! with it.

use serde_json::Value;

use super::{asking, quote};
use crate::ap::addressing::Recipients;
use crate::ap::interaction::{self, Author};
use crate::ap::write_activity::{self as activity, Envelope};
use crate::ap::write_object::OwnPost;
use crate::base::id::RequestId;
use crate::base::policy::Deed;
use crate::base::{Result, Time};
use crate::store::actors::Actor;
use crate::store::posts::{Mention, Post};
use crate::store::{Read, policies};

/// The id of a stamp of the owner's.
pub fn stamp_uri(owner: &Actor, id: RequestId) -> String {
    format!("{}/authorizations/{id}", owner.uri)
}

/// Puts into a post of the owner's who may do what with it, what it quotes, and by whose word it stands where it does.
pub(super) fn complete(
    r: &Read<'_>,
    owner: &Actor,
    row: &Post,
    mentions: &[Mention],
    mut post: OwnPost,
) -> Result<OwnPost> {
    if let Some(rules) = policies::get(r, row.id)? {
        let author = Author {
            id: &owner.uri,
            followers: owner.followers.as_deref().unwrap_or_default(),
            following: owner.following.as_deref().unwrap_or_default(),
        };
        let named: Vec<String> = mentions.iter().map(|mention| mention.uri.clone()).collect();
        post.policy = Some(interaction::policy(&rules, &author, &named));
    }
    if let Some((quote, line)) = quote::written(r, row.id)? {
        post.quote = quote;
        post.content.insert_str(0, &line);
    }
    if row.reply_to_uri.is_some() {
        post.reply_stamp = asking::stamp_of(r, row)?;
    }
    Ok(post)
}

fn envelope(actor: &Actor, uri: &str, recipients: Recipients, at: Time) -> Envelope {
    Envelope { id: uri.to_owned(), actor: actor.uri.clone(), recipients, published: at }
}

/// Asks the author of `target` whether the owner may do that to it; `instrument` is the post, Like or Announce.
pub(super) fn request(
    owner: &Actor,
    uri: &str,
    deed: Deed,
    target: &Post,
    author: &Actor,
    instrument: Value,
    at: Time,
) -> Value {
    let lists = Recipients { to: vec![author.uri.clone()], cc: Vec::new() };
    activity::request(&envelope(owner, uri, lists, at), deed, &target.uri, instrument)
}

/// An answer of the owner's.
pub(super) struct Answer<'a> {
    /// Its id.
    pub(super) uri: &'a str,
    /// What was asked: the request with its parts, or the id of what was simply done.
    pub(super) object: &'a Value,
    /// The owner's post, where it was simply done.
    pub(super) target: Option<&'a str>,
    /// To whom.
    pub(super) lists: Recipients,
}

/// Lets somebody in, with the owner's stamp.
pub(super) fn grant(owner: &Actor, answer: Answer<'_>, stamp: &str, at: Time) -> Value {
    activity::grant(&envelope(owner, answer.uri, answer.lists, at), answer.object, answer.target, stamp)
}

/// Turns somebody away.
pub(super) fn refuse(owner: &Actor, answer: Answer<'_>, at: Time) -> Value {
    activity::refuse(&envelope(owner, answer.uri, answer.lists, at), answer.object, answer.target)
}

/// Takes a stamp back.
pub(super) fn delete_stamp(owner: &Actor, uri: &str, stamp: &str, lists: Recipients, at: Time) -> Value {
    activity::delete(&envelope(owner, uri, lists, at), stamp)
}
