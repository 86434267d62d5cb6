//! After an outage of more than a day: peers hear that we are back, and the owner reads what was said meanwhile, in its place
//! and without a storm of notifications.

use std::time::Duration;

use hytte::federation::{outgoing::outage_recovery, remote::backfill_worker};
use hytte::sig::proof;
use hytte::store;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};
use crate::posting::follow_bob;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

/// What the chores of one minute do, and the worker that fills gaps.
fn a_minute(world: &World, server: &Server) {
    server.advance(MINUTE);
    outage_recovery::record_alive(&server.node).unwrap();
    outage_recovery::step(&server.node).unwrap();
    world.settle(&[server]);
    while backfill_worker::step(&server.node).unwrap() {}
    world.settle(&[server]);
}

fn is_making_up(server: &Server) -> bool {
    server.node.store.read(store::peers::outages::current).unwrap().is_some()
}

fn note(peer: &Peer, n: u32, published: &str, content: &str) -> Value {
    let mut note = peer.note("bob", &format!("/notes/{n}"), content);
    note["published"] = json!(published);
    note
}

fn item(peer: &Peer, n: u32, note: &Value) -> Value {
    let mut create = peer.activity("Create", "bob", &format!("/creates/{n}"), note);
    create["published"] = note["published"].clone();
    create
}

/// Bob's outbox: pages of items, newest first.
fn serve_outbox(peer: &Peer, pages: &[Vec<Value>]) {
    let id = peer.url("/users/bob/outbox");
    let page_id = |n: usize| format!("{id}?page={n}");
    let context = "https://www.w3.org/ns/activitystreams";
    peer.serve(
        "/users/bob/outbox",
        &json!({"@context": context, "id": id, "type": "OrderedCollection", "first": page_id(0)}),
    );
    for (n, items) in pages.iter().enumerate() {
        let mut page =
            json!({"@context": context, "id": page_id(n), "type": "OrderedCollectionPage", "orderedItems": items});
        if n + 1 < pages.len() {
            page["next"] = json!(page_id(n + 1));
        }
        peer.serve(&format!("/users/bob/outbox?page={n}"), &page);
    }
}

#[test]
fn the_gap_is_filled_in_its_place_and_peers_hear_that_we_are_back() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, third) = (world.peer("peer.test"), world.peer("third.test"));
    follow_bob(&world, &a, &peer);
    // The world's clocks begin at 2026-09-21T14:13:20Z.
    let before = note(&peer, 1, "2026-09-21T12:00:00Z", "<p>before</p>");
    peer.send("bob", &a, &item(&peer, 1, &before));
    world.settle(&[&a]);
    a_minute(&world, &a);
    assert!(!is_making_up(&a));
    a.advance(3 * DAY);
    // Bob's posts of these days; the last one came by itself once we were back.
    let late = note(&peer, 6, "2026-09-24T14:10:00Z", "<p>late</p>");
    peer.send("bob", &a, &item(&peer, 6, &late));
    world.settle(&[&a]);
    let first = note(&peer, 2, "2026-09-22T10:00:00Z", "<p>first day</p>");
    let mut thread = note(&peer, 3, "2026-09-22T10:01:00Z", "<p>and more of it</p>");
    thread["inReplyTo"] = first["id"].clone();
    let mut named = note(&peer, 4, "2026-09-23T10:00:00Z", "<p>are you there?</p>");
    named["tag"] = json!([{"type": "Mention", "href": a.actor(), "name": "@alice@a.test"}]);
    let mut forged = note(&peer, 5, "2026-09-23T11:00:00Z", "<p>not bob's</p>");
    forged["attributedTo"] = json!(peer.actor("eve"));
    let boosted = {
        let mut boosted = third.note("bob", "/notes/1", "<p>boosted</p>");
        boosted["published"] = json!("2026-09-01T10:00:00Z");
        third.serve("/notes/1", &boosted);
        let mut boost = peer.activity("Announce", "bob", "/boosts/1", &json!(boosted["id"]));
        boost["published"] = json!("2026-09-23T12:00:00Z");
        boost["to"] = json!(["https://www.w3.org/ns/activitystreams#Public"]);
        boost
    };
    let ancient = note(&peer, 9, "2026-09-01T10:00:00Z", "<p>long ago, deleted here</p>");
    serve_outbox(
        &peer,
        &[
            vec![item(&peer, 6, &late), boosted, item(&peer, 5, &forged), item(&peer, 4, &named)],
            vec![item(&peer, 3, &thread), item(&peer, 2, &first), item(&peer, 1, &before)],
            vec![item(&peer, 9, &ancient)],
        ],
    );
    a_minute(&world, &a);
    assert!(is_making_up(&a));
    assert_eq!(a.home_texts(), ["late", "boosted", "are you there?", "and more of it", "first day", "before"]);
    assert_eq!(a.notifications(), [("mention".into(), "bob@peer.test".into())], "only what names the owner");
    assert!(!peer.asked().iter().any(|got| got.target == "/users/bob/outbox?page=2"), "no further than the gap");

    let update = peer.got_type("Update").pop().expect("we are back");
    assert_eq!((&update["object"]["type"], &update["object"]["id"]), (&json!("Person"), &json!(a.actor())));
    assert!(proof::read(&update, a.clock.now()).unwrap().is_some());
    assert_eq!(peer.got().iter().filter(|got| got.target == "/inbox").count(), 1, "at the shared inbox");
    a_minute(&world, &a);
    assert!(!is_making_up(&a), "a small home is soon done");
    a_minute(&world, &a);
    assert_eq!(peer.got_type("Update").len(), 1);
    assert_eq!(a.home_texts().len(), 6);
}

#[test]
fn a_night_without_power_is_no_outage() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    a_minute(&world, &a);
    a.advance(Duration::from_secs(20 * 3600));
    a_minute(&world, &a);
    assert!(!is_making_up(&a));
    assert!(peer.got_type("Update").is_empty());
}

#[test]
fn the_news_is_spread_and_a_second_restart_goes_on_where_the_first_stopped() {
    let world = World::new();
    let a = world.server("a.test");
    let (first, last) = (world.peer("aa.test"), world.peer("zz.test"));
    for peer in [&first, &last] {
        let like = peer.activity("Like", "bob", "/likes/1", &json!(a.actor()));
        assert_eq!(peer.send("bob", &a, &like).code, 202);
    }
    world.settle(&[&a]);
    a.node
        .store
        .write(|w| (0..25).try_for_each(|n| store::peers::hosts::record_success(w, &format!("middle{n:02}.test"))))
        .unwrap();
    a_minute(&world, &a);
    a.advance(2 * DAY);
    a_minute(&world, &a);
    assert_eq!((first.got_type("Update").len(), last.got_type("Update").len()), (1, 0), "ten in the first minute");
    // Down again, for a short while and for a long one.
    a.advance(Duration::from_secs(3600));
    a_minute(&world, &a);
    assert_eq!((first.got_type("Update").len(), last.got_type("Update").len()), (1, 0));
    a_minute(&world, &a);
    assert_eq!((first.got_type("Update").len(), last.got_type("Update").len()), (1, 1));
    a_minute(&world, &a);
    assert!(!is_making_up(&a));
}
