//! Reactions with emoji, in every dialect and both ways; what peers and the owner see of them.

use hytte::base::Audience;
use hytte::federation::owner::publish;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};
use crate::proofs::be_followed_by;

fn cat(peer: &Peer) -> Value {
    json!([{"type": "Emoji", "id": "https://far.test/emojis/cat", "name": ":cat:", "updated": "2026-01-01T00:00:00Z",
        "icon": {"type": "Image", "mediaType": "image/png", "url": peer.url("/cat.png")}}])
}

/// (emoji, how many, mine)
fn seen(server: &Server, uri: &str) -> Vec<(String, u32, bool)> {
    let card = server.by_uri(uri).unwrap();
    card.reactions.iter().map(|count| (count.emoji.name.clone(), count.count, count.by_owner)).collect()
}

#[test]
fn reactions_arrive_in_every_dialect_once_and_can_be_taken_back() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    for name in ["eve", "kim", "lee"] {
        peer.person(name);
    }
    let uri = a.uri(a.post("react to me", Audience::Public));
    let send = |who: &str, kind: &str, path: &str, more: Value| {
        a.advance(std::time::Duration::from_secs(1));
        let mut activity = peer.activity(kind, who, path, &json!(uri));
        for (key, value) in more.as_object().unwrap() {
            activity[key] = value.clone();
        }
        assert_eq!(peer.send(who, &a, &activity).code, 202);
        world.settle(&[&a]);
        activity
    };
    send("bob", "Like", "/likes/1", json!({"content": "🎉", "_misskey_reaction": "🎉"}));
    send("bob", "Like", "/likes/1b", json!({"content": "🎉"}));
    let eve = send("eve", "EmojiReact", "/reacts/2", json!({"content": "🎉"}));
    send("eve", "EmojiReact", "/reacts/3", json!({"content": ":cat@far.test:", "tag": cat(&peer)}));
    send("kim", "Like", "/likes/4", json!({"_misskey_reaction": "not an emoji"}));
    assert_eq!(seen(&a, &uri), [("🎉".to_owned(), 2, false), (":cat:".to_owned(), 1, false)]);
    assert_eq!(a.by_uri(&uri).unwrap().likes, 1, "what cannot be shown is a like");
    let news: Vec<String> = a.notifications().into_iter().map(|(kind, who)| format!("{kind} {who}")).collect();
    assert_eq!(news, ["like kim@peer.test", "reaction eve@peer.test", "reaction bob@peer.test"]);

    send("eve", "Undo", "/undos/1", json!({"object": eve["id"]}));
    assert_eq!(seen(&a, &uri), [("🎉".to_owned(), 1, false), (":cat:".to_owned(), 1, false)]);
    assert_eq!(a.notifications().len(), 3, "one reaction of hers is left");
    let inner =
        json!({"type": "EmojiReact", "actor": peer.actor("eve"), "object": uri, "content": ":cat:", "tag": cat(&peer)});
    send("eve", "Undo", "/undos/2", json!({"object": inner}));
    send("bob", "Undo", "/undos/3", json!({"object": peer.url("/reacts/other")}));
    assert_eq!(seen(&a, &uri), [("🎉".to_owned(), 1, false)]);
    assert_eq!(a.notifications().len(), 2);

    send("lee", "Undo", "/undos/4", json!({"object": peer.url("/reacts/5")}));
    send("lee", "EmojiReact", "/reacts/5", json!({"content": "😮"}));
    assert_eq!(seen(&a, &uri), [("🎉".to_owned(), 1, false)], "its Undo came first");

    for (n, emoji) in ["😀", "😁", "😂", "😃", "😄", "😅", "😆", "😇", "😈", "😉", "😊", "😋"].iter().enumerate()
    {
        send("lee", "EmojiReact", &format!("/reacts/many/{n}"), json!({"content": emoji}));
    }
    let of_lee = seen(&a, &uri).len() - 1;
    assert_eq!(of_lee, 10, "one actor puts ten on one post at most");
}

#[test]
fn the_owner_reacts_and_every_peer_understands_it() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let peer = world.peer("peer.test");
    peer.serve("/notes/1", &peer.note("bob", "/notes/1", "<p>look</p>"));
    let hytte::federation::remote::resolve::Resolved::Post(post) = a.find(&peer.url("/notes/1")) else { panic!() };
    publish::react(&a.node, post, "❤".into(), None).unwrap();
    publish::react(&a.node, post, "❤️".into(), None).unwrap();
    world.settle(&[&a]);
    let like = peer.got_type("Like").pop().unwrap();
    assert_eq!(peer.got_type("Like").len(), 1, "the same again says nothing");
    assert_eq!((&like["object"], &like["content"]), (&json!(peer.url("/notes/1")), &json!("❤️")));
    assert_eq!(like["_misskey_reaction"], "❤️");
    assert_eq!(seen(&a, &peer.url("/notes/1")), [("❤️".to_owned(), 1, true)]);

    publish::like(&a.node, post).unwrap();
    world.settle(&[&a]);
    let undo = peer.got_type("Undo").pop().unwrap();
    assert_eq!((&undo["object"]["id"], &undo["object"]["content"]), (&like["id"], &json!("❤️")));
    assert!(seen(&a, &peer.url("/notes/1")).is_empty(), "one mark stands for both: Mastodon counts one like");
    assert!(a.card(post).liked);
    publish::react(&a.node, post, "🎉".into(), None).unwrap();
    assert!(!a.card(post).liked);
    publish::unreact(&a.node, post).unwrap();
    world.settle(&[&a]);
    assert_eq!(peer.got_type("Undo").len(), 3);
    assert!(publish::react(&a.node, post, "no emoji".into(), None).is_err());
    assert!(publish::react(&a.node, post, ":cat:".into(), Some("https://evil.test/x.png".into())).is_err());

    let ours = b.uri(b.post("hello", Audience::Public));
    let hytte::federation::remote::resolve::Resolved::Post(there) = a.find(&ours) else { panic!() };
    publish::react(&a.node, there, "🎉".into(), None).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(seen(&b, &ours), [("🎉".to_owned(), 1, false)]);
    assert_eq!(b.notifications(), [("reaction".to_owned(), "alice@a.test".to_owned())]);
    publish::unreact(&a.node, there).unwrap();
    world.settle(&[&a, &b]);
    assert!(seen(&b, &ours).is_empty() && b.notifications().is_empty());
}

#[test]
fn nobody_likes_or_reacts_to_what_they_may_not_read() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    be_followed_by(&world, &a, &peer, "fan");
    peer.person("eve");
    let followers = a.post("for followers", Audience::Followers);
    let id = a.find_actor("@bob@peer.test");
    let named = a.post("@bob@peer.test for you alone", Audience::Mentioned);
    assert!(a.card(named).mentions.iter().any(|mention| mention.uri == peer.actor("bob")), "{id}");
    world.settle(&[&a]);
    let marks = |who: &str| {
        for (post, word) in [(followers, "followers"), (named, "named")] {
            for (kind, content) in [("Like", Value::Null), ("EmojiReact", json!("🎉")), ("Like", json!("🔥"))] {
                let path = format!("/{kind}/{who}/{word}/{}", content.is_null());
                let mut act = peer.activity(kind, who, &path, &json!(a.uri(post)));
                act["content"] = content;
                assert_eq!(peer.send(who, &a, &act).code, 202, "it is told to nobody who may read what");
            }
        }
        world.settle(&[&a]);
    };
    let counts = |post| (a.card(post).likes, a.card(post).reactions.len());
    let told = a.notifications().len();
    marks("eve");
    assert_eq!((counts(followers), counts(named)), ((0, 0), (0, 0)));
    assert_eq!(a.notifications().len(), told);
    marks("fan");
    assert_eq!((counts(followers), counts(named)), ((1, 2), (0, 0)));
    marks("bob");
    assert_eq!((counts(followers), counts(named)), ((1, 2), (1, 2)));
    assert!(a.notifications().len() > told);
}
