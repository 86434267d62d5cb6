//! What must not get in: forged, stale, malformed, oversized, misaddressed. Never a 500, and nothing changes hands.

use std::time::Duration;

use hytte::base::Audience;
use hytte::sig::Knock;
use serde_json::json;

use crate::harness::{World, request};
use crate::posting::follow_bob;

#[test]
fn nobody_acts_for_somebody_else() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("eve");
    let other = world.peer("other.test");
    follow_bob(&world, &a, &peer);
    let note = peer.note("bob", "/notes/1", "<p>by bob</p>");
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &note));
    world.settle(&[&a]);
    let mut changed = note.clone();
    changed["content"] = json!("<p>by eve</p>");
    changed["updated"] = json!("2026-09-21T13:00:00Z");
    let as_eve = |kind: &str, object: &serde_json::Value| peer.activity(kind, "eve", &format!("/eve/{kind}"), object);
    // A neighbour on the same server.
    for activity in [as_eve("Update", &changed), as_eve("Delete", &json!(note["id"])), as_eve("Create", &changed)] {
        assert_eq!(peer.send("eve", &a, &activity).code, 202);
    }
    // Bob's activity, signed by eve and by somebody elsewhere.
    let bobs = peer.activity("Delete", "bob", "/deletes/1", &json!(note["id"]));
    let signed_by_eve = peer.send("eve", &a, &peer.activity("Like", "bob", "/likes/9", &json!(a.actor())));
    assert_eq!(signed_by_eve.code, 401, "{}", signed_by_eve.text());
    other.send("bob", &a, &bobs);
    peer.serve("/notes/1", &note);
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["by bob"]);
    // An activity whose id lives elsewhere.
    let mut foreign = peer.activity("Like", "bob", "/likes/1", &json!(a.actor()));
    foreign["id"] = json!("http://other.test/likes/1");
    assert_eq!(peer.send("bob", &a, &foreign).code, 400);
}

#[test]
fn a_private_post_is_never_widened_by_a_second_create_or_an_update() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let mut note = peer.note("bob", "/notes/1", "<p>for alice</p>");
    note["to"] = json!([a.actor()]);
    note["cc"] = json!([]);
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &note));
    world.settle(&[&a]);
    let uri = peer.url("/notes/1");
    assert_eq!(a.by_uri(&uri).unwrap().post.audience, Audience::Mentioned);
    let mut wide = peer.note("bob", "/notes/1", "<p>for all</p>");
    wide["updated"] = json!("2026-09-21T14:00:00Z");
    for (kind, path) in [("Update", "/updates/1"), ("Create", "/creates/2")] {
        peer.send("bob", &a, &peer.activity(kind, "bob", path, &wide));
        world.settle(&[&a]);
        assert_eq!(a.by_uri(&uri).unwrap().post.audience, Audience::Mentioned);
    }
}

#[test]
fn an_edit_for_fewer_people_is_not_shown_to_everyone() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let post = a.post("a question", Audience::Public);
    world.settle(&[&a]);
    let mut note = peer.note("bob", "/notes/1", "<p>for all</p>");
    note["inReplyTo"] = json!(a.uri(post));
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &note));
    world.settle(&[&a]);
    let page = a.card(post).post.html_url().to_owned();
    let seen = || world.get(&page, "text/html").text();
    assert!(seen().contains("for all"));
    note["content"] = json!("<p>for friends</p>");
    note["updated"] = json!("2026-09-21T14:00:00Z");
    note["to"] = json!([format!("{}/followers", peer.actor("bob"))]);
    note["cc"] = json!([]);
    let mut update = peer.activity("Update", "bob", "/updates/1", &note);
    update["to"] = note["to"].clone();
    update["cc"] = json!([]);
    peer.send("bob", &a, &update);
    world.settle(&[&a]);
    let kept = a.by_uri(&peer.url("/notes/1")).unwrap().post;
    assert!(kept.content.contains("for friends"));
    assert_eq!(kept.audience, Audience::Followers);
    assert!(!seen().contains("for friends"));
}

#[test]
fn signatures_that_do_not_hold_are_refused_with_a_reason() {
    let world = World::new();
    let mut a = world.server("a.test");
    a.may_leave_work = true;
    let peer = world.peer("peer.test");
    let body = peer.activity("Like", "bob", "/likes/1", &json!(a.actor())).to_string();
    let now = a.clock.now();
    let send =
        |headers: &[(String, String)], body: &str| request(a.address, "POST", "/inbox", headers, body.as_bytes());
    for knock in [Knock::Cavage, Knock::Rfc9421] {
        let good = peer.sign("bob", &a, knock, body.as_bytes(), now);
        assert_eq!(send(&good, &body).code, 202, "{knock:?}");
        let without = |name: &str| good.iter().filter(|(n, _)| n != name).cloned().collect::<Vec<_>>();
        let changed = body.replace("/likes/1", "/likes/2");
        let old = peer.sign("bob", &a, knock, body.as_bytes(), now.minus(Duration::from_secs(3 * 3600)));
        let early = peer.sign("bob", &a, knock, body.as_bytes(), now.plus(Duration::from_secs(3 * 3600)));
        // One bit of the signature's first byte.
        let flip = |value: &str| {
            let start =
                value.find("signature=\"").map_or_else(|| value.find("=:").map(|i| i + 2), |i| Some(i + 11)).unwrap();
            let other = if value[start..].starts_with('A') { "B" } else { "A" };
            format!("{}{other}{}", &value[..start], &value[start + 1..])
        };
        let flipped = |(n, v): &(String, String)| (n.clone(), if n == "signature" { flip(v) } else { v.clone() });
        let broken: Vec<_> = good.iter().map(flipped).collect();
        let digest = if knock == Knock::Cavage { "digest" } else { "content-digest" };
        for (what, answer) in [
            ("unsigned", send(&without("signature"), &body)),
            ("another body", send(&good, &changed)),
            ("stale", send(&old, &body)),
            ("future", send(&early, &body)),
            ("no digest", send(&without(digest), &body)),
            ("broken", send(&broken, &body)),
            ("another inbox", request(a.address, "POST", "/users/alice/inbox", &good, body.as_bytes())),
        ] {
            assert_eq!(answer.code, 401, "{knock:?} {what}: {}", answer.text());
            assert!(answer.json()["error"].as_str().is_some_and(|reason| reason.len() > 10), "{what}");
        }
    }
}

#[test]
fn a_rotated_key_is_found_and_an_unreachable_one_is_a_503() {
    let world = World::new();
    let mut a = world.server("a.test");
    a.may_leave_work = true;
    let new = world.peer("peer.test");
    let like = new.activity("Like", "bob", "/likes/1", &json!(a.actor()));
    assert_eq!(new.send("bob", &a, &like).code, 202);
    let old = new.rotate_key();
    let again = new.activity("Like", "bob", "/likes/2", &json!(a.actor()));
    assert_eq!(new.send("bob", &a, &again).code, 202, "the key was looked up anew");
    assert_eq!(old.send("bob", &a, &new.activity("Like", "bob", "/likes/3", &json!(a.actor()))).code, 401);

    let down = world.peer("down.test");
    down.serve_as("/users/bob", 503, "text/plain", Vec::new());
    let like = down.activity("Like", "bob", "/likes/1", &json!(a.actor()));
    assert_eq!(down.send("bob", &a, &like).code, 503);
    let asked = down.asked().iter().filter(|got| got.target == "/users/bob").count();
    assert_eq!(down.send("bob", &a, &like).code, 503);
    let after = down.asked().iter().filter(|got| got.target == "/users/bob").count();
    assert_eq!(asked, after, "and is not asked for again at once");
}

#[test]
fn floods_of_deletes_from_strangers_cost_no_fetch_and_no_row() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    for n in 0..20 {
        peer.person(&format!("p{n}"));
        let who = format!("p{n}");
        let delete = peer.activity("Delete", &who, &format!("/deletes/{n}"), &json!(peer.actor(&who)));
        assert_eq!(peer.send(&who, &a, &delete).code, 202);
    }
    assert!(peer.asked().is_empty());
    world.settle(&[&a]);
}

#[test]
fn an_actor_that_deletes_itself_is_believed_when_its_address_says_gone() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let note = peer.note("bob", "/notes/1", "<p>soon gone</p>");
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &note));
    world.settle(&[&a]);
    // Signed with a key nobody can look up any more.
    peer.rotate_key();
    peer.gone("/users/bob");
    let delete = peer.activity("Delete", "bob", "/deletes/1", &json!(peer.actor("bob")));
    assert_eq!(peer.send("bob", &a, &delete).code, 202);
    world.settle(&[&a]);
    assert!(a.home_texts().is_empty());
    assert_eq!(a.follows(), (0, 0));
}

#[test]
fn a_key_named_by_its_owner_alone_is_fetched_once() {
    let world = World::new();
    let mut a = world.server("a.test");
    a.may_leave_work = true;
    let peer = world.peer("peer.test");
    for n in 0..3 {
        let body = peer.activity("Like", "bob", &format!("/likes/{n}"), &json!(a.actor())).to_string();
        // PeerTube's key ids are the actor's own id; the signature does not cover them.
        let as_peertube = |(name, value): (String, String)| (name, value.replace("#main-key", ""));
        let signed = peer.sign("bob", &a, Knock::Cavage, body.as_bytes(), a.clock.now());
        let headers: Vec<_> = signed.into_iter().map(as_peertube).collect();
        let answer = request(a.address, "POST", "/inbox", &headers, body.as_bytes());
        assert_eq!(answer.code, 202, "{}", answer.text());
    }
    assert_eq!(peer.asked().iter().filter(|got| got.target == "/users/bob").count(), 1);
}

#[test]
fn s33_a_domain_with_names_without_end_costs_only_so_many_fetches() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("flood.test");
    let address = world.address("flood.test");
    let send = |host: &str| {
        let like = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": format!("http://{host}/likes/1"), "type": "Like",
            "actor": format!("http://{host}/users/bob"), "object": a.actor(),
        });
        let body = like.to_string();
        let signed = peer.sign("bob", &a, Knock::Cavage, body.as_bytes(), a.clock.now());
        let headers: Vec<_> =
            signed.into_iter().map(|(n, v)| (n, v.replace("http://flood.test/", &format!("http://{host}/")))).collect();
        request(a.address, "POST", "/inbox", &headers, body.as_bytes()).code
    };
    for n in 0..40 {
        let host = format!("s{n}.flood.test");
        world.names.write().unwrap().insert(host.clone(), address);
        let code = send(&host);
        assert_eq!(code, if n < 30 { 401 } else { 503 }, "{n}");
    }
    let hosts: std::collections::BTreeSet<String> =
        peer.asked().iter().map(|got| got.header("host").unwrap().to_owned()).collect();
    assert_eq!(hosts.len(), 30);
    // The others of the world are not held up, nor are these for ever.
    let other = world.peer("other.test");
    assert_eq!(other.send("bob", &a, &other.activity("Like", "bob", "/likes/1", &json!(a.actor()))).code, 202);
    a.advance(Duration::from_secs(3601));
    assert_eq!(send("s39.flood.test"), 401);
    world.settle(&[&a]);
}
