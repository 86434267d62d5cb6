//! Pinned posts and featured hashtags, both directions. Only the actor itself may change them. Private posts are in no
//! collection.

use serde_json::{Value, json};

use super::outbox::{self, ActivityRecipients};
use super::{Prerequisite, document};
use crate::ap::json::{self as reader, Ref, Uri, same_origin};
use crate::ap::limits;
use crate::base::id::PostId;
use crate::base::{Audience, Error, Result};
use crate::store::actors::Actor;
use crate::store::posts::pins::{self, FeaturedHashtag};
use crate::store::posts::{self, Post, Viewer};
use crate::store::{Read, Write, actors::follows, node, posts::groups};
use crate::text::{compose, plain_text, scan};

/// Maximum number of pinned posts, as Mastodon shows them.
pub const MAX_PINNED_POSTS: usize = 5;

/// Whether the target is a collection of the sender's own profile. Mastodon uses `featured` for hashtags, too.
fn is_own_collection(sender: &Actor, target: &Uri) -> bool {
    let is = |uri: &Option<String>| uri.as_deref() == Some(target.as_str());
    (is(&sender.featured) || is(&sender.featured_tags)) && same_origin(target.as_str(), &sender.uri)
}

/// What to fetch for a pinned post: the post, when its author is followed.
pub(super) fn prerequisites(r: &Read<'_>, sender: &Actor, object: &Ref, target: &Uri) -> Result<Vec<Prerequisite>> {
    let Some(uri) = object.id().filter(|_| is_own_collection(sender, target) && featured_hashtag(object).is_none())
    else {
        return Ok(Vec::new());
    };
    let known = posts::by_uri(r, uri.as_str())?.is_some();
    let wanted =
        !known && same_origin(uri.as_str(), &sender.uri) && follows::is_accepted(r, node::owner(r)?, sender.id)?;
    Ok(if wanted { vec![Prerequisite::Post(uri.as_str().to_owned())] } else { Vec::new() })
}

/// Receives an Add to a featured collection.
pub(super) fn receive_add(w: &Write<'_>, sender: &Actor, object: &Ref, target: &Uri) -> Result<()> {
    if !is_own_collection(sender, target) {
        return Ok(());
    }
    if let Some(tag) = featured_hashtag(object) {
        return pins::add_tag(w, sender.id, &tag).map(drop);
    }
    match object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten() {
        Some(post) if may_be_pinned(w, sender, &post)? => pins::add(w, sender.id, post.id).map(drop),
        _ => Ok(()),
    }
}

/// Receives a Remove from a featured collection.
pub(super) fn receive_remove(w: &Write<'_>, sender: &Actor, object: &Ref, target: &Uri) -> Result<()> {
    if !is_own_collection(sender, target) {
        return Ok(());
    }
    if let Some(tag) = featured_hashtag(object) {
        return pins::remove_tag(w, sender.id, &tag.name).map(drop);
    }
    match object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten() {
        Some(post) => pins::remove(w, sender.id, post.id).map(drop),
        None => Ok(()),
    }
}

/// Whether a post can be pinned by an actor: it is their own, or was posted in that group.
pub fn may_be_pinned(r: &Read<'_>, actor: &Actor, post: &Post) -> Result<bool> {
    if post.boost_of.is_some() {
        return Ok(false);
    }
    Ok(post.actor_id == actor.id || (actor.kind == "Group" && groups::of_post(r, post.id)? == Some(actor.id)))
}

/// The featured hashtag, if the object is one.
pub fn featured_hashtag(object: &Ref) -> Option<FeaturedHashtag> {
    let value = object.embedded().filter(|value| reader::is_type(value, "Hashtag"))?;
    let text = reader::text(value, "name", limits::NAME)?;
    let shown = plain_text::one_line(text.trim().trim_start_matches(['#', '\u{ff03}']));
    let usable = !shown.is_empty() && !shown.contains(char::is_whitespace);
    let url = reader::id_of(value, "href").map(|uri| uri.as_str().to_owned());
    usable.then(|| FeaturedHashtag { name: scan::tag_key(&shown), display_name: shown, url })
}

/// Pins a post; repeating does nothing. A followers-only post is pinned without an announcement, because it is in no
/// collection.
pub fn pin(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<()> {
    let post = posts::by_id(w, id)?;
    if post.actor_id != owner.id || post.boost_of.is_some() {
        return Err(Error::invalid("only your own posts can be pinned"));
    }
    if post.audience == Audience::Mentioned {
        return Err(Error::invalid("a private mention cannot be pinned"));
    }
    let pinned = pins::of_actor(w, owner.id, Viewer::Owner)?;
    if pinned.contains(&id) {
        return Ok(());
    }
    if pinned.len() >= MAX_PINNED_POSTS {
        return Err(Error::invalid(format!("you can pin at most {MAX_PINNED_POSTS} posts: unpin another one first")));
    }
    pins::add(w, owner.id, id)?;
    match post.audience.is_open() {
        true => announce_change(w, owner, &post.uri, PinChange::Add, json!(post.uri)),
        false => Ok(()),
    }
}

/// Unpins a post; does nothing when it is not pinned.
pub fn unpin(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<()> {
    let post = posts::by_id(w, id)?;
    match pins::remove(w, owner.id, id)? && post.audience.is_open() {
        true => announce_change(w, owner, &post.uri, PinChange::Remove, json!(post.uri)),
        false => Ok(()),
    }
}

/// Features a hashtag on the owner's profile; `typed` may begin with `#`.
pub fn feature_hashtag(w: &Write<'_>, owner: &Actor, typed: &str) -> Result<()> {
    let (name, shown) = scan::whole_tag(typed).ok_or_else(|| Error::invalid(scan::NOT_A_HASHTAG_MESSAGE))?;
    if pins::tags(w, owner.id)?.iter().any(|tag| tag.name == name) {
        return Ok(());
    }
    let tag = FeaturedHashtag { name, display_name: shown, url: None };
    if !pins::add_tag(w, owner.id, &tag)? {
        return Err(Error::invalid(format!(
            "you can feature at most {} hashtags: remove another one first",
            pins::MAX_FEATURED_HASHTAGS
        )));
    }
    announce_change(w, owner, &owner.uri, PinChange::Add, hashtag_document(w, &tag)?)
}

/// Removes a featured hashtag from the owner's profile.
pub fn unfeature_hashtag(w: &Write<'_>, owner: &Actor, name: &str) -> Result<()> {
    let Some(tag) = pins::tags(w, owner.id)?.into_iter().find(|tag| tag.name == name) else { return Ok(()) };
    pins::remove_tag(w, owner.id, name)?;
    announce_change(w, owner, &owner.uri, PinChange::Remove, hashtag_document(w, &tag)?)
}

/// The document of one of the owner's featured hashtags.
pub fn hashtag_document(r: &Read<'_>, tag: &FeaturedHashtag) -> Result<Value> {
    let href = compose::tag_url(&document::hashtag_base_url(&node::get(r)?.origin), &tag.name);
    Ok(json!({"type": "Hashtag", "href": href, "name": format!("#{}", tag.display_name)}))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinChange {
    Add,
    Remove,
}

/// Announces the change to followers. The target is `featured` for posts and hashtags: Mastodon reads no other target.
fn announce_change(w: &Write<'_>, owner: &Actor, about: &str, change: PinChange, object: Value) -> Result<()> {
    let Some(collection) = &owner.featured else { return Ok(()) };
    let (id, uri) = outbox::next_activity(w, owner)?;
    let activity = match change {
        PinChange::Add => document::add(owner, &uri, object, collection, w.now),
        PinChange::Remove => document::remove(owner, &uri, object, collection, w.now),
    };
    let reach = ActivityRecipients { followers: true, ..ActivityRecipients::default() };
    outbox::send(w, owner, id, activity, about, Audience::Public, &reach)
}
