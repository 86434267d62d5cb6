//! 20–24, 30, 38 and 58: what is asked for, how, and what is believed of the answer.

use hytte::base::Audience;
use hytte::federation::{
    owner::publish,
    remote::{backfill, resolve},
};
use serde_json::json;

use super::{act, follower, friends, note, strangers};
use crate::harness::{Server, request};

const LD: &str = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

fn finds(a: &Server, text: &str) -> bool {
    resolve::find(&a.node, text).is_ok()
}

#[test]
fn p20_one_accept_header_that_all_understand_and_all_are_understood() {
    let (world, a, peer) = strangers();
    follower(&world, &a, &peer, "bob");
    let fetch = peer.asked().into_iter().find(|got| got.target == "/users/bob").unwrap();
    assert_eq!(fetch.headers.iter().filter(|(name, _)| name == "accept").count(), 1);
    let accept = fetch.header("accept").unwrap();
    assert!(accept.starts_with(LD) && accept.contains("application/activity+json"), "{accept}");
    let post = a.uri(a.post("hello", Audience::Public));
    world.settle(&[&a]);
    for accept in [
        "application/activity+json",
        "application/ld+json",
        LD,
        "application/ld+json;profile=\"https://www.w3.org/ns/activitystreams\"",
        "application/activity+json; charset=utf-8",
        "application/activity+json, application/ld+json",
        "application/ld+json, application/activity+json, text/html;q=0.1",
    ] {
        for url in [a.actor(), post.clone()] {
            let answer = world.get(&url, accept);
            assert_eq!(answer.code, 200, "{accept}");
            assert!(answer.header("content-type").unwrap().starts_with("application/activity+json"), "{accept}");
            assert_eq!(answer.json()["id"], url.as_str());
        }
    }
}

#[test]
fn p21_requests_without_accept_and_heads_are_answered() {
    let (world, a, peer) = strangers();
    follower(&world, &a, &peer, "bob");
    let post = a.uri(a.post("hello", Audience::Public));
    world.settle(&[&a]);
    let post = post.strip_prefix("http://a.test").unwrap().to_owned();
    let host = [("Host".to_owned(), "a.test".to_owned())];
    for path in [
        "/users/alice",
        post.as_str(),
        "/@alice",
        "/actor",
        "/users/alice/outbox",
        "/users/alice/followers",
        "/.well-known/webfinger?resource=acct:alice@a.test",
        "/.well-known/nodeinfo",
    ] {
        for method in ["GET", "HEAD"] {
            let answer = request(a.address, method, path, &host, b"");
            assert!([200, 301, 302, 303, 307, 308].contains(&answer.code), "{method} {path}: {}", answer.code);
            assert!(method == "GET" || answer.body.is_empty(), "{path}");
        }
    }
}

#[test]
fn p22_redirects_are_few_relative_signed_anew_and_never_taken_with_a_delivery() {
    let (world, a, peer) = friends();
    let elsewhere = world.peer("elsewhere.test");
    peer.serve("/notes/1", &note(&peer, "/notes/1", json!({})));
    peer.redirect("/notes/relative", "/notes/1");
    peer.redirect("/notes/far", "http://elsewhere.test/notes/far");
    elsewhere.redirect("/notes/far", "http://peer.test/notes/1");
    assert!(finds(&a, &peer.url("/notes/relative")));
    assert!(finds(&a, &peer.url("/notes/far")));
    let there = elsewhere.asked().into_iter().find(|got| got.target == "/notes/far").unwrap();
    assert_eq!(there.header("host"), Some("elsewhere.test"));
    assert!(there.header("signature").is_some(), "signed for where it went");
    for n in 0..20 {
        peer.redirect(&format!("/loop/{n}"), &format!("/loop/{}", n + 1));
    }
    assert!(!finds(&a, &peer.url("/loop/0")));
    let hops = peer.asked().iter().filter(|got| got.target.starts_with("/loop/")).count();
    assert!(hops <= 6, "{hops} hops");
    // A delivery that is sent on is not sent again.
    follower(&world, &a, &peer, "bob");
    peer.answer_posts(302);
    let before = elsewhere.got().len();
    a.post("for my followers", Audience::Followers);
    for _ in 0..(9 * 24) {
        a.advance(std::time::Duration::from_secs(3600));
        world.settle(&[&a]);
    }
    assert_eq!(elsewhere.got().len(), before);
}

#[test]
fn p23_a_document_lives_at_its_id_and_its_page_may_live_elsewhere() {
    let (world, a, peer) = friends();
    let evil = world.peer("evil.test");
    // Asked for at a page of the same server: looked up once more at its id.
    peer.serve("/notes/1", &note(&peer, "/notes/1", json!({ "url": "http://www.peer.test/@bob/1" })));
    peer.serve("/@bob/1", &note(&peer, "/notes/1", json!({ "content": "<p>a stale copy</p>" })));
    assert!(finds(&a, &peer.url("/@bob/1")));
    let card = a.by_uri(&peer.url("/notes/1")).unwrap();
    assert_eq!((card.post.content.as_str(), card.post.html_url()), ("<p>words</p>", "http://www.peer.test/@bob/1"));
    // Another actor's server says what bob said.
    let forged = note(&peer, "/notes/2", json!({ "content": "<p>forged</p>" }));
    evil.serve("/notes/2", &forged);
    let _ = resolve::find(&a.node, &evil.url("/notes/2"));
    assert!(a.by_uri(&peer.url("/notes/2")).is_none());
    // And a redirect through it proves nothing either.
    peer.redirect("/notes/3", "http://evil.test/notes/3");
    evil.serve("/notes/3", &note(&peer, "/notes/3", json!({ "content": "<p>forged</p>" })));
    let _ = resolve::find(&a.node, &peer.url("/notes/3"));
    assert!(a.by_uri(&peer.url("/notes/3")).is_none());
}

#[test]
fn p24_only_activity_types_count_and_only_up_to_a_size() {
    let (_world, a, peer) = friends();
    let body = |n: &str| note(&peer, n, json!({})).to_string().into_bytes();
    for (n, (kind, fine)) in [
        ("application/activity+json", true),
        ("application/activity+json; charset=utf-8", true),
        (LD, true),
        ("application/json", false),
        ("text/plain", false),
        ("application/octet-stream", false),
        ("image/png", false),
        ("text/json", false),
    ]
    .iter()
    .enumerate()
    {
        let path = format!("/notes/{n}");
        peer.serve_as(&path, 200, kind, body(&path));
        assert_eq!(finds(&a, &peer.url(&path)), *fine, "{kind}");
        assert_eq!(a.by_uri(&peer.url(&path)).is_some(), *fine, "{kind}");
    }
    let huge = note(&peer, "/notes/huge", json!({ "content": "x".repeat(1_100_000) }));
    peer.serve("/notes/huge", &huge);
    assert!(!finds(&a, &peer.url("/notes/huge")));
}

#[test]
fn p30_an_actor_that_is_gone_follows_nobody() {
    let (world, a, peer) = friends();
    follower(&world, &a, &peer, "bob");
    assert_eq!(a.follows(), (1, 1));
    peer.gone("/users/bob");
    let known = a.node.store.read(|r| hytte::store::actors::by_uri(r, &peer.actor("bob"))).unwrap();
    assert!(resolve::fetch_actor(&a.node, &peer.actor("bob"), known).is_err());
    assert_eq!(a.follows(), (0, 0));
    a.post("to nobody", Audience::Public);
    let before = peer.got().len();
    world.settle(&[&a]);
    assert_eq!(peer.got().len(), before);
}

#[test]
fn p38_reply_collections_are_walked_a_little_way() {
    let (world, a, peer) = friends();
    // Fedify's first page is inline and has no id; the rest goes round for ever.
    let reply = |n: usize| {
        let note = note(&peer, &format!("/notes/r{n}"), json!({ "inReplyTo": peer.url("/notes/1") }));
        peer.serve(&format!("/notes/r{n}"), &note);
        note["id"].clone()
    };
    let first: Vec<_> = (0..3).map(reply).collect();
    let replies = json!({
        "id": peer.url("/notes/1/replies"), "type": "Collection",
        "first": { "type": "CollectionPage", "items": first, "next": peer.url("/notes/1/replies?page=2") },
    });
    let round = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.url("/notes/1/replies?page=2"),
        "type": "CollectionPage", "items": (3..300).map(|n| peer.url(&format!("/notes/r{n}"))).collect::<Vec<_>>(),
        "next": peer.url("/notes/1/replies?page=2"),
    });
    peer.serve("/notes/1/replies?page=2", &round);
    let parent = note(&peer, "/notes/1", json!({ "replies": replies }));
    peer.serve("/notes/1", &parent);
    super::create(&world, &a, &peer, &parent);
    let id = a.by_uri(&peer.url("/notes/1")).unwrap().id;
    let before = peer.asked().len();
    backfill::fetch_thread(&a.node, id).unwrap();
    assert!(a.by_uri(&peer.url("/notes/r0")).is_some(), "what stands on the first page comes");
    let asked = peer.asked().len() - before;
    assert!(asked <= 60, "{asked} requests for one thread");
    backfill::fetch_thread(&a.node, id).unwrap();
    assert_eq!(peer.asked().len() - before, asked, "nor at once again");
}

#[test]
fn p58_webfinger_in_all_its_dialects() {
    let (world, a, peer) = strangers();
    let jrd = |subject: &str| {
        json!({ "subject": subject, "links": [
            { "rel": "http://webfinger.net/rel/profile-page", "href": "http://peer.test/@bob" },
            { "rel": "self", "type": LD, "href": peer.actor("bob") }] })
        .to_string()
        .into_bytes()
    };
    // A redirect to another path, and a subject in other letters.
    peer.redirect("/.well-known/webfinger?resource=acct:Bob@peer.test", "/finger?bob");
    peer.serve_as("/finger?bob", 200, "application/json", jrd("acct:bob@peer.test"));
    let id = a.find_actor("@Bob@peer.test");
    assert_eq!(id, a.find_actor(&peer.actor("bob")));
    // 200 for somebody who is not there, and XML where JSON was asked for.
    let wrong: [(&str, &str, &[u8]); 4] = [
        ("nobody", "application/jrd+json", b"{}"),
        ("empty", "application/jrd+json", b"{\"subject\":\"acct:empty@peer.test\",\"links\":[]}"),
        ("xml", "application/xrd+xml", b"<?xml version=\"1.0\"?><XRD/>"),
        ("page", "text/html", b"<html>Welcome</html>"),
    ];
    for (name, kind, body) in wrong {
        let path = format!("/.well-known/webfinger?resource=acct:{name}@peer.test");
        peer.serve_as(&path, 200, kind, body.to_vec());
        assert!(!finds(&a, &format!("@{name}@peer.test")), "{name}");
    }
    // Ours: any case, by handle, by actor, by page; nobody else.
    for resource in [
        "acct:alice@a.test",
        "acct:ALICE@A.test",
        "alice@a.test",
        "@alice@a.test",
        "http://a.test/users/alice",
        "http://a.test/@alice",
    ] {
        let answer = world.get(&format!("http://a.test/.well-known/webfinger?resource={resource}"), "*/*");
        assert_eq!((answer.code, answer.header("content-type")), (200, Some("application/jrd+json")), "{resource}");
        assert_eq!(answer.json()["subject"], "acct:alice@a.test", "{resource}");
    }
    let nobody = world.get("http://a.test/.well-known/webfinger?resource=acct:mallory@a.test", "*/*");
    assert_eq!(nobody.code, 404, "never 410: Mastodon would delete its copy");
    assert_eq!(act(&world, &a, &peer, "Like", "/likes/1", &json!(a.actor())), 202);
    publish::follow(&a.node, id).unwrap();
    world.settle(&[&a]);
}
