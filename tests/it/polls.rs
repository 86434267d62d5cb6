//! Polls: asked, answered, counted and closed, on both sides.

use std::time::Duration;

use hytte::base::{Audience, Error, Time};
use hytte::federation::owner::publish::{self, NewPost, PostChange};
use hytte::federation::remote::{backfill, backfill_worker, poll_refresh, resolve};
use hytte::social::poll::NewPoll;
use hytte::store::posts::polls::StoredPoll;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};
use crate::posting::follow_bob;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn ask(server: &Server, text: &str, options: &[&str], multiple: bool, audience: Audience) -> hytte::base::id::PostId {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    let poll = NewPoll { options, multiple, length: 24 * HOUR, hides: false };
    server.say(NewPost { poll: Some(poll), ..NewPost::new(text, audience) })
}

fn counts(poll: &StoredPoll) -> Vec<u64> {
    poll.options.iter().map(|option| option.votes).collect()
}

fn vote(peer: &Peer, name: &str, path: &str, question: &str, choice: &str) -> Value {
    let owner = question.split("/statuses/").next().unwrap();
    let note = json!({
        "id": peer.url(path), "type": "Note", "name": choice, "attributedTo": peer.actor(name),
        "inReplyTo": question, "to": owner,
    });
    peer.activity("Create", name, &format!("{path}/activity"), &note)
}

fn question(peer: &Peer, path: &str, end: &str, counts: &[(&str, i64)]) -> Value {
    let mut question = peer.note("bob", path, "<p>Which?</p>");
    question["type"] = json!("Question");
    question["endTime"] = json!(end);
    let option = |(name, votes): &(&str, i64)| json!({"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": votes}});
    question["oneOf"] = counts.iter().map(option).collect();
    question
}

#[test]
fn a_poll_is_asked_answered_and_closed_on_both_servers() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let id = b.find_actor("@alice@a.test");
    publish::follow(&b.node, id).unwrap();
    world.settle(&[&a, &b]);
    b.advance(MINUTE);
    let post = ask(&a, "Tea or coffee?", &[" Tea ", "Coffee", ""], false, Audience::Public);
    world.settle(&[&a, &b]);
    let uri = a.uri(post);
    let there = b.by_uri(&uri).unwrap();
    assert_eq!(counts(there.poll.as_ref().unwrap()), [0, 0]);

    publish::vote(&b.node, there.id, vec![1]).unwrap();
    publish::vote(&b.node, there.id, vec![1]).unwrap();
    assert!(matches!(publish::vote(&b.node, there.id, vec![0]), Err(Error::Invalid(_))), "votes stand");
    assert_eq!(b.card(there.id).poll.unwrap().own_choices, [1]);
    world.settle(&[&a, &b]);
    let here = a.card(post);
    assert_eq!((counts(here.poll.as_ref().unwrap()), here.replies), (vec![0, 1], 0));
    assert!(a.notifications().iter().all(|(kind, _)| kind == "follow"), "{:?}", a.notifications());
    let document = world.document(&uri);
    assert_eq!(
        (&document["type"], &document["votersCount"], document.get("closed"), document.get("updated")),
        (&json!("Question"), &json!(1), None, None)
    );
    assert_eq!(document["oneOf"][1]["name"], "Coffee");
    assert_eq!(document["oneOf"][1]["replies"]["totalItems"], 1);
    assert!(matches!(publish::vote(&a.node, post, vec![0]), Err(Error::Invalid(_))), "not in one's own");

    for clock in [&a.clock, &b.clock] {
        clock.advance(25 * HOUR);
    }
    poll_refresh::step(&a.node).unwrap();
    world.settle(&[&a, &b]);
    poll_refresh::step(&b.node).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(a.notifications()[0], ("poll".into(), "alice@a.test".into()));
    assert_eq!(b.notifications()[0], ("poll".into(), "alice@a.test".into()));
    let there = b.by_uri(&uri).unwrap();
    let poll = there.poll.unwrap();
    assert!(poll.is_over(b.clock.now()) && there.post.edited_at.is_none() && poll.next_upkeep_at.is_none());
    assert_eq!((counts(&poll), poll.voters), (vec![0, 1], Some(1)));
    let document = world.document(&uri);
    assert_eq!(document["closed"], document["endTime"]);
    poll_refresh::step(&a.node).unwrap();
    assert_eq!(a.waiting(), 0, "the end is told once");
}

#[test]
fn votes_count_once_in_time_and_from_readers_only() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("eve");
    let post = ask(&a, "One of them", &["Yes", "No"], false, Audience::Public);
    let uri = a.uri(post);
    let yes = vote(&peer, "bob", "/votes/1", &uri, "Yes");
    std::thread::scope(|scope| {
        for n in 0..6 {
            let mut again = yes.clone();
            again["id"] = json!(peer.url(&format!("/votes/1/activity{}", n % 2)));
            let (peer, a) = (&peer, &a);
            scope.spawn(move || assert_eq!(peer.send("bob", a, &again).code, 202));
        }
    });
    peer.send("bob", &a, &vote(&peer, "bob", "/votes/2", &uri, "No"));
    peer.send("eve", &a, &vote(&peer, "eve", "/votes/3", &uri, "Maybe"));
    peer.send("eve", &a, &vote(&peer, "eve", "/votes/4", &uri, "No"));
    world.settle(&[&a]);
    let card = a.card(post);
    let poll = card.poll.clone().unwrap();
    assert_eq!((counts(&poll), poll.voters, card.replies), (vec![1, 1], Some(2), 0));
    assert!(a.notifications().is_empty() && a.home().len() == 1, "a vote is nothing to read");
    assert!(peer.asked().iter().all(|got| !got.target.starts_with("/votes")), "and nothing to fetch");
    peer.serve("/votes/1", &yes["object"]);
    assert!(resolve::find(&a.node, &peer.url("/votes/1")).is_err() && a.card(post).replies == 0, "nor to look at");

    let private = ask(&a, "@bob@peer.test for friends", &["Yes", "No"], true, Audience::Followers);
    world.settle(&[&a]);
    let uri = a.uri(private);
    peer.send("eve", &a, &vote(&peer, "eve", "/votes/5", &uri, "No"));
    // GoToSocial sends all choices in one Create.
    let mut both = vote(&peer, "bob", "/votes/6", &uri, "No");
    let other = vote(&peer, "bob", "/votes/7", &uri, "Yes");
    both["object"] = json!([both["object"], other["object"]]);
    peer.send("bob", &a, &both);
    world.settle(&[&a]);
    let poll = a.card(private).poll.unwrap();
    assert_eq!((counts(&poll), poll.voters), (vec![1, 1], Some(1)));
    let secrets = world.document(&a.uri(post)).to_string();
    assert!(!secrets.contains("bob") && !secrets.contains("eve"), "nobody is told who voted: {secrets}");

    a.clock.advance(24 * HOUR);
    peer.send("eve", &a, &vote(&peer, "eve", "/votes/8", &a.uri(post), "No"));
    world.settle(&[&a]);
    assert_eq!(counts(&a.card(post).poll.unwrap()), [1, 1], "too late");
    poll_refresh::step(&a.node).unwrap();
    world.settle(&[&a]);
}

#[test]
fn the_audience_hears_of_votes_now_and_then_and_of_the_end() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    for name in ["eve", "kim"] {
        peer.person(name);
    }
    let post = ask(&a, "One of them", &["Yes", "No"], false, Audience::Public);
    let uri = a.uri(post);
    for (n, name) in ["bob", "eve", "kim"].into_iter().enumerate() {
        peer.send(name, &a, &vote(&peer, name, &format!("/votes/{n}"), &uri, "Yes"));
        world.settle(&[&a]);
        poll_refresh::step(&a.node).unwrap();
        a.clock.advance(MINUTE);
    }
    world.settle(&[&a]);
    assert!(peer.got_type("Update").is_empty(), "not for every vote");
    poll_refresh::step(&a.node).unwrap();
    world.settle(&[&a]);
    let updates = peer.got_type("Update");
    assert_eq!(updates.len(), 1, "one inbox, one delivery");
    let update = &updates[0];
    let object = &update["object"];
    assert_eq!((&object["type"], &object["oneOf"][0]["replies"]["totalItems"]), (&json!("Question"), &json!(3)));
    assert_eq!((&object["votersCount"], object.get("updated"), object.get("closed")), (&json!(3), None, None));
    assert_eq!((&update["to"], &update["cc"]), (&object["to"], &object["cc"]));
    publish::edit(&a.node, post, PostChange { text: "One of these".into(), ..PostChange::default() }).unwrap();
    world.settle(&[&a]);
    assert_eq!(counts(&a.card(post).poll.unwrap()), [3, 0], "new words leave the poll alone");
    a.clock.advance(24 * HOUR);
    poll_refresh::step(&a.node).unwrap();
    world.settle(&[&a]);
    let last = peer.got_type("Update").pop().unwrap();
    assert_eq!(last["object"]["closed"], last["object"]["endTime"]);
    publish::delete(&a.node, post).unwrap();
    world.settle(&[&a]);
    assert_eq!(peer.got_type("Delete").len(), 1, "who voted has it, and must forget it");
}

#[test]
fn the_owner_votes_elsewhere_and_hears_of_the_result() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let end = Time::from_ms(a.clock.now().ms()).plus(HOUR).rfc3339();
    let mut asked = question(&peer, "/polls/1", &end, &[("<p>A &amp; B</p>", 4), ("No ", -3)]);
    asked["anyOf"] = asked["oneOf"].take();
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &asked));
    world.settle(&[&a]);
    let card = a.by_uri(&peer.url("/polls/1")).unwrap();
    assert_eq!(counts(card.poll.as_ref().unwrap()), [4, 0], "a count below nothing is nothing");
    for wrong in [vec![], vec![2]] {
        assert!(matches!(publish::vote(&a.node, card.id, wrong), Err(Error::Invalid(_))));
    }
    publish::vote(&a.node, card.id, vec![1, 0]).unwrap();
    world.settle(&[&a]);
    let creates = peer.got_type("Create");
    let names: Vec<_> = creates.iter().map(|create| create["object"]["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["<p>A &amp; B</p>", "No "], "letter by letter");
    for create in &creates {
        let note = &create["object"];
        assert_eq!((&create["to"], &create["cc"]), (&json!([peer.actor("bob")]), &json!([])));
        assert_eq!((&note["to"], &note["inReplyTo"]), (&json!([peer.actor("bob")]), &json!(peer.url("/polls/1"))));
        assert_eq!(
            (&note["type"], note.get("content"), &note["attributedTo"]),
            (&json!("Note"), None, &create["actor"])
        );
        let id = create["id"].as_str().unwrap();
        assert_eq!(world.get(id, "application/activity+json").code, 404, "a vote is nobody else's business");
    }
    assert!(peer.got().iter().rev().take(2).all(|got| got.target == "/users/bob/inbox"));
    assert_eq!(counts(&a.card(card.id).poll.unwrap()), [5, 1]);

    asked["anyOf"][0]["replies"]["totalItems"] = json!(9);
    peer.send("bob", &a, &peer.activity("Update", "bob", "/updates/1", &asked));
    world.settle(&[&a]);
    let poll = a.card(card.id).poll.unwrap();
    assert_eq!((counts(&poll), poll.own_choices.clone()), (vec![9, 0], vec![0, 1]));
    assert!(a.card(card.id).post.edited_at.is_none(), "counts are no edit");
    let mut forged = asked.clone();
    forged["anyOf"][1]["name"] = json!("Absolutely");
    peer.send("bob", &a, &peer.activity("Update", "bob", "/updates/2", &forged));
    world.settle(&[&a]);
    assert_eq!(a.card(card.id).poll.unwrap().options[1].text, "No ", "no option changes without an edit");

    a.clock.advance(HOUR + 3 * MINUTE);
    poll_refresh::step(&a.node).unwrap();
    assert_eq!(a.notifications()[0], ("poll".into(), "bob@peer.test".into()), "over, though nobody answers");
    asked["closed"] = asked["endTime"].clone();
    asked["votersCount"] = json!(12);
    peer.serve("/polls/1", &asked);
    a.clock.advance(HOUR);
    poll_refresh::step(&a.node).unwrap();
    let poll = a.card(card.id).poll.unwrap();
    assert_eq!((poll.voters, poll.next_upkeep_at), (Some(12), None), "asked once more, and then no more");
    assert_eq!(a.notifications().iter().filter(|(kind, _)| kind == "poll").count(), 1);
}

#[test]
fn odd_polls_are_shown_and_an_edit_of_the_answers_starts_anew() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let mut endless = question(&peer, "/polls/1", "never", &[("One", 1), ("Two", 1)]);
    endless["votersCount"] = json!("1e400");
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &endless));
    world.settle(&[&a]);
    let id = a.by_uri(&peer.url("/polls/1")).unwrap().id;
    let poll = a.card(id).poll.unwrap();
    assert_eq!((poll.end_at, poll.voters), (None, None));
    publish::vote(&a.node, id, vec![0]).unwrap();
    world.settle(&[&a]);
    endless["updated"] = json!(a.clock.now().rfc3339());
    endless["oneOf"][1]["name"] = json!("Three");
    peer.send("bob", &a, &peer.activity("Update", "bob", "/updates/1", &endless));
    world.settle(&[&a]);
    let poll = a.card(id).poll.unwrap();
    assert_eq!((poll.options[1].text.as_str(), poll.own_choices.len()), ("Three", 0), "the owner may vote again");
    publish::vote(&a.node, id, vec![1]).unwrap();
    let mut closed = endless.clone();
    closed["closed"] = json!(true);
    peer.send("bob", &a, &peer.activity("Update", "bob", "/updates/2", &closed));
    world.settle(&[&a]);
    assert!(a.card(id).poll.unwrap().is_over(a.clock.now()));
    assert_eq!(a.notifications()[0].0, "poll", "an end nobody knew before");
    peer.serve("/polls/1", &endless);
    a.clock.advance(HOUR);
    backfill::enqueue(&a.node, backfill::BackfillJob::Poll(id));
    assert!(backfill_worker::step(&a.node).unwrap());
    let poll = a.card(id).poll.unwrap();
    assert_eq!(poll.checked_at, a.clock.now(), "a wish from a page asks its server");
    assert!(poll.is_over(a.clock.now()), "an older document does not open it again");
}
