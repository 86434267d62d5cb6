//! Groups: the activities and posts they announce (FEP-1b12: Lemmy, Mbin, PieFed, NodeBB; FEP-400e and plain boosts:
//! Guppe, Friendica, Discourse, PeerTube).

use serde_json::Value;

use super::outbox::ActivityRecipients;
use super::post::RenderedPost;
use super::{Prerequisite, list};
use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::json::{self, Ref};
use crate::ap::object::Object;
use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind as Event};
use crate::store::posts::groups::{self, GroupSource};
use crate::store::posts::{self, Post};
use crate::store::{Read, Write, actors::follows, moderation::block_filter, node, timelines::lists};

/// Whether an actor is a group: a community, magazine, category or channel.
pub fn is_group(actor: &Actor) -> bool {
    actor.kind == "Group"
}

/// The activity inside an Announce; None for a post or a bare id.
pub fn announced_activity(object: &Ref) -> Option<&Value> {
    let value = object.embedded()?;
    (json::id_of(value, "actor").is_some() && value.get("object").is_some()).then_some(value)
}

/// What to fetch for an announced activity: new posts, known posts that changed, and posts said to be deleted. Votes,
/// locks, bans and pins cause no request.
pub(super) fn prerequisites(r: &Read<'_>, sender: &Actor, inner: &Value) -> Result<Vec<Prerequisite>> {
    let Ok(inner) = Activity::read_inner(inner.clone()) else { return Ok(Vec::new()) };
    let owner = node::owner(r)?;
    let Some(id) = inner.object_id().filter(|_| may_announce_activities(sender)) else { return Ok(Vec::new()) };
    let uri = id.as_str().to_owned();
    if node::get(r)?.origin.owns(&uri) {
        return Ok(Vec::new());
    }
    let known = posts::by_uri(r, &uri)?;
    Ok(match (&inner.kind, known) {
        (ActivityKind::Create { object, .. }, None) if should_fetch_post(r, owner, sender, object)? => {
            vec![Prerequisite::Post(uri)]
        }
        (ActivityKind::Update { .. }, Some(_)) => vec![Prerequisite::PostRefresh(uri)],
        (ActivityKind::Update { .. }, None) if uri == sender.uri => vec![Prerequisite::ActorRefresh(uri)],
        (ActivityKind::Delete { .. }, Some(_)) => vec![Prerequisite::DeletionCheck(uri)],
        _ => Vec::new(),
    })
}

/// Whether an actor may announce activities of others: groups and instance actors do; persons only boost posts.
fn may_announce_activities(sender: &Actor) -> bool {
    sender.kind != "Person"
}

/// Whether to fetch a new post in a group: a new thread when the group is followed; a comment when the owner takes part
/// in its thread or is mentioned in a followed group.
fn should_fetch_post(r: &Read<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<bool> {
    let followed = follows::is_accepted(r, owner, sender.id)?;
    let Some(value) = object.embedded() else { return Ok(followed) };
    match json::id_of(value, "inReplyTo") {
        None => Ok(followed),
        Some(parent) => {
            let ours = match posts::by_uri(r, parent.as_str())? {
                Some(parent) => groups::has_ancestor_or_self_by(r, parent.id, owner)?,
                None => false,
            };
            Ok(ours || followed && mentions_owner(value, &actors::by_id(r, owner)?.uri))
        }
    }
}

fn mentions_owner(value: &Value, us: &str) -> bool {
    Object::read(value).is_ok_and(|object| object.tags.mentions.iter().any(|mention| mention.href == us))
}

/// Applies an activity that a group announced. The posts it refers to were fetched before, or there is nothing to do.
pub(super) fn receive(w: &Write<'_>, owner: ActorId, sender: &Actor, inner: &Value) -> Result<()> {
    // An unreadable activity, or one of an unsupported type (Lock, Block, Dislike), is ignored.
    let Ok(inner) = Activity::read_inner(inner.clone()) else { return Ok(()) };
    let Some(id) = inner.object_id().filter(|_| may_announce_activities(sender)) else { return Ok(()) };
    if let ActivityKind::Undo { object } = &inner.kind {
        return receive_undo(w, owner, sender, &inner, object);
    }
    let Some(post) = posts::by_uri(w, id.as_str())? else { return Ok(()) };
    match &inner.kind {
        ActivityKind::Create { .. } | ActivityKind::Update { .. } => add_post(w, owner, sender, &post),
        ActivityKind::Delete { .. } => remove_post(w, sender, &post),
        ActivityKind::Like { .. } | ActivityKind::EmojiReact { .. } if counts_votes(w, owner, sender, &post)? => {
            groups::add_vote(w, post.id, inner.actor.as_str())
        }
        _ => Ok(()),
    }
}

/// Applies an announced Undo: of a vote, or of a moderator's deletion.
fn receive_undo(w: &Write<'_>, owner: ActorId, sender: &Actor, undo: &Activity, object: &Ref) -> Result<()> {
    let Some(Ok(act)) = object.embedded().map(|value| Activity::read_inner(value.clone())) else { return Ok(()) };
    let Some(post) = act.object_id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten() else {
        return Ok(());
    };
    match &act.kind {
        ActivityKind::Delete { .. } => add_post(w, owner, sender, &post),
        ActivityKind::Like { .. } | ActivityKind::EmojiReact { .. }
            if undo.actor == act.actor && counts_votes(w, owner, sender, &post)? =>
        {
            groups::remove_vote(w, post.id, act.actor.as_str())
        }
        _ => Ok(()),
    }
}

/// Whether to count a vote that a group announces: only for the owner's posts in that group. Votes for other posts are
/// ignored: there are thousands a day.
fn counts_votes(r: &Read<'_>, owner: ActorId, sender: &Actor, post: &Post) -> Result<bool> {
    Ok(post.actor_id == owner && groups::source(r, sender.id, post.id)?.is_some())
}

/// Receives a group's Announce of a post, by id or embedded: the post was posted in the group (Guppe, Friendica,
/// PeerTube's channels; Lemmy does it for Mastodon). False when it is an ordinary boost: of the group's own post, or of
/// one of the owner's posts that was not addressed to the group (a WordPress blog is a Group, too).
pub(super) fn receive_announced_post(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<bool> {
    if !is_group(sender) {
        return Ok(false);
    }
    let Some(post) = object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten() else {
        return Ok(false);
    };
    let is_boost = match post.actor_id {
        author if author == sender.id => true,
        author if author == owner => {
            groups::source(w, sender.id, post.id)?.is_none()
                && !posts::mentions(w, post.id)?.iter().any(|mention| mention.uri == sender.uri)
        }
        _ => false,
    };
    if !is_boost {
        add_post(w, owner, sender, &post)?;
    }
    Ok(!is_boost)
}

/// Adds a post to a group, and to the home timeline when the group is followed. For the owner's own post only the group
/// is recorded.
fn add_post(w: &Write<'_>, owner: ActorId, group: &Actor, post: &Post) -> Result<()> {
    if post.boost_of.is_some() || !post.audience.is_open() {
        return Ok(());
    }
    if block_filter::is_hidden(w, &actors::by_id(w, post.actor_id)?)? {
        return Ok(());
    }
    let followed = follows::is_accepted(w, owner, group.id)?;
    if is_group(group) && (followed || groups::source(w, group.id, post.id)?.is_some()) {
        groups::put(w, group.id, post.id, GroupSource::Group)?;
    }
    if post.actor_id == owner || block_filter::is_hidden(w, &actors::by_id(w, post.actor_id)?)? {
        return Ok(());
    }
    let answers_us = match post.reply_to {
        Some(parent) => posts::by_id(w, parent)?.actor_id == owner,
        None => false,
    };
    let takes_part =
        post.reply_to.map(|parent| groups::has_ancestor_or_self_by(w, parent, owner)).transpose()?.unwrap_or(false);
    if followed && (post.reply_to_uri.is_none() || takes_part) && !block_filter::is_limited(w, post.actor_id)? {
        list::add_to_timelines(w, owner, group.id, post)?;
    }
    let us = actors::by_id(w, owner)?.uri;
    if answers_us || posts::mentions(w, post.id)?.iter().any(|mention| mention.uri == us) {
        notifications::add(w, Event::Mention, post.actor_id, Some(post.id))?;
    }
    Ok(())
}

/// Removes a post from a group that withdrew it. The post itself stays: its own server still shows it.
pub(super) fn remove_post(w: &Write<'_>, group: &Actor, post: &Post) -> Result<()> {
    if groups::source(w, group.id, post.id)?.is_some() {
        groups::remove_from_home(w, group.id, post.id)?;
        lists::remove_post(w, group.id, post.id)?;
        groups::remove(w, group.id, post.id)?;
    }
    Ok(())
}

/// The group that a new post of the owner's goes to: the chosen one, its thread's, or the first one it mentions.
pub(super) fn group_of_new_post(w: &Write<'_>, words: &RenderedPost, post: &Post) -> Result<Option<ActorId>> {
    if !post.audience.is_open() {
        return Ok(None);
    }
    if words.group.is_some() {
        return Ok(words.group);
    }
    if let Some(parent) = post.reply_to {
        return groups::of_thread(w, parent);
    }
    for mention in &words.mentions {
        if let Some(named) = actors::by_uri(w, &mention.uri)?.filter(is_group) {
            return Ok(Some(named.id));
        }
    }
    Ok(None)
}

/// Recipients of a like or reaction: the author, and the group of the post, which counts votes.
pub(super) fn like_recipients(w: &Write<'_>, post: &Post, author: &Actor) -> Result<ActivityRecipients> {
    let mut reach = ActivityRecipients::single_actor(author);
    if post.audience.is_open() {
        reach.other_actors.extend(groups::of_thread(w, post.id)?);
    }
    Ok(reach)
}

/// Stores the group that a post was posted to, according to its author.
pub(super) fn store_claimed_group(w: &Write<'_>, post: PostId, object: &Object) -> Result<()> {
    let Some(uri) = &object.group else { return Ok(()) };
    match actors::by_uri(w, uri.as_str())?.filter(is_group) {
        Some(group) => groups::put(w, group.id, post, GroupSource::Author),
        None => Ok(()),
    }
}

/// Adds a post from the group's own collection to the group.
pub fn add_listed_post(w: &Write<'_>, group: ActorId, post: PostId) -> Result<()> {
    let post = posts::by_id(w, post)?;
    if post.boost_of.is_none() && post.audience.is_open() {
        groups::put(w, group, post.id, GroupSource::Group)?;
    }
    Ok(())
}
