//! 25–29, 31–37, 54, 60 and 61: what happens when, and to whom.

use hytte::base::Audience;
use hytte::federation::owner::publish;
use serde_json::{Value, json};

use super::{act, create, follower, friends, name_of, note, strangers, with};
use crate::harness::request;

#[test]
fn p25_an_accept_may_name_the_follow_in_three_ways() {
    for shape in ["id", "whole", "made up"] {
        let (world, a, peer) = strangers();
        let bob = a.find_actor("@bob@peer.test");
        publish::follow(&a.node, bob).unwrap();
        world.settle(&[&a]);
        let follow = peer.got_type("Follow").pop().unwrap();
        let object = match shape {
            "id" => follow["id"].clone(),
            "whole" => follow,
            _ => {
                json!({ "id": "http://elsewhere.test/9", "type": "Follow", "actor": a.actor(), "object": peer.actor("bob") })
            }
        };
        assert_eq!(act(&world, &a, &peer, "Accept", "/accepts/1", &object), 202);
        assert_eq!(a.follows().1, 1, "{shape}");
    }
}

#[test]
fn p26_a_follow_that_was_lost_can_be_sent_again_and_is_accepted_again() {
    let (world, a, peer) = strangers();
    let bob = a.find_actor("@bob@peer.test");
    for n in 1..=2 {
        publish::follow(&a.node, bob).unwrap();
        world.settle(&[&a]);
        assert_eq!(peer.got_type("Follow").len(), n, "asked again");
    }
    assert!(peer.got().iter().all(|got| got.target == "/users/bob/inbox"), "micro.blog fails at a shared inbox");
    for n in 1..=2 {
        follower(&world, &a, &peer, "bob");
        assert_eq!(peer.got_type("Accept").len(), n);
    }
    assert_eq!(a.follows().0, 1);
}

#[test]
fn p27_follow_and_accept_need_no_addressing() {
    let (world, a, peer) = friends();
    assert_eq!(a.follows().1, 1, "the Accept had neither to nor cc");
    let follow = peer.activity("Follow", "bob", "/follows/9", &json!(a.actor()));
    assert!(follow.get("to").is_none() && follow.get("cc").is_none());
    peer.send("bob", &a, &follow);
    world.settle(&[&a]);
    assert_eq!(a.follows().0, 1);
}

#[test]
fn p28_an_undo_embeds_the_whole_and_may_come_bare() {
    let (world, a, peer) = friends();
    publish::unfollow(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    let undo = peer.got_type("Undo").pop().unwrap();
    for member in ["id", "type", "actor", "object"] {
        assert!(undo["object"][member].is_string(), "Threads needs {member}");
    }
    for object in [json!(peer.url("/follows/bob")), peer.activity("Follow", "bob", "/follows/bob", &json!(a.actor()))] {
        follower(&world, &a, &peer, "bob");
        let path = format!("/undos/{}", object.to_string().len());
        act(&world, &a, &peer, "Undo", &path, &object);
        assert_eq!(a.follows().0, 0, "{object}");
    }
}

#[test]
fn p29_deletes_of_strangers_are_dropped_at_the_door() {
    let (_world, a, peer) = strangers();
    for n in 0..50 {
        let who = peer.actor(&format!("p{n}"));
        let delete = json!({ "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{who}#delete"),
            "type": "Delete", "actor": who, "object": who });
        let answer = peer.send(&format!("p{n}"), &a, &delete);
        assert_eq!(answer.code, 202);
    }
    assert!(peer.asked().is_empty(), "not one fetch");
    assert_eq!(a.node.store.read(hytte::store::queue::inbox::count).unwrap(), 0, "not one row");
}

#[test]
fn p31_only_the_author_changes_a_post_and_never_what_it_answers_or_who_wrote_it() {
    let (world, a, peer) = friends();
    peer.person("eve");
    let evil = world.peer("evil.test");
    let first = note(&peer, "/notes/1", json!({ "inReplyTo": "http://third.test/1" }));
    create(&world, &a, &peer, &first);
    let newer = json!({ "updated": "2026-09-21T13:00:00Z", "content": "<p>changed</p>" });
    let changed = with(first.clone(), newer);
    for (who, from) in [("eve", &peer), ("bob", &evil)] {
        from.send(who, &a, &from.activity("Update", who, "/updates/1", &changed));
        from.send(who, &a, &from.activity("Delete", who, "/deletes/1", &first["id"]));
    }
    world.settle(&[&a]);
    let uri = peer.url("/notes/1");
    assert_eq!(a.by_uri(&uri).unwrap().post.content, "<p>words</p>");
    let moved = with(changed, json!({ "inReplyTo": "http://other.test/2", "attributedTo": peer.actor("eve") }));
    act(&world, &a, &peer, "Update", "/updates/2", &moved);
    let card = a.by_uri(&uri).unwrap();
    assert_eq!(
        (card.author.uri.as_str(), card.post.reply_to_uri.as_deref()),
        (peer.actor("bob").as_str(), Some("http://third.test/1"))
    );
    let elsewhere = with(moved, json!({ "attributedTo": peer.actor("bob") }));
    act(&world, &a, &peer, "Update", "/updates/3", &elsewhere);
    let card = a.by_uri(&uri).unwrap();
    assert_eq!(
        (card.post.content.as_str(), card.post.reply_to_uri.as_deref()),
        ("<p>changed</p>", Some("http://third.test/1"))
    );
}

#[test]
fn p32_the_same_thing_twice_and_at_once_happens_once() {
    let (world, a, peer) = friends();
    let post = a.post("like me", Audience::Public);
    let create = peer.activity("Create", "bob", "/creates/1", &peer.note("bob", "/notes/1", "<p>once</p>"));
    let like = peer.activity("Like", "bob", "/likes/1", &json!(a.uri(post)));
    std::thread::scope(|scope| {
        for activity in [&create, &like, &create, &like, &create, &like] {
            scope.spawn(|| assert_eq!(peer.send("bob", &a, activity).code, 202));
        }
    });
    world.settle(&[&a]);
    assert_eq!(a.card(post).likes, 1);
    assert_eq!(a.home_texts().iter().filter(|text| *text == "once").count(), 1);
    assert_eq!(a.notifications().iter().filter(|(kind, _)| kind == "like").count(), 1);
}

#[test]
fn p33_what_was_taken_back_before_it_came_stays_away() {
    let (world, a, peer) = friends();
    act(&world, &a, &peer, "Delete", "/deletes/1", &json!({ "id": peer.url("/notes/1"), "type": "Tombstone" }));
    create(&world, &a, &peer, &note(&peer, "/notes/1", json!({})));
    assert!(a.by_uri(&peer.url("/notes/1")).is_none());
    let post = json!(a.uri(a.post("like me", Audience::Public)));
    let like = peer.activity("Like", "bob", "/likes/1", &post);
    act(&world, &a, &peer, "Undo", "/undos/1", &like);
    peer.send("bob", &a, &like);
    world.settle(&[&a]);
    assert!(a.notifications().iter().all(|(kind, _)| kind != "like"));
}

#[test]
fn p34_nobody_speaks_to_us_as_ourselves() {
    let (world, a, peer) = friends();
    let post = a.uri(a.post("mine", Audience::Public));
    for kind in ["Announce", "Like", "Create", "Delete", "Update", "Follow"] {
        let mut ours = peer.activity(kind, "bob", "/x/1", &json!(post));
        ours["actor"] = json!(a.actor());
        ours["id"] = json!(a.url("/users/alice/activities/999"));
        // Somebody may honestly forward our own words to us: no error, and no effect.
        assert!(peer.send("bob", &a, &ours).code < 500, "{kind}");
    }
    world.settle(&[&a]);
    let card = a.by_uri(&post).unwrap();
    assert_eq!((card.likes, card.boosts, a.home().len()), (0, 0, 1));
}

#[test]
fn p35_shared_inboxes_get_no_private_post_and_a_personal_one_needs_no_mention() {
    let (world, a, peer) = friends();
    assert_eq!(world.document(&a.actor())["endpoints"]["sharedInbox"], a.url("/inbox"));
    follower(&world, &a, &peer, "bob");
    let before = peer.got().len();
    a.post("psst @bob@peer.test", Audience::Mentioned);
    world.settle(&[&a]);
    let targets: Vec<String> = peer.got().split_off(before).into_iter().map(|got| got.target).collect();
    assert_eq!(targets, ["/users/bob/inbox"]);
    let silent = note(&peer, "/notes/1", json!({ "to": [a.actor()], "cc": [], "tag": [] }));
    create(&world, &a, &peer, &silent);
    assert_eq!(a.by_uri(&peer.url("/notes/1")).unwrap().post.audience, Audience::Mentioned);
    assert_eq!(a.notifications()[0].0, "mention");
}

#[test]
fn p36_a_post_from_the_future_does_not_stay_on_top() {
    let (world, a, peer) = friends();
    create(
        &world,
        &a,
        &peer,
        &note(&peer, "/notes/1", json!({ "published": "2199-01-01T00:00:00Z", "content": "later" })),
    );
    a.advance(std::time::Duration::from_secs(60));
    create(
        &world,
        &a,
        &peer,
        &note(&peer, "/notes/2", json!({ "published": a.clock.now().rfc3339(), "content": "now" })),
    );
    assert_eq!(a.home_texts(), ["now", "later"]);
}

#[test]
fn p37_no_public_surface_shows_a_private_post() {
    let (world, a, peer) = friends();
    for audience in [Audience::Followers, Audience::Mentioned] {
        crate::privacy::post_is_nowhere(&world, &a, &peer, audience);
    }
}

#[test]
fn p54_a_group_passes_much_on_and_the_unknown_is_dropped_quietly() {
    let (world, a, peer) = friends();
    let mut group = peer.person_document("club");
    group["type"] = json!("Group");
    peer.serve("/users/club", &group);
    let inner = |kind: &str, object: Value| {
        with(peer.activity(kind, "bob", &format!("/inner/{kind}"), &object), json!({ "@context": null }))
    };
    for (n, inner) in ["Lock", "Block", "Add", "Like", "Dislike", "Remove", "Undo", "Page"]
        .iter()
        .map(|kind| inner(kind, json!(peer.url("/notes/1"))))
        .enumerate()
    {
        let announce = peer.activity("Announce", "club", &format!("/announces/{n}"), &inner);
        assert_eq!(peer.send("club", &a, &announce).code, 202);
        world.settle(&[&a]);
    }
    let aside = a.node.store.read(|r| hytte::store::queue::inbox::set_aside_list(r, 10)).unwrap();
    assert!(aside.is_empty() && a.notifications().is_empty() && a.home().is_empty());
}

#[test]
fn p60_a_move_counts_only_when_the_new_account_says_so() {
    let (world, a, peer) = friends();
    peer.person("eve");
    let moves = |who: &str, n: u32| {
        with(
            peer.activity("Move", "bob", &format!("/moves/{n}"), &json!(peer.actor("bob"))),
            json!({ "target": peer.actor(who) }),
        )
    };
    assert_eq!(peer.send("bob", &a, &moves("eve", 1)).code, 202);
    world.settle(&[&a]);
    assert_eq!(peer.got_type("Follow").len(), 1, "eve does not say that she was bob");
    // Another actor cannot move bob.
    let forged = with(
        peer.activity("Move", "eve", "/moves/2", &json!(peer.actor("bob"))),
        json!({ "target": peer.actor("eve") }),
    );
    peer.send("eve", &a, &forged);
    world.settle(&[&a]);
    assert_eq!((peer.got_type("Follow").len(), a.follows().1), (1, 1));
    assert_eq!(name_of(&a, &peer.actor("bob")), "bob");
}

#[test]
fn p61_a_202_is_no_proof_that_anybody_reads_it() {
    let (world, a, peer) = strangers();
    publish::follow(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    assert_eq!(peer.got_type("Follow").len(), 1, "answered 202");
    assert_eq!(a.follows().1, 0, "and yet nobody let us in");
    let cookie = hytte::federation::owner::login::open_session(&a.node.store, "test").unwrap();
    let headers = [
        ("Host".to_owned(), "a.test".to_owned()),
        ("Cookie".into(), format!("{}={cookie}", hytte::web::auth::SESSION_COOKIE)),
    ];
    let page = request(a.address, "GET", "/following", &headers, b"").text();
    assert!(page.contains("Waiting for a response") && page.contains("Request again"));
}
