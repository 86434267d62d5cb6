//! Posts: published, answered, edited, liked, boosted, deleted, seen from both sides.

use std::time::Duration;

use hytte::base::Audience;
use hytte::federation::owner::publish::{self, PostChange};
use serde_json::json;

use crate::harness::{Server, World};

fn friends(world: &World) -> (Server, Server) {
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    for (one, other) in [(&a, "@alice@b.test"), (&b, "@alice@a.test")] {
        let id = one.find_actor(other);
        publish::follow(&one.node, id).unwrap();
    }
    world.settle(&[&a, &b]);
    (a, b)
}

fn edit(text: &str) -> PostChange {
    PostChange { text: text.into(), ..PostChange::default() }
}

#[test]
fn a_post_lives_on_both_servers_from_publishing_to_deletion() {
    let world = World::new();
    let (a, b) = friends(&world);
    let post = a.post("first #words @alice@b.test", Audience::Public);
    world.settle(&[&a, &b]);
    let uri = a.uri(post);
    let there = b.by_uri(&uri).expect("b has it");
    let document = world.document(&uri);
    assert_eq!((&document["id"], &document["attributedTo"]), (&json!(uri), &json!(a.actor())));
    assert_eq!(document["contentMap"]["en"], document["content"]);
    assert_eq!(there.mentions[0].uri, b.actor());
    assert_eq!(there.hashtags[0].name, "words");
    assert_eq!(b.notifications()[0], ("mention".into(), "alice@a.test".into()));

    publish::like(&b.node, there.id).unwrap();
    publish::boost(&b.node, there.id).unwrap();
    let answer = b.reply("@alice@a.test indeed", there.id);
    world.settle(&[&a, &b]);
    let here = a.card(post);
    assert_eq!((here.likes, here.boosts, here.replies), (1, 1, 1));
    let kinds: Vec<String> = a.notifications().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds.iter().filter(|k| *k != "follow").count(), 3, "{kinds:?}");
    assert!(
        a.home()
            .iter()
            .any(|card| card.boost.as_ref().is_some_and(|(row, _)| row.id != post && row.boost_of == Some(post)))
    );
    let reply = a.by_uri(&b.uri(answer)).unwrap();
    assert_eq!(reply.post.reply_to, Some(post));

    a.advance(std::time::Duration::from_secs(5));
    publish::edit(&a.node, post, edit("second words")).unwrap();
    world.settle(&[&a, &b]);
    let there = b.by_uri(&uri).unwrap();
    assert_eq!(hytte::text::plain_text::from_html(&there.post.content), "second words");
    assert!(there.post.edited_at.is_some() && there.hashtags.is_empty());

    publish::unlike(&b.node, there.id).unwrap();
    publish::unboost(&b.node, there.id).unwrap();
    publish::delete(&b.node, answer).unwrap();
    world.settle(&[&a, &b]);
    let here = a.card(post);
    assert_eq!((here.likes, here.boosts, here.replies), (0, 0, 0));

    publish::delete(&a.node, post).unwrap();
    world.settle(&[&a, &b]);
    assert!(b.by_uri(&uri).is_none());
    let gone = world.get(&uri, "application/activity+json");
    assert_eq!(gone.code, 410);
    assert_eq!(gone.json()["type"], "Tombstone");
}

#[test]
fn each_audience_reaches_exactly_its_readers() {
    let world = World::new();
    let (a, b) = friends(&world);
    let c = world.server("c.test");
    for (audience, b_reads, stranger_reads) in [
        (Audience::Public, true, true),
        (Audience::Quiet, true, true),
        (Audience::Followers, true, false),
        (Audience::Mentioned, false, false),
    ] {
        let post = a.post(&format!("for {audience}: @alice@c.test"), audience);
        world.settle(&[&a, &b, &c]);
        let uri = a.uri(post);
        assert_eq!(b.by_uri(&uri).is_some(), b_reads, "follower, {audience}");
        let named = c.by_uri(&uri).expect("who is named reads it");
        assert_eq!(named.post.audience, audience, "nothing is widened on the way");
        let code = world.get(&uri, "application/activity+json").code;
        assert_eq!(code, if stranger_reads { 200 } else { 404 }, "stranger, {audience}");
        let page = world.get(&format!("http://a.test/@alice/{post}"), "text/html").code;
        assert_eq!(page, if stranger_reads { 200 } else { 404 }, "visitor, {audience}");
        publish::delete(&a.node, post).unwrap();
        world.settle(&[&a, &b, &c]);
        assert!(c.by_uri(&uri).is_none() && b.by_uri(&uri).is_none(), "gone everywhere");
        let after = world.get(&uri, "application/activity+json").code;
        assert_eq!(
            after,
            if stranger_reads { 410 } else { 404 },
            "a stranger learns nothing of a private one, {audience}"
        );
    }
}

#[test]
fn an_answer_to_a_private_post_stays_private() {
    let world = World::new();
    let (a, b) = friends(&world);
    let post = a.post("just for you @alice@b.test", Audience::Mentioned);
    world.settle(&[&a, &b]);
    let there = b.by_uri(&a.uri(post)).unwrap();
    let answer = b.reply("@alice@a.test thanks", there.id);
    assert_eq!(b.card(answer).post.audience, Audience::Mentioned);
    world.settle(&[&a, &b]);
    assert!(a.by_uri(&b.uri(answer)).is_some());
}

#[test]
fn the_same_activity_twice_does_what_once_would() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = a.post("like me", Audience::Public);
    let like = peer.activity("Like", "bob", "/likes/1", &json!(a.uri(post)));
    for _ in 0..3 {
        assert_eq!(peer.send("bob", &a, &like).code, 202);
    }
    world.settle(&[&a]);
    peer.send("bob", &a, &like);
    peer.send("bob", &a, &peer.activity("Like", "bob", "/likes/2", &json!(a.uri(post))));
    world.settle(&[&a]);
    assert_eq!(a.card(post).likes, 1);
    assert_eq!(a.notifications().iter().filter(|(kind, _)| kind == "like").count(), 1);
    let undo = peer.activity("Undo", "bob", "/undos/1", &like);
    peer.send("bob", &a, &undo);
    world.settle(&[&a]);
    peer.send("bob", &a, &like);
    world.settle(&[&a]);
    assert_eq!(a.card(post).likes, 0, "a replayed Like stays undone");
    // Wafrn names a like after the person and the post: signed anew, it is a new one.
    a.advance(Duration::from_secs(1));
    peer.send("bob", &a, &like);
    world.settle(&[&a]);
    assert_eq!(a.card(post).likes, 1);
}

#[test]
fn the_same_activity_at_the_same_moment_counts_once() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = a.post("like me", Audience::Public);
    let like = peer.activity("Like", "bob", "/likes/1", &json!(a.uri(post)));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(peer.send("bob", &a, &like).code, 202));
        }
    });
    world.settle(&[&a]);
    assert_eq!(a.card(post).likes, 1);
    let fetched = peer.asked().iter().filter(|got| got.target == "/users/bob").count();
    assert_eq!(fetched, 1, "the key is fetched once for all of them");
}

#[test]
fn a_delete_that_comes_before_its_create_wins() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let note = peer.note("bob", "/notes/1", "<p>too late</p>");
    let tombstone = json!({ "id": peer.url("/notes/1"), "type": "Tombstone" });
    peer.send("bob", &a, &peer.activity("Delete", "bob", "/deletes/1", &tombstone));
    world.settle(&[&a]);
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &note));
    world.settle(&[&a]);
    assert!(a.home_texts().is_empty());
}

/// The owner of `server` follows bob, who accepts.
pub fn follow_bob(world: &World, server: &Server, peer: &crate::harness::Peer) {
    let bob = server.find_actor(&format!("@bob@{}", peer.domain));
    publish::follow(&server.node, bob).unwrap();
    world.settle(&[server]);
    let follow = peer.got_type("Follow").pop().unwrap();
    peer.send("bob", server, &peer.activity("Accept", "bob", "/accepts/1", &follow));
    world.settle(&[server]);
    assert_eq!(server.follows().1, 1);
}

#[test]
fn answers_find_their_parents_and_late_parents_their_answers() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let root = peer.note("bob", "/notes/root", "<p>root</p>");
    peer.serve("/notes/root", &root);
    let mut answer = peer.note("bob", "/notes/answer", "<p>answer</p>");
    answer["inReplyTo"] = json!(peer.url("/notes/root"));
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/2", &answer));
    world.settle(&[&a]);
    let answer = a.by_uri(&peer.url("/notes/answer")).unwrap();
    let root = a.by_uri(&peer.url("/notes/root")).expect("the parent was fetched");
    assert_eq!(answer.post.reply_to, Some(root.id));
    assert_eq!(a.home_texts(), ["answer"], "an answer to oneself is on the timeline");
}
