//! Follower lists compared (FEP-8fcf), from both sides: what was lost on the way is mended, and nobody learns of others.

use std::time::Duration;

use hytte::base::Audience;
use hytte::federation::{owner::publish, remote::backfill_worker};
use hytte::sig::synchronisation::{self, CollectionSynchronization};
use hytte::sig::{self, Knock, OutgoingRequest};
use hytte::store;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World, request};
use crate::posting::follow_bob;
use crate::proofs::be_followed_by;

const DAY: Duration = Duration::from_secs(24 * 3600);
const HEADER: &str = "collection-synchronization";

/// The header of the last activity of this type that a peer got.
fn header(peer: &Peer, kind: &str) -> Option<CollectionSynchronization> {
    let got = peer.got().into_iter().rfind(|got| got.json()["type"] == kind).unwrap();
    let value = got.header(HEADER)?;
    assert!(got.header("signature").unwrap().contains(HEADER), "it is signed");
    Some(CollectionSynchronization::parse(value).unwrap())
}

#[test]
fn posts_for_followers_tell_each_server_which_followers_it_has() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, third) = (world.peer("peer.test"), world.peer("third.test"));
    for name in ["bob", "fan"] {
        be_followed_by(&world, &a, &peer, name);
    }
    be_followed_by(&world, &a, &third, "carol");
    a.post("for followers", Audience::Followers);
    world.settle(&[&a]);
    let said = header(&peer, "Create").unwrap();
    assert_eq!(said.collection, format!("{}/followers", a.actor()));
    assert_eq!(said.url, format!("{}/followers_synchronization", a.actor()));
    let (bob, fan, carol) = (peer.actor("bob"), peer.actor("fan"), third.actor("carol"));
    assert_eq!(said.digest, synchronisation::digest([bob.as_str(), fan.as_str()]));
    assert_eq!(header(&third, "Create").unwrap().digest, synchronisation::digest([carol.as_str()]));

    // The list, for each server its own part, and for nobody else any.
    let target = "/users/alice/followers_synchronization";
    let part = |peer: &Peer, name: &str| {
        let answer = peer.get(name, &a, target);
        assert_eq!((answer.code, answer.header("content-type")), (200, Some("application/activity+json")));
        assert!(answer.header("cache-control").unwrap().contains("private"));
        assert!(answer.header("vary").unwrap().contains("Signature"));
        let mut ids: Vec<Value> = answer.json()["orderedItems"].as_array().unwrap().clone();
        ids.sort_by_key(Value::to_string);
        ids
    };
    assert_eq!(part(&peer, "bob"), [json!(bob), json!(fan)]);
    assert_eq!(part(&third, "carol"), [json!(carol)]);
    assert_eq!(part(&world.peer("stranger.test"), "bob"), Vec::<Value>::new());
    let unsigned = world.get(&a.url(target), "application/activity+json");
    assert_eq!(unsigned.code, 401, "{}", unsigned.text());
    assert!(!unsigned.text().contains("peer.test"));
}

#[test]
fn public_posts_tell_it_once_a_day_and_letters_never() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    be_followed_by(&world, &a, &peer, "bob");
    let tell = |text: &str, audience| {
        a.post(text, audience);
        world.settle(&[&a]);
        header(&peer, "Create").is_some()
    };
    assert!(tell("one", Audience::Public));
    assert!(!tell("two", Audience::Public));
    assert!(tell("three", Audience::Followers), "private ones always");
    a.advance(DAY);
    assert!(!tell("@bob@peer.test four", Audience::Mentioned));
    assert!(tell("five", Audience::Quiet));
}

/// Bob's post for his followers, with the digest of those he says he has here.
fn post_with_list(peer: &Peer, server: &Server, n: u32, list: &[String], digest: &str, sign: bool) {
    let url = peer.url(&format!("/users/bob/sync/{n}"));
    let collection = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": url, "type": "OrderedCollection",
        "orderedItems": list,
    });
    peer.serve(&format!("/users/bob/sync/{n}"), &collection);
    let value = format!("collectionId=\"{}/followers\", url=\"{url}\", digest=\"{digest}\"", peer.actor("bob"));
    let note = peer.note("bob", &format!("/notes/{n}"), "<p>hello</p>");
    let body = peer.activity("Create", "bob", &format!("/creates/{n}"), &note).to_string();
    let extra = [(HEADER.to_owned(), value)];
    let outgoing = OutgoingRequest {
        method: "POST",
        scheme: "http",
        host: &server.domain,
        target: "/inbox",
        body: Some(("application/activity+json", body.as_bytes())),
        extra: if sign { &extra } else { &[] },
    };
    let mut headers = sig::sign(&peer.signer("bob"), Knock::Cavage, &outgoing, server.clock.now()).unwrap();
    if !sign {
        headers.extend(extra.clone());
    }
    headers.push(("host".into(), server.domain.clone()));
    assert_eq!(request(server.address, "POST", "/inbox", &headers, body.as_bytes()).code, 202);
}

fn listed(peer: &Peer, server: &Server, n: u32, list: &[String]) {
    let digest = synchronisation::digest(list.iter().map(String::as_str));
    post_with_list(peer, server, n, list, &digest, true);
}

fn settle(world: &World, server: &Server) {
    world.settle(&[server]);
    while backfill_worker::step(&server.node).unwrap() {}
    world.settle(&[server]);
}

#[test]
fn a_follow_the_followed_know_nothing_of_ends() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    a.advance(Duration::from_secs(600));
    listed(&peer, &a, 1, &[]);
    settle(&world, &a);
    assert_eq!(a.follows().1, 1, "let in a moment ago: their list may be older");
    a.advance(DAY);
    // A list that is not what was signed, or a header that was not signed, changes nothing.
    post_with_list(&peer, &a, 2, &[], &synchronisation::digest(["x"]), true);
    post_with_list(&peer, &a, 3, &[], &synchronisation::digest([]), false);
    settle(&world, &a);
    assert_eq!(a.follows().1, 1);
    assert!(!peer.asked().iter().any(|got| got.target == "/users/bob/sync/3"));
    listed(&peer, &a, 4, &[a.actor()]);
    settle(&world, &a);
    assert!(!peer.asked().iter().any(|got| got.target == "/users/bob/sync/4"), "both agree: nothing to ask");
    assert_eq!(a.follows().1, 1);
    post_with_list(&peer, &a, 6, &[], &synchronisation::digest(["y"]), true);
    settle(&world, &a);
    let looked = peer.asked().iter().any(|got| got.target == "/users/bob/sync/6");
    assert!(!looked, "a sender with ever new lists is looked at once a minute");
    a.advance(Duration::from_secs(3600));
    listed(&peer, &a, 5, &[]);
    settle(&world, &a);
    assert_eq!(a.follows().1, 0);
    let asked: Vec<_> = peer.asked().into_iter().filter(|got| got.target == "/users/bob/sync/5").collect();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].header("signature").is_some(), "they show it to nobody else");
}

#[test]
fn a_follower_we_forgot_that_we_are_is_told_so_and_a_lost_accept_is_made_good() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    // As after a backup: they have us, we have nothing.
    listed(&peer, &a, 1, &[a.actor()]);
    settle(&world, &a);
    let undo = peer.got_type("Undo").pop().expect("we say that we do not follow");
    assert_eq!((&undo["object"]["type"], &undo["object"]["object"]), (&json!("Follow"), &json!(peer.actor("bob"))));
    // Asked, but their Accept was lost.
    let bob = a.find_actor("@bob@peer.test");
    publish::follow(&a.node, bob).unwrap();
    settle(&world, &a);
    assert_eq!(a.follows().1, 0);
    a.advance(Duration::from_secs(3600));
    listed(&peer, &a, 2, &[a.actor()]);
    settle(&world, &a);
    assert_eq!(a.follows().1, 1);
    let pending = a.node.store.read(|r| {
        store::actors::follows::count(r, store::node::owner(r)?, store::actors::follows::FollowList::Pending)
    });
    assert_eq!(pending.unwrap(), 0);
}

#[test]
fn two_servers_come_to_agree_after_one_was_restored() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let alice = b.find_actor("@alice@a.test");
    publish::follow(&b.node, alice).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!((a.follows(), b.follows()), ((1, 0), (0, 1)));
    // b is put back to before it followed: a still sends, b says what it knows.
    b.node.store.write(move |w| store::actors::follows::delete(w, store::node::owner(w)?, alice).map(drop)).unwrap();
    a.post("for followers", Audience::Followers);
    for _ in 0..3 {
        world.settle(&[&a, &b]);
        while backfill_worker::step(&b.node).unwrap() {}
    }
    assert_eq!((a.follows(), b.follows()), ((0, 0), (0, 0)));
}
