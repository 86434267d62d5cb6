//! Interaction policies: who may reply, like and boost, on both sides (GoToSocial).

use hytte::base::Audience;
use hytte::base::interaction_policy::{PolicyChoice, PolicyChoices};
use hytte::federation::owner::publish::{self, NewPost};
use hytte::federation::remote::resolve;
use hytte::store::posts::interaction_requests_in;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn say(server: &Server, text: &str, reply: PolicyChoice) -> hytte::base::id::PostId {
    let choices = Some(PolicyChoices { reply, ..PolicyChoices::default() });
    server.say(NewPost { choices, ..NewPost::new(text, Audience::Public) })
}

fn answer_to(peer: &Peer, path: &str, parent: &str) -> Value {
    let mut note = peer.note("bob", path, "<p>an answer</p>");
    note["inReplyTo"] = json!(parent);
    note
}

#[test]
fn an_answer_that_must_wait_is_seen_by_nobody_before_it_is_let_in() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = say(&a, "speak when asked", PolicyChoice::WithApproval);
    world.settle(&[&a]);
    let uri = a.uri(post);
    let rule = world.document(&uri)["interactionPolicy"]["canReply"].clone();
    assert_eq!(rule, json!({"automaticApproval": [a.actor()], "manualApproval": [PUBLIC]}));
    let replies = || world.document(&format!("{uri}/replies"))["first"]["items"].as_array().unwrap().len();

    // Simply sent, as Mastodon does, and asked for, as GoToSocial does.
    peer.send("bob", &a, &peer.activity("Create", "bob", "/c/1", &answer_to(&peer, "/notes/1", &uri)));
    let mut ask = peer.activity("ReplyRequest", "bob", "/ask/2", &json!(uri));
    ask["instrument"] = answer_to(&peer, "/notes/2", &uri);
    peer.send("bob", &a, &ask);
    world.settle(&[&a]);
    assert_eq!((a.card(post).replies, replies()), (0, 0));
    assert!(!a.page(&format!("/post/{post}")).contains("an answer"));
    assert_eq!(a.notifications(), [("request".into(), "bob@peer.test".into())]);
    let waiting = a.node.store.read(|r| interaction_requests_in::list_pending(r, None, 10)).unwrap();
    assert_eq!(waiting.len(), 2);
    let requests_page = a.page("/requests");
    assert!(requests_page.contains("would like to reply to") && requests_page.contains("an answer"), "{requests_page}");

    for request in &waiting {
        publish::accept_request(&a.node, request.id).unwrap();
    }
    world.settle(&[&a]);
    assert_eq!((a.card(post).replies, replies()), (2, 2));
    let accepts = peer.got_type("Accept");
    assert_eq!(accepts.len(), 2);
    let plain = accepts.iter().find(|accept| accept["object"].is_string()).unwrap();
    assert_eq!((&plain["object"], &plain["target"]), (&json!(peer.url("/notes/1")), &json!(uri)));
    let polite = accepts.iter().find(|accept| accept["object"].is_object()).unwrap();
    assert_eq!(polite["object"]["type"], "ReplyRequest");
    for (accept, note) in [(plain, "/notes/1"), (polite, "/notes/2")] {
        let stamp = world.document(accept["result"].as_str().unwrap());
        assert_eq!(stamp["type"], "ReplyAuthorization");
        assert_eq!(stamp["interactingObject"], peer.url(note).as_str());
        assert_eq!(stamp["interactionTarget"], uri.as_str());
    }
    assert!(publish::accept_request(&a.node, waiting[0].id).is_err(), "once");
}

#[test]
fn an_answer_that_may_not_be_is_turned_away_and_stays_away() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    a.find_actor("@bob@peer.test");
    let post = say(&a, "no answers", PolicyChoice::Nobody);
    let named = say(&a, "@bob@peer.test you may", PolicyChoice::Nobody);
    let asking = say(&a, "ask me", PolicyChoice::WithApproval);
    world.settle(&[&a]);
    let uri = a.uri(post);
    let create = peer.activity("Create", "bob", "/c/1", &answer_to(&peer, "/notes/1", &uri));
    peer.send("bob", &a, &create);
    world.settle(&[&a]);
    let reject = peer.got_type("Reject").pop().unwrap();
    assert_eq!((&reject["object"], &reject["target"]), (&json!(peer.url("/notes/1")), &json!(uri)));
    assert!(a.by_uri(&peer.url("/notes/1")).is_none());
    assert!(a.notifications().is_empty());

    let rule = world.document(&a.uri(named))["interactionPolicy"]["canReply"].clone();
    assert_eq!(rule, json!({"automaticApproval": [a.actor(), peer.actor("bob")]}), "who is named may always answer");
    peer.send("bob", &a, &peer.activity("Create", "bob", "/c/2", &answer_to(&peer, "/notes/2", &a.uri(named))));
    world.settle(&[&a]);
    assert_eq!(a.card(named).replies, 1);

    // Turned away by hand: it does not come back.
    let create = peer.activity("Create", "bob", "/c/3", &answer_to(&peer, "/notes/3", &a.uri(asking)));
    peer.send("bob", &a, &create);
    world.settle(&[&a]);
    let waiting = a.node.store.read(|r| interaction_requests_in::list_pending(r, None, 10)).unwrap();
    publish::reject_request(&a.node, waiting[0].id).unwrap();
    let mut again = create.clone();
    again["id"] = json!(peer.url("/c/4"));
    peer.send("bob", &a, &again);
    world.settle(&[&a]);
    assert_eq!(a.card(asking).replies, 0);
    assert!(a.node.store.read(|r| interaction_requests_in::list_pending(r, None, 10)).unwrap().is_empty());
    assert_eq!(peer.got_type("Reject").len(), 2);
}

#[test]
fn likes_wait_and_boosts_are_refused_where_the_owner_chose_so() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let choices = Some(PolicyChoices {
        like: PolicyChoice::WithApproval,
        boost: PolicyChoice::Nobody,
        ..PolicyChoices::default()
    });
    let post = a.say(NewPost { choices, ..NewPost::new("look, do not touch", Audience::Public) });
    world.settle(&[&a]);
    let uri = a.uri(post);
    let policy = world.document(&uri)["interactionPolicy"].clone();
    assert_eq!(policy["canLike"], json!({"automaticApproval": [a.actor()], "manualApproval": [PUBLIC]}));
    assert_eq!(policy["canAnnounce"], json!({"automaticApproval": [a.actor()]}));
    peer.send("bob", &a, &peer.activity("Like", "bob", "/like/1", &json!(uri)));
    peer.send("bob", &a, &peer.activity("Announce", "bob", "/boost/1", &json!(uri)));
    world.settle(&[&a]);
    assert_eq!((a.card(post).likes, a.card(post).boosts), (0, 0));
    let waiting = a.node.store.read(|r| interaction_requests_in::list_pending(r, None, 10)).unwrap();
    assert_eq!(waiting.len(), 1, "the like waits; the boost does not");
    publish::accept_request(&a.node, waiting[0].id).unwrap();
    world.settle(&[&a]);
    assert_eq!((a.card(post).likes, a.card(post).boosts), (1, 0));
}

#[test]
fn followers_need_not_wait() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let id = b.find_actor("@alice@a.test");
    publish::follow(&b.node, id).unwrap();
    world.settle(&[&a, &b]);
    let post = say(&a, "friends first", PolicyChoice::Followers);
    world.settle(&[&a, &b]);
    let there = b.by_uri(&a.uri(post)).unwrap();
    let answer = b.reply("here I am", there.id);
    assert!(b.page(&format!("/post/{answer}")).contains("has not yet approved your reply"));
    world.settle(&[&a, &b]);
    assert_eq!(a.card(post).replies, 1, "let in at once");
    let document = world.document(&b.uri(answer));
    let stamp = document["replyAuthorization"].as_str().expect("the word goes with the answer");
    assert_eq!(world.document(stamp)["type"], "ReplyAuthorization");
    assert!(!b.page(&format!("/post/{answer}")).contains("has yet to"));
    let like = hytte::federation::owner::publish::like(&b.node, there.id);
    like.unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(a.card(post).likes, 1);
}

/// A post of bob's with these rules, known to the server.
fn with_rules(a: &Server, peer: &Peer, path: &str, rules: Value) -> hytte::base::id::PostId {
    let mut note = peer.note("bob", path, "<p>mind the rules</p>");
    note["interactionPolicy"] = rules;
    peer.serve(path, &note);
    resolve::post(&a.node, &peer.url(path)).unwrap()
}

#[test]
fn the_owner_asks_politely_and_the_rest_waits_for_the_answer() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    a.find_actor("@bob@other.test");
    let manual = json!({"automaticApproval": [peer.actor("bob")], "manualApproval": [PUBLIC]});
    let post = with_rules(&a, &peer, "/notes/1", json!({"canReply": manual, "canLike": manual, "canAnnounce": manual}));
    assert!(a.page(&format!("/compose?reply_to={post}")).contains("approves replies"));
    let answer = a.reply("@bob@other.test may we?", post);
    publish::like(&a.node, post).unwrap();
    publish::boost(&a.node, post).unwrap();
    world.settle(&[&a]);
    for (kind, inner) in [("ReplyRequest", "Note"), ("LikeRequest", "Like"), ("AnnounceRequest", "Announce")] {
        let asked = peer.got_type(kind);
        assert_eq!(asked.len(), 1, "{kind}");
        assert_eq!(asked[0]["object"], peer.url("/notes/1").as_str());
        assert_eq!(asked[0]["instrument"]["type"], inner);
    }
    for kind in ["Create", "Like", "Announce"] {
        assert!(peer.got_type(kind).is_empty() && other.got_type(kind).is_empty(), "{kind} waits");
    }
    let answer_with = |kind: &str, path: &str, asked: &Value, result: Option<String>| {
        let mut accept = peer.activity(kind, "bob", path, asked);
        if let Some(result) = result {
            accept["result"] = json!(result);
        }
        peer.send("bob", &a, &accept);
        world.settle(&[&a]);
    };
    // Another actor's word is nobody's word.
    let asked = peer.got_type("ReplyRequest").pop().unwrap();
    other.send("bob", &a, &other.activity("Accept", "bob", "/x", &asked));
    world.settle(&[&a]);
    assert!(other.got_type("Create").is_empty());
    answer_with("Accept", "/x/1", &asked, Some(peer.url("/stamps/1")));
    let create = other.got_type("Create").pop().expect("who is named hears of it now");
    assert_eq!(create["object"]["replyAuthorization"], peer.url("/stamps/1").as_str());
    assert_eq!(create["object"]["id"], a.uri(answer).as_str());

    let asked = peer.got_type("LikeRequest").pop().unwrap();
    answer_with("Reject", "/x/2", &asked, None);
    assert!(!a.card(post).liked);
    assert!(a.page(&format!("/post/{post}")).contains("rejected your like"));
    let asked = peer.got_type("AnnounceRequest").pop().unwrap();
    answer_with("Accept", "/x/3", &asked, Some(peer.url("/stamps/3")));
    let announce = peer.got_type("Announce").pop().expect("the boost goes out");
    assert_eq!(announce["announceAuthorization"], peer.url("/stamps/3").as_str());
    assert_ne!(announce["id"], asked["id"]);
}

#[test]
fn a_reaction_asks_as_a_like_does() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let manual = json!({"automaticApproval": [peer.actor("bob")], "manualApproval": [PUBLIC]});
    let post = with_rules(&a, &peer, "/notes/1", json!({"canLike": manual}));
    publish::react(&a.node, post, "🎉".into(), None).unwrap();
    world.settle(&[&a]);
    assert!(peer.got_type("Like").is_empty(), "nobody hears of it before the answer");
    let asked = peer.got_type("LikeRequest").pop().unwrap();
    assert_eq!((&asked["instrument"]["type"], &asked["instrument"]["content"]), (&json!("Like"), &json!("🎉")));
    assert!(a.page(&format!("/post/{post}")).contains("has not yet approved your like"));
    peer.send("bob", &a, &peer.activity("Reject", "bob", "/x/1", &asked));
    world.settle(&[&a]);
    assert!(a.card(post).reactions.is_empty());
    assert!(a.page(&format!("/post/{post}")).contains("rejected your like"));

    let nobody = json!({"automaticApproval": [peer.actor("bob")]});
    let closed = with_rules(&a, &peer, "/notes/2", json!({"canLike": nobody}));
    assert!(publish::react(&a.node, closed, "🎉".into(), None).is_err());
    assert!(a.card(closed).reactions.is_empty());
}

#[test]
fn a_word_that_is_taken_back_counts_no_more() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let other = world.peer("other.test");
    a.find_actor("@bob@other.test");
    let manual = json!({"automaticApproval": [peer.actor("bob")], "manualApproval": [PUBLIC]});
    let post = with_rules(&a, &peer, "/notes/1", json!({"canReply": manual, "canLike": manual, "canAnnounce": manual}));
    let answer = a.reply("@bob@other.test may we?", post);
    publish::like(&a.node, post).unwrap();
    publish::boost(&a.node, post).unwrap();
    world.settle(&[&a]);
    for kind in ["ReplyRequest", "LikeRequest", "AnnounceRequest"] {
        let asked = peer.got_type(kind).pop().unwrap();
        let mut accept = peer.activity("Accept", "bob", &format!("/accepts/{kind}"), &asked);
        accept["result"] = json!(peer.url(&format!("/stamps/{kind}")));
        peer.send("bob", &a, &accept);
    }
    world.settle(&[&a]);
    assert!(world.document(&a.uri(answer))["replyAuthorization"].is_string());
    let delete = |from: &Peer, kind: &str| {
        let path = format!("/deletes/{kind}");
        from.send("bob", &a, &from.activity("Delete", "bob", &path, &json!(peer.url(&format!("/stamps/{kind}")))));
        world.settle(&[&a]);
    };
    delete(&other, "LikeRequest");
    assert!(a.card(post).liked, "somebody else's word is nobody's word");
    for kind in ["ReplyRequest", "LikeRequest", "AnnounceRequest"] {
        delete(&peer, kind);
    }
    assert!(!a.card(post).liked && !a.card(post).boosted);
    assert_eq!(peer.got_type("Undo").pop().unwrap()["object"]["type"], "Announce", "whoever has the boost hears of it");
    let update = other.got_type("Update").pop().expect("whoever has the answer hears of it");
    assert!(update["object"].get("replyAuthorization").is_none());
    assert!(world.document(&a.uri(answer)).get("replyAuthorization").is_none());
    let page = a.page(&format!("/post/{post}"));
    for what in ["reply", "like", "boost"] {
        assert!(page.contains(&format!("approved your {what} and revoked that")), "{what}: {page}");
    }
}

#[test]
fn who_knows_no_requests_is_asked_by_doing() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = with_rules(&a, &peer, "/notes/1", json!({"canReply": {"always": [], "approvalRequired": [PUBLIC]}}));
    let answer = a.reply("may we?", post);
    world.settle(&[&a]);
    assert_eq!(peer.got_type("Create").len(), 1);
    assert!(peer.got_type("ReplyRequest").is_empty());
    assert!(a.page(&format!("/post/{answer}")).contains("has not yet approved your reply"));
    let mut reject = peer.activity("Reject", "bob", "/x/1", &json!(a.uri(answer)));
    reject["to"] = json!([a.actor()]);
    peer.send("bob", &a, &reject);
    world.settle(&[&a]);
    assert!(a.page(&format!("/post/{answer}")).contains("rejected your reply"));
}

#[test]
fn what_nobody_may_do_is_said_before_it_is_tried() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let closed = json!({"automaticApproval": [peer.actor("bob")]});
    let rules = json!({"canReply": closed, "canLike": closed, "canAnnounce": closed, "canQuote": closed});
    let post = with_rules(&a, &peer, "/notes/1", rules);
    let seen = a.page(&format!("/post/{post}"));
    for verb in ["reply to", "like", "boost", "quote"] {
        assert!(seen.contains(&format!("does not let others {verb} this post")), "{verb}");
    }
    assert!(publish::like(&a.node, post).is_err() && publish::boost(&a.node, post).is_err());
    assert!(publish::post(&a.node, NewPost { reply_to: Some(post), ..NewPost::new("but", Audience::Public) }).is_err());
    assert!(peer.got().is_empty());
    assert!(!a.card(post).liked && !a.card(post).boosted);
}

#[test]
fn a_thread_of_ours_can_be_walked() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = a.post("a beginning", Audience::Public);
    let second = a.reply("and more", post);
    world.settle(&[&a]);
    peer.send("bob", &a, &peer.activity("Create", "bob", "/c/1", &answer_to(&peer, "/notes/1", &a.uri(second))));
    world.settle(&[&a]);
    let context = world.document(&a.uri(post))["context"].as_str().unwrap().to_owned();
    assert_eq!(world.document(&a.uri(second))["context"], context.as_str());
    let collection = world.document(&context);
    assert_eq!((&collection["type"], &collection["totalItems"]), (&json!("Collection"), &json!(3)));
    assert_eq!(collection["attributedTo"], a.actor().as_str());
    let first = world.document(collection["first"].as_str().unwrap());
    let mut wanted = vec![a.uri(post), a.uri(second), peer.url("/notes/1")];
    let mut items: Vec<String> = serde_json::from_value(first["items"].clone()).unwrap();
    wanted.sort();
    items.sort();
    assert_eq!(items, wanted);

    // Nobody is led to what the owner does not want to see.
    publish::block(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    let collection = world.document(&context);
    assert_eq!(collection["totalItems"], json!(2));
    let first = world.document(collection["first"].as_str().unwrap());
    assert!(!first["items"].to_string().contains("peer.test"), "{first}");
}
