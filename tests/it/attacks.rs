//! Attacks found in review: each once worked.

use hytte::base::Audience;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World, request};
use crate::posting::follow_bob;

/// Bob's note for his followers, on `a`; its uri.
fn followers_note(world: &World, a: &Server, peer: &Peer) -> (String, Value) {
    let mut note = peer.note("bob", "/notes/private", "<p>for followers</p>");
    note["to"] = json!([format!("{}/followers", peer.actor("bob"))]);
    note["cc"] = json!([]);
    peer.send("bob", a, &peer.activity("Create", "bob", "/creates/private", &note));
    world.settle(&[a]);
    (peer.url("/notes/private"), note)
}

#[test]
fn a_link_with_two_faces_changes_nobody_elses_profile_or_keys() {
    let world = World::new();
    let a = world.server("a.test");
    let bob = world.peer("peer.test");
    let evil = world.peer("evil.test");
    evil.person("eve");
    follow_bob(&world, &a, &bob);
    assert_eq!(evil.send("eve", &a, &evil.activity("Like", "eve", "/likes/1", &json!(a.actor()))).code, 202);
    // Taken for eve by its href and for bob, or the owner, by its id.
    for victim in [bob.person_document("bob"), world.document(&a.actor())] {
        let mut two_faced = victim.clone();
        two_faced["type"] = json!(["Link", "Person"]);
        two_faced["href"] = json!(evil.actor("eve"));
        two_faced["name"] = json!("Taken over");
        let id = victim["id"].as_str().unwrap();
        two_faced["publicKey"] = json!({
            "id": format!("{id}#main-key"), "owner": id,
            "publicKeyPem": evil.person_document("eve")["publicKey"]["publicKeyPem"],
        });
        let path = format!("/updates/{}", id.len());
        evil.send("eve", &a, &evil.activity("Update", "eve", &path, &two_faced));
        world.settle(&[&a]);
        let name = a.node.store.read(|r| Ok(hytte::store::actors::by_uri(r, id)?.unwrap().name)).unwrap();
        assert_ne!(name, "Taken over", "{id}");
    }
    let note = bob.note("bob", "/notes/1", "<p>still bob</p>");
    assert_eq!(bob.send("bob", &a, &bob.activity("Create", "bob", "/creates/1", &note)).code, 202);
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["still bob"]);
}

#[test]
fn a_link_with_two_faces_takes_nobody_elses_post_id() {
    let world = World::new();
    let a = world.server("a.test");
    let bob = world.peer("peer.test");
    let evil = world.peer("evil.test");
    evil.person("eve");
    follow_bob(&world, &a, &bob);
    let two_faced = json!({
        "type": ["Link", "Note"], "href": evil.url("/notes/1"), "id": bob.url("/notes/1"), "content": "mine",
        "to": [a.actor()], "tag": [{ "type": "Mention", "href": a.actor(), "name": "@alice" }],
    });
    evil.send("eve", &a, &evil.activity("Create", "eve", "/creates/1", &two_faced));
    world.settle(&[&a]);
    assert!(a.by_uri(&bob.url("/notes/1")).is_none());
    let note = bob.note("bob", "/notes/1", "<p>by bob</p>");
    bob.send("bob", &a, &bob.activity("Create", "bob", "/creates/1", &note));
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["by bob"]);
}

#[test]
fn a_stranger_who_passes_a_delete_on_removes_no_private_post() {
    let world = World::new();
    let a = world.server("a.test");
    let bob = world.peer("peer.test");
    let evil = world.peer("evil.test");
    evil.person("eve");
    follow_bob(&world, &a, &bob);
    let (uri, _) = followers_note(&world, &a, &bob);
    // Bob's server shows a private post to nobody who only asks.
    let delete = bob.activity("Delete", "bob", "/deletes/1", &json!(uri));
    assert_eq!(evil.send("eve", &a, &delete).code, 202);
    world.settle(&[&a]);
    assert_eq!(a.by_uri(&uri).map(|card| card.post.audience), Some(Audience::Followers));
    // What is gone for everybody is gone.
    bob.gone("/notes/private");
    let delete = bob.activity("Delete", "bob", "/deletes/2", &json!(uri));
    assert_eq!(evil.send("eve", &a, &delete).code, 202);
    world.settle(&[&a]);
    assert!(a.by_uri(&uri).is_none());
}

#[test]
fn another_domain_cannot_rename_somebody() {
    let world = World::new();
    let a = world.server("a.test");
    let bob = world.peer("peer.test");
    let evil = world.peer("evil.test");
    let jrd = json!({
        "subject": "acct:bob@evil.test",
        "links": [{ "rel": "self", "type": "application/activity+json", "href": bob.actor("bob") }],
    });
    let path = "/.well-known/webfinger?resource=acct:bob@evil.test";
    evil.serve_as(path, 200, "application/jrd+json", jrd.to_string().into_bytes());
    let id = a.find_actor("@bob@evil.test");
    let handle = a.node.store.read(|r| Ok(hytte::store::actors::by_id(r, id)?.handle())).unwrap();
    assert_eq!(handle, "bob@peer.test");
}

#[test]
fn a_neighbour_cannot_keep_somebodys_post_from_arriving() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("eve");
    follow_bob(&world, &a, &peer);
    peer.send("eve", &a, &peer.activity("Delete", "eve", "/deletes/1", &json!(peer.url("/notes/1"))));
    peer.send("eve", &a, &peer.activity("Undo", "eve", "/undos/1", &json!(peer.url("/notes/2"))));
    peer.send("eve", &a, &peer.activity("Undo", "eve", "/undos/2", &json!(peer.url("/creates/3"))));
    world.settle(&[&a]);
    for n in 1..=3 {
        let note = peer.note("bob", &format!("/notes/{n}"), &format!("<p>{n}</p>"));
        peer.send("bob", &a, &peer.activity("Create", "bob", &format!("/creates/{n}"), &note));
    }
    world.settle(&[&a]);
    let mut texts = a.home_texts();
    texts.sort();
    assert_eq!(texts, ["1", "2", "3"]);
}

#[test]
fn a_neighbour_who_lists_somebodys_key_does_not_shut_them_out() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let mut eve = peer.person_document("eve");
    let own = eve["publicKey"].clone();
    let stolen = json!({
        "id": format!("{}#main-key", peer.actor("bob")), "owner": peer.actor("eve"), "publicKeyPem": own["publicKeyPem"],
    });
    eve["publicKey"] = json!([own, stolen]);
    peer.serve("/users/eve", &eve);
    let like = peer.activity("Like", "eve", "/likes/1", &json!(a.actor()));
    assert_eq!(peer.send("eve", &a, &like).code, 202);
    world.settle(&[&a]);
    a.find_actor(&peer.actor("bob"));
    follow_bob(&world, &a, &peer);
    assert_eq!(a.follows().1, 1);
}

#[test]
fn a_huge_follow_is_not_kept_or_sent_back() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let mut follow = peer.activity("Follow", "bob", "/follows/1", &json!(a.actor()));
    follow["padding"] = json!("x".repeat(900_000));
    assert_eq!(peer.send("bob", &a, &follow).code, 202);
    world.settle(&[&a]);
    let accepts = peer.got_type("Accept");
    assert_eq!(accepts.len(), 1);
    assert!(accepts[0].to_string().len() < 20_000);
    assert_eq!(accepts[0]["object"]["id"], follow["id"]);
    assert_eq!(accepts[0]["object"]["actor"], follow["actor"]);
    assert_eq!(accepts[0]["object"]["object"], follow["object"]);
}

#[test]
fn an_unsigned_delete_makes_us_ask_once_not_each_time() {
    let world = World::new();
    let a = world.server("a.test");
    let bob = world.peer("peer.test");
    follow_bob(&world, &a, &bob);
    let delete = bob.activity("Delete", "bob", "/deletes/1", &json!(bob.actor("bob"))).to_string();
    let headers = [("Host", "a.test"), ("Content-Type", "application/activity+json")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let before = bob.asked().len();
    for _ in 0..5 {
        assert_eq!(request(a.address, "POST", "/inbox", &headers, delete.as_bytes()).code, 401);
    }
    assert!(bob.asked().len() <= before + 2, "one look, with both knocks at most");
}

#[test]
fn a_visitors_form_takes_no_files() {
    let world = World::new();
    let a = world.server("a.test");
    let headers = [("Host", "a.test"), ("Content-Type", "multipart/form-data; boundary=b")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut body = b"--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"x\"\r\n\r\n".to_vec();
    body.resize(body.len() + 3_000_000, b'x');
    body.extend(b"\r\n--b--\r\n");
    for path in ["/login", "/@alice/follow"] {
        let answer = request(a.address, "POST", path, &headers, &body);
        assert_eq!(answer.code, 400, "{path}");
        assert!(answer.text().contains("no room for files"), "{path}");
    }
}

#[test]
fn a_neighbour_undoes_nobodys_follow() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("eve");
    let follow = peer.activity("Follow", "bob", "/follows/1", &json!(a.actor()));
    peer.send("bob", &a, &follow);
    world.settle(&[&a]);
    for (n, object) in [json!(follow["id"]), follow.clone()].iter().enumerate() {
        peer.send("eve", &a, &peer.activity("Undo", "eve", &format!("/undos/{n}"), object));
    }
    world.settle(&[&a]);
    assert_eq!(a.follows().0, 1);
}
