//! Attacks found in review: each once worked.

use serde_json::json;

use crate::harness::World;
use crate::posting::follow_bob;

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
