//! Following: asked, accepted, refused, taken back; in any order, any number of times.

use std::time::Duration;

use hytte::base::Audience;
use hytte::base::id::ActorId;
use hytte::federation::owner::publish::{self, NewPost};
use hytte::federation::remote::resolve::Resolved;
use hytte::sig::Knock;
use hytte::store::{self, actors::follows, moderation::blocks, posts::tombstones};
use serde_json::{Value, json};

use crate::harness::server::draft;
use crate::harness::{Server, World, request};

#[test]
fn two_people_follow_each_other_and_read_each_other() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let before = a.post("written before anyone followed", Audience::Public);
    let alice = b.find_actor("@alice@a.test");
    publish::follow(&b.node, alice).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(a.follows(), (1, 0));
    assert_eq!(b.follows(), (0, 1));
    assert_eq!(a.notifications(), [("follow".into(), "alice@b.test".into())]);

    let post = a.post("hello, b", Audience::Public);
    world.settle(&[&a, &b]);
    assert_eq!(b.home_texts(), ["hello, b", "written before anyone followed"], "the newest older posts come along");
    assert_eq!(b.home()[0].author.handle(), "alice@a.test");
    assert_eq!(b.home()[0].post.uri, a.uri(post));
    assert_eq!(b.home()[1].post.uri, a.uri(before));

    publish::unfollow(&b.node, alice).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!((a.follows(), b.follows()), ((0, 0), (0, 0)));
    assert!(b.home_texts().is_empty());
    assert!(a.notifications().is_empty());
}

#[test]
fn an_owner_who_asks_for_approval_decides() {
    let world = World::new();
    let (a, b, c) = (world.server("a.test"), world.server("b.test"), world.server("c.test"));
    a.set_owner(|owner| owner.approves_followers = true);
    for server in [&b, &c] {
        let alice = server.find_actor("@alice@a.test");
        publish::follow(&server.node, alice).unwrap();
    }
    world.settle(&[&a, &b, &c]);
    assert_eq!(a.follows(), (0, 0));
    assert_eq!(b.follows(), (0, 0), "not answered yet");
    a.post("for followers", Audience::Followers);
    world.settle(&[&a, &b, &c]);
    assert!(b.home_texts().is_empty() && c.home_texts().is_empty());

    publish::accept_follower(&a.node, a.find_actor("@alice@b.test")).unwrap();
    publish::reject_follower(&a.node, a.find_actor("@alice@c.test")).unwrap();
    world.settle(&[&a, &b, &c]);
    a.post("for followers again", Audience::Followers);
    world.settle(&[&a, &b, &c]);
    assert_eq!(b.home_texts(), ["for followers again"]);
    assert_eq!((c.home_texts().len(), c.follows()), (0, (0, 0)));

    publish::reject_follower(&a.node, a.find_actor("@alice@b.test")).unwrap();
    world.settle(&[&a, &b, &c]);
    assert_eq!(b.follows(), (0, 0), "a removed follower hears of it");
}

#[test]
fn a_repeated_follow_is_accepted_again_with_the_follow_embedded_as_it_came() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.url("/follows/1"), "type": "Follow",
        "actor": peer.actor("bob"), "object": a.actor(), "peculiar": ["kept"],
    });
    for _ in 0..2 {
        assert_eq!(peer.send("bob", &a, &follow).code, 202);
        world.settle(&[&a]);
    }
    let accepts = peer.got_type("Accept");
    assert_eq!(accepts.len(), 2, "the first Accept may have been lost");
    assert_eq!(accepts[0]["object"], follow);
    assert_eq!(a.follows(), (1, 0));
    assert_eq!(a.notifications().len(), 1);
    let got = peer.got();
    assert_eq!(got[0].target, "/users/bob/inbox", "micro.blog fails on relations in a shared inbox");
    assert!(got[0].header("digest").unwrap().starts_with("SHA-256="), "Threads wants capitals");
}

#[test]
fn an_undo_that_comes_before_its_follow_wins() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let follow = peer.activity("Follow", "bob", "/follows/2", &json!(a.actor()));
    let undo = peer.activity("Undo", "bob", "/undos/2", &follow);
    assert_eq!(peer.send("bob", &a, &undo).code, 202);
    world.settle(&[&a]);
    assert_eq!(peer.send("bob", &a, &follow).code, 202);
    world.settle(&[&a]);
    assert_eq!(a.follows(), (0, 0));

    let again = peer.activity("Follow", "bob", "/follows/3", &json!(a.actor()));
    peer.send("bob", &a, &again);
    world.settle(&[&a]);
    assert_eq!(a.follows(), (1, 0), "a new asking is a new asking");
    let undo = peer.activity("Undo", "bob", "/undos/3", &json!(peer.url("/follows/3")));
    peer.send("bob", &a, &undo);
    world.settle(&[&a]);
    assert_eq!(a.follows(), (0, 0), "an Undo may name only the id");
}

#[test]
fn who_unfollows_and_follows_again_under_the_same_id_is_a_follower_again() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    // (Follow, its id inside the Undo, Undo), the same each time.
    let misskey = ("/follows/9aaa/9bbb", "/follows/9aaa/9bbb", "/follows/9aaa/9bbb/undo");
    let pixelfed = ("/users/bob#follow/7", "/users/bob#follows/7", "/users/bob#follow/7/undo");
    for (follow_id, inner_id, undo_id) in [misskey, pixelfed] {
        let follow = peer.activity("Follow", "bob", follow_id, &json!(a.actor()));
        let inner = peer.activity("Follow", "bob", inner_id, &json!(a.actor()));
        let undo = peer.activity("Undo", "bob", undo_id, &inner);
        let send = |activity: &Value| {
            a.advance(Duration::from_secs(1));
            assert_eq!(peer.send("bob", &a, activity).code, 202);
            world.settle(&[&a]);
        };
        for round in 1..=3 {
            let accepted = peer.got_type("Accept").len();
            send(&follow);
            assert_eq!(a.follows().0, 1, "{follow_id}, round {round}");
            assert_eq!(peer.got_type("Accept").len(), accepted + 1, "{follow_id}, round {round}");
            send(&undo);
            assert_eq!(a.follows().0, 0, "{undo_id}, round {round}");
            // Its answer was lost, so it comes twice.
            send(&undo);
        }
        if follow_id != inner_id {
            continue;
        }
        // Late: the Undo overtakes its Follow, once.
        a.advance(Duration::from_secs(40 * 24 * 3600));
        a.node.store.write(|w| tombstones::prune(w, 1_000)).unwrap();
        send(&undo);
        send(&follow);
        assert_eq!(a.follows().0, 0, "{follow_id} was undone already");
        send(&follow);
        assert_eq!(a.follows().0, 1, "{follow_id}: a new asking");
        send(&undo);
    }
}

#[test]
fn a_request_that_is_played_again_does_nothing_more() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let follow = peer.activity("Follow", "bob", "/follows/bob/alice", &json!(a.actor()));
    let undo = peer.activity("Undo", "bob", "/follows/bob/alice/undo", &follow);
    // Somebody writes down what passes, and sends it once more.
    let written = |activity: &Value| {
        a.advance(Duration::from_secs(1));
        let body = activity.to_string();
        let headers = peer.sign("bob", &a, Knock::Cavage, body.as_bytes(), a.clock.now());
        move |a: &Server| {
            let answer = request(a.address, "POST", "/inbox", &headers, body.as_bytes());
            assert_eq!(answer.code, 202, "{}", answer.text());
        }
    };
    let followers = |play: &dyn Fn(&Server)| {
        play(&a);
        world.settle(&[&a]);
        a.follows().0
    };
    let first = written(&follow);
    assert_eq!(followers(&first), 1);
    let taken_back = written(&undo);
    assert_eq!(followers(&taken_back), 0);
    assert_eq!(followers(&first), 0, "bob has taken that back");
    assert_eq!(followers(&written(&follow)), 1, "bob himself");
    assert_eq!(followers(&taken_back), 1, "bob has followed again since");
    assert_eq!(peer.got_type("Accept").len(), 2);
}

#[test]
fn an_accept_with_the_same_id_as_the_last_one_counts() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let bob = a.find_actor("@bob@peer.test");
    for round in 1..=2 {
        a.advance(Duration::from_secs(1));
        publish::follow(&a.node, bob).unwrap();
        world.settle(&[&a]);
        let follow = peer.got_type("Follow").pop().unwrap();
        // Pixelfed names it after the follower.
        peer.send("bob", &a, &peer.activity("Accept", "bob", "/users/bob#accepts/follows/7", &follow));
        world.settle(&[&a]);
        assert_eq!(a.follows(), (0, 1), "round {round}");
        if round == 2 {
            peer.send("bob", &a, &peer.activity("Reject", "bob", "/users/bob#rejects/follows/7", &follow));
        } else {
            publish::unfollow(&a.node, bob).unwrap();
        }
        world.settle(&[&a]);
        assert_eq!(a.follows(), (0, 0), "round {round}");
    }
}

#[test]
fn likes_boosts_and_blocks_may_come_again_under_the_same_id() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let id = a.post("hello", Audience::Public);
    let post = json!(a.uri(id));
    let blocked = || a.node.store.read(|r| Ok(blocks::blocked_by(r, peer_id(r)?)?.is_some())).unwrap();
    fn peer_id(r: &store::Read<'_>) -> hytte::base::Result<ActorId> {
        Ok(store::actors::by_uri(r, "http://peer.test/users/bob")?.unwrap().id)
    }
    for round in 1..=2 {
        let send = |activity: &Value| {
            a.advance(Duration::from_secs(1));
            assert_eq!(peer.send("bob", &a, activity).code, 202);
            world.settle(&[&a]);
        };
        let state = || (a.card(id).likes, a.card(id).boosts, blocked());
        // PeerTube names a like and an Announce after what they are for.
        let acts = [
            ("Like", "/likes/7", &post),
            ("Announce", "/announces/7", &post),
            ("Block", "/blocks/7", &json!(a.actor())),
        ];
        let acts = acts.map(|(kind, path, object)| peer.activity(kind, "bob", path, object));
        for act in &acts {
            send(act);
        }
        assert_eq!(state(), (1, 1, true), "round {round}");
        for act in &acts {
            send(&peer.activity(
                "Undo",
                "bob",
                &format!("{}/undo", act["id"].as_str().unwrap().trim_start_matches("http://peer.test")),
                act,
            ));
        }
        assert_eq!(state(), (0, 0, false), "round {round}");
    }
}

#[test]
fn accepts_come_in_three_shapes_and_only_from_the_one_asked() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("eve");
    for shape in ["id", "whole", "other id"] {
        let bob = a.find_actor("@bob@peer.test");
        publish::follow(&a.node, bob).unwrap();
        world.settle(&[&a]);
        let follow = peer.got_type("Follow").pop().unwrap();
        assert_eq!(follow["actor"], a.actor());
        let object = match shape {
            "id" => follow["id"].clone(),
            "whole" => follow.clone(),
            _ => {
                json!({ "id": peer.url("/made-up"), "type": "Follow", "actor": a.actor(), "object": peer.actor("bob") })
            }
        };
        let forged = peer.activity("Accept", "eve", &format!("/accepts/eve/{}", shape.len()), &object);
        peer.send("eve", &a, &forged);
        world.settle(&[&a]);
        assert_eq!(a.follows(), (0, 0), "eve cannot accept for bob");
        // Mastodon's ids of Accepts cannot be fetched, and have fragments.
        let id = format!("/users/bob#accepts/follows/{}", shape.len());
        peer.send("bob", &a, &peer.activity("Accept", "bob", &id, &object));
        world.settle(&[&a]);
        assert_eq!(a.follows(), (0, 1), "{shape}");
        publish::unfollow(&a.node, bob).unwrap();
        world.settle(&[&a]);
        let undo = peer.got_type("Undo").pop().unwrap();
        assert_eq!(undo["object"]["type"], "Follow", "Threads needs the whole Follow");
        assert_eq!(undo["object"]["id"], follow["id"]);
    }
}

#[test]
fn a_post_that_overtakes_the_accept_is_shown_once_that_is_here() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let bob = a.find_actor("@bob@peer.test");
    publish::follow(&a.node, bob).unwrap();
    world.settle(&[&a]);
    let open = peer.note("bob", "/notes/1", "<p>for all</p>");
    let mut private = peer.note("bob", "/notes/2", "<p>for followers</p>");
    private["to"] = json!([format!("{}/followers", peer.actor("bob"))]);
    private["cc"] = json!([]);
    for (path, note) in [("/creates/1", &open), ("/creates/2", &private)] {
        peer.send("bob", &a, &peer.activity("Create", "bob", path, note));
    }
    world.settle(&[&a]);
    assert!(a.home_texts().is_empty(), "nobody let us in yet");
    let follow = peer.got_type("Follow").pop().unwrap();
    peer.send("bob", &a, &peer.activity("Accept", "bob", "/accepts/1", &follow));
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["for all"]);
    assert!(a.by_uri(&peer.url("/notes/2")).is_none(), "what was private before the Accept was not for us");
}

#[test]
fn a_follow_brings_home_what_the_owner_wants_of_it() {
    let world = World::new();
    let (a, b, c) = (world.server("a.test"), world.server("b.test"), world.server("c.test"));
    let bob = a.find_actor("@alice@b.test");
    publish::follow(&a.node, bob).unwrap();
    world.settle(&[&a, &b, &c]);
    let owner = a.node.owner().unwrap();
    let wish = |boosts: bool, notify: bool, languages: &[&str]| {
        let languages = languages.iter().map(|tag| (*tag).to_owned()).collect();
        let wishes = follows::FollowOptions { boosts, notify, languages };
        a.node.store.write(move |w| follows::set_options(w, owner, bob, &wishes)).unwrap();
    };
    let said = |text: &str, language: &str| b.say(NewPost { language: Some(language.to_owned()), ..draft(text) });
    wish(false, false, &["nb"]);
    let theirs = c.post("boosted unseen", Audience::Public);
    let Resolved::Post(seen) = b.find(&c.uri(theirs)) else { panic!("it is a post") };
    publish::boost(&b.node, seen).unwrap();
    said("auf Deutsch", "de");
    said("på norsk", "nb");
    world.settle(&[&a, &b, &c]);
    assert_eq!(a.home_texts(), ["på norsk"]);
    wish(true, true, &[]);
    said("wieder Deutsch", "de");
    world.settle(&[&a, &b, &c]);
    assert_eq!(a.home_texts(), ["wieder Deutsch", "på norsk"]);
    let told: Vec<String> = a.notifications().into_iter().map(|(_, who)| who).collect();
    assert_eq!(told, ["alice@b.test"], "the one post since the owner wished to hear of each");
}
