//! Faults that occurred between real servers, one test each, numbered as in `pitfalls/LIST.md`: `p01` … `p61`.

mod fetching;
mod flow;
mod keys;
mod letters;
mod objects;
mod signatures;
mod words;

pub use letters::{cavage, digest_of, modern};

use serde_json::{Value, json};

use crate::harness::{Answer, Peer, Server, World, request};
use crate::posting::follow_bob;

/// A server and a peer who has never heard of it.
pub fn strangers() -> (World, Server, Peer) {
    let world = World::new();
    let (a, peer) = (world.server("a.test"), world.peer("peer.test"));
    (world, a, peer)
}

/// The same; the owner follows bob.
pub fn friends() -> (World, Server, Peer) {
    let (world, a, peer) = strangers();
    follow_bob(&world, &a, &peer);
    (world, a, peer)
}

/// Bob follows the owner.
pub fn follower(world: &World, a: &Server, peer: &Peer, who: &str) {
    peer.send(who, a, &peer.activity("Follow", who, &format!("/follows/{who}"), &json!(a.actor())));
    world.settle(&[a]);
}

/// A note of bob's with these members changed; null takes one away.
pub fn note(peer: &Peer, path: &str, changes: Value) -> Value {
    with(peer.note("bob", path, "<p>words</p>"), changes)
}

pub fn with(mut document: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            document.as_object_mut().unwrap().remove(key);
        } else {
            document[key] = value.clone();
        }
    }
    document
}

/// Bob publishes `note`.
pub fn create(world: &World, a: &Server, peer: &Peer, note: &Value) -> Answer {
    let path = format!("/creates{}", note["id"].as_str().unwrap().rsplit_once("/notes").unwrap().1);
    let answer = peer.send("bob", a, &peer.activity("Create", "bob", &path, note));
    world.settle(&[a]);
    answer
}

/// Bob does something, signed, and it is worked on.
pub fn act(world: &World, a: &Server, peer: &Peer, kind: &str, path: &str, object: &Value) -> u16 {
    let code = peer.send("bob", a, &peer.activity(kind, "bob", path, object)).code;
    world.settle(&[a]);
    code
}

/// POST to `target` of `a` with these headers (Host among them).
pub fn post(a: &Server, target: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    request(a.address, "POST", target, headers, body)
}

/// A Like of the owner by bob, with an id of its own.
pub fn like(a: &Server, peer: &Peer, n: usize) -> String {
    peer.activity("Like", "bob", &format!("/likes/{n}"), &json!(a.actor())).to_string()
}

pub fn name_of(a: &Server, uri: &str) -> String {
    a.node.store.read(|r| Ok(hytte::store::actors::by_uri(r, uri)?.unwrap().name)).unwrap()
}

/// Every number from 1 to 61 has its test, found by its name.
#[test]
fn none_of_the_61_is_forgotten() {
    let source = concat!(
        include_str!("pitfalls/signatures.rs"),
        include_str!("pitfalls/keys.rs"),
        include_str!("pitfalls/fetching.rs"),
        include_str!("pitfalls/flow.rs"),
        include_str!("pitfalls/objects.rs"),
        include_str!("pitfalls/words.rs"),
    );
    let missing: Vec<u32> = (1..=61).filter(|n| !source.contains(&format!("#[test]\nfn p{n:02}_"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
