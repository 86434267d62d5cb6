//! Reports (Flag), both ways. Ours go out in the name of the server, so that nobody learns whom they come from; those of
//! others are for the owner's eyes only.

use super::outbox::{self, Reach};
use super::{document, uri_of};
use crate::ap::activity::Activity;
use crate::ap::json::Uri;
use crate::base::id::{ActorId, PostId};
use crate::base::{Audience, Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, Kind};
use crate::store::{Write, host_blocks, node, posts, reports};
use crate::text::{cut, plain};

/// Posts in one report at most, like Mastodon.
pub const POSTS: usize = 50;
/// Characters of a comment: Mastodon takes 1,000 from its own people and 5,000 from other servers.
pub const COMMENT: usize = 1_000;
/// Bytes of a comment from outside that are kept.
const COMMENT_IN: usize = 5_000;

/// The owner reports somebody, and posts of theirs, to the people who run their server. They do not learn who reports.
pub fn send(w: &Write<'_>, who: ActorId, about: &[PostId], comment: &str) -> Result<()> {
    let comment = comment.trim();
    if comment.chars().count() > COMMENT {
        return Err(Error::invalid(format!("a report has {COMMENT} characters at most")));
    }
    let facts = node::get(w)?;
    let (service, them) = (actors::by_id(w, facts.service)?, actors::by_id(w, who)?);
    if facts.origin.owns(&them.uri) {
        return Err(Error::invalid("that is you"));
    }
    let mut uris = Vec::new();
    for id in about.iter().take(POSTS) {
        let post = posts::by_id(w, *id)?;
        if post.actor_id != who {
            return Err(Error::invalid("one of these posts is not theirs"));
        }
        uris.push(post.uri);
    }
    let (id, uri) = outbox::next(w, &service)?;
    reports::sent(w, &uri, who, &uris, comment)?;
    let flag = document::flag(&service, &uri, &them, &uris, comment, w.now);
    outbox::send(w, &service, id, flag, &uri, Audience::Mentioned, &Reach::person(&them))
}

/// A report came in. Kept when it is about the owner or posts of theirs, and nobody but the owner ever sees it.
pub(super) fn receive(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    objects: &[Uri],
    comment: Option<&str>,
) -> Result<()> {
    let us = actors::by_id(w, owner)?;
    let mut about = Vec::new();
    for object in objects.iter().take(POSTS) {
        let ours =
            *object == us.uri.as_str() || posts::by_uri(w, object.as_str())?.is_some_and(|post| post.actor_id == owner);
        if ours {
            about.push(object.as_str().to_owned());
        }
    }
    if about.is_empty() || host_blocks::of_actor(w, sender)?.no_reports {
        return Ok(());
    }
    let comment = plain::from_html(comment.unwrap_or_default());
    if reports::receive(w, &uri_of(activity), sender.id, &about, cut(comment.trim(), COMMENT_IN))? {
        // A server sends all its reports under one name: each is told anew.
        notifications::remove(w, Kind::Report, sender.id, None)?;
        notifications::add(w, Kind::Report, sender.id, None)?;
    }
    Ok(())
}
