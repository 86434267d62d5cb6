//! Blocks and mutes of actors, both directions. A block ends all follows. Activities of a blocked actor have no effect,
//! except for withdrawals, Updates and Moves. Mutes are local.

use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::json::Uri;
use crate::base::id::ActorId;
use crate::base::{Audience, Error, Result, Time};
use crate::social::outbox::{self, ActivityRecipients};
use crate::social::{document, follow, uri_of};
use crate::store::actors::{self, Actor};
use crate::store::{
    Read, Write,
    actors::{follows, severed_follows},
    moderation::{block_filter, blocks, mutes},
    node,
    timelines::home_timeline,
};

/// Whether an activity of this sender may have any effect. From blocked actors, and from those on blocked servers, only
/// withdrawals, Updates and a Move count; after a Move the new account is blocked as well.
pub(in crate::social) fn accepts_from(r: &Read<'_>, sender: &Actor, activity: &Activity) -> Result<bool> {
    let takes_back = matches!(
        activity.kind,
        ActivityKind::Delete { .. }
            | ActivityKind::Undo { .. }
            | ActivityKind::Reject { .. }
            | ActivityKind::Update { .. }
            | ActivityKind::Move { .. }
    );
    Ok(takes_back || !block_filter::is_hidden(r, sender)?)
}

/// Blocks an actor: all follows end, and nothing of theirs is shown. The Block is sent unless the settings forbid it;
/// the ends of the follows are always sent.
pub fn send(w: &Write<'_>, owner: &Actor, who: ActorId) -> Result<()> {
    let them = actors::by_id(w, who)?;
    if who == owner.id || who == node::get(w)?.service {
        return Err(Error::invalid("you cannot block yourself"));
    }
    if blocks::is_blocked(w, who)? {
        return Ok(());
    }
    if follows::get(w, owner.id, who)?.is_some() {
        follow::unfollow(w, owner, who)?;
    }
    if follows::get(w, who, owner.id)?.is_some() {
        follow::reject(w, owner, who)?;
    }
    severed_follows::remove_traces(w, who)?;
    if !node::settings(w)?.tell_blocked || them.gone_at.is_some() {
        return blocks::add(w, who, None);
    }
    let (id, uri) = outbox::next_activity(w, owner)?;
    blocks::add(w, who, Some(&uri))?;
    let block = document::block(owner, &uri, &them, w.now);
    outbox::send(w, owner, id, block, &them.uri, Audience::Mentioned, &ActivityRecipients::single_actor(&them))
}

/// Unblocks an actor. Follows are not restored, but both sides may follow again.
pub fn unblock(w: &Write<'_>, owner: &Actor, who: ActorId) -> Result<()> {
    let Some(block) = blocks::remove(w, who)? else { return Ok(()) };
    let Some(uri) = block.uri else { return Ok(()) };
    let them = actors::by_id(w, who)?;
    let inner = document::block(owner, &uri, &them, block.created_at);
    outbox::undo(w, owner, &inner, &them.uri, Audience::Mentioned, &ActivityRecipients::single_actor(&them))
}

/// Receives a Block of the owner: all follows end, nothing else changes.
pub(in crate::social) fn receive_block(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    object: &Uri,
) -> Result<()> {
    if *object != actors::by_id(w, owner)?.uri.as_str() {
        return Ok(());
    }
    follows::delete(w, sender.id, owner)?;
    if follows::delete(w, owner, sender.id)?.is_some() {
        home_timeline::remove_actor(w, sender.id)?;
    }
    blocks::add_blocked_by(w, sender.id, &uri_of(activity))
}

/// Receives the Undo of a Block of the owner.
pub(in crate::social) fn receive_undo(w: &Write<'_>, sender: &Actor) -> Result<()> {
    blocks::remove_blocked_by(w, sender.id).map(drop)
}

/// Mutes an actor until the given time, or indefinitely.
pub fn mute(w: &Write<'_>, owner: &Actor, who: ActorId, reach: mutes::MuteScope, until: Option<Time>) -> Result<()> {
    if who == owner.id {
        return Err(Error::invalid("you cannot mute yourself"));
    }
    actors::by_id(w, who)?;
    mutes::set(w, who, reach, until)
}

/// Unmutes an actor; their hidden posts are shown again.
pub fn unmute(w: &Write<'_>, who: ActorId) -> Result<()> {
    mutes::remove(w, who).map(drop)
}
