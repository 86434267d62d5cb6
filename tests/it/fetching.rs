//! Who may fetch what: strangers cannot tell a private post from none (S22), followers and the named see what is theirs, the
//! blocked see nothing, and with authorised fetch nobody reads who does not say who they are.

use std::time::{Duration, Instant};

use hytte::base::Audience;
use hytte::base::id::ActorId;
use hytte::federation::owner::publish;
use hytte::sig::{self, Knock, OutgoingRequest};
use hytte::store::moderation::host_blocks::{self, HostBlockRule, Severity};
use hytte::store::{self, moderation::blocks, node};
use serde_json::{Value, json};

use crate::harness::{Answer, Peer, Server, World, request};
use crate::proofs::be_followed_by;

const ACCEPT: &str = "application/activity+json";
/// Headers that differ from answer to answer for reasons of their own.
const OWN: [&str; 2] = ["date", "content-length"];

/// Asks a server for a document, as `who` or unsigned.
fn ask(server: &Server, who: Option<(&Peer, &str)>, method: &str, url: &str) -> Answer {
    let target = url.strip_prefix(&server.url("")).unwrap();
    let mut headers = vec![("host".to_owned(), server.domain.clone()), ("accept".to_owned(), ACCEPT.to_owned())];
    if let Some((peer, name)) = who {
        let outgoing = OutgoingRequest { method, scheme: "http", host: &server.domain, target, body: None, extra: &[] };
        headers.extend(sig::sign(&peer.signer(name), Knock::Cavage, &outgoing, server.clock.now()).unwrap());
    }
    request(server.address, method, target, &headers, b"")
}

/// What can be told from an answer, but for the clock.
fn shown(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<_> =
        answer.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).cloned().collect();
    headers.sort();
    (answer.code, headers, answer.text())
}

fn want_signatures(server: &Server) {
    server
        .node
        .store
        .write(|w| {
            let settings = node::Settings { signed_fetch: true, ..node::settings(w)? };
            node::set_settings(w, &settings)
        })
        .unwrap();
}

/// Everything of a post that has an address.
fn addresses(post: &str) -> Vec<String> {
    let page = post.replace("/users/alice/statuses/", "/@alice/");
    let below = ["", "/activity", "/replies", "/likes", "/shares"].map(|ending| format!("{post}{ending}"));
    below.into_iter().chain([page]).collect()
}

#[test]
fn s22_a_private_post_looks_like_none_to_all_it_is_not_for() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, third) = (world.peer("peer.test"), world.peer("third.test"));
    peer.person("eve");
    be_followed_by(&world, &a, &peer, "bob");
    a.find_actor("@bob@third.test");
    let followers = a.uri(a.post("for followers", Audience::Followers));
    let letter = a.uri(a.post("@bob@third.test for you alone", Audience::Mentioned));
    world.settle(&[&a]);
    let none = format!("{}9", followers.trim_end_matches(char::is_numeric)) + "00000000000000000";
    let askers = [None, Some((&peer, "eve")), Some((&peer, "bob")), Some((&third, "bob"))];
    for (post, readers) in [(&followers, vec![2]), (&letter, vec![3])] {
        for (n, who) in askers.iter().enumerate().filter(|(n, _)| !readers.contains(n)) {
            for (private, missing) in addresses(post).iter().zip(addresses(&none)) {
                for method in ["GET", "HEAD"] {
                    let (private, missing) = (ask(&a, *who, method, private), ask(&a, *who, method, &missing));
                    assert_eq!(private.code, 404);
                    assert_eq!(shown(&private), shown(&missing), "{n} {method} {post}");
                    assert_eq!(private.header("cache-control"), Some("no-store"));
                }
            }
        }
        for n in readers {
            for url in addresses(post) {
                let answer = ask(&a, askers[n], "GET", &url);
                assert_eq!(answer.code, 200, "{url}: {}", answer.text());
                assert!(answer.header("cache-control").unwrap().contains("private"));
                assert!(answer.header("vary").unwrap().contains("Signature"));
                let head = ask(&a, askers[n], "HEAD", &url);
                assert_eq!((head.code, head.header("etag")), (200, answer.header("etag")));
                assert!(head.body.is_empty());
            }
        }
    }
    // The activities that carried them, by their own ids.
    for (peer, reader) in [(&peer, (&peer, "bob")), (&third, (&third, "bob"))] {
        let id = peer.got_type("Create").pop().unwrap()["id"].as_str().unwrap().to_owned();
        assert_eq!(ask(&a, Some(reader), "GET", &id).code, 200);
        let missing = format!("{}7", id.trim_end_matches(char::is_numeric)) + "0000000000000000";
        for who in [None, Some((peer, "eve")).filter(|_| peer.domain == "peer.test")] {
            assert_eq!(shown(&ask(&a, who, "GET", &id)), shown(&ask(&a, who, "GET", &missing)));
        }
    }
}

#[test]
fn only_approved_followers_read_what_is_for_followers() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    a.set_owner(|owner| owner.approves_followers = true);
    peer.send("bob", &a, &peer.activity("Follow", "bob", "/follows/1", &json!(a.actor())));
    world.settle(&[&a]);
    let post = a.uri(a.post("for followers", Audience::Followers));
    let reads = || ask(&a, Some((&peer, "bob")), "GET", &post).code == 200;
    assert!(!reads(), "asked, not let in");
    let bob = a.find_actor("@bob@peer.test");
    publish::accept_follower(&a.node, bob).unwrap();
    assert!(reads());
    block(&a, bob);
    assert!(!reads(), "blocked");
    a.node.store.write(move |w| blocks::remove(w, bob).map(drop)).unwrap();
    publish::reject_follower(&a.node, bob).unwrap();
    assert!(!reads(), "removed");
    world.settle(&[&a]);
}

fn block(server: &Server, who: ActorId) {
    server.node.store.write(move |w| blocks::add(w, who, None)).unwrap();
}

#[test]
fn the_blocked_are_refused_what_everyone_else_may_read() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, bad) = (world.peer("peer.test"), world.peer("bad.test"));
    peer.person("eve");
    let post = a.uri(a.post("hello", Audience::Public));
    let eve = a.find_actor("@eve@peer.test");
    block(&a, eve);
    a.node.store.write(|w| host_blocks::set(w, &HostBlockRule::manual("bad.test", Severity::Block, ""))).unwrap();
    for wants in [false, true] {
        if wants {
            want_signatures(&a);
        }
        let missing = ask(&a, Some((&peer, "bob")), "GET", &a.url("/users/alice/statuses/1"));
        for who in [(&peer, "eve"), (&bad, "bob")] {
            for url in [&post, &a.url("/users/alice/outbox"), &a.url("/users/alice/followers")] {
                let answer = ask(&a, Some(who), "GET", url);
                assert_eq!((answer.code, answer.text()), (404, missing.text()), "{} {url}", who.1);
            }
            let actor = ask(&a, Some(who), "GET", &a.actor());
            assert!(actor.json().get("publicKey").is_some(), "they can still check what we sign");
            assert!(actor.json().get("followers").is_none() && actor.json().get("summary").is_none());
        }
        assert_eq!(ask(&a, Some((&peer, "bob")), "GET", &post).code, 200, "not their neighbours");
    }
    assert!(bad.asked().is_empty(), "nothing is fetched from a blocked server");
}

#[test]
fn authorised_fetch_asks_everyone_who_they_are_but_for_what_that_needs() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = a.uri(a.post("hello", Audience::Public));
    assert_eq!(ask(&a, None, "GET", &post).code, 200, "off unless the owner wants it");
    want_signatures(&a);
    let mut closed = addresses(&post);
    let collections = ["outbox", "outbox?page=true", "followers", "following", "collections/featured"];
    closed.extend(collections.map(|name| a.url(&format!("/users/alice/{name}"))));
    for url in &closed {
        for method in ["GET", "HEAD"] {
            let answer = ask(&a, None, method, url);
            assert_eq!(answer.code, 401, "{method} {url}");
            assert!(answer.header("accept-signature").is_some());
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        let answer = ask(&a, Some((&peer, "bob")), "GET", url);
        assert_eq!(answer.code, 200, "{url}: {}", answer.text());
        assert!(answer.header("cache-control").unwrap().contains("private"), "{url}");
        assert!(answer.header("vary").unwrap().contains("Signature"), "{url}");
    }
    let missing = shown(&ask(&a, None, "GET", &a.url("/users/alice/statuses/1")));
    assert_eq!(shown(&ask(&a, None, "GET", &post)), missing, "nothing is told of what is here");
    // A signature that does not hold is none.
    let liar = sig::Signer { key_id: peer.signer("bob").key_id, key: world.peer("other.test").signer("bob").key };
    let target = post.strip_prefix("http://a.test").unwrap();
    let outgoing = OutgoingRequest { method: "GET", scheme: "http", host: &a.domain, target, body: None, extra: &[] };
    let mut headers = sig::sign(&liar, Knock::Rfc9421, &outgoing, a.clock.now()).unwrap();
    headers.extend([("host".to_owned(), a.domain.clone()), ("accept".to_owned(), ACCEPT.to_owned())]);
    let answer = request(a.address, "GET", target, &headers, b"");
    assert_eq!(answer.code, 401, "{}", answer.text());

    let stub = ask(&a, None, "GET", &a.actor());
    assert_eq!(stub.code, 200);
    let actor = stub.json();
    assert_eq!((&actor["id"], &actor["publicKey"]["owner"]), (&json!(a.actor()), &json!(a.actor())));
    assert!(actor["assertionMethod"].is_array() && actor.get("followers").is_none() && actor.get("name").is_none());
    assert!(stub.header("cache-control").unwrap().contains("private"));
    assert!(ask(&a, Some((&peer, "bob")), "GET", &a.actor()).json().get("followers").is_some());
    for path in [
        "/actor",
        "/.well-known/webfinger?resource=acct:alice@a.test",
        "/.well-known/nodeinfo",
        "/nodeinfo/2.1",
        "/.well-known/host-meta",
    ] {
        assert_eq!(ask(&a, None, "GET", &a.url(path)).code, 200, "{path}");
    }
    let page = post.replace("/users/alice/statuses/", "/@alice/");
    for url in [a.url("/@alice"), page] {
        assert_eq!(world.get(&url, "text/html").code, 200, "browsers are not asked: {url}");
    }
}

#[test]
fn two_servers_that_both_want_signatures_find_each_other() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    want_signatures(&a);
    want_signatures(&b);
    let alice = b.find_actor("@alice@a.test");
    publish::follow(&b.node, alice).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!((a.follows(), b.follows()), ((1, 0), (0, 1)));
    a.post("hello, b", Audience::Public);
    world.settle(&[&a, &b]);
    assert_eq!(b.home_texts(), ["hello, b"]);
    let known = b.node.store.read(move |r| store::actors::by_id(r, alice)).unwrap();
    assert!(known.followers.is_some(), "the whole profile, not the little that strangers see");
}

/// The middle of how long something took, in microseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

#[test]
fn s22_the_time_an_answer_takes_tells_nothing() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("eve");
    let text = format!("for followers {}", "and more ".repeat(400));
    let private = a.uri(a.post(&text, Audience::Followers));
    world.settle(&[&a]);
    let missing = a.url("/users/alice/statuses/100000000000000001");
    for who in [None, Some((&peer, "eve"))] {
        let took = |url: &str| {
            let start = Instant::now();
            assert_eq!(ask(&a, who, "GET", url).code, 404);
            start.elapsed()
        };
        took(&private);
        // In turns, so that a busy machine slows both; and the machine gets another chance or two.
        let ratio = || {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            for _ in 0..60 {
                one.push(took(&private));
                other.push(took(&missing));
            }
            median(one) / median(other)
        };
        let ratios: Vec<f64> = (0..3).map(|_| ratio()).collect();
        assert!(ratios.iter().any(|ratio| (0.8..1.25).contains(ratio)), "private to none: {ratios:?}");
    }
}

#[test]
fn s24_nobody_can_have_us_sign_or_serve_what_they_like() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let before = a.node.store.read(store::queue::deliveries::count).unwrap();
    let note = json!({"type": "Note", "content": "as alice", "to": ["https://www.w3.org/ns/activitystreams#Public"]});
    for target in ["/users/alice/outbox", "/actor/outbox", "/users/alice", "/actor", "/users/alice/followers"] {
        let body = note.to_string();
        let outgoing = OutgoingRequest {
            method: "POST",
            scheme: "http",
            host: &a.domain,
            target,
            body: Some((ACCEPT, body.as_bytes())),
            extra: &[],
        };
        let mut headers = sig::sign(&peer.signer("bob"), Knock::Cavage, &outgoing, a.clock.now()).unwrap();
        headers.push(("host".into(), a.domain.clone()));
        let answer = request(a.address, "POST", target, &headers, body.as_bytes());
        assert!(matches!(answer.code, 404 | 405), "{target}: {}", answer.code);
    }
    assert_eq!(a.node.store.read(store::queue::deliveries::count).unwrap(), before);
    // An actor that claims to live here, with a key of its own, is not believed.
    let mut actor: Value = peer.person_document("bob");
    actor["id"] = json!(a.url("/users/mallory"));
    peer.serve("/users/bob", &actor);
    let like = peer.activity("Like", "bob", "/likes/1", &json!(a.actor()));
    assert_eq!(peer.send("bob", &a, &like).code, 401);
    assert!(a.node.store.read(|r| store::actors::id_by_uri(r, "http://a.test/users/mallory")).unwrap().is_none());
}
