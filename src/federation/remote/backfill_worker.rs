//! Runs backfill jobs: dispatches each to the module that does it.

use super::backfill::{self, BackfillJob};
use super::{poll_refresh, remote_counts};
use crate::base::Result;
use crate::federation::Node;
use crate::federation::outgoing::{follower_sync, outage_recovery};

/// Runs one job; false when there is none.
pub fn step(node: &Node) -> Result<bool> {
    let next = backfill::take_next(node);
    let outcome = match next {
        None => return Ok(false),
        Some(BackfillJob::Profile(id)) => backfill::fetch_profile(node, id)
            .and_then(|()| backfill::fetch_server_info(node, id))
            .and_then(|()| remote_counts::refresh(node, id)),
        Some(BackfillJob::Thread(id)) => backfill::fetch_thread(node, id),
        Some(BackfillJob::MissedPosts(id, since)) => outage_recovery::fetch_missed_posts(node, id, since),
        Some(BackfillJob::FollowerSync { of, url, digest }) if backfill::is_due(node, &url) => {
            follower_sync::reconcile(node, of, &url, &digest)
        }
        Some(BackfillJob::FollowerSync { .. }) => Ok(()),
        Some(BackfillJob::Poll(id)) => poll_refresh::refresh(node, id),
    };
    backfill::ignore_failure(outcome)?;
    Ok(true)
}
