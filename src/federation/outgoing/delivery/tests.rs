#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::federation::test_support::TestNode;
use crate::net::test_support::{SeenRequest, TestPeer, response};
use crate::sig;
use crate::store::queue::deliveries::WaitingHost;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const WHOLE: Duration = Duration::from_secs(5);

/// The peer's next responses, by domain; 202 when the list is empty.
type Script = Arc<Mutex<HashMap<String, Vec<Vec<u8>>>>>;

struct DeliveryTest {
    home: TestNode,
    peer: TestPeer,
    script: Script,
}

impl DeliveryTest {
    fn new(domains: &[&str]) -> Self {
        let script = Script::default();
        let lines = script.clone();
        let peer = TestPeer::start(move |seen| {
            let mut lines = lines.lock().unwrap();
            let waiting = lines.get_mut(seen.header("host")).filter(|waiting| !waiting.is_empty());
            waiting.map_or_else(|| response(202, &[], b""), |waiting| waiting.remove(0))
        });
        let home = TestNode::new(domains, peer.address, WHOLE);
        Self { home, peer, script }
    }

    /// Sets the next responses of a domain.
    fn answers(&self, domain: &str, answers: &[Vec<u8>]) {
        self.script.lock().unwrap().insert(domain.to_owned(), answers.to_vec());
    }

    /// Sets the next responses of a domain, by HTTP status.
    fn codes(&self, domain: &str, codes: &[u16]) {
        let answers: Vec<Vec<u8>> = codes.iter().map(|code| response(*code, &[], b"")).collect();
        self.answers(domain, &answers);
    }

    /// Delivers everything that is due. Returns when the next one is.
    fn settle(&self) -> Option<Time> {
        loop {
            if let DeliveryStep::Idle { next_due } = step(&self.home.node).unwrap() {
                return next_due;
            }
        }
    }

    /// Delivers, then moves the clock to the next attempt; returns how long that was, in seconds.
    fn wait(&self) -> u64 {
        let next = self.settle().expect("something waits");
        let wait = next.since(self.home.clock.now());
        self.home.clock.advance(wait);
        wait.as_secs()
    }

    fn seen(&self, domain: &str) -> Vec<SeenRequest> {
        self.peer.seen().into_iter().filter(|seen| seen.header("host") == domain).collect()
    }

    fn queue(&self) -> Vec<WaitingHost> {
        self.home.node.store.read(|r| deliveries::waiting(r, 9)).unwrap()
    }
}

#[track_caller]
fn about(wait: u64, minutes: u64) {
    let (low, high) = (minutes * 60 * 85 / 100, minutes * 60 * 115 / 100);
    assert!((low..=high).contains(&wait), "{wait} s should be {minutes} minutes, give or take 15 %");
}

#[test]
fn a_delivery_is_signed_when_it_is_sent_and_arrives_once() {
    let w = DeliveryTest::new(&["x.example"]);
    w.home.queue_activity("a", &["x.example"]);
    w.home.clock.advance(MINUTE);
    assert_eq!(w.settle(), None);
    let seen = w.seen("x.example");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body, br#"{"object":"a"}"#);
    assert_eq!(seen[0].header("content-type"), "application/activity+json");
    assert_eq!(seen[0].header("date"), w.home.clock.now().http_date());
    assert!(seen[0].header("signature").contains("https://here.example/users/me#main-key"));
    assert_eq!(w.home.queued_deliveries(), 0);
}

#[test]
fn what_will_never_work_is_tried_once() {
    let domains: Vec<String> = [400, 405, 413, 422].iter().map(|code| format!("c{code}.example")).collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let w = DeliveryTest::new(&names);
    for (name, code) in names.iter().zip([400, 405, 413, 422]) {
        w.codes(name, &[code; 9]);
    }
    w.home.queue_activity("a", &names);
    assert_eq!(w.settle(), None);
    assert_eq!(w.home.queued_deliveries(), 0);
    for name in names {
        // 400 may mean that the signature was not understood: the other format is tried once.
        assert_eq!(w.seen(name).len(), if name == "c400.example" { 2 } else { 1 }, "{name}");
        let host = w.home.node.store.read(|r| hosts::get(r, name)).unwrap().unwrap();
        assert_eq!(host.failures, 0, "it answered: {name}");
    }
}

#[test]
fn the_other_content_type_once() {
    let w = DeliveryTest::new(&["x.example", "y.example"]);
    w.codes("x.example", &[415]);
    w.codes("y.example", &[406, 415, 202]);
    w.home.queue_activity("a", &["x.example", "y.example"]);
    assert_eq!(w.settle(), None);
    for name in ["x.example", "y.example"] {
        let types: Vec<String> = w.seen(name).iter().map(|seen| seen.header("content-type").to_owned()).collect();
        assert_eq!(types, [CONTENT_TYPE, ALTERNATIVE_CONTENT_TYPE], "{name}");
    }
    assert_eq!(w.home.queued_deliveries(), 0);
}

#[test]
fn a_refused_signature_is_made_the_other_way_and_remembered() {
    let w = DeliveryTest::new(&["x.example"]);
    w.codes("x.example", &[401]);
    w.home.queue_activity("a", &["x.example"]);
    w.home.queue_activity("b", &["x.example"]);
    assert_eq!(w.settle(), None);
    let knocks: Vec<bool> = w.seen("x.example").iter().map(|seen| seen.header("signature-input").is_empty()).collect();
    assert_eq!(knocks, [true, false, false], "cavage, RFC 9421, and that for the next");
}

#[test]
fn refusals_are_three_tries_of_both_signatures() {
    for code in [401, 403, 404] {
        let w = DeliveryTest::new(&["x.example"]);
        w.codes("x.example", &[code; 20]);
        w.home.queue_activity("a", &["x.example"]);
        about(w.wait(), 1);
        about(w.wait(), 5);
        assert_eq!(w.home.queued_deliveries(), 1);
        assert_eq!(w.settle(), None);
        assert_eq!((w.home.queued_deliveries(), w.seen("x.example").len()), (0, 6), "{code}");
    }
}

#[test]
fn a_host_that_was_away_gets_its_three_tries_all_the_same() {
    let w = DeliveryTest::new(&["x.example"]);
    w.codes("x.example", &[503, 503, 503, 404, 404, 202]);
    w.home.queue_activity("a", &["x.example"]);
    for minutes in [1, 5, 15] {
        about(w.wait(), minutes);
    }
    about(w.wait(), 60);
    w.settle();
    assert_eq!(w.home.queued_deliveries(), 0, "a proxy answers 404 while its server starts");
}

#[test]
fn server_errors_are_tried_for_a_week_with_one_knock_each() {
    let w = DeliveryTest::new(&["x.example"]);
    w.codes("x.example", &[500; 99]);
    w.home.queue_activity("a", &["x.example"]);
    let begun = w.home.clock.now();
    for minutes in [1, 5, 15, 60, 180] {
        about(w.wait(), minutes);
    }
    let mut tries = 5;
    while w.home.queued_deliveries() > 0 {
        if let Some(next) = w.settle() {
            let wait = next.since(w.home.clock.now());
            about(wait.as_secs(), 720);
            w.home.clock.advance(wait);
        }
        tries += 1;
    }
    let took = w.home.clock.now().since(begun);
    assert!(took <= 7 * DAY && took > 6 * DAY, "{took:?}");
    assert_eq!(w.seen("x.example").len(), tries, "one request for each try");
}

#[test]
fn an_unreachable_host_holds_its_line_and_no_other() {
    let w = DeliveryTest::new(&["y.example"]);
    w.home.queue_activity("a", &["nowhere.example", "y.example"]);
    w.home.queue_activity("b", &["nowhere.example", "y.example"]);
    w.settle();
    assert_eq!(w.seen("y.example").len(), 2);
    let queue = w.queue();
    assert_eq!((queue.len(), queue[0].deliveries, queue[0].tries), (1, 2, 1));
    assert_eq!(queue[0].error.as_deref(), Some("there is no server called nowhere.example"));
}

#[test]
fn retry_after_is_honoured_up_to_a_day_and_holds_the_host() {
    let w = DeliveryTest::new(&["x.example"]);
    w.answers(
        "x.example",
        &[
            response(429, &["retry-after: 1800"], b"slow down"),
            response(503, &["retry-after: 999999999"], b""),
            response(429, &["retry-after: 1"], b""),
        ],
    );
    w.home.queue_activity("a", &["x.example"]);
    assert_eq!(w.wait(), 1800);
    assert_eq!(w.queue()[0].error.as_deref(), Some("x.example answered 429: slow down"));
    assert_eq!(w.wait(), 24 * 3600);
    about(w.wait(), 15);
    assert_eq!(w.settle(), None);
    assert_eq!(w.seen("x.example").len(), 4);
}

#[test]
fn a_private_address_is_refused_once_with_a_sentence() {
    let w = DeliveryTest::new(&[]);
    let error = NetError::Refused { host: "x.example".into(), why: "its address is not a public one" };
    let outcome = classify_error(&error);
    assert_eq!((outcome.result, outcome.responded), (DeliveryResult::Rejected, false));
    assert_eq!(outcome.reason, "x.example may not be reached from here: its address is not a public one");
    w.home.queue_activity("a", &["169.254.169.254"]);
    assert_eq!(w.settle(), None);
    assert_eq!(w.home.queued_deliveries(), 0);
}

#[test]
fn a_gone_inbox_loses_its_followers() {
    let w = DeliveryTest::new(&["x.example"]);
    let follow = |name: &'static str, shared: Option<&'static str>| {
        let node = &w.home.node;
        let act = move |w: &Write<'_>| {
            let service = crate::store::node::get(w)?.service;
            let mut actor = crate::store::actors::by_id(w, service)?;
            actor.uri = format!("http://x.example/{name}");
            actor.inbox = format!("http://x.example/{name}/inbox");
            actor.shared_inbox = shared.map(str::to_owned);
            let follower = crate::store::actors::upsert(w, &actor)?;
            let owner = node::owner(w)?;
            follows::upsert(w, follower, owner, &format!("{name}/follow"), None)?;
            follows::accept(w, follower, owner)
        };
        assert!(node.store.write(act).unwrap());
    };
    let inboxes = || w.home.node.store.read(|r| follows::follower_inboxes(r, node::owner(r)?)).unwrap();
    follow("one", Some("http://x.example/inbox"));
    follow("two", Some("http://x.example/inbox"));
    follow("three", None);
    assert_eq!(inboxes().len(), 2);
    w.codes("x.example", &[410]);
    w.home.queue_activity("a", &["x.example"]);
    assert_eq!(w.settle(), None);
    assert_eq!(inboxes(), ["http://x.example/three/inbox"]);
}

#[test]
fn a_trial_sends_nothing_and_keeps_nothing_for_later() {
    let mut w = DeliveryTest::new(&["x.example"]);
    w.home.node.config.trial = true;
    w.home.queue_activity("a", &["x.example"]);
    assert_eq!(w.settle(), None);
    assert_eq!((w.home.queued_deliveries(), w.seen("x.example").len()), (0, 0));
    assert!(w.home.node.store.read(|r| hosts::get(r, "x.example")).unwrap().is_none());
}

#[test]
fn a_peer_that_talks_nonsense_is_tried_again() {
    let w = DeliveryTest::new(&["x.example"]);
    w.answers("x.example", &[b"SMTP ready\r\n\r\n".to_vec()]);
    w.home.queue_activity("a", &["x.example"]);
    about(w.wait(), 1);
    assert_eq!(w.settle(), None);
    assert_eq!((w.home.queued_deliveries(), w.seen("x.example").len()), (0, 2));
}

#[test]
fn the_peer_can_verify_what_it_gets() {
    let w = DeliveryTest::new(&["x.example"]);
    w.home.queue_activity("a", &["x.example"]);
    w.settle();
    let seen = w.seen("x.example").remove(0);
    let owner = w.home.node.owner().unwrap();
    let pem = w.home.node.store.read(|r| node::key_of(r, owner)).unwrap().public;
    let key = sig::PublicKey::from_pem(&pem).unwrap();
    let received = sig::ReceivedRequest {
        method: &seen.method,
        scheme: "http",
        host: "x.example",
        target: &seen.target,
        headers: &seen.headers,
        body: &seen.body,
    };
    let claim = sig::claim(&received, w.home.clock.now()).unwrap();
    claim.verify(&key).unwrap();
}

#[test]
fn a_clock_years_ahead_gives_every_delivery_its_tries() {
    let w = DeliveryTest::new(&["x.example"]);
    w.codes("x.example", &[502; 5]);
    w.home.queue_activity("a", &["x.example"]);
    w.home.clock.advance(700 * DAY);
    for minutes in [1, 5, 15, 60, 180] {
        about(w.wait(), minutes);
    }
    assert_eq!(w.settle(), None);
    assert_eq!(w.seen("x.example").len(), 6, "the last one arrived");
}
