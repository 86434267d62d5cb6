//! Recovery after we were offline for more than a day: tells hosts that have given up on us that we are back, and reads
//! the outboxes of followed accounts.

use std::time::Duration;

use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::collection::Collection;
use crate::ap::json::{self, Ref, Uri};
use crate::base::id::ActorId;
use crate::base::{Error, Result, Time};
use crate::federation::remote::backfill::{self, BackfillJob};
use crate::federation::{Node, remote::resolve};
use crate::net::IdRule;
use crate::social;
use crate::store::actors::follows::{self, FollowList};
use crate::store::actors::{self, Actor};
use crate::store::{
    node,
    peers::{hosts, outages},
    posts,
};

/// Minimum outage that needs recovery: peers do not give up on us before.
const MIN_OUTAGE: Duration = Duration::from_hours(24);
/// Minutes over which the announcement of our return is spread.
const ANNOUNCE_MINUTES: u32 = 60;
/// Minimum number of hosts told per minute: a server with few peers does not need an hour.
const MIN_HOSTS_PER_MINUTE: u32 = 10;
/// Followed accounts read per minute: Mastodon allows one address 20 pages a minute.
const OUTBOXES_PER_MINUTE: u32 = 5;
/// Maximum number of pages read of one outbox.
const MAX_OUTBOX_PAGES: usize = 3;
/// Maximum number of posts and boosts read per account.
const MAX_POSTS_PER_ACTOR: usize = 60;
/// How many of these may need a request of their own.
const MAX_FETCHES_PER_ACTOR: usize = 8;
/// How far before the outage a gap begins, for activities that were in flight when it began.
const OUTAGE_START_MARGIN: Duration = Duration::from_hours(1);

/// Records that we are running; after an outage, also that recovery is needed.
pub fn record_alive(node: &Node) -> Result<()> {
    node.store.write(|w| outages::record_alive(w, MIN_OUTAGE))
}

/// Does one step of the recovery from an outage, if there was one.
pub fn step(node: &Node) -> Result<()> {
    let Some(absence) = node.store.read(outages::current)? else { return Ok(()) };
    if node.config.trial {
        return node.store.write(outages::end);
    }
    let (owner, told, next) = node.store.read(|r| {
        let owner = node::owner(r)?;
        let slice = hosts::count_heard_since(r)?.div_ceil(ANNOUNCE_MINUTES).max(MIN_HOSTS_PER_MINUTE);
        let told = hosts::heard_after(r, &absence.announced_after, slice)?;
        Ok((owner, told, follows::list(r, owner, FollowList::Following, Some(absence.caught_up), OUTBOXES_PER_MINUTE)?))
    })?;
    if told.is_empty() && next.is_empty() {
        tracing::info!("the recovery from an outage is complete");
        return node.store.write(outages::end);
    }
    for who in &next {
        backfill::enqueue(node, BackfillJob::MissedPosts(*who, absence.since.minus(OUTAGE_START_MARGIN)));
    }
    let poked = told.last().cloned().unwrap_or(absence.announced_after);
    let caught_up = next.last().copied().unwrap_or(absence.caught_up);
    let scheme = node.facts.origin.scheme.clone();
    node.store.write(move |w| {
        let mut people = Vec::new();
        for host in &told {
            people.extend(actors::any_on_origin(w, &format!("{scheme}://{host}"))?);
        }
        if !people.is_empty() {
            social::profile::announce_to_hosts(w, &actors::by_id(w, owner)?, people)?;
        }
        outages::advance(w, &poked, caught_up)
    })
}

/// Reads what a followed account published since then, oldest first, and applies it as if just delivered.
pub(in crate::federation) fn fetch_missed_posts(node: &Node, who: ActorId, since: Time) -> Result<()> {
    let (actor, followed) = node.store.read(|r| {
        let owner = node::owner(r)?;
        Ok((actors::by_id(r, who)?, follows::is_accepted(r, owner, who)?))
    })?;
    let Some(outbox) = actor.outbox.clone().filter(|_| followed && actor.gone_at.is_none()) else { return Ok(()) };
    let mut fetches = MAX_FETCHES_PER_ACTOR;
    for activity in read_missed_activities(node, &actor, &outbox, since)?.into_iter().rev() {
        if needs_fetch(node, &actor, &activity)? {
            let Some(left) = fetches.checked_sub(1) else { continue };
            fetches = left;
            let Some(id) = activity.object_id() else { continue };
            if let Err(error @ Error::Internal(_)) = resolve::post(node, id.as_str()) {
                return Err(error);
            }
        }
        let sender = actor.clone();
        match node.store.write(move |w| social::receive(w, &sender, &activity)) {
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => tracing::debug!(%error, outbox, "skipped an item of an outbox"),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Whether the post that the activity refers to must be fetched from its own server first.
fn needs_fetch(node: &Node, actor: &Actor, activity: &Activity) -> Result<bool> {
    let Some(id) = activity.object_id() else { return Ok(false) };
    let own = match &activity.kind {
        ActivityKind::Create { object, .. } => {
            object.embedded().is_some() && json::same_origin(id.as_str(), &actor.uri)
        }
        _ => false,
    };
    Ok(!own && node.store.read(|r| posts::by_uri(r, id.as_str()))?.is_none())
}

/// The Creates and boosts of an outbox since `since`, newest first.
fn read_missed_activities(node: &Node, actor: &Actor, outbox: &str, since: Time) -> Result<Vec<Activity>> {
    let mut found = Vec::new();
    let mut page = first_page(node, outbox);
    for _ in 0..MAX_OUTBOX_PAGES {
        let Some(Collection { items, next, .. }) = page else { break };
        for item in &items {
            let Some(activity) = item.embedded().and_then(|value| Activity::read_inner(value.clone()).ok()) else {
                continue;
            };
            if activity.actor != actor.uri.as_str() || activity.id.is_none() {
                continue;
            }
            // Items are sorted newest first, but a pinned post may come before them, so the page is read to its end.
            let old = published_at(&activity).is_some_and(|at| at < since);
            if !old
                && matches!(activity.kind, ActivityKind::Create { .. } | ActivityKind::Announce { .. })
                && found.len() < MAX_POSTS_PER_ACTOR
            {
                found.push(activity);
            }
        }
        let oldest = items.last().and_then(Ref::embedded).and_then(|last| Activity::read_inner(last.clone()).ok());
        if oldest.as_ref().and_then(published_at).is_none_or(|at| at < since) || found.len() >= MAX_POSTS_PER_ACTOR {
            break;
        }
        page = next.as_ref().and_then(Ref::id).and_then(|next| page_at(node, next.as_str(), outbox));
    }
    Ok(found)
}

/// When it was published: the post's own time, else the activity's.
fn published_at(activity: &Activity) -> Option<Time> {
    let own = match &activity.kind {
        ActivityKind::Create { object, .. } => object.embedded().and_then(|value| value.get("published")?.as_str()),
        _ => None,
    };
    own.and_then(Time::parse).or(activity.published)
}

fn first_page(node: &Node, outbox: &str) -> Option<Collection> {
    let whole = Collection::read(&node.fetch_document(outbox, IdRule::Exact).ok()?.value).ok()?;
    match &whole.first {
        _ if !whole.items.is_empty() => Some(whole),
        Some(Ref::Embedded { value, .. }) => Collection::read(value).ok(),
        Some(Ref::Id(first)) => page_at(node, first.as_str(), outbox),
        None => None,
    }
}

fn page_at(node: &Node, url: &str, outbox: &str) -> Option<Collection> {
    let near = Uri::parse(url).filter(|url| json::same_origin(url.as_str(), outbox))?;
    Collection::read(&node.fetch_document(near.as_str(), IdRule::SameOrigin).ok()?.value).ok()
}
