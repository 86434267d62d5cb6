//! Account moves. A move counts when both sides confirm it: the old account by a Move or by `movedTo`, the new one by
//! listing the old one in `alsoKnownAs`.

use std::time::Duration;

use super::{Prerequisite, follow, list, moderation::block};
use crate::ap::json::Uri;
use crate::base::Result;
use crate::base::id::ActorId;
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind};
use crate::store::{
    Read, Write,
    actors::{follows, moves},
    moderation::{blocks, mutes},
    node,
};

/// Maximum age of the other account's document when a move is applied.
const MAX_ACTOR_DOCUMENT_AGE: Duration = Duration::from_secs(30 * 60);

/// What to fetch for a Move: the other account, when the owner follows, mutes or blocks the moving account.
pub(super) fn prerequisites(r: &Read<'_>, sender: &Actor, object: &Uri, target: &Uri) -> Result<Vec<Prerequisite>> {
    let (old, looks): (_, &[&Uri]) = match move_side(sender, object, target) {
        Some(MoveSide::Old) => (Some(sender.id), &[target]),
        // FEP-7628: the new account sends the Move, and the old account's document must confirm it.
        Some(MoveSide::New) => (actors::id_by_uri(r, object.as_str())?, &[object, target]),
        None => (None, &[]),
    };
    match old {
        Some(old) if concerns_owner(r, node::owner(r)?, old)? => {
            Ok(looks.iter().map(|uri| Prerequisite::RequiredActorRefresh(uri.as_str().to_owned())).collect())
        }
        _ => Ok(Vec::new()),
    }
}

enum MoveSide {
    Old,
    New,
}

/// Which account of the move the sender is; None for neither.
fn move_side(sender: &Actor, object: &Uri, target: &Uri) -> Option<MoveSide> {
    match sender.uri.as_str() {
        uri if *object == uri => Some(MoveSide::Old),
        uri if *target == uri => Some(MoveSide::New),
        _ => None,
    }
}

fn concerns_owner(r: &Read<'_>, owner: ActorId, old: ActorId) -> Result<bool> {
    Ok(!moves::is_recent(r, old)?
        && (follows::get(r, owner, old)?.is_some() || mutes::get(r, old)?.is_some() || blocks::is_blocked(r, old)?))
}

/// Receives a Move.
pub(super) fn receive(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Uri, target: &Uri) -> Result<()> {
    let (old, new) = match move_side(sender, object, target) {
        Some(MoveSide::Old) => (Some(sender.clone()), actors::by_uri(w, target.as_str())?),
        Some(MoveSide::New) => (actors::by_uri(w, object.as_str())?, Some(sender.clone())),
        None => (None, None),
    };
    let (Some(mut old), Some(new)) = (old, new) else { return Ok(()) };
    if sender.id == old.id && old.moved_to.is_none() {
        // The Move itself is the old account's confirmation; its document may be updated later.
        old.moved_to = Some(new.uri.clone());
        if is_confirmed(w, &old, &new) {
            moves::set_moved_to(w, old.id, &new.uri)?;
        }
    }
    apply_move(w, owner, &old, &new).map(drop)
}

/// Whether both accounts confirm the move; the new account's document must be recent.
fn is_confirmed(r: &Read<'_>, old: &Actor, new: &Actor) -> bool {
    let seen = |actor: &Actor| r.now.since(actor.fetched_at) < MAX_ACTOR_DOCUMENT_AGE && actor.failed_at.is_none();
    old.id != new.id
        && old.moved_to.as_ref() == Some(&new.uri)
        && new.also_known_as.contains(&old.uri)
        && new.moved_to.is_none()
        && new.gone_at.is_none()
        && seen(new)
}

/// Applies a move if both accounts confirm it and it was not applied within the last week. False when there was nothing
/// to do. Both rows must have been fetched just before.
pub fn apply_move(w: &Write<'_>, owner: ActorId, old: &Actor, new: &Actor) -> Result<bool> {
    if new.id == owner || !concerns_owner(w, owner, old.id)? || !is_confirmed(w, old, new) {
        return Ok(false);
    }
    moves::record_started(w, old.id, new.id)?;
    let us = actors::by_id(w, owner)?;
    if blocks::is_blocked(w, old.id)? {
        block::send(w, &us, new.id)?;
        return Ok(true);
    }
    if let Some(mute) = mutes::get(w, old.id)? {
        mutes::set(w, new.id, mute.reach, mute.until_at)?;
    }
    if follows::get(w, owner, old.id)?.is_none() {
        return Ok(true);
    }
    notifications::add(w, NotificationKind::Moved, new.id, None)?;
    if !node::settings(w)?.follow_moves {
        return Ok(true);
    }
    match follows::get(w, owner, new.id)? {
        Some(known) if known.accepted_at.is_some() => finish_moves_to(w, owner, new.id)?,
        Some(_) => {}
        None => match follow::send(w, &us, new.id) {
            // The new account or its server is blocked: the notification is enough.
            Err(crate::base::Error::Conflict(_)) | Ok(()) => {}
            Err(error) => return Err(error),
        },
    }
    Ok(true)
}

/// After the follow of a new account was accepted: lists take it over from the old account, which is unfollowed.
pub(super) fn finish_moves_to(w: &Write<'_>, owner: ActorId, new: ActorId) -> Result<()> {
    for old in moves::pending_old_accounts(w, new)? {
        if follows::get(w, owner, old)?.is_some() && node::settings(w)?.follow_moves {
            list::copy_memberships(w, old, new)?;
            follow::unfollow(w, &actors::by_id(w, owner)?, old)?;
        }
        moves::record_finished(w, old)?;
    }
    Ok(())
}
