//! Undo of remote activities: the undone activity is embedded, or named by id.

use super::{boost, follow, group, like, moderation::block, react};
use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::json::{Ref, Uri, same_origin};
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::{
    Write,
    actors::follows,
    moderation::blocks,
    posts::{self, likes, reactions, tombstones},
};

/// Undoes an activity of the sender. An unknown id is remembered, so that the activity has no effect when it arrives
/// later. A known id is not remembered, because the next activity may reuse it (Misskey, PeerTube).
pub(super) fn receive(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<()> {
    if let Some(id) = object.id() {
        let act = tombstones::seen_key(sender.id, id.as_str());
        let known = undo_by_id(w, owner, sender, id)?;
        if !known && !tombstones::was_seen(w, &act)? && same_origin(id.as_str(), &sender.uri) {
            tombstones::add_remote(w, sender.id, id.as_str())?;
        }
        // Another actor must not deliver it again with its integrity proof either.
        tombstones::mark_seen(w, &act)?;
        if known {
            return Ok(());
        }
    }
    let Some(value) = object.embedded() else { return Ok(()) };
    let inner = Activity::read_inner(value.clone())?;
    if inner.actor != sender.uri.as_str() {
        return Err(Error::Denied("an actor can only undo their own activities".to_owned()));
    }
    match &inner.kind {
        ActivityKind::Follow { object } if *object == actors::by_id(w, owner)?.uri.as_str() => {
            follow::receive_undo(w, owner, sender)
        }
        ActivityKind::Like { object, content, .. } | ActivityKind::EmojiReact { object, content, .. } => {
            match (object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten(), content) {
                (Some(post), Some(emoji)) => react::receive_undo(w, sender, &post, emoji),
                (Some(post), None) => like::receive_undo(w, sender, post.id),
                (None, _) => Ok(()),
            }
        }
        ActivityKind::Announce { object } => {
            let of = object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten();
            let Some(of) = of else { return Ok(()) };
            match posts::boost_by(w, sender.id, of.id)? {
                Some(post) => boost::receive_undo(w, sender, &post),
                None => group::remove_post(w, sender, &of),
            }
        }
        ActivityKind::Block { object } if *object == actors::by_id(w, owner)?.uri.as_str() => {
            block::receive_undo(w, sender)
        }
        _ => Ok(()),
    }
}

/// Undoes the activity with this id, if it is the sender's. False when it is not known.
fn undo_by_id(w: &Write<'_>, owner: ActorId, sender: &Actor, id: &Uri) -> Result<bool> {
    if let Some(follow) = follows::by_uri(w, id.as_str())?
        && follow.follower_id == sender.id
        && follow.followed_id == owner
    {
        follow::receive_undo(w, owner, sender)?;
        return Ok(true);
    }
    if blocks::blocked_by(w, sender.id)?.is_some_and(|uri| *id == uri.as_str()) {
        block::receive_undo(w, sender)?;
        return Ok(true);
    }
    if let Some(post) = likes::by_uri(w, sender.id, id.as_str())? {
        like::receive_undo(w, sender, post)?;
        return Ok(true);
    }
    if let Some(reaction) = reactions::by_uri(w, sender.id, id.as_str())? {
        let post = posts::by_id(w, reaction.post_id)?;
        react::receive_undo(w, sender, &post, &reaction.emoji.name)?;
        return Ok(true);
    }
    if let Some(post) = posts::by_uri(w, id.as_str())?
        && post.actor_id == sender.id
        && post.boost_of.is_some()
    {
        boost::receive_undo(w, sender, &post)?;
        return Ok(true);
    }
    Ok(false)
}
