//! Relays of both styles, and what strangers leave behind.

use std::time::Duration;

use hytte::base::Audience;
use hytte::federation::{owner::publish, relays, upkeep};
use hytte::store::peers::relays::{Relay, RelayState};
use hytte::store::posts::PostPage;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn relay_actor(peer: &Peer) -> String {
    peer.person("relay");
    let mut document = peer.person_document("relay");
    document["type"] = json!("Application");
    document["inbox"] = json!(peer.url("/inbox"));
    peer.serve("/users/relay", &document);
    peer.actor("relay")
}

fn joined(a: &Server) -> Vec<Relay> {
    a.node.store.read(hytte::store::peers::relays::all).unwrap()
}

fn around(a: &Server) -> Vec<String> {
    let cards = a.node.store.read(|r| {
        hytte::store::posts::post_views::post_views(
            r,
            &hytte::store::peers::relays::relayed_posts(r, PostPage::first(50))?,
        )
    });
    cards.unwrap().iter().map(|card| hytte::text::plain_text::from_html(&card.post.content)).collect()
}

/// Everything upkeep does within some days, six hours at a time.
fn days(a: &Server, days: u64) {
    let mut diary = upkeep::JobSchedule::new(a.clock.now());
    for _ in 0..days * 4 {
        a.advance(Duration::from_secs(6 * 3600));
        upkeep::step(&a.node, &mut diary).unwrap();
    }
}

#[test]
fn a_relay_as_mastodon_knows_them() {
    let world = World::new();
    let a = world.server("a.test");
    let (relay, other) = (world.peer("relay.test"), world.peer("other.test"));
    let actor = relay_actor(&relay);
    relays::subscribe(&a.node, &relay.url("/inbox")).unwrap();
    world.settle(&[&a]);
    let follow = relay.got_type("Follow").pop().unwrap();
    assert_eq!((&follow["object"], &follow["actor"]), (&json!(PUBLIC), &json!(a.url("/actor"))));
    assert_eq!(relay.got()[0].target, "/inbox");
    assert_eq!(joined(&a)[0].state, RelayState::Asked);

    // Only somebody on the relay's own server can answer for it.
    other.send("bob", &a, &other.activity("Accept", "bob", "/forged", &follow));
    a.post("too early", Audience::Public);
    world.settle(&[&a]);
    assert_eq!(joined(&a)[0].state, RelayState::Asked);
    assert!(relay.got_type("Create").is_empty());
    relay.send("relay", &a, &relay.activity("Accept", "relay", "/accept", &follow));
    world.settle(&[&a]);
    assert_eq!(joined(&a)[0].state, RelayState::Accepted);

    let post = a.post("for all to see", Audience::Public);
    a.post("for some", Audience::Followers);
    a.post("quietly", Audience::Quiet);
    world.settle(&[&a]);
    let creates = relay.got_type("Create");
    assert_eq!(creates.len(), 1, "only what is public");
    assert_eq!(creates[0]["actor"], a.actor());
    publish::delete(&a.node, post).unwrap();
    world.settle(&[&a]);
    assert_eq!(relay.got_type("Delete").len(), 1);

    // It announces, and it forwards what others signed; either way the post is fetched where it lives.
    for n in 1..=2 {
        other.serve(&format!("/notes/{n}"), &other.note("bob", &format!("/notes/{n}"), &format!("<p>hello {n}</p>")));
    }
    let announce = json!({ "id": relay.url("/announces/1"), "type": "Announce", "actor": actor,
        "object": other.url("/notes/1"), "to": [format!("{actor}/followers")] });
    relay.send("relay", &a, &announce);
    let forged = other.note("bob", "/notes/2", "<p>forged</p>");
    relay.send("relay", &a, &other.activity("Create", "bob", "/creates/2", &forged));
    world.settle(&[&a]);
    assert_eq!(around(&a), ["hello 2", "hello 1"]);
    assert!(a.home_texts().iter().all(|text| !text.starts_with("hello")), "home is for whom one follows");
    let card = a.by_uri(&other.url("/notes/1")).unwrap();
    assert!(card.boost.is_none() && card.boosts == 0, "nothing is the relay's");

    let id = joined(&a)[0].id;
    relays::unsubscribe(&a.node, id).unwrap();
    world.settle(&[&a]);
    let undo = &relay.got_type("Undo")[0]["object"];
    assert_eq!((&undo["id"], &undo["type"], &undo["object"]), (&follow["id"], &json!("Follow"), &json!(PUBLIC)));
    other.serve("/notes/3", &other.note("bob", "/notes/3", "<p>hello 3</p>"));
    relay.send("relay", &a, &json!({ "id": relay.url("/announces/3"), "type": "Announce", "actor": actor, "object": other.url("/notes/3") }));
    world.settle(&[&a]);
    assert_eq!(around(&a).len(), 2, "one that was left is not listened to");
}

#[test]
fn a_relay_as_pleroma_knows_them() {
    let world = World::new();
    let a = world.server("a.test");
    let relay = world.peer("relay.test");
    let actor = relay_actor(&relay);
    assert!(relays::subscribe(&a.node, &relay.actor("bob")).is_err(), "bob is a person");
    relays::subscribe(&a.node, &actor).unwrap();
    world.settle(&[&a]);
    let follow = relay.got_type("Follow").pop().unwrap();
    assert_eq!(follow["object"], actor);
    relay.send("relay", &a, &relay.activity("Accept", "relay", "/accept", &json!(follow["id"])));
    let back = relay.activity("Follow", "relay", "/follow", &json!(a.url("/actor")));
    relay.send("relay", &a, &back);
    relay.send("bob", &a, &relay.activity("Follow", "bob", "/follow/bob", &json!(a.url("/actor"))));
    world.settle(&[&a]);
    let accepts = relay.got_type("Accept");
    assert_eq!(accepts.len(), 1, "only relays follow the server");
    assert_eq!((&accepts[0]["object"]["id"], &accepts[0]["actor"]), (&back["id"], &json!(a.url("/actor"))));
    assert_eq!(a.follows(), (0, 0));

    let post = a.post("for all to see", Audience::Public);
    world.settle(&[&a]);
    let announce = relay.got_type("Announce").pop().unwrap();
    assert_eq!((&announce["object"], &announce["actor"]), (&json!(a.uri(post)), &json!(a.url("/actor"))));
    assert_eq!(world.document(announce["id"].as_str().unwrap())["object"], a.uri(post));
    assert!(relay.got_type("Create").is_empty());

    relay.send("relay", &a, &relay.activity("Reject", "relay", "/reject", &follow));
    world.settle(&[&a]);
    assert_eq!(joined(&a)[0].state, RelayState::Refused);
    a.post("not for it any more", Audience::Public);
    world.settle(&[&a]);
    assert_eq!(relay.got_type("Announce").len(), 1);
}

#[test]
fn what_relays_bring_goes_after_a_week_and_what_somebody_holds_stays() {
    let world = World::new();
    let a = world.server("a.test");
    let (relay, other) = (world.peer("relay.test"), world.peer("other.test"));
    let actor = relay_actor(&relay);
    relays::subscribe(&a.node, &relay.url("/inbox")).unwrap();
    world.settle(&[&a]);
    let follow = relay.got_type("Follow").pop().unwrap();
    relay.send("relay", &a, &relay.activity("Accept", "relay", "/accept", &follow));
    world.settle(&[&a]);
    other.person("eve");
    let notes: Vec<Value> = ["bob", "bob", "bob", "eve"]
        .iter()
        .enumerate()
        .map(|(n, name)| other.note(name, &format!("/notes/{n}"), &format!("<p>hello {n}</p>")))
        .collect();
    for (n, note) in notes.iter().enumerate() {
        other.serve(&format!("/notes/{n}"), note);
        let object = other.url(&format!("/notes/{n}"));
        let id = relay.url(&format!("/announces/{n}"));
        relay.send("relay", &a, &json!({ "id": id, "type": "Announce", "actor": actor, "object": object }));
    }
    world.settle(&[&a]);
    let post = |n: usize| a.by_uri(&other.url(&format!("/notes/{n}")));
    publish::like(&a.node, post(0).unwrap().id).unwrap();
    a.reply("I see", post(1).unwrap().id);
    world.settle(&[&a]);
    days(&a, 6);
    assert_eq!(around(&a).len(), 4);
    days(&a, 2);
    assert_eq!(around(&a), ["hello 1", "hello 0"], "what the owner likes or answers");
    assert!(post(2).is_none() && post(3).is_none());

    // People nobody holds go later, and come back when they are met again.
    let known =
        |name: &str| a.node.store.read(|r| hytte::store::actors::id_by_uri(r, &other.actor(name))).unwrap().is_some();
    assert!(known("eve"));
    days(&a, 31);
    assert!(known("bob") && !known("eve"));
    let host = |name: &str| a.node.store.read(|r| hytte::store::peers::hosts::get(r, name)).unwrap().is_some();
    assert!(host("relay.test"));
}

#[test]
fn strangers_and_their_servers_leave_nothing_for_ever() {
    let world = World::new();
    let a = world.server("a.test");
    let (one, friend) = (world.peer("one.test"), world.peer("friend.test"));
    // Somebody follows and goes again, somebody is followed, somebody writes a private word.
    let follow = one.activity("Follow", "bob", "/follow", &json!(a.actor()));
    one.send("bob", &a, &follow);
    world.settle(&[&a]);
    one.send("bob", &a, &one.activity("Undo", "bob", "/undo", &follow));
    let pal = a.find_actor("@bob@friend.test");
    publish::follow(&a.node, pal).unwrap();
    let mut word = friend.note("bob", "/word", "<p>between us</p>");
    word["to"] = json!([a.actor()]);
    word["cc"] = json!([]);
    friend.send("bob", &a, &friend.activity("Create", "bob", "/create", &word));
    let seen = one.note("bob", "/seen", "<p>looked at once</p>");
    one.serve("/seen", &seen);
    a.find(&one.url("/seen"));
    world.settle(&[&a]);
    days(&a, 29);
    assert!(a.by_uri(&one.url("/seen")).is_some());
    days(&a, 100);
    assert!(a.by_uri(&one.url("/seen")).is_none());
    let known =
        |peer: &Peer| a.node.store.read(|r| hytte::store::actors::id_by_uri(r, &peer.actor("bob"))).unwrap().is_some();
    assert!(!known(&one) && known(&friend));
    let host = |name: &str| a.node.store.read(|r| hytte::store::peers::hosts::get(r, name)).unwrap().is_some();
    assert!(!host("one.test") && host("friend.test"));
    assert!(a.by_uri(&friend.url("/word")).is_some(), "private words stay");
}

#[test]
fn asking_again_and_again_leaves_no_heap_of_answers() {
    let world = World::new();
    let mut a = world.server("a.test");
    let peer = world.peer("peer.test");
    let ask =
        |n: u32| peer.send("bob", &a, &peer.activity("Follow", "bob", &format!("/follows/{n}"), &json!(a.actor())));
    for n in 0..5 {
        assert_eq!(ask(n).code, 202);
        world.settle(&[&a]);
    }
    let accepts = peer.got_type("Accept");
    assert_eq!(accepts.len(), 5, "each is answered");
    let kept = |accept: &Value| {
        let id = accept["id"].as_str().unwrap();
        a.node.store.read(|r| hytte::store::queue::deliveries::activity(r, id)).is_ok()
    };
    assert_eq!(accepts.iter().filter(|accept| kept(accept)).count(), 1, "and the last one replaces those before");
    peer.answer_posts(503);
    for n in 5..20 {
        ask(n);
        world.settle(&[&a]);
    }
    assert!(a.waiting() <= 2, "{} answers wait for one asker", a.waiting());
    a.may_leave_work = true;
}
