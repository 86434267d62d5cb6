//! Announces new votes of our polls, and fetches results of polls the owner voted in. Bounded per round.

use crate::base::id::PostId;
use crate::base::{Error, Result};
use crate::federation::remote::backfill;
use crate::federation::{Node, remote::resolve};
use crate::social::poll::{self, PollRefresh};
use crate::store::{
    actors, node,
    posts::{self, polls},
};

/// Polls refreshed per round.
const POLLS_PER_ROUND: u32 = 20;

/// Refreshes the polls that are due. A poll that cannot be fetched is retried a limited number of times.
pub fn step(node: &Node) -> Result<()> {
    for id in node.store.read(|r| polls::list_due(r, POLLS_PER_ROUND))? {
        let post = node.store.read(|r| posts::by_id(r, id))?;
        if node.facts.origin.owns(&post.uri) {
            node.store.write(move |w| {
                let owner = actors::by_id(w, node::owner(w)?)?;
                poll::announce_counts(w, &owner, id)
            })?;
            continue;
        }
        let look = match fetch_poll(node, &post.uri) {
            Ok(()) => PollRefresh::Done,
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => {
                tracing::debug!(%error, uri = post.uri, "cannot refresh a poll");
                PollRefresh::Failed
            }
        };
        node.store.write(move |w| poll::schedule_next_fetch(w, id, look))?;
    }
    Ok(())
}

/// Fetches the counts of a poll shown on a page, unless it was done a moment ago.
pub(in crate::federation) fn refresh(node: &Node, id: PostId) -> Result<()> {
    let post = node.store.read(|r| posts::by_id(r, id))?;
    if node.facts.origin.owns(&post.uri) || !backfill::is_due(node, &format!("poll {}", post.uri)) {
        return Ok(());
    }
    fetch_poll(node, &post.uri)
}

fn fetch_poll(node: &Node, uri: &str) -> Result<()> {
    resolve::fetch_post(node, uri).map(drop)
}
