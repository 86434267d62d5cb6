//! Integrity proofs (FEP-8b32) and Ed25519: what the owner says can be checked whoever hands it on, and what others hand on
//! counts only when its author has proven it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hytte::base::Audience;
use hytte::federation::owner::publish;
use hytte::sig::{Knock, PublicKey, digest, proof};
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World, request};
use crate::posting::follow_bob;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Somebody of the peer follows the server's owner.
pub fn be_followed_by(world: &World, server: &Server, peer: &Peer, name: &str) {
    peer.person(name);
    let before = server.follows().0;
    peer.send(name, server, &peer.activity("Follow", name, &format!("/follows/{name}"), &json!(server.actor())));
    world.settle(&[server]);
    assert_eq!(server.follows().0, before + 1);
}

/// The key an actor's document lists for proofs.
fn method(actor: &Value) -> (&str, PublicKey) {
    let method = &actor["assertionMethod"][0];
    assert_eq!((&method["type"], &method["controller"]), (&json!("Multikey"), &actor["id"]));
    let key = PublicKey::from_multibase(method["publicKeyMultibase"].as_str().unwrap()).unwrap();
    (method["id"].as_str().unwrap(), key)
}

#[test]
fn what_everyone_may_read_carries_a_proof_and_what_is_private_none() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    be_followed_by(&world, &a, &peer, "bob");
    let post = a.post("for everyone", Audience::Public);
    a.post("quietly", Audience::Quiet);
    a.post("for followers", Audience::Followers);
    publish::delete(&a.node, post).unwrap();
    world.settle(&[&a]);
    let actor = world.document(&a.actor());
    let (id, key) = method(&actor);
    assert_eq!(id, format!("{}#ed25519-key", a.actor()));
    let mut proven = Vec::new();
    for got in peer.got() {
        let activity = got.json();
        let Some(found) = proof::read(&activity, a.clock.now()).unwrap() else { continue };
        assert_eq!(found.key_id, id);
        assert_eq!(found.verify(&key), Ok(()));
        proven.push(activity["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(proven, ["Create", "Create", "Delete"]);
    let private: Vec<Value> = peer.got().iter().map(|g| g.json()).filter(|a| a.get("proof").is_none()).collect();
    assert_eq!(private.len(), 2, "the Accept and the post for followers: {private:?}");
    method(&world.document(&a.url("/actor")));
}

#[test]
fn a_forward_with_a_valid_proof_is_the_actors_own_and_needs_no_fetch() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    follow_bob(&world, &a, &peer);
    let note = peer.note("bob", "/notes/1", "<p>handed on</p>");
    let create = peer.prove("bob", &peer.activity("Create", "bob", "/creates/1", &note), a.clock.now());
    assert_eq!(other.send("bob", &a, &create).code, 202);
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["handed on"]);
    assert!(!peer.asked().iter().any(|got| got.target == "/notes/1"), "nothing had to be asked");
    // The same from the author themselves: once is enough.
    assert_eq!(peer.send("bob", &a, &create).code, 202);
    let mut changed = note.clone();
    changed["content"] = json!("<p>handed on, and changed</p>");
    changed["updated"] = json!("2026-09-21T14:00:00Z");
    let update = peer.prove("bob", &peer.activity("Update", "bob", "/updates/1", &changed), a.clock.now());
    assert_eq!(other.send("bob", &a, &update).code, 202);
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["handed on, and changed"]);
    let delete = peer.prove("bob", &peer.activity("Delete", "bob", "/deletes/1", &note["id"]), a.clock.now());
    assert_eq!(other.send("bob", &a, &delete).code, 202);
    world.settle(&[&a]);
    assert!(a.home_texts().is_empty());
    assert!(!peer.asked().iter().any(|got| got.target == "/notes/1"));
}

#[test]
fn a_forward_whose_proof_does_not_hold_is_refused() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    peer.person("eve");
    follow_bob(&world, &a, &peer);
    let now = a.clock.now();
    let note = peer.note("bob", "/notes/1", "<p>by bob</p>");
    let create = peer.activity("Create", "bob", "/creates/1", &note);
    let mut changed = peer.prove("bob", &create, now);
    changed["object"]["content"] = json!("<p>by somebody else</p>");
    let mut foreign = peer.prove("bob", &create, now);
    foreign["proof"]["verificationMethod"] = json!(format!("{}#ed25519-key", other.actor("bob")));
    let neighbour = {
        let key_id = format!("{}#ed25519-key", peer.actor("eve"));
        proof::attach_proof(create.clone(), &key_id, &peer.proof_key, now).unwrap()
    };
    let stranger = {
        let key_id = format!("{}#ed25519-key", peer.actor("bob"));
        proof::attach_proof(create.clone(), &key_id, &other.proof_key, now).unwrap()
    };
    let main_key = {
        // listed, but not for proofs
        let key_id = format!("{}#main-key", peer.actor("bob"));
        proof::attach_proof(create.clone(), &key_id, &peer.proof_key, now).unwrap()
    };
    let early = peer.prove("bob", &create, now.plus(2 * DAY));
    for (what, activity) in [
        ("changed", &changed),
        ("a key elsewhere", &foreign),
        ("a neighbour's key", &neighbour),
        ("another key", &stranger),
        ("no assertionMethod", &main_key),
        ("from the future", &early),
    ] {
        for (who, sender) in [("another server", &other), ("the author's own", &peer)] {
            let answer = sender.send("bob", &a, activity);
            assert_eq!(answer.code, 401, "{what}, signed by {who}: {}", answer.text());
            assert!(answer.text().contains("proof"), "{what}: {}", answer.text());
        }
    }
    // Too old to be brought by others: what was taken back could come again. It is not one of ours to look at either.
    let old = peer.prove("bob", &create, now.minus(15 * DAY));
    assert_eq!(other.send("bob", &a, &old).code, 401);
    // What is between two people is never passed on.
    let follow = peer.prove("bob", &peer.activity("Follow", "bob", "/follows/9", &json!(a.actor())), now);
    assert_eq!(other.send("bob", &a, &follow).code, 401);
    let mut letter = create.clone();
    letter["to"] = json!([other.actor("bob")]);
    letter["cc"] = json!([]);
    assert_eq!(other.send("bob", &a, &peer.prove("bob", &letter, now)).code, 401, "a letter to somebody else");
    world.settle(&[&a]);
    assert!(a.home_texts().is_empty());
    assert_eq!(peer.send("bob", &a, &old).code, 202, "signed by bob himself, age is no matter");
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["by bob"]);
}

#[test]
fn nobody_else_brings_back_what_its_author_has_done_and_undone() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    let id = a.post("hello", Audience::Public);
    let now = a.clock.now();
    let like = peer.prove("bob", &peer.activity("Like", "bob", "/likes/1", &json!(a.uri(id))), now);
    let undo = peer.prove("bob", &peer.activity("Undo", "bob", "/likes/1/undo", &like), now);
    let likes_after = |sender: &Peer, activity: &Value| {
        a.advance(Duration::from_secs(1));
        assert_eq!(sender.send("bob", &a, activity).code, 202);
        world.settle(&[&a]);
        a.card(id).likes
    };
    assert_eq!(likes_after(&peer, &like), 1);
    assert_eq!(likes_after(&peer, &undo), 0);
    assert_eq!(likes_after(&other, &like), 0, "it was taken back");
    assert_eq!(likes_after(&peer, &like), 1, "and done again, by bob himself");
    assert_eq!(likes_after(&other, &undo), 1, "the old Undo is over");
    assert_eq!(likes_after(&peer, &undo), 0);
    // An Undo that overtook its Like, too.
    let late = peer.prove("bob", &peer.activity("Like", "bob", "/likes/2", &json!(a.uri(id))), now);
    assert_eq!(likes_after(&peer, &peer.activity("Undo", "bob", "/likes/2/undo", &late)), 0);
    assert_eq!(likes_after(&other, &late), 0);
}

#[test]
fn a_forward_without_proof_is_only_a_hint_to_ask_the_origin() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    follow_bob(&world, &a, &peer);
    let post = a.post("a question", Audience::Public);
    let mut note = peer.note("bob", "/notes/1", "<p>what the forwarder says</p>");
    note["inReplyTo"] = json!(a.uri(post));
    let create = peer.activity("Create", "bob", "/creates/1", &note);
    note["content"] = json!("<p>what the origin says</p>");
    peer.serve("/notes/1", &note);
    assert_eq!(other.send("bob", &a, &create).code, 202);
    world.settle(&[&a]);
    let card = a.by_uri(&peer.url("/notes/1")).unwrap();
    assert!(card.post.content.contains("what the origin says"));
    // However often somebody says that it has changed, the origin is not asked over and over.
    let asked = || peer.asked().iter().filter(|got| got.target == "/notes/1").count();
    let before = asked();
    for n in 1..=4 {
        let update = peer.activity("Update", "bob", &format!("/updates/{n}"), &note);
        assert_eq!(other.send("bob", &a, &update).code, 202);
        world.settle(&[&a]);
    }
    assert_eq!(asked(), before + 1);
    // And nothing at all where we have nothing to do with it.
    let aside = peer.activity("Create", "bob", "/creates/2", &peer.note("bob", "/notes/2", "<p>aside</p>"));
    assert_eq!(other.send("bob", &a, &aside).code, 401);
}

#[test]
fn a_proof_with_a_new_key_is_checked_with_the_new_key() {
    let world = World::new();
    let mut a = world.server("a.test");
    a.may_leave_work = true;
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    follow_bob(&world, &a, &peer);
    let mut actor = peer.person_document("bob");
    actor["assertionMethod"][0]["publicKeyMultibase"] = json!(other.proof_key.multibase());
    peer.serve("/users/bob", &actor);
    let note = peer.note("bob", "/notes/1", "<p>new key</p>");
    let create = peer.activity("Create", "bob", "/creates/1", &note);
    let key_id = format!("{}#ed25519-key", peer.actor("bob"));
    let proven = proof::attach_proof(create, &key_id, &other.proof_key, a.clock.now()).unwrap();
    assert_eq!(other.send("bob", &a, &proven).code, 202);
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["new key"]);
}

/// A POST signed as RFC 9421 with Ed25519, as Mitra and others do.
fn send_ed25519(peer: &Peer, server: &Server, algorithm: &str, activity: &Value) -> u16 {
    let body = activity.to_string();
    let content_digest = digest::content_header(body.as_bytes());
    let (created, key_id) = (server.clock.now().secs(), format!("{}#ed25519-key", peer.actor("bob")));
    let params = format!(r#"("@method" "@target-uri" "content-digest");created={created};keyid="{key_id}"{algorithm}"#);
    let base = format!(
        "\"@method\": POST\n\"@target-uri\": {}\n\"content-digest\": {content_digest}\n\"@signature-params\": {params}",
        server.url("/inbox")
    );
    let signature = STANDARD.encode(peer.proof_key.sign(base.as_bytes()));
    let headers = [
        ("host", server.domain.clone()),
        ("content-type", "application/activity+json".to_owned()),
        ("content-digest", content_digest),
        ("signature-input", format!("sig1={params}")),
        ("signature", format!("sig1=:{signature}:")),
    ];
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    request(server.address, "POST", "/inbox", &headers, body.as_bytes()).code
}

#[test]
fn requests_signed_with_ed25519_are_let_in() {
    let world = World::new();
    let mut a = world.server("a.test");
    a.may_leave_work = true;
    let peer = world.peer("peer.test");
    let like = |n: u32| peer.activity("Like", "bob", &format!("/likes/{n}"), &json!(a.actor()));
    assert_eq!(send_ed25519(&peer, &a, ";alg=\"ed25519\"", &like(1)), 202, "from assertionMethod");
    assert_eq!(send_ed25519(&peer, &a, "", &like(2)), 202, "the key says how");
    assert_eq!(send_ed25519(&peer, &a, ";alg=\"rsa-v1_5-sha256\"", &like(3)), 401);
    let other = world.peer("other.test");
    let mut actor = other.person_document("bob");
    let method = actor["assertionMethod"][0].take();
    actor.as_object_mut().unwrap().remove("assertionMethod");
    actor["publicKey"] = json!([actor["publicKey"], method]);
    other.serve("/users/bob", &actor);
    let like = other.activity("Like", "bob", "/likes/1", &json!(a.actor()));
    assert_eq!(send_ed25519(&other, &a, ";alg=\"ed25519\"", &like), 202, "from publicKey");
    assert_eq!(other.send_bytes("bob", &a, Knock::Cavage, like.to_string().as_bytes()).code, 202, "and the first key");
}
