//! What the owner hears of beside what is meant for them: each post of somebody, and edits of what they boosted or quoted.

use hytte::base::Audience;
use hytte::federation::owner::publish::{self, NewPost};
use hytte::store::actors::follows;
use serde_json::json;

use crate::harness::{Peer, Server, World};

/// Alice of `a.test` follows bob of `peer.test`.
fn following(world: &World) -> (Server, Peer) {
    let (a, peer) = (world.server("a.test"), world.peer("peer.test"));
    publish::follow(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    let follow = peer.got_type("Follow").pop().unwrap();
    peer.send("bob", &a, &peer.activity("Accept", "bob", "/accepts/1", &follow));
    world.settle(&[&a]);
    (a, peer)
}

fn kinds(a: &Server) -> Vec<String> {
    a.notifications().into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn each_post_of_somebody_is_told_when_the_owner_wants_that() {
    let world = World::new();
    let (a, peer) = following(&world);
    let say = |n: u32, more: serde_json::Value| {
        let mut note = peer.note("bob", &format!("/notes/{n}"), "<p>news</p>");
        note.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        peer.send("bob", &a, &peer.activity("Create", "bob", &format!("/creates/{n}"), &note));
        world.settle(&[&a]);
    };
    say(1, json!({}));
    assert!(kinds(&a).is_empty());
    let bob = a.find_actor("@bob@peer.test");
    a.node
        .store
        .write(move |w| {
            let alice = hytte::store::node::owner(w)?;
            follows::set_options(
                w,
                alice,
                bob,
                &follows::FollowOptions { notify: true, ..follows::FollowOptions::default() },
            )
        })
        .unwrap();
    say(2, json!({}));
    assert_eq!(kinds(&a), ["post"]);
    say(3, json!({"inReplyTo": peer.url("/notes/2")}));
    assert_eq!(kinds(&a), ["post", "post"], "what bob adds to his own");
    say(4, json!({"inReplyTo": "http://elsewhere.test/notes/1"}));
    assert_eq!(kinds(&a).len(), 2, "an answer to somebody else is none of it");
    let ours = a.post("hello", Audience::Public);
    say(5, json!({"inReplyTo": a.uri(ours)}));
    assert_eq!(kinds(&a), ["mention", "post", "post"], "told once, as what it is");
    assert!(a.page("/notifications").contains("news"));
}

#[test]
fn edits_of_what_the_owner_boosted_or_quoted_are_told() {
    let world = World::new();
    let (a, peer) = following(&world);
    for n in 1..=3 {
        let note = peer.note("bob", &format!("/notes/{n}"), "<p>before</p>");
        peer.send("bob", &a, &peer.activity("Create", "bob", &format!("/creates/{n}"), &note));
    }
    world.settle(&[&a]);
    let id = |n: u32| a.by_uri(&peer.url(&format!("/notes/{n}"))).unwrap().id;
    publish::boost(&a.node, id(1)).unwrap();
    a.say(NewPost { quote: Some(id(2)), ..NewPost::new("look", Audience::Public) });
    world.settle(&[&a]);
    let ask = peer.got_type("QuoteRequest").pop().unwrap();
    let mut accept = peer.activity("Accept", "bob", "/accepts/2", &ask);
    accept["result"] = json!(peer.url("/stamps/1"));
    peer.send("bob", &a, &accept);
    world.settle(&[&a]);
    let edit = |n: u32, nth: u32, words: &str| {
        let mut note = peer.note("bob", &format!("/notes/{n}"), words);
        note["updated"] = json!(a.node.clock().now().plus(std::time::Duration::from_secs(nth.into())).rfc3339());
        peer.send("bob", &a, &peer.activity("Update", "bob", &format!("/updates/{n}-{nth}"), &note));
        world.settle(&[&a]);
    };
    for n in 1..=3 {
        edit(n, 1, "<p>after</p>");
    }
    assert_eq!(kinds(&a), ["quote_edit", "edit"]);
    edit(1, 2, "<p>after that</p>");
    assert_eq!(kinds(&a), ["edit", "quote_edit"], "the later edit takes the place of the earlier");
    edit(1, 3, "<p>after that</p>");
    assert_eq!(kinds(&a).len(), 2);
    let page = a.page("/notifications");
    assert!(page.contains("edited a post you boosted") && page.contains("edited a post you quoted"), "{page}");
}
