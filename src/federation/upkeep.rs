//! Periodic jobs, one line each in [`PERIODIC_JOBS`]. Each is bounded; what is left waits for the next round.

use std::time::Duration;

use super::{
    Node,
    outgoing::{delivery, outage_recovery},
    owner::host_block_import,
    remote::{move_discovery, nodeinfo, poll_refresh, resolve},
};
use crate::base::id::{ActorId, PostId};
use crate::base::{Result, Time};
use crate::store::retention::{self, RetentionLimits};
use crate::store::{
    actors, media_files,
    moderation::mutes,
    node,
    peers::hosts,
    posts::{attachments, post_edits, tombstones},
    queue::{deliveries, inbox, responses},
};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Rows one job changes in one write, because other writers wait for it.
const ROWS_PER_WRITE: u32 = 500;
/// How long our activities can be fetched by id after they have arrived everywhere.
const ACTIVITY_RETENTION: Duration = DAY.saturating_mul(30);
/// Retention of previous versions of remote posts.
const POST_EDIT_RETENTION: Duration = DAY.saturating_mul(180);
/// How long an upload waits for its post.
const UNUSED_UPLOAD_RETENTION: Duration = DAY;
/// Age at which the document of a followed account or a follower is refreshed.
const ACTOR_REFRESH_AGE: Duration = DAY.saturating_mul(7);
/// How many of these are refreshed in one round.
const ACTOR_REFRESHES_PER_ROUND: u32 = 5;

/// Retention of remote posts that nothing refers to.
const UNREFERENCED_RETENTION: Duration = DAY.saturating_mul(30);
/// Maximum number of posts brought by relays.
const MAX_RELAYED_POSTS: u32 = 20_000;
/// Retention of hosts without known actors.
const UNREFERENCED_HOST_RETENTION: Duration = DAY.saturating_mul(90);
/// How long activities that could not be understood stay for the owner to see.
const FAILED_ACTIVITY_RETENTION: Duration = DAY.saturating_mul(30);
/// Slices per round of these jobs: everything on a large server within a day.
const SLICES_PER_ROUND: u32 = 20;
/// Rows per slice where each row needs many queries.
const COSTLY_ROWS_PER_WRITE: u32 = 200;

/// A job that runs at an interval.
struct PeriodicJob {
    name: &'static str,
    interval: Duration,
    run: fn(&Node, &mut JobSchedule) -> Result<()>,
}

const PERIODIC_JOBS: &[PeriodicJob] = &[
    PeriodicJob { name: "note that we are alive", interval: MINUTE, run: |n, _| outage_recovery::record_alive(n) },
    PeriodicJob { name: "make up for an outage", interval: MINUTE, run: |n, _| outage_recovery::step(n) },
    PeriodicJob { name: "free leases that are over", interval: MINUTE, run: free_expired_leases },
    PeriodicJob {
        name: "mend times of a clock that was ahead",
        interval: MINUTE.saturating_mul(10),
        run: clamp_retry_times,
    },
    PeriodicJob { name: "give up on dead hosts", interval: MINUTE.saturating_mul(10), run: expire_deliveries },
    PeriodicJob { name: "forget old activities", interval: HOUR, run: prune_activities },
    PeriodicJob { name: "forget old tombstones and seen ids", interval: HOUR, run: prune_tombstones },
    PeriodicJob { name: "forget old editions of other people's posts", interval: HOUR, run: prune_post_edits },
    PeriodicJob { name: "forget uploads without a post", interval: HOUR, run: prune_uploads },
    PeriodicJob { name: "remove files nobody names", interval: MINUTE.saturating_mul(5), run: sweep_media_folder },
    PeriodicJob { name: "tell and ask how polls stand", interval: MINUTE, run: |n, _| poll_refresh::step(n) },
    PeriodicJob { name: "forget posts of strangers", interval: MINUTE.saturating_mul(10), run: prune_posts },
    PeriodicJob { name: "forget strangers", interval: MINUTE.saturating_mul(20), run: prune_actors },
    PeriodicJob { name: "forget servers of strangers", interval: HOUR, run: prune_hosts },
    PeriodicJob { name: "forget what could not be understood", interval: HOUR, run: prune_failed_activities },
    PeriodicJob {
        name: "look at stale profiles again",
        interval: MINUTE.saturating_mul(15),
        run: refresh_stale_actors,
    },
    PeriodicJob {
        name: "go along with people who moved",
        interval: MINUTE.saturating_mul(15),
        run: |n, _| run_unless_trial(n, move_discovery::step),
    },
    PeriodicJob {
        name: "ask what servers run",
        interval: MINUTE.saturating_mul(5),
        run: |n, _| run_unless_trial(n, nodeinfo::step),
    },
    PeriodicJob {
        name: "fetch lists of servers to block",
        interval: MINUTE.saturating_mul(20),
        run: |n, _| run_unless_trial(n, host_block_import::fetch_next_due),
    },
    PeriodicJob {
        name: "forget mutes that are over",
        interval: HOUR,
        run: |n, _| n.store.write(mutes::prune).map(drop),
    },
];

/// When each job is due next, and the positions of the slow ones.
#[derive(Debug)]
pub struct JobSchedule {
    next_at: Vec<Time>,
    media_folder: u32,
    /// Position of the walks over all posts, actors and hosts.
    post_cursor: PostId,
    actor_cursor: ActorId,
    host_cursor: String,
}

impl JobSchedule {
    /// A new schedule: every job runs within a minute or two, but not all at once.
    pub fn new(now: Time) -> Self {
        let first = |(n, chore): (u32, &PeriodicJob)| now.plus(chore.interval.min(MINUTE + Duration::from_secs(5) * n));
        Self {
            next_at: (0..).zip(PERIODIC_JOBS).map(first).collect(),
            media_folder: 0,
            post_cursor: PostId(0),
            actor_cursor: ActorId(0),
            host_cursor: String::new(),
        }
    }

    /// How long no job is due; at most a minute.
    pub fn time_to_next(&self, now: Time) -> Duration {
        self.next_at.iter().min().map_or(MINUTE, |next| next.since(now)).min(MINUTE)
    }
}

/// Runs each job that is due once. A job that fails is logged and runs again at its next time.
pub fn step(node: &Node, diary: &mut JobSchedule) -> Result<()> {
    for (n, chore) in PERIODIC_JOBS.iter().enumerate() {
        let now = node.clock().now();
        let Some(next_at) = diary.next_at.get_mut(n) else { continue };
        // After the clock was set back, the stored time is too far in the future.
        if *next_at > now && *next_at <= now.plus(chore.interval + MINUTE) {
            continue;
        }
        *next_at = now.plus(chore.interval);
        if let Err(error) = (chore.run)(node, diary) {
            tracing::warn!(chore = chore.name, %error, "a periodic job failed");
        }
    }
    Ok(())
}

fn free_expired_leases(node: &Node, _: &mut JobSchedule) -> Result<()> {
    let freed = node.store.write(|w| Ok(deliveries::free_overdue(w)? + inbox::free_overdue(w)?))?;
    if freed > 0 {
        tracing::warn!(freed, "released expired leases");
    }
    Ok(())
}

fn clamp_retry_times(node: &Node, _: &mut JobSchedule) -> Result<()> {
    let mended = node.store.write(|w| {
        Ok(deliveries::clamp_retry_times(w)? + inbox::clamp_retry_times(w)? + hosts::clamp_retry_times(w)?)
    })?;
    if mended > 0 {
        tracing::warn!(mended, "the clock was ahead: brought forward retries that were too far in the future");
    }
    Ok(())
}

fn expire_deliveries(node: &Node, _: &mut JobSchedule) -> Result<()> {
    while node.store.write(|w| deliveries::expire(w, w.now.minus(delivery::MAX_DELIVERY_AGE), ROWS_PER_WRITE))? > 0 {}
    Ok(())
}

fn prune_activities(node: &Node, _: &mut JobSchedule) -> Result<()> {
    while node.store.write(|w| deliveries::prune(w, w.now.minus(ACTIVITY_RETENTION), ROWS_PER_WRITE))? > 0 {}
    while node.store.write(|w| responses::prune(w, ROWS_PER_WRITE))? > 0 {}
    Ok(())
}

fn prune_tombstones(node: &Node, _: &mut JobSchedule) -> Result<()> {
    while node.store.write(|w| tombstones::prune(w, ROWS_PER_WRITE))? > 0 {}
    Ok(())
}

fn prune_post_edits(node: &Node, _: &mut JobSchedule) -> Result<()> {
    while node.store.write(|w| post_edits::prune(w, w.now.minus(POST_EDIT_RETENTION), ROWS_PER_WRITE))? > 0 {}
    Ok(())
}

fn prune_uploads(node: &Node, _: &mut JobSchedule) -> Result<()> {
    while node
        .store
        .write(|w| attachments::prune_unattached(w, w.now.minus(UNUSED_UPLOAD_RETENTION), ROWS_PER_WRITE))?
        > 0
    {}
    Ok(())
}

fn prune_posts(node: &Node, diary: &mut JobSchedule) -> Result<()> {
    let days = node.store.read(node::settings)?.relay_days;
    let now = node.clock().now();
    let terms = RetentionLimits {
        posts: now.minus(UNREFERENCED_RETENTION),
        relayed: now.minus(DAY.saturating_mul(days).min(UNREFERENCED_RETENTION)),
        most_relayed: MAX_RELAYED_POSTS,
    };
    for _ in 0..SLICES_PER_ROUND {
        let after = diary.post_cursor;
        let (last, gone) = node.store.write(move |w| retention::prune_posts(w, after, terms, COSTLY_ROWS_PER_WRITE))?;
        tracing::debug!(gone, "pruned unreferenced remote posts");
        diary.post_cursor = last.unwrap_or(PostId(0));
        if last.is_none() {
            break;
        }
    }
    Ok(())
}

fn prune_actors(node: &Node, diary: &mut JobSchedule) -> Result<()> {
    let before = node.clock().now().minus(UNREFERENCED_RETENTION);
    for _ in 0..SLICES_PER_ROUND {
        let after = diary.actor_cursor;
        let (last, gone) =
            node.store.write(move |w| retention::prune_actors(w, after, before, COSTLY_ROWS_PER_WRITE))?;
        tracing::debug!(gone, "pruned unreferenced remote actors");
        diary.actor_cursor = last.unwrap_or(ActorId(0));
        if last.is_none() {
            break;
        }
    }
    Ok(())
}

fn prune_hosts(node: &Node, diary: &mut JobSchedule) -> Result<()> {
    let before = node.clock().now().minus(UNREFERENCED_HOST_RETENTION);
    for _ in 0..SLICES_PER_ROUND {
        let after = std::mem::take(&mut diary.host_cursor);
        let (last, _) = node.store.write(move |w| retention::prune_hosts(w, &after, before, COSTLY_ROWS_PER_WRITE))?;
        let Some(last) = last else { break };
        diary.host_cursor = last;
    }
    Ok(())
}

fn prune_failed_activities(node: &Node, _: &mut JobSchedule) -> Result<()> {
    node.store.write(|w| inbox::prune_aside(w, w.now.minus(FAILED_ACTIVITY_RETENTION))).map(drop)
}

/// Checks one folder of `media/` per round: all of them within a day.
fn sweep_media_folder(node: &Node, diary: &mut JobSchedule) -> Result<()> {
    let shelf = diary.media_folder;
    diary.media_folder = (shelf + 1) % media_files::MEDIA_FOLDERS;
    media_files::sweep(&node.store, shelf, node.clock().now().minus(UNUSED_UPLOAD_RETENTION)).map(drop)
}

fn refresh_stale_actors(node: &Node, _: &mut JobSchedule) -> Result<()> {
    if node.config.trial {
        return Ok(());
    }
    let stale = node.store.read(|r| {
        let ids = actors::list_stale(r, r.now.minus(ACTOR_REFRESH_AGE), ACTOR_REFRESHES_PER_ROUND)?;
        actors::by_ids(r, &ids)
    })?;
    for actor in stale {
        let uri = actor.uri.clone();
        if let Err(error) = resolve::fetch_actor(node, &uri, Some(actor)) {
            tracing::debug!(uri, %error, "cannot refresh a profile");
        }
    }
    Ok(())
}

/// Runs a step that contacts other servers, except in a trial.
fn run_unless_trial(node: &Node, step: fn(&Node) -> Result<bool>) -> Result<()> {
    if node.config.trial { Ok(()) } else { step(node).map(drop) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::federation::test_support::TestNode;
    use crate::net::test_support::{TestPeer, response};
    use crate::store::node;

    fn home() -> TestNode {
        let peer = TestPeer::start(|_| response(202, &[], b""));
        TestNode::new(&[], peer.address, MINUTE)
    }

    fn alive_at(home: &TestNode) -> Time {
        home.node.store.read(node::get).unwrap().alive_at
    }

    #[test]
    fn each_chore_comes_in_its_time_and_no_more() {
        let home = home();
        let mut diary = JobSchedule::new(home.clock.now());
        let begun = alive_at(&home);
        step(&home.node, &mut diary).unwrap();
        assert_eq!(alive_at(&home), begun, "not in the first moment");
        let mut slept = Duration::ZERO;
        while slept < 2 * HOUR {
            let rest = diary.time_to_next(home.clock.now());
            assert!(!rest.is_zero() && rest <= MINUTE);
            home.clock.advance(rest);
            slept += rest;
            step(&home.node, &mut diary).unwrap();
            assert!(home.clock.now().since(alive_at(&home)) < MINUTE);
        }
        assert!(diary.media_folder >= 23, "two hours of five minutes: {}", diary.media_folder);
    }

    #[test]
    fn a_clock_that_went_back_puts_no_chore_off() {
        let home = home();
        let mut diary = JobSchedule::new(home.clock.now().plus(400 * DAY));
        let begun = alive_at(&home);
        home.clock.advance(MINUTE);
        step(&home.node, &mut diary).unwrap();
        assert!(alive_at(&home) > begun);
        assert!(diary.next_at.iter().all(|next| *next <= home.clock.now().plus(HOUR)));
    }

    #[test]
    fn a_delivery_whose_worker_died_goes_again_within_two_minutes() {
        let home = home();
        let mut diary = JobSchedule::new(home.clock.now());
        home.queue_activity("a", &["x.example"]);
        let claim = |w: &crate::store::Write<'_>| deliveries::claim(w, delivery::CLAIM_LEASE);
        assert!(home.node.store.write(claim).unwrap().is_some());
        assert!(home.node.store.write(claim).unwrap().is_none());
        home.clock.advance(2 * MINUTE);
        step(&home.node, &mut diary).unwrap();
        assert_eq!(home.node.store.write(claim).unwrap().unwrap().tries, 2);
    }

    #[test]
    fn what_was_sent_long_ago_is_forgotten() {
        let home = home();
        let mut diary = JobSchedule::new(home.clock.now());
        home.queue_activity("a", &[]);
        let kept = || home.node.store.read(|r| deliveries::activity(r, &first_uri())).is_ok();
        assert!(kept());
        home.clock.advance(ACTIVITY_RETENTION);
        step(&home.node, &mut diary).unwrap();
        assert!(kept());
        home.clock.advance(HOUR);
        step(&home.node, &mut diary).unwrap();
        assert!(!kept());
    }

    /// The first activity of a home: ids count from the moment.
    fn first_uri() -> String {
        format!("https://here.example/activities/{}", crate::base::id::first_at(Time::from_secs(1_763_884_800)))
    }
}
