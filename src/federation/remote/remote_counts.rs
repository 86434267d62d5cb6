//! Post and follower counts of remote actors as their servers state them. Fetched when the owner views the profile,
//! once a day at most.

use std::time::Duration;

use crate::ap::collection::Collection;
use crate::ap::json;
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::net::IdRule;
use crate::store::actors;

/// How long a response, or its absence, is cached.
const REFRESH_INTERVAL: Duration = Duration::from_hours(24);

/// Fetches an actor's counts unless that was done today. What cannot be fetched stays as it was.
pub(in crate::federation) fn refresh(node: &Node, who: ActorId) -> Result<()> {
    let actor = node.store.read(|r| actors::by_id(r, who))?;
    let today = actor.counts.fetched_at.is_some_and(|at| node.clock().now().since(at) < REFRESH_INTERVAL);
    if today || actor.gone_at.is_some() || node.facts.origin.owns(&actor.uri) {
        return Ok(());
    }
    let total = |uri: &Option<String>| {
        let uri = uri.as_ref().filter(|uri| json::same_origin(uri, &actor.uri))?;
        let document = node.fetch_document(uri, IdRule::Exact).ok()?;
        let total = Collection::read(&document.value).ok()?.total?;
        Some(u32::try_from(total).unwrap_or(u32::MAX))
    };
    let (posts, followers, following) = (total(&actor.outbox), total(&actor.followers), total(&actor.following));
    match node.store.write(move |w| actors::set_counts(w, who, posts, followers, following)) {
        Err(error @ Error::Internal(_)) => Err(error),
        _ => Ok(()),
    }
}
