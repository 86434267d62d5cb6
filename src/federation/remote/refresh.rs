//! Refreshes stored posts that others report as changed or deleted: their origin decides.

use std::time::Duration;

use super::resolve;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::posts::{self, tombstones};

/// How long a post that was reported as changed is not fetched again.
const POST_REFRESH_INTERVAL: Duration = Duration::from_secs(60);

/// Fetches a post again, once a minute however many report that it changed.
pub(in crate::federation) fn refetch(node: &Node, uri: &str) -> Result<()> {
    let now = node.clock().now();
    if node.recent_refreshes.get(uri, now).is_some() {
        return Ok(());
    }
    node.recent_refreshes.insert(uri, now.plus(POST_REFRESH_INTERVAL), now, ());
    resolve::fetch_post(node, uri).map(drop)
}

/// Ignores that something could not be fetched; internal errors remain.
pub(in crate::federation) fn ignore_missing(error: Error) -> Result<()> {
    match error {
        Error::Internal(source) => Err(Error::Internal(source)),
        _ => Ok(()),
    }
}

/// Deletes another actor's post when its origin says it is gone. A 404 counts only for a public post: a private one
/// looks missing to everyone who is not addressed, including our instance actor.
pub(in crate::federation) fn forget_if_gone(node: &Node, uri: String) -> Result<()> {
    let Some(post) = node.store.read(|r| posts::by_uri(r, &uri))? else { return Ok(()) };
    let gone = match resolve::fetch_post(node, &uri) {
        Err(Error::Gone) => true,
        Err(Error::NotFound) => post.audience.is_open(),
        _ => false,
    };
    if !gone {
        return Ok(());
    }
    node.store.write(move |w| {
        posts::delete(w, post.id)?;
        tombstones::add_remote(w, post.actor_id, &uri)
    })
}
