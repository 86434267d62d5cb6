//! S32–S35: what strangers can make us keep, ask, answer and point to.

use std::time::Duration;

use hytte::sig::Knock;
use hytte::store;
use serde_json::json;

use crate::harness::{Peer, Server, World, request};
use crate::pitfalls::{act, create, friends, like, note, strangers};
use crate::privacy::look;

#[test]
fn s32_what_strangers_name_is_not_kept_for_ever() {
    let (world, a, peer) = friends();
    for n in 0..50 {
        act(&world, &a, &peer, "Delete", &format!("/deletes/{n}"), &json!(peer.url(&format!("/notes/{n}"))));
    }
    let bob = a.find_actor(&peer.actor("bob"));
    let kept = |n: u32| {
        a.node.store.read(|r| store::posts::tombstones::is_deleted(r, bob, &peer.url(&format!("/notes/{n}")))).unwrap()
    };
    assert!(kept(0) && kept(49));
    a.advance(Duration::from_secs(40 * 24 * 3600));
    a.node.store.write(|w| store::posts::tombstones::prune(w, 1_000)).unwrap();
    assert!(!kept(0) && !kept(49), "after a month nobody sends a Create late");
    // Strangers who only knock leave no rows at all.
    let before = a.node.store.read(store::queue::inbox::count).unwrap();
    for n in 0..20 {
        let who = format!("p{n}");
        let like = peer.activity("Like", &who, &format!("/likes/{n}"), &json!(a.actor()));
        assert_eq!(peer.send(&who, &a, &like).code, 401, "nobody serves their keys");
    }
    assert_eq!(a.node.store.read(store::queue::inbox::count).unwrap(), before);
}

#[test]
fn s33_a_key_that_cannot_be_had_is_asked_for_once() {
    let (_world, a, peer) = strangers();
    peer.serve_as("/users/bob", 404, "text/plain", Vec::new());
    let ask = || peer.send_bytes("bob", &a, Knock::Cavage, like(&a, &peer, 1).as_bytes()).code;
    assert_eq!(ask(), 401);
    let asked = peer.asked().len();
    for _ in 0..10 {
        assert_eq!(ask(), 401);
    }
    assert_eq!(peer.asked().len(), asked);
    // Sixteen at once who all need the same new key cost one fetch; who would wait too long in line comes again.
    let (world, b, peer) = strangers();
    std::thread::scope(|scope| {
        for n in 0..16 {
            let (b, peer) = (&b, &peer);
            let send = move || peer.send_bytes("bob", b, Knock::Cavage, like(b, peer, n).as_bytes()).code;
            scope.spawn(move || assert!([202, 503].contains(&send())));
        }
    });
    assert_eq!(peer.asked().iter().filter(|got| got.target == "/users/bob").count(), 1);
    world.settle(&[&b]);
}

/// A Like by `name` of the peer, signed, as it comes from this address by a proxy.
fn like_from(a: &Server, peer: &Peer, name: &str, from: Option<&str>) -> u16 {
    let body = peer.activity("Like", name, &format!("/likes/{name}"), &json!(a.actor())).to_string();
    let mut headers = peer.sign(name, a, Knock::Cavage, body.as_bytes(), a.clock.now());
    headers.extend(from.map(|from| ("X-Forwarded-For".to_owned(), from.to_owned())));
    request(a.address, "POST", "/inbox", &headers, body.as_bytes()).code
}

#[test]
fn junk_that_names_somebodys_server_neither_keeps_it_out_nor_wears_it_out() {
    let world = World::new();
    let a = world.server_behind("a.test", &["127.0.0.1"]);
    let victim = world.peer("victim.co.uk");
    for n in 0..50 {
        let code = like_from(&a, &victim, &format!("made-up{n}"), Some("203.0.113.9"));
        assert!([401, 503].contains(&code), "{code}");
    }
    assert!(victim.asked().len() <= 20, "asked {} times", victim.asked().len());
    assert_eq!(like_from(&a, &victim, "bob", Some("198.51.100.7")), 202, "the victim's own first letter");
    // Nor does it keep out those who have a name below the same country's domain.
    let here = world.address("victim.co.uk");
    for n in 0..50 {
        let host = format!("s{n}.co.uk");
        world.names.write().unwrap().insert(host.clone(), here);
        let mut named = victim.clone();
        named.domain = host;
        like_from(&a, &named, "bob", Some("203.0.113.10"));
    }
    let nice = world.peer("nice.co.uk");
    assert_eq!(like_from(&a, &nice, "bob", Some("198.51.100.8")), 202);
    // Behind a proxy that nobody told of, all are one caller; a few dozen letters of junk still keep nobody out.
    let b = world.server("b.test");
    let other = world.peer("other.example");
    for n in 0..31 {
        assert_eq!(like_from(&b, &other, &format!("made-up{n}"), None), 401);
    }
    assert_eq!(like_from(&b, &other, "bob", None), 202);
    world.settle(&[&a, &b]);
}

#[test]
fn a_key_of_our_own_is_nobodys_and_not_asked_for() {
    let (_world, a, peer) = strangers();
    let body = like(&a, &peer, 1);
    for key_id in [a.url("/users/alice#main-key"), a.url("/actor#main-key"), "http://A.TEST/users/alice#x".to_owned()] {
        let signed = peer.sign("bob", &a, Knock::Cavage, body.as_bytes(), a.clock.now());
        let named = format!("{}#main-key", peer.actor("bob"));
        let headers: Vec<_> = signed.into_iter().map(|(n, v)| (n, v.replace(&named, &key_id))).collect();
        let answer = request(a.address, "POST", "/inbox", &headers, body.as_bytes());
        assert_eq!(answer.code, 401, "{key_id}");
        assert!(answer.text().contains("that key is our own"), "{key_id}: {}", answer.text());
    }
}

#[test]
fn documents_that_lead_to_themselves_or_in_a_circle_hold_nobody_up() {
    let (world, a, peer) = friends();
    let activity = |path: &str, to: &str| peer.serve(path, &peer.activity("Create", "bob", path, &json!(peer.url(to))));
    activity("/loops/self", "/loops/self");
    activity("/loops/there", "/loops/back");
    activity("/loops/back", "/loops/there");
    activity("/loops/first", "/loops/second");
    activity("/loops/second", "/notes/end");
    // A post by itself: its author is fetched while it is.
    let own = json!({ "id": peer.url("/loops/own"), "type": "Note", "attributedTo": peer.url("/loops/own"),
        "content": "x", "to": ["https://www.w3.org/ns/activitystreams#Public"] });
    peer.serve("/loops/own", &own);
    peer.serve("/notes/end", &peer.note("bob", "/notes/end", "<p>the end</p>"));
    activity("/creates/end", "/notes/end");
    // A fetch that waited for itself would end with the error of a time-out, and its post would not be there.
    for (n, path) in ["self", "there", "back", "first", "own"].iter().enumerate() {
        let answer = note(&peer, &format!("/notes/{n}"), json!({ "inReplyTo": peer.url(&format!("/loops/{path}")) }));
        assert_eq!(create(&world, &a, &peer, &answer).code, 202);
        assert!(a.by_uri(&peer.url(&format!("/notes/{n}"))).is_some(), "{path}");
    }
    for path in ["self", "there", "back", "first", "own"] {
        let path = format!("/loops/{path}");
        let asked = peer.asked().iter().filter(|got| got.target == path).count();
        assert!((1..=3).contains(&asked), "{path} was asked for {asked} times");
        assert!(a.by_uri(&peer.url(&path)).is_none());
    }
    // One step is what honest servers need.
    let answer = note(&peer, "/notes/9", json!({ "inReplyTo": peer.url("/creates/end") }));
    create(&world, &a, &peer, &answer);
    assert!(a.by_uri(&peer.url("/notes/end")).is_some());
}

#[test]
fn s34_who_only_sends_junk_is_not_listened_to_for_a_while() {
    let world = World::new();
    let a = world.server_behind("a.test", &["127.0.0.1"]);
    let send = |from: &str| {
        let headers = [("Host", "a.test"), ("Content-Type", "application/activity+json"), ("X-Forwarded-For", from)];
        request(a.address, "POST", "/inbox", &headers.map(|(n, v)| (n.to_owned(), v.to_owned())), b"{}")
    };
    let codes: Vec<u16> = (0..100).map(|_| send("203.0.113.9").code).collect();
    assert!(codes[..20].iter().all(|code| *code != 429), "{codes:?}");
    assert_eq!(codes[99], 429, "{codes:?}");
    let told = send("203.0.113.9");
    assert!(told.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()), "{:?}", told.headers);
    assert_ne!(send("203.0.113.10").code, 429, "the others are heard");
    // What a client writes before its proxy's own entry is not believed.
    assert_eq!(send("198.51.100.1, 203.0.113.9").code, 429);
    a.advance(Duration::from_secs(600));
    assert_ne!(send("203.0.113.9").code, 429);
    // And with no proxy nobody's word is believed: all of these are one address.
    let b = world.server("b.test");
    let spoofed = [
        ("Host", "b.test"),
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.test"),
    ];
    let answer = look(&b, "/users/alice", &spoofed.map(|(n, v)| (n.to_owned(), v.to_owned())));
    assert!(!answer.text().contains("evil.test"));
}

#[test]
fn s35_no_address_of_ours_leads_to_a_strangers_server() {
    let (_world, a, _peer) = strangers();
    let cookie = hytte::federation::owner::login::open_session(&a.node.store, "t").unwrap();
    let cookie = ("Cookie".to_owned(), format!("{}={cookie}", hytte::web::auth::SESSION_COOKIE));
    for target in [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "javascript:alert(1)",
        "https:evil.test",
        "%2f%2fevil.test",
    ] {
        for path in [
            format!("/authorize_interaction?uri={target}"),
            format!("/login?next={target}"),
            format!("/find?q={target}"),
            format!("/?back={target}"),
            format!("/logout?next={target}"),
        ] {
            for headers in [vec![], vec![cookie.clone()]] {
                let answer = look(&a, &path, &headers);
                let to = answer.header("location").unwrap_or("/").to_owned();
                assert!(to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"), "{path} leads to {to}");
            }
        }
    }
}
