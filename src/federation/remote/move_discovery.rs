//! Finds accounts that moved while we were away: their documents say where they are now (FEP-7628, pull mode).

use std::time::Duration;

use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::{Node, owner::publish, remote::resolve};
use crate::social::account_move;
use crate::store::{
    actors::{self, moves},
    node,
};

/// Actors checked per round.
const ACTORS_PER_ROUND: u32 = 5;
/// How long an account whose new account does not confirm the move is not checked again.
const MISMATCH_RECHECK_DELAY: Duration = Duration::from_secs(24 * 3600);

/// Follows the new account of a moved one, whatever the settings say. Conflict when the new account does not name the
/// old one in `alsoKnownAs`.
pub fn follow_new_account(node: &Node, old: ActorId) -> Result<()> {
    let old = node.store.read(|r| actors::by_id(r, old))?;
    let target = old.moved_to.as_deref().ok_or_else(|| Error::Conflict("this account has not moved".to_owned()))?;
    let new = resolve::fetch_current_actor(node, target)?;
    let new = node.store.read(|r| actors::by_id(r, new))?;
    if !new.also_known_as.contains(&old.uri) {
        return Err(Error::Conflict(format!("@{} does not say that it was @{} before", new.handle(), old.handle())));
    }
    publish::follow(node, new.id)
}

/// Checks the new accounts of followed accounts that say they moved. True when a move was acted upon.
pub fn step(node: &Node) -> Result<bool> {
    let Ok(owner) = node.owner() else { return Ok(false) };
    let now = node.clock().now();
    let olds = node.store.read(|r| {
        let ids = moves::list_unprocessed(r, owner, ACTORS_PER_ROUND * 10)?;
        actors::by_ids(r, &ids)
    })?;
    let memo = |uri: &str| format!("move {uri}");
    let due = olds.into_iter().filter(|old| node.recent_refreshes.get(&memo(&old.uri), now).is_none());
    let mut done = false;
    for old in due.take(ACTORS_PER_ROUND as usize) {
        node.recent_refreshes.insert(&memo(&old.uri), now.plus(MISMATCH_RECHECK_DELAY), now, ());
        let Some(target) = old.moved_to.clone() else { continue };
        let new = match resolve::fetch_current_actor(node, &target) {
            Ok(new) => new,
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => {
                tracing::debug!(%error, target, "cannot fetch the new account of a moved one");
                continue;
            }
        };
        done |= node.store.write(move |w| {
            let (old, new) = (actors::by_id(w, old.id)?, actors::by_id(w, new)?);
            account_move::apply_move(w, node::owner(w)?, &old, &new)
        })?;
    }
    Ok(done)
}
