//! Tests of the delivery queue as a whole: `deliveries` and `hosts` together, with a manual clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use crate::base::{Audience, Result, Time};
use crate::store::peers::hosts;
use crate::store::queue::deliveries::{self, ClaimedDelivery, DeliveryFailure, DeliveryTarget, StoredActivity};
use crate::store::test_support::TestStore;

const LEASE: Duration = Duration::from_secs(40);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_hours(24);

impl TestStore {
    fn do_<T: Send + 'static>(&self, act: impl FnOnce(&crate::store::Write<'_>) -> Result<T> + Send + 'static) -> T {
        self.store.write(act).unwrap()
    }

    /// Queues an activity about `object` for inboxes written `host/name`, mentioned people's with a `!` in front.
    fn say(&self, object: &str, inboxes: &[&str]) {
        let targets: Vec<DeliveryTarget> = inboxes.iter().map(|inbox| target(inbox)).collect();
        let object = object.to_owned();
        self.do_(move |w| {
            let id = deliveries::next_activity_id(w)?;
            let uri = format!("https://us.example/activities/{id}");
            let document = format!("about {object}");
            let signer = "https://us.example/users/me#main-key".to_owned();
            let activity = StoredActivity {
                id,
                uri,
                object_uri: object,
                audience: Audience::Public,
                signer,
                document,
                author: None,
            };
            deliveries::enqueue(w, &activity, &targets)
        });
    }

    fn claim(&self) -> Option<ClaimedDelivery> {
        self.do_(|w| deliveries::claim(w, LEASE))
    }

    /// Claims everything; returns what went where, sorted.
    fn claims(&self) -> Vec<ClaimedDelivery> {
        std::iter::from_fn(|| self.claim()).collect()
    }

    fn arrived(&self, claim: &ClaimedDelivery) {
        let claim = claim.clone();
        self.do_(move |w| {
            deliveries::finish(w, &claim)?;
            hosts::record_success(w, &claim.host)
        });
    }

    fn failed(&self, claim: &ClaimedDelivery, failure: DeliveryFailure, wait: Duration) {
        let claim = claim.clone();
        self.do_(move |w| {
            deliveries::postpone(w, &claim, w.now.plus(wait), failure, "it failed")?;
            if failure == DeliveryFailure::Refused {
                hosts::record_success(w, &claim.host)
            } else {
                hosts::record_failure(w, &claim.host, "no")
            }
        });
    }

    fn next_due(&self) -> Option<Time> {
        self.store.read(deliveries::next_due).unwrap()
    }

    fn count(&self) -> u32 {
        self.store.read(deliveries::count).unwrap()
    }
}

fn target(inbox: &str) -> DeliveryTarget {
    let (urgency, inbox) = inbox.strip_prefix('!').map_or((1, inbox), |inbox| (0, inbox));
    let host = inbox.split('/').next().unwrap().to_owned();
    DeliveryTarget { urgency, inbox: format!("https://{inbox}"), host }
}

fn about(claim: &ClaimedDelivery) -> &str {
    claim.document.strip_prefix("about ").unwrap()
}

#[test]
fn one_delivery_per_distinct_inbox_and_mentioned_people_first() {
    let s = TestStore::new();
    s.say("a", &["x/in", "y/in", "!z/in", "x/in", "!y/in"]);
    let order: Vec<String> = s.claims().into_iter().map(|c| c.inbox).collect();
    assert_eq!(order, ["https://y/in", "https://z/in", "https://x/in"]);
}

#[test]
fn later_mentions_pass_earlier_posts_but_not_in_one_line() {
    let s = TestStore::new();
    s.say("a", &["x/in", "y/in"]);
    s.say("b", &["!x/in", "!z/in"]);
    let first = s.claim().unwrap();
    assert_eq!((about(&first), first.inbox.as_str()), ("b", "https://z/in"));
    let second = s.claim().unwrap();
    assert_eq!((about(&second), second.inbox.as_str()), ("a", "https://x/in"), "b waits behind a in x's line");
    s.arrived(&second);
    assert_eq!((about(&s.claim().unwrap()), about(&s.claim().unwrap())), ("b", "a"), "urgent once a has arrived");
}

#[test]
fn order_is_strict_per_inbox_while_it_is_unreachable() {
    let s = TestStore::new();
    for object in ["a", "b", "c"] {
        s.say(object, &["x/in", "y/in"]);
    }
    for _ in 0..4 {
        for claim in s.claims() {
            match claim.host.as_str() {
                "x" => {
                    assert_eq!(about(&claim), "a");
                    s.failed(&claim, DeliveryFailure::Unreachable, 5 * MINUTE);
                }
                _ => s.arrived(&claim),
            }
        }
        s.clock.advance(6 * MINUTE);
    }
    for object in ["a", "b", "c"] {
        let claim = s.claim().unwrap();
        assert_eq!((about(&claim), claim.host.as_str()), (object, "x"));
        assert!(s.claim().is_none(), "one at a time");
        s.arrived(&claim);
    }
    assert_eq!(s.count(), 0);
}

#[test]
fn after_three_server_errors_other_objects_pass_and_the_same_one_does_not() {
    let s = TestStore::new();
    for object in ["a", "b", "a", "c"] {
        s.say(object, &["x/in"]);
    }
    for _ in 0..3 {
        let claim = s.claim().unwrap();
        assert_eq!(about(&claim), "a");
        assert!(s.claim().is_none());
        s.failed(&claim, DeliveryFailure::ServerError, MINUTE);
        s.clock.advance(MINUTE);
    }
    // a is due again too; it does not matter which goes first
    let claims = s.claims();
    assert_eq!(claims.iter().map(about).collect::<HashSet<_>>(), HashSet::from(["a", "b"]));
    for claim in &claims {
        match about(claim) {
            "a" => s.failed(claim, DeliveryFailure::ServerError, DAY),
            _ => s.arrived(claim),
        }
    }
    let claim = s.claim().unwrap();
    assert_eq!(about(&claim), "c", "the second a waits for the first, and holds nobody up");
    s.arrived(&claim);
    assert!(s.claim().is_none());
    s.clock.advance(DAY);
    let first = s.claim().unwrap();
    assert_eq!((about(&first), first.tries), ("a", 5));
    assert!(s.claim().is_none());
    s.arrived(&first);
    assert_eq!(about(&s.claim().unwrap()), "a");
}

#[test]
fn at_most_four_in_flight_per_host() {
    let s = TestStore::new();
    s.say("a", &["x/1", "x/2", "x/3", "x/4", "x/5", "x/6", "y/1"]);
    let claims = s.claims();
    assert_eq!(claims.iter().filter(|c| c.host == "x").count(), 4);
    assert_eq!(claims.len(), 5);
    assert_eq!(s.next_due(), None, "only a delivery's end makes room");
    s.arrived(&claims[0]);
    assert_eq!(s.next_due(), Some(s.clock.now()));
    assert_eq!(s.claims().len(), 1);
}

#[test]
fn five_failures_open_the_breaker_and_hearing_from_the_host_closes_it() {
    let s = TestStore::new();
    s.say("a", &["x/1", "x/2", "x/3", "x/4", "x/5", "x/6"]);
    let four = s.claims();
    for claim in &four {
        s.failed(claim, DeliveryFailure::Unreachable, MINUTE);
    }
    let fifth = s.claims();
    assert_eq!(fifth.len(), 2);
    s.failed(&fifth[0], DeliveryFailure::Unreachable, MINUTE);
    assert!(s.claim().is_none(), "open");
    s.say("b", &["x/7", "x/8"]);
    assert!(s.claim().is_none(), "open for what is queued later, too");
    let before = s.store.read(|r| hosts::get(r, "x")).unwrap().unwrap().open_until_at;
    s.failed(&fifth[1], DeliveryFailure::Unreachable, MINUTE);
    let after = s.store.read(|r| hosts::get(r, "x")).unwrap().unwrap().open_until_at;
    assert_eq!(before, after, "what was in flight when it opened does not count again");
    assert_eq!(s.next_due(), before);
    s.clock.advance(MINUTE);
    assert_eq!(s.claims().len(), 1, "one probe");
    s.do_(|w| hosts::record_success(w, "x"));
    assert_eq!(s.claims().len(), 3, "the probe is still in flight");
}

#[test]
fn a_line_that_moves_on_while_the_breaker_is_open_waits_like_the_others() {
    let s = TestStore::new();
    s.say("a", &["x/1", "x/2", "x/3", "x/4"]);
    s.say("b", &["x/1"]);
    let four = s.claims();
    for claim in &four[1..] {
        s.failed(claim, DeliveryFailure::Unreachable, MINUTE);
    }
    let again = four[1..].iter().map(|_| s.clock.advance(MINUTE)).count();
    assert_eq!(again, 3);
    for claim in s.claims() {
        s.failed(&claim, DeliveryFailure::Unreachable, MINUTE);
    }
    let held = four[0].clone();
    s.do_(move |w| deliveries::finish(w, &held));
    assert!(s.claim().is_none(), "b is first in its line now, but the host is away");
}

#[test]
fn one_bad_delivery_among_good_ones_keeps_to_its_own_times() {
    let s = TestStore::new();
    s.say("bad", &["x/1"]);
    let bad = s.claim().unwrap();
    s.failed(&bad, DeliveryFailure::ServerError, 5 * MINUTE);
    s.say("good", &["x/2"]);
    let good = s.claim().unwrap();
    s.arrived(&good);
    assert!(s.claim().is_none(), "the success of another brings it no earlier try");
}

#[test]
fn when_nobody_was_heard_it_was_we_who_were_away() {
    let s = TestStore::new();
    s.do_(|w| ["x", "y", "z"].iter().try_for_each(|host| hosts::record_success(w, host)));
    s.clock.advance(MINUTE);
    s.say("a", &["x/1", "y/1", "z/1"]);
    for _ in 0..6 {
        for claim in s.claims() {
            s.failed(&claim, DeliveryFailure::Unreachable, 10 * MINUTE);
        }
        s.clock.advance(10 * MINUTE);
    }
    for claim in s.claims() {
        s.failed(&claim, DeliveryFailure::Unreachable, DAY);
    }
    assert!(s.claim().is_none());
    s.do_(|w| hosts::record_success(w, "x"));
    assert_eq!(s.claims().len(), 3, "one word from anybody, and all may go");

    let s = TestStore::new();
    s.say("a", &["x/1", "y/1"]);
    for claim in s.claims() {
        s.failed(&claim, DeliveryFailure::Unreachable, DAY);
    }
    s.clock.advance(60 * MINUTE);
    s.do_(|w| hosts::record_success(w, "w"));
    s.do_(|w| hosts::record_success(w, "x"));
    assert!(s.claim().is_none(), "others were heard meanwhile: y is away, not we");
}

#[test]
fn a_restart_frees_the_leases_and_nothing_else_is_sent_twice() {
    let mut s = TestStore::new();
    s.say("a", &["x/1", "y/1", "z/1"]);
    let claims = s.claims();
    s.arrived(&claims[0]);
    // killed after sending the second, before settling it
    s.reopen();
    assert!(s.claim().is_none(), "leased");
    s.do_(|w| deliveries::free_leases(w).map(drop));
    let again: HashSet<String> = s.claims().into_iter().map(|c| c.inbox).collect();
    assert_eq!(again, claims[1..].iter().map(|c| c.inbox.clone()).collect());
}

#[test]
fn who_settles_after_the_lease_changes_nothing_for_who_has_it_now() {
    let s = TestStore::new();
    s.say("a", &["x/1"]);
    let slow = s.claim().unwrap();
    s.clock.advance(LEASE + MINUTE);
    assert_eq!(s.do_(deliveries::free_overdue), 1);
    let quick = s.claim().unwrap();
    assert_eq!(quick.tries, 2);
    let late = slow.clone();
    s.do_(move |w| deliveries::postpone(w, &late, w.now, DeliveryFailure::Unreachable, "late"));
    assert!(s.claim().is_none(), "still leased to the quick one");
    s.arrived(&quick);
    s.arrived(&slow);
    assert_eq!(s.count(), 0);
}

#[test]
fn concurrent_claims_never_share_a_delivery() {
    let s = TestStore::new();
    let inboxes: Vec<String> = (0..400).map(|n| format!("h{n}/in")).collect();
    s.say("a", &inboxes.iter().map(String::as_str).collect::<Vec<_>>());
    let all: Vec<ClaimedDelivery> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| s.claims())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(all.len(), 400);
    assert_eq!(all.iter().map(|c| c.id).collect::<HashSet<_>>().len(), 400);
}

#[test]
fn a_host_with_thousands_of_inboxes_never_stands_before_the_others() {
    let s = TestStore::new();
    let many: Vec<String> = (0..1000).map(|n| format!("big/{n}")).collect();
    s.say("a", &many.iter().map(String::as_str).collect::<Vec<_>>());
    s.say("b", &["small/in"]);
    let mut claims = Vec::new();
    while s.next_due() == Some(s.clock.now()) {
        claims.extend(s.claim());
    }
    assert_eq!(claims.len(), 5, "four to the big one");
    assert!(claims.iter().any(|claim| claim.host == "small"));
    let mut arrived = 0;
    while let Some(claim) = claims.pop() {
        s.arrived(&claim);
        arrived += 1;
        while s.next_due().is_some() {
            match s.claim() {
                Some(claim) => claims.push(claim),
                None => s.clock.advance(Duration::from_millis(100)),
            }
            if claims.len() == 4 {
                break;
            }
        }
    }
    assert_eq!((arrived, s.count()), (1001, 0));
}

#[test]
fn dead_hosts_leave_room_in_flight() {
    let s = TestStore::new();
    let inboxes: Vec<String> = (0..300).map(|n| format!("h{n}/in")).collect();
    s.say("a", &inboxes.iter().map(String::as_str).collect::<Vec<_>>());
    for claim in s.claims() {
        s.failed(&claim, DeliveryFailure::Unreachable, MINUTE);
    }
    s.clock.advance(MINUTE);
    assert_eq!(s.claims().len(), 192);
    s.say("b", &["good/in"]);
    assert_eq!(s.claim().unwrap().host, "good");
}

#[test]
fn a_host_dead_for_a_week_loses_its_whole_line_and_one_at_a_time_nobody_else() {
    let s = TestStore::new();
    for object in ["a", "b", "c"] {
        s.say(object, &["dead/in", "ill/in"]);
    }
    s.clock.advance(MINUTE);
    for _ in 0..12 {
        for claim in s.claims() {
            if claim.host == "dead" {
                s.failed(&claim, DeliveryFailure::Unreachable, MINUTE);
            } else {
                s.failed(&claim, DeliveryFailure::Refused, 8 * DAY);
            }
        }
        s.clock.advance(Duration::from_hours(6));
    }
    s.clock.advance(5 * DAY);
    s.say("young", &["dead/in"]);
    let expire = |w: &crate::store::Write<'_>| deliveries::expire(w, w.now.minus(7 * DAY), 100);
    assert_eq!(s.do_(expire), 3);
    assert_eq!(s.do_(expire), 0);
    assert_eq!(s.count(), 4, "three for the living host, which were tried too little, and the young one");
    s.do_(|w| hosts::record_success(w, "dead"));
    assert_eq!(about(&s.claim().unwrap()), "young");
}

#[test]
fn a_clock_that_went_back_leaves_nothing_waiting_for_years() {
    let s = TestStore::new();
    s.say("a", &["x/1", "y/1"]);
    let claims = s.claims();
    let years = 4 * 365 * DAY;
    s.failed(&claims[0], DeliveryFailure::Unreachable, years);
    let mended = s.do_(|w| Ok(deliveries::clamp_retry_times(w)? + hosts::clamp_retry_times(w)?));
    assert_eq!(mended, 1, "the lease of y/1 is an honest one");
    assert_eq!(s.claims().len(), 1);
}

#[test]
fn activities_are_forgotten_once_they_have_arrived_everywhere() {
    let s = TestStore::new();
    s.say("a", &["x/1"]);
    s.say("b", &["y/1"]);
    s.clock.advance(31 * DAY);
    let claim = s.claim().unwrap();
    s.arrived(&claim);
    let prune = |w: &crate::store::Write<'_>| deliveries::prune(w, w.now.minus(30 * DAY), 100);
    assert_eq!(s.do_(prune), 1);
    assert_eq!(s.count(), 1);
    let waiting = s.store.read(|r| deliveries::waiting(r, 10)).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].deliveries, 1);
}

#[test]
fn every_query_of_the_queue_has_its_index() {
    let s = TestStore::new();
    let plans = s.do_(|w| {
        let mut plans = Vec::new();
        for sql in deliveries::HOT_QUERIES.iter().chain(crate::store::queue::inbox::HOT_QUERIES) {
            let mut statement = w.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let n = statement.parameter_count();
            let rows = statement.query_map(rusqlite::params_from_iter(vec![1; n]), |row| row.get::<_, String>(3))?;
            for row in rows {
                plans.push(row?);
            }
        }
        Ok(plans)
    });
    let covering = |index: &str| plans.iter().any(|p| p.contains(&format!("USING COVERING INDEX {index}")));
    assert!(covering("delivery_due") && covering("delivery_flight"), "{plans:#?}");
    for plan in &plans {
        let small = plan.contains("delivery_flight") || plan.contains("CONSTANT ROW");
        assert!(!plan.starts_with("SCAN") || small, "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
