//! Quotes, seen from all three sides: who quotes, who is quoted, who reads.

use std::time::Duration;

use hytte::base::Audience;
use hytte::base::interaction_policy::{Interaction, PolicyChoice, PolicyChoices};
use hytte::federation::owner::publish::{self, NewPost};
use hytte::federation::remote::resolve;
use hytte::store::posts::interaction_requests_in;
use hytte::store::posts::post_views::PostView;
use hytte::store::posts::quotes::QuoteState;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn friends(world: &World) -> (Server, Server) {
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    for (one, other) in [(&a, "@alice@b.test"), (&b, "@alice@a.test")] {
        let id = one.find_actor(other);
        publish::follow(&one.node, id).unwrap();
    }
    world.settle(&[&a, &b]);
    (a, b)
}

fn quoting(choice: PolicyChoice) -> Option<PolicyChoices> {
    Some(PolicyChoices { quote: choice, ..PolicyChoices::default() })
}

fn shown(card: &PostView) -> Option<String> {
    let quoted = card.quote.as_ref().filter(|quoted| quoted.quote.state == QuoteState::Accepted)?;
    Some(hytte::text::plain_text::from_html(&quoted.view.as_ref()?.post.content))
}

/// Bob of `peer` is followed by the server's owner.
fn follow_bob(world: &World, server: &Server, peer: &Peer) {
    let bob = server.find_actor(&format!("@bob@{}", peer.domain));
    publish::follow(&server.node, bob).unwrap();
    world.settle(&[server]);
    let follow = peer.got_type("Follow").pop().unwrap();
    peer.send("bob", server, &peer.activity("Accept", "bob", "/accepts/1", &follow));
    world.settle(&[server]);
}

#[test]
fn one_server_quotes_another_and_everyone_sees_the_stamp() {
    let world = World::new();
    let (a, b) = friends(&world);
    let original = a.post("the original words", Audience::Public);
    world.settle(&[&a, &b]);
    let uri = a.uri(original);
    let there = b.by_uri(&uri).unwrap();
    let quote = b.say(NewPost { quote: Some(there.id), ..NewPost::new("look at this", Audience::Public) });
    assert_eq!(b.card(quote).quote.unwrap().quote.state, QuoteState::Pending, "not before its author agreed");
    world.settle(&[&a, &b]);

    // Who quotes has the stamp, and says so in every way peers read.
    let document = world.document(&b.uri(quote));
    for member in ["quote", "_misskey_quote", "quoteUrl", "quoteUri"] {
        assert_eq!(document[member], uri.as_str(), "{member}");
    }
    let link = document["tag"].as_array().unwrap().iter().find(|tag| tag["type"] == "Link").unwrap().clone();
    assert_eq!(link["href"], uri.as_str(), "FEP-e232");
    let content = document["content"].as_str().unwrap();
    assert!(content.starts_with("<p class=\"quote-inline\">RE: <a href=\"http://a.test/@alice/"), "{content}");
    let stamp = document["quoteAuthorization"].as_str().unwrap().to_owned();
    let word = world.document(&stamp);
    assert_eq!(word["type"], "QuoteAuthorization");
    assert_eq!(word["attributedTo"], a.actor().as_str());
    assert_eq!(word["interactingObject"], b.uri(quote).as_str());
    assert_eq!(word["interactionTarget"], uri.as_str());

    // Who is quoted hears of it and sees it, without the line for others.
    assert_eq!(a.notifications()[0], ("quote".into(), "alice@b.test".into()));
    let here = a.by_uri(&b.uri(quote)).unwrap();
    assert_eq!(shown(&here).as_deref(), Some("the original words"));
    assert_eq!(here.post.content, "<p>look at this</p>");
    assert_eq!(shown(&b.card(quote)).as_deref(), Some("the original words"));
    let visitor = world.get(&format!("http://b.test/@alice/{quote}"), "text/html").text();
    assert!(visitor.contains("class=\"quoted\"") && visitor.contains("the original words"), "{visitor}");
    let feed = world.get("http://b.test/@alice/feed.atom", "*/*").text();
    assert!(feed.contains("&lt;blockquote") && feed.contains("the original words"), "{feed}");

    // The word is taken back; who was seen with the quoted post hears of it, too.
    let peer = world.peer("peer.test");

    peer.send("bob", &a, &peer.activity("Like", "bob", "/likes/1", &json!(uri)));
    world.settle(&[&a, &b]);
    publish::revoke_quote(&a.node, here.id).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(peer.got_type("Delete").pop().unwrap()["object"]["id"], stamp.as_str());
    assert_eq!(world.get(&stamp, "application/activity+json").code, 404);
    assert_eq!(b.card(quote).quote.unwrap().quote.state, QuoteState::Revoked);
    assert_eq!(shown(&a.card(here.id)), None);
    assert!(world.document(&b.uri(quote)).get("quoteAuthorization").is_none());
    let visitor = world.get(&format!("http://b.test/@alice/{quote}"), "text/html").text();
    assert!(!visitor.contains("class=\"quoted\"") && visitor.contains("RE: "), "{visitor}");
}

#[test]
fn what_the_author_lets_others_do_with_a_quote() {
    let world = World::new();
    let (a, b) = friends(&world);
    let say = |choice| a.say(NewPost { choices: quoting(choice), ..NewPost::new("words", Audience::Public) });
    let (nobody, asking) = (say(PolicyChoice::Nobody), say(PolicyChoice::WithApproval));
    world.settle(&[&a, &b]);
    let policy = |id| world.document(&a.uri(id))["interactionPolicy"]["canQuote"].clone();
    assert_eq!(policy(nobody), json!({"automaticApproval": [a.actor()]}));
    assert_eq!(policy(asking), json!({"automaticApproval": [a.actor()], "manualApproval": [PUBLIC]}));

    let there = b.by_uri(&a.uri(nobody)).unwrap();
    let refused = publish::post(&b.node, NewPost { quote: Some(there.id), ..NewPost::new("mine", Audience::Public) });
    assert!(refused.is_err(), "said before anything is sent");
    assert!(b.page(&format!("/post/{}", there.id)).contains("does not let others quote this post"));

    let there = b.by_uri(&a.uri(asking)).unwrap();
    for (agreed, state) in [(false, QuoteState::Rejected), (true, QuoteState::Accepted)] {
        let quote = b.say(NewPost { quote: Some(there.id), ..NewPost::new("mine", Audience::Public) });
        world.settle(&[&a, &b]);
        assert_eq!(a.notifications()[0], ("request".into(), "alice@b.test".into()));
        assert_eq!(b.card(quote).quote.unwrap().quote.state, QuoteState::Pending);
        assert!(b.page(&format!("/post/{quote}")).contains("has not agreed yet"));
        let requests = a.node.store.read(|r| interaction_requests_in::list_pending(r, None, 10)).unwrap();
        assert_eq!(requests.len(), 1);
        assert!(a.page("/requests").contains("would like to quote"));
        match agreed {
            true => publish::accept_request(&a.node, requests[0].id).unwrap(),
            false => publish::reject_request(&a.node, requests[0].id).unwrap(),
        }
        world.settle(&[&a, &b]);
        assert_eq!(b.card(quote).quote.unwrap().quote.state, state);
        assert_eq!(shown(&a.by_uri(&b.uri(quote)).unwrap()).is_some(), agreed);
    }
    let private = a.post("for followers", Audience::Followers);
    world.settle(&[&a, &b]);
    let there = b.by_uri(&a.uri(private)).unwrap();
    assert!(
        publish::post(&b.node, NewPost { quote: Some(there.id), ..NewPost::new("psst", Audience::Public) }).is_err()
    );
}

#[test]
fn quoting_oneself_asks_nobody() {
    let world = World::new();
    let (a, b) = friends(&world);
    let first = a.post("first", Audience::Public);
    let second = a.say(NewPost { quote: Some(first), ..NewPost::new("second", Audience::Public) });
    world.settle(&[&a, &b]);
    assert_eq!(shown(&b.by_uri(&a.uri(second)).unwrap()).as_deref(), Some("first"));
    publish::delete(&a.node, first).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(shown(&b.by_uri(&a.uri(second)).unwrap()), None);
}

/// A Note of bob's that quotes, as FEP-044f has it.
fn bobs_quote(peer: &Peer, path: &str, quoted: &str, more: Value) -> Value {
    let mut note = peer.note("bob", path, "<p class=\"quote-inline\">RE: <a href=\"x\">x</a></p><p>hm</p>");
    note["quote"] = json!(quoted);
    for (key, value) in more.as_object().unwrap() {
        note[key] = value.clone();
    }
    note
}

#[test]
fn a_third_party_believes_only_the_quoted_authors_own_stamp() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    follow_bob(&world, &a, &peer);
    let quoted = other.note("bob", "/notes/9", "<p>the quoted words</p>");
    other.serve("/notes/9", &quoted);
    let id = other.url("/notes/9");
    let stamp = |by: &Peer, path: &str, change: Value| {
        let mut stamp = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": "QuoteAuthorization", "id": by.url(path),
            "attributedTo": other.actor("bob"), "interactingObject": peer.url("/notes/1"), "interactionTarget": id,
        });
        for (key, value) in change.as_object().unwrap() {
            stamp[key] = value.clone();
        }
        by.serve(path, &stamp);
        json!({"quoteAuthorization": by.url(path)})
    };
    let create = peer.activity("Create", "bob", "/c/1", &bobs_quote(&peer, "/notes/1", &id, json!({})));
    peer.send("bob", &a, &create);
    world.settle(&[&a]);
    let card = || a.by_uri(&peer.url("/notes/1")).unwrap();
    assert_eq!(shown(&card()), None, "nobody agreed");
    assert_eq!(card().post.content, "<p>hm</p>");
    assert!(a.page("/").contains("RE: "), "a line with the address");
    let bad = [
        stamp(&peer, "/stamps/own", json!({})),
        stamp(&other, "/stamps/a", json!({"attributedTo": other.actor("eve")})),
        stamp(&other, "/stamps/b", json!({"interactingObject": peer.url("/notes/2")})),
        stamp(&other, "/stamps/c", json!({"interactionTarget": other.url("/notes/8")})),
        stamp(&other, "/stamps/d", json!({"type": "LikeAuthorization"})),
        json!({"quoteAuthorization": other.url("/stamps/none")}),
    ];
    for (n, more) in bad.iter().enumerate() {
        let note = bobs_quote(&peer, "/notes/1", &id, more.clone());
        peer.send("bob", &a, &peer.activity("Update", "bob", &format!("/u/{n}"), &note));
        world.settle(&[&a]);
        assert_eq!(shown(&card()), None, "{more}");
    }
    // A bad word before does not keep the good one out, and no edit is needed for it.
    let good = stamp(&other, "/stamps/good", json!({}));
    let note = bobs_quote(&peer, "/notes/1", &id, good.clone());
    peer.send("bob", &a, &peer.activity("Update", "bob", "/u/good", &note));
    world.settle(&[&a]);
    assert_eq!(shown(&card()).as_deref(), Some("the quoted words"));

    // Only who gave it takes it back.
    let gone = json!({"id": good["quoteAuthorization"], "type": "Tombstone"});
    peer.send("bob", &a, &peer.activity("Delete", "bob", "/d/1", &gone));
    world.settle(&[&a]);
    assert!(shown(&card()).is_some());
    other.send("bob", &a, &other.activity("Delete", "bob", "/d/2", &gone));
    world.settle(&[&a]);
    assert_eq!(shown(&card()), None);
}

#[test]
fn a_stamp_is_looked_at_again_every_week() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    follow_bob(&world, &a, &peer);
    other.serve("/notes/9", &other.note("bob", "/notes/9", "<p>quoted</p>"));
    let word = json!({
        "type": "QuoteAuthorization", "id": other.url("/s"), "attributedTo": other.actor("bob"),
        "interactingObject": peer.url("/notes/1"), "interactionTarget": other.url("/notes/9"),
    });
    other.serve("/s", &word);
    let note = bobs_quote(&peer, "/notes/1", &other.url("/notes/9"), json!({"quoteAuthorization": other.url("/s")}));
    peer.send("bob", &a, &peer.activity("Create", "bob", "/c/1", &note));
    world.settle(&[&a]);
    let card = || a.by_uri(&peer.url("/notes/1")).unwrap();
    assert!(shown(&card()).is_some());
    other.serve_as("/s", 500, "text/plain", Vec::new());
    a.advance(Duration::from_secs(8 * 24 * 3600));
    world.settle(&[&a]);
    assert!(shown(&card()).is_some(), "a server that is down says nothing");
    other.gone("/s");
    a.advance(Duration::from_secs(8 * 24 * 3600));
    world.settle(&[&a]);
    assert_eq!(shown(&card()), None);
}

#[test]
fn the_older_ways_to_quote_are_shown_and_chains_end() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    follow_bob(&world, &a, &peer);
    for n in 1..=5 {
        let mut note = other.note("bob", &format!("/notes/{n}"), &format!("<p>deep {n}</p>"));
        note["quoteUrl"] = json!(other.url(&format!("/notes/{}", n + 1)));
        other.serve(&format!("/notes/{n}"), &note);
    }
    let link = json!([{"type": "Link", "rel": "https://misskey-hub.net/ns#_misskey_quote", "href": other.url("/notes/1"),
        "mediaType": "application/activity+json", "name": "RE:"}]);
    for (n, more) in [
        json!({"quoteUrl": other.url("/notes/1")}),
        json!({"_misskey_quote": other.url("/notes/1")}),
        json!({"quoteUri": other.url("/notes/1")}),
        json!({"tag": link}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut note = peer.note(
            "bob",
            &format!("/q/{n}"),
            &format!("<p>see{n}<br><br>RE: <a href=\"{0}\">{0}</a></p>", other.url("/notes/1")),
        );
        for (key, value) in more.as_object().unwrap() {
            note[key] = value.clone();
        }
        peer.send("bob", &a, &peer.activity("Create", "bob", &format!("/c/{n}"), &note));
        world.settle(&[&a]);
        let card = a.by_uri(&peer.url(&format!("/q/{n}"))).unwrap();
        assert_eq!(shown(&card).as_deref(), Some("deep 1"), "{more}");
        assert_eq!(card.post.content, format!("<p>see{n}</p>"), "the line for others is gone");
    }
    assert!(a.by_uri(&other.url("/notes/3")).is_none(), "a chain of quotes is not fetched to its end");
    // Who says that nobody may is respected, in whatever way the quote is written.
    let mut shy = other.note("bob", "/notes/shy", "<p>shy</p>");
    shy["interactionPolicy"] = json!({"canQuote": {"automaticApproval": [other.actor("bob")]}});
    other.serve("/notes/shy", &shy);
    let mut note = peer.note("bob", "/q/shy", "<p>see</p>");
    note["quoteUrl"] = json!(other.url("/notes/shy"));
    peer.send("bob", &a, &peer.activity("Create", "bob", "/c/shy", &note));
    world.settle(&[&a]);
    assert_eq!(shown(&a.by_uri(&peer.url("/q/shy")).unwrap()), None);
}

#[test]
fn a_stranger_who_quotes_us_is_answered_by_the_rules() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = a.post("mine", Audience::Quiet);
    world.settle(&[&a]);
    let uri = a.uri(post);
    let ask = |path: &str, instrument: Value| {
        let mut ask = peer.activity("QuoteRequest", "bob", path, &json!(uri));
        ask["instrument"] = instrument;
        peer.send("bob", &a, &ask);
        world.settle(&[&a]);
    };
    let note = bobs_quote(&peer, "/notes/1", &uri, json!({}));
    ask("/ask/1", note.clone());
    let accept = peer.got_type("Accept").pop().unwrap();
    assert_eq!(accept["object"]["id"], peer.url("/ask/1").as_str());
    assert_eq!(accept["object"]["type"], "QuoteRequest");
    assert_eq!(accept["object"]["instrument"], peer.url("/notes/1").as_str(), "nothing of theirs is repeated");
    let stamp = accept["result"].as_str().unwrap().to_owned();
    assert_eq!(world.document(&stamp)["interactingObject"], peer.url("/notes/1").as_str());
    assert_eq!(a.notifications(), [("quote".into(), "bob@peer.test".into())]);
    assert!(a.page("/notifications").contains("class=\"quoted\""));

    // Asked again, the same answer; what is another actor's or quotes nothing of ours gets none.
    ask("/ask/2", note.clone());
    assert_eq!(peer.got_type("Accept").pop().unwrap()["result"], stamp.as_str());
    let mut foreign = note.clone();
    foreign["attributedTo"] = json!(peer.actor("eve"));
    foreign["id"] = json!(peer.url("/notes/2"));
    ask("/ask/3", foreign);
    ask("/ask/4", bobs_quote(&peer, "/notes/3", "http://elsewhere.test/1", json!({})));
    assert_eq!(peer.got_type("Accept").len(), 2);
    assert_eq!(peer.got_type("Reject").len(), 2);

    // By its id alone it is fetched.
    peer.serve("/notes/4", &bobs_quote(&peer, "/notes/4", &uri, json!({})));
    ask("/ask/5", json!(peer.url("/notes/4")));
    assert_eq!(peer.got_type("Accept").len(), 3);
    assert_eq!(world.get(&format!("{}/authorizations/999", a.actor()), "application/activity+json").code, 404);

    // Misskey quotes without asking, and names our page.
    let mut legacy = peer.note("bob", "/notes/5", "<p>they say</p>");
    legacy["quoteUrl"] = json!(a.card(post).post.html_url());
    peer.send("bob", &a, &peer.activity("Create", "bob", "/c/5", &legacy));
    world.settle(&[&a]);
    assert_eq!(shown(&a.by_uri(&peer.url("/notes/5")).unwrap()).as_deref(), Some("mine"));
}

#[test]
fn a_quote_the_owner_withdrew_does_not_come_back_by_an_edit() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let (post, other) = (a.post("mine", Audience::Public), a.post("another", Audience::Public));
    world.settle(&[&a]);
    let mut legacy = peer.note("bob", "/notes/1", "<p>they say</p>");
    legacy["quoteUrl"] = json!(a.uri(post));
    peer.send("bob", &a, &peer.activity("Create", "bob", "/c/1", &legacy));
    world.settle(&[&a]);
    let quoting = a.by_uri(&peer.url("/notes/1")).unwrap();
    assert_eq!(shown(&quoting).as_deref(), Some("mine"));
    publish::revoke_quote(&a.node, quoting.post.id).unwrap();
    world.settle(&[&a]);
    let edits = [
        json!({"quoteUrl": a.uri(post), "quoteAuthorization": peer.url("/stamps/1")}),
        json!({"quoteUrl": a.uri(other)}),
        json!({"quoteUrl": a.uri(post)}),
    ];
    for (n, edit) in edits.iter().enumerate() {
        let mut note = legacy.clone();
        for (key, value) in edit.as_object().unwrap() {
            note[key] = value.clone();
        }
        peer.send("bob", &a, &peer.activity("Update", "bob", &format!("/u/{n}"), &note));
        world.settle(&[&a]);
        assert_ne!(shown(&a.by_uri(&peer.url("/notes/1")).unwrap()).as_deref(), Some("mine"), "edit {n}");
    }
}

#[test]
fn who_asks_without_end_leaves_one_request() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let post = a.post("mine", Audience::Public);
    let never = a.say(NewPost { choices: quoting(PolicyChoice::Nobody), ..NewPost::new("not this", Audience::Public) });
    world.settle(&[&a]);
    let ask = |deed: &str, n: u32, target: &str, instrument: Value| {
        let mut ask = peer.activity(deed, "bob", &format!("/ask/{deed}/{n}"), &json!(target));
        ask["instrument"] = instrument;
        peer.send("bob", &a, &ask);
        world.settle(&[&a]);
    };
    let kept = |path: &str, deed, target| {
        a.node.store.read(|r| interaction_requests_in::by_object(r, &peer.url(path), deed, target)).unwrap().is_some()
    };
    for n in 1..=3 {
        ask("LikeRequest", n, &a.uri(post), json!(peer.url(&format!("/likes/{n}"))));
        let path = format!("/q/{n}");
        ask("QuoteRequest", n, &a.uri(never), bobs_quote(&peer, &path, &a.uri(never), json!({})));
        assert!(!kept(&path, Interaction::Quote, never), "what the rules refuse is not remembered");
    }
    assert_eq!((peer.got_type("Accept").len(), peer.got_type("Reject").len()), (3, 3), "each is answered");
    assert!(kept("/likes/3", Interaction::Like, post));
    assert!(!kept("/likes/1", Interaction::Like, post) && !kept("/likes/2", Interaction::Like, post));
    assert_eq!(a.card(post).likes, 1);
}

#[test]
fn only_the_quoted_author_agrees_and_only_with_their_own_stamp() {
    let world = World::new();
    let a = world.server("a.test");
    let (peer, other) = (world.peer("peer.test"), world.peer("other.test"));
    let mut quoted = other.note("bob", "/notes/9", "<p>quoted</p>");
    quoted["interactionPolicy"] = json!({"canQuote": {"automaticApproval": [PUBLIC]}});
    other.serve("/notes/9", &quoted);
    a.find_actor("@bob@peer.test");
    let there = resolve::post(&a.node, &other.url("/notes/9")).unwrap();
    let quote = a.say(NewPost { quote: Some(there), ..NewPost::new("look", Audience::Public) });
    world.settle(&[&a]);
    let asked = other.got_type("QuoteRequest").pop().unwrap();
    assert_eq!(asked["object"], other.url("/notes/9").as_str());
    assert_eq!(asked["instrument"]["id"], a.uri(quote).as_str());
    let state = || a.card(quote).quote.unwrap().quote.state;
    let accept = |by: &Peer, path: &str, object: Value, result: Option<&str>| {
        let mut accept = by.activity("Accept", "bob", path, &object);
        if let Some(result) = result {
            accept["result"] = json!(result);
        }
        by.send("bob", &a, &accept);
        world.settle(&[&a]);
    };
    accept(&peer, "/x/1", asked.clone(), Some(&peer.url("/s")));
    accept(&other, "/x/2", asked.clone(), Some(&peer.url("/s")));
    accept(&other, "/x/3", asked.clone(), None);
    assert_eq!(state(), QuoteState::Pending);
    accept(&other, "/x/4", asked["id"].clone(), Some(&other.url("/s")));
    assert_eq!(state(), QuoteState::Accepted, "by the id of the request alone, after all that nonsense");
    assert_eq!(world.document(&a.uri(quote))["quoteAuthorization"], other.url("/s").as_str());
    let update = other.got_type("Update").pop().expect("who quotes and who is quoted hear of it");
    assert_eq!(update["object"]["quoteAuthorization"], other.url("/s").as_str());
    assert!(update["object"].get("updated").is_none(), "it is no edit");
    other.send("bob", &a, &other.activity("Reject", "bob", "/x/5", &asked));
    world.settle(&[&a]);
    assert_eq!(state(), QuoteState::Rejected);
    assert!(a.page(&format!("/post/{quote}")).contains("did not agree to be quoted"));
}
