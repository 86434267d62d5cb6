//! People who moved without our hearing of it: their documents say where they are now (FEP-7628, pull). A Move that was
//! sent while we were away is found this way.

use std::time::Duration;

use super::{Node, resolve};
use crate::base::{Error, Result};
use crate::social::mover;
use crate::store::{actors, moves, node};

/// People looked at in one round.
const ROUND: u32 = 5;
/// How long somebody whose new place does not agree is not looked at again.
const LATER: Duration = Duration::from_secs(24 * 3600);

/// Looks at the new places of people the owner follows who say that they moved. True when a
/// move was acted upon.
pub fn step(node: &Node) -> Result<bool> {
    let Ok(owner) = node.owner() else { return Ok(false) };
    let now = node.clock().now();
    let olds = node.store.read(|r| {
        let ids = moves::unseen(r, owner, ROUND * 10)?;
        actors::by_ids(r, &ids)
    })?;
    let memo = |uri: &str| format!("move {uri}");
    let due = olds.into_iter().filter(|old| node.refreshed.recall(&memo(&old.uri), now).is_none());
    let mut done = false;
    for old in due.take(ROUND as usize) {
        node.refreshed.remember(&memo(&old.uri), now.plus(LATER), now, ());
        let Some(target) = old.moved_to.clone() else { continue };
        let new = match resolve::anew(node, &target) {
            Ok(new) => new,
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => {
                tracing::debug!(%error, target, "the new place of somebody who moved could not be looked at");
                continue;
            }
        };
        done |= node.store.write(move |w| {
            let (old, new) = (actors::by_id(w, old.id)?, actors::by_id(w, new)?);
            mover::act(w, node::owner(w)?, &old, &new)
        })?;
    }
    Ok(done)
}
