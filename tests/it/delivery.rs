//! Deliveries: kept while a peer is away, sent in order when it is back, given up when it says so.

use std::time::Duration;

use hytte::base::Audience;
use hytte::federation::owner::publish;
use hytte::store;
use serde_json::json;

use crate::harness::{Peer, Server, World};

const HOUR: Duration = Duration::from_secs(3600);

/// Bob of the peer follows the server's owner.
fn followed(world: &World, server: &Server, peer: &Peer) {
    peer.send("bob", server, &peer.activity("Follow", "bob", "/follows/1", &json!(server.actor())));
    world.settle(&[server]);
    assert_eq!(server.follows().0, 1);
}

fn contents(peer: &Peer) -> Vec<String> {
    let creates = peer.got_type("Create").into_iter();
    creates.map(|create| create["object"]["source"]["content"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_peer_missed_comes_in_order_when_it_is_back() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    followed(&world, &a, &peer);
    peer.answer_posts(503);
    let first = a.post("one", Audience::Public);
    world.settle(&[&a]);
    a.post("two", Audience::Public);
    publish::delete(&a.node, first).unwrap();
    world.settle(&[&a]);
    assert_eq!(a.waiting(), 3);
    let told = a.node.store.read(|r| store::queue::deliveries::waiting(r, 10)).unwrap();
    assert_eq!((told[0].host.as_str(), told[0].deliveries), ("peer.test", 3));
    assert!(told[0].error.as_ref().unwrap().contains("503"));

    peer.answer_posts(202);
    let before = peer.got().len();
    a.advance(4 * HOUR);
    for _ in 0..3 {
        a.advance(HOUR);
        world.settle(&[&a]);
    }
    assert_eq!(a.waiting(), 0);
    let kinds: Vec<String> =
        peer.got()[before..].iter().map(|got| got.json()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["Create", "Create", "Delete"], "a Delete never overtakes its Create");
    for got in peer.got() {
        assert!(got.header("signature").unwrap().contains("algorithm=\"rsa-sha256\""), "Misskey wants it said");
    }
}

#[test]
fn a_peer_that_speaks_again_gets_everything_at_once() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    followed(&world, &a, &peer);
    peer.answer_posts(500);
    for n in 0..3 {
        a.post(&format!("post {n}"), Audience::Public);
        world.settle(&[&a]);
    }
    for _ in 0..8 {
        a.advance(HOUR);
        world.settle(&[&a]);
    }
    assert_eq!(a.waiting(), 3);
    peer.answer_posts(202);
    // No clock moves: its Like is a sign of life.
    peer.send("bob", &a, &peer.activity("Like", "bob", "/likes/1", &json!(a.actor())));
    world.settle(&[&a]);
    assert_eq!(a.waiting(), 0);
}

#[test]
fn after_a_week_a_delivery_is_given_up_and_a_gone_follower_is_forgotten() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    followed(&world, &a, &peer);
    peer.answer_posts(500);
    a.post("never read", Audience::Public);
    for _ in 0..(8 * 24) {
        a.advance(HOUR);
        world.settle(&[&a]);
    }
    assert_eq!(a.waiting(), 0);
    assert_eq!(a.follows().0, 1, "a week away is no farewell");
    peer.answer_posts(410);
    a.post("to nobody", Audience::Public);
    for _ in 0..24 {
        a.advance(HOUR);
        world.settle(&[&a]);
    }
    assert_eq!(a.follows().0, 0);
}

#[test]
fn each_post_goes_to_a_shared_inbox_once_and_people_named_come_first() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("carol");
    for who in ["bob", "carol"] {
        peer.send(who, &a, &peer.activity("Follow", who, &format!("/follows/{who}"), &json!(a.actor())));
    }
    let other = world.peer("other.test");
    other.send("bob", &a, &other.activity("Follow", "bob", "/follows/1", &json!(a.actor())));
    world.settle(&[&a]);
    a.post("hello @bob@other.test", Audience::Public);
    world.settle(&[&a]);
    assert_eq!(contents(&peer), ["hello @bob@other.test"]);
    assert_eq!(peer.got_type("Create").len(), 1);
    let create = other.got_type("Create").pop().unwrap();
    assert_eq!(
        create["object"]["tag"][0],
        json!({ "type": "Mention", "href": other.actor("bob"), "name": "@bob@other.test" })
    );
    assert!(
        create["cc"].as_array().unwrap().contains(&json!(other.actor("bob"))),
        "Mastodon notifies only who is addressed"
    );
    assert_eq!(create["to"], create["object"]["to"]);
}

#[test]
fn a_private_post_touches_no_inbox_but_its_readers() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    peer.person("carol");
    for (peer, who) in [(&peer, "bob"), (&peer, "carol"), (&other, "bob")] {
        peer.send(who, &a, &peer.activity("Follow", who, &format!("/follows/{who}"), &json!(a.actor())));
    }
    world.settle(&[&a]);
    let before = (peer.got().len(), other.got().len());
    let post = a.post("only for you, @bob@peer.test", Audience::Mentioned);
    publish::delete(&a.node, post).unwrap();
    world.settle(&[&a]);
    assert_eq!(other.got().len(), before.1);
    let got = peer.got();
    assert_eq!(got.len() - before.0, 2);
    assert!(got[before.0..].iter().all(|got| got.target == "/users/bob/inbox"), "never a shared inbox");
}
