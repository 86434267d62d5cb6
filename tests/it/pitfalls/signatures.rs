//! 1–9 and 15–19: what is signed, how it is written, when it holds.

use std::time::Duration;

use hytte::base::Audience;
use hytte::sig::Knock;
use serde_json::json;

use super::letters::digest_of;
use super::{act, cavage, follower, friends, like, modern, post, strangers};
use crate::harness::request;

/// The four lines everybody signs, for a POST to the inbox of a.test.
macro_rules! lines {
    ($date:ident, $digest:ident) => {
        [
            ("(request-target)", "post /inbox"),
            ("host", "a.test"),
            ("date", $date.as_str()),
            ("digest", $digest.as_str()),
        ]
    };
}

#[test]
fn p01_every_post_has_a_signed_digest() {
    let (world, mut a, peer) = strangers();
    a.may_leave_work = true;
    follower(&world, &a, &peer, "bob");
    let accept = peer.got().pop().unwrap();
    assert_eq!(accept.header("digest").unwrap(), digest_of(&accept.body));
    let signature = accept.header("signature").unwrap();
    let covered = signature.split("headers=\"").nth(1).unwrap().split('"').next().unwrap();
    for needed in ["(request-target)", "host", "date", "digest"] {
        assert!(covered.split(' ').any(|name| name == needed), "{covered}");
    }
    // And from others nothing without one is taken.
    let (body, date) = (like(&a, &peer, 1), a.clock.now().http_date());
    let cover = [("(request-target)", "post /inbox"), ("host", "a.test"), ("date", date.as_str())];
    let answer = post(&a, "/inbox", &cavage(&peer.signer("bob"), &cover, ""), body.as_bytes());
    assert_eq!(answer.code, 401);
    assert!(answer.text().contains("digest"), "{}", answer.text());
}

#[test]
fn p02_digests_are_written_in_capitals_and_read_in_any_case() {
    let (world, a, peer) = strangers();
    follower(&world, &a, &peer, "bob");
    assert!(peer.got()[0].header("digest").unwrap().starts_with("SHA-256="), "Threads wants capitals");
    for (n, word) in ["sha-256=", "SHA-256=", "Sha-256="].iter().enumerate() {
        let (body, date) = (like(&a, &peer, n), a.clock.now().http_date());
        let digest = digest_of(body.as_bytes()).replace("SHA-256=", word);
        let answer = post(&a, "/inbox", &cavage(&peer.signer("bob"), &lines!(date, digest), ""), body.as_bytes());
        assert_eq!(answer.code, 202, "{word}: {}", answer.text());
    }
    world.settle(&[&a]);
}

#[test]
fn p03_a_digest_that_is_signed_but_not_there_is_a_401() {
    let (_world, a, peer) = strangers();
    let (body, date) = (like(&a, &peer, 1), a.clock.now().http_date());
    let digest = digest_of(body.as_bytes());
    let mut headers = cavage(&peer.signer("bob"), &lines!(date, digest), "");
    headers.retain(|(name, _)| name != "digest");
    let answer = post(&a, "/inbox", &headers, body.as_bytes());
    assert_eq!(answer.code, 401, "{}", answer.text());
}

#[test]
fn p04_the_algorithm_is_named_and_may_be_left_out_by_others() {
    let (world, a, peer) = strangers();
    follower(&world, &a, &peer, "bob");
    assert!(peer.got()[0].header("signature").unwrap().contains("algorithm=\"rsa-sha256\""), "Misskey wants it");
    let given = ["algorithm=\"rsa-sha256\",", "algorithm=\"hs2019\",", "", "algorithm=\"none\","];
    for (n, algorithm) in given.iter().enumerate() {
        let (body, date) = (like(&a, &peer, n), a.clock.now().http_date());
        let digest = digest_of(body.as_bytes());
        let headers = cavage(&peer.signer("bob"), &lines!(date, digest), algorithm);
        let wanted = if n < 3 { 202 } else { 401 };
        assert_eq!(post(&a, "/inbox", &headers, body.as_bytes()).code, wanted, "{algorithm}");
    }
    world.settle(&[&a]);
}

#[test]
fn p05_created_and_expires_are_bare_numbers_with_lemmy() {
    let (world, a, peer) = strangers();
    let now = a.clock.now().secs();
    for (n, (created, expires, code)) in
        [(now, now + 300, 202), (now - 60, now + 10, 202), (now - 4 * 3600, now - 3 * 3600, 401)].iter().enumerate()
    {
        let body = like(&a, &peer, n);
        let digest = digest_of(body.as_bytes());
        let (created, expires) = (created.to_string(), expires.to_string());
        let cover = [
            ("(request-target)", "post /inbox"),
            ("(created)", created.as_str()),
            ("(expires)", expires.as_str()),
            ("host", "a.test"),
            ("digest", digest.as_str()),
        ];
        let params = format!("algorithm=\"hs2019\",created={created},expires={expires},");
        let answer = post(&a, "/inbox", &cavage(&peer.signer("bob"), &cover, &params), body.as_bytes());
        assert_eq!(answer.code, *code, "{n}: {}", answer.text());
    }
    world.settle(&[&a]);
}

#[test]
fn p06_old_peertubes_write_signature_twice() {
    let (world, a, peer) = strangers();
    let (body, date) = (like(&a, &peer, 1), a.clock.now().http_date());
    let digest = digest_of(body.as_bytes());
    let mut headers = cavage(&peer.signer("bob"), &lines!(date, digest), "");
    for (name, value) in &mut headers {
        if name == "signature" {
            value.insert_str(0, "Signature ");
        }
    }
    assert_eq!(post(&a, "/inbox", &headers, body.as_bytes()).code, 202);
    world.settle(&[&a]);
}

#[test]
fn p07_the_query_is_signed_by_some_and_left_out_by_others() {
    let (world, a, peer) = strangers();
    for (n, (target, code)) in
        [("post /inbox?x=1", 202), ("post /inbox", 202), ("post /inbox?x=2", 401)].iter().enumerate()
    {
        let (body, date) = (like(&a, &peer, n), a.clock.now().http_date());
        let digest = digest_of(body.as_bytes());
        let mut cover = lines!(date, digest);
        cover[0].1 = target;
        let answer = post(&a, "/inbox?x=1", &cavage(&peer.signer("bob"), &cover, ""), body.as_bytes());
        assert_eq!(answer.code, *code, "{target}: {}", answer.text());
    }
    world.settle(&[&a]);
}

#[test]
fn p08_clocks_may_be_an_hour_off_and_who_is_further_off_is_told() {
    let (world, a, peer) = strangers();
    let body = like(&a, &peer, 1);
    let now = a.clock.now();
    let minutes = |n: u64| Duration::from_secs(n * 60);
    for (at, code, word) in [
        (now.minus(minutes(58)), 202, ""),
        (now.plus(minutes(58)), 202, ""),
        (now.minus(minutes(180)), 401, "past: check your clock"),
        (now.plus(minutes(180)), 401, "future: check your clock"),
    ] {
        let answer = post(&a, "/inbox", &peer.sign("bob", &a, Knock::Cavage, body.as_bytes(), at), body.as_bytes());
        assert_eq!(answer.code, code, "{}", answer.text());
        assert!(answer.text().contains(word), "{}", answer.text());
    }
    world.settle(&[&a]);
}

#[test]
fn p09_a_date_that_is_none_and_parameters_given_twice_are_refused() {
    let (_world, a, peer) = strangers();
    for date in ["", "yesterday", "2026-09-21T12:00:00Z", "Mon, 99 Foo 2026 99:99:99 GMT", "\u{1f4c5}"] {
        let (body, date) = (like(&a, &peer, 1), date.to_owned());
        let digest = digest_of(body.as_bytes());
        let answer = post(&a, "/inbox", &cavage(&peer.signer("bob"), &lines!(date, digest), ""), body.as_bytes());
        assert!([400, 401].contains(&answer.code), "{date}: {}", answer.code);
    }
    let (body, date) = (like(&a, &peer, 1), a.clock.now().http_date());
    let digest = digest_of(body.as_bytes());
    let twice = format!("keyId=\"{}\",", peer.actor("eve"));
    let answer = post(&a, "/inbox", &cavage(&peer.signer("bob"), &lines!(date, digest), &twice), body.as_bytes());
    assert_eq!(answer.code, 401);
    assert!(answer.text().contains("twice"), "{}", answer.text());
}

#[test]
fn p15_the_other_signature_is_tried_once_and_only_where_it_may_help() {
    for (code, knocks) in [(400, 2), (401, 2), (403, 2), (404, 2), (500, 1), (503, 1), (202, 1)] {
        let (world, mut a, peer) = strangers();
        a.may_leave_work = true;
        follower(&world, &a, &peer, "bob");
        peer.answer_posts(code);
        let before = peer.got().len();
        a.post("knock, knock", Audience::Public);
        world.settle(&[&a]);
        let got = peer.got().split_off(before);
        assert_eq!(got.len(), knocks, "{code}");
        assert!(got[0].header("signature-input").is_none(), "every peer knows the first one");
        assert_eq!(got.last().unwrap().header("signature-input").is_some(), knocks == 2, "{code}");
    }
}

#[test]
fn p16_a_stripped_actor_never_replaces_a_whole_one() {
    let (world, a, peer) = friends();
    let whole = peer.person_document("bob");
    let stripped = json!({
        "@context": whole["@context"], "id": whole["id"], "type": "Person", "preferredUsername": "bob",
        "inbox": whole["inbox"], "publicKey": whole["publicKey"],
    });
    peer.serve("/users/bob", &stripped);
    hytte::federation::remote::resolve::fetch_actor(&a.node, &peer.actor("bob"), None).unwrap();
    let bob = a.node.store.read(|r| hytte::store::actors::by_uri(r, &peer.actor("bob"))).unwrap().unwrap();
    assert_eq!(bob.followers.as_deref(), whole["followers"].as_str(), "or his private posts would be lost");
    assert_eq!(bob.shared_inbox.as_deref(), Some("http://peer.test/inbox"));
    assert_eq!(act(&world, &a, &peer, "Like", "/likes/1", &json!(a.actor())), 202);
}

#[test]
fn p17_rfc_9421_is_understood_in_its_dialects() {
    let (world, a, peer) = strangers();
    let body = like(&a, &peer, 1);
    let headers = modern(&peer.signer("bob"), "a.test", "relay=1", body.as_bytes(), a.clock.now().secs());
    let answer = post(&a, "/inbox?relay=1", &headers, body.as_bytes());
    assert_eq!(answer.code, 202, "{}", answer.text());
    let other = post(&a, "/inbox?relay=2", &headers, body.as_bytes());
    assert_eq!(other.code, 401, "{}", other.text());
    let plain = peer.send_bytes("bob", &a, Knock::Rfc9421, like(&a, &peer, 2).as_bytes());
    assert_eq!(plain.code, 202, "{}", plain.text());
    world.settle(&[&a]);
}

#[test]
fn p18_a_proxy_may_change_the_host_but_nobody_else() {
    let (world, a, peer) = strangers();
    for (n, (signed, sent, code)) in [
        ("a.test", "127.0.0.1:8080", 202),
        ("a.test:80", "a.test:80", 202),
        ("A.Test", "A.Test", 202),
        ("other.test", "other.test", 401),
        ("other.test", "a.test", 401),
    ]
    .iter()
    .enumerate()
    {
        let (body, date) = (like(&a, &peer, n), a.clock.now().http_date());
        let digest = digest_of(body.as_bytes());
        let mut cover = lines!(date, digest);
        cover[1].1 = signed;
        let mut headers = cavage(&peer.signer("bob"), &cover, "");
        headers.iter_mut().filter(|(name, _)| name == "host").for_each(|(_, value)| *value = (*sent).to_owned());
        let answer = post(&a, "/inbox", &headers, body.as_bytes());
        assert_eq!(answer.code, *code, "{signed} {sent}: {}", answer.text());
    }
    world.settle(&[&a]);
    for host in ["127.0.0.1:8080", "localhost", "a.test:443"] {
        let headers = [("Host".to_owned(), host.to_owned()), ("Accept".into(), "application/activity+json".into())];
        let answer = request(a.address, "GET", "/users/alice", &headers, b"");
        assert_eq!((answer.code, answer.json()["id"].as_str()), (200, Some("http://a.test/users/alice")), "{host}");
    }
}

#[test]
fn p19_a_server_below_a_path_is_a_server_too() {
    let (world, a, peer) = strangers();
    let mut person = peer.person_document("bob").to_string().replace("peer.test/", "peer.test/blog/");
    person = person.replace("\"preferredUsername\":\"bob\"", "\"preferredUsername\":\"sub\"");
    let person: serde_json::Value = serde_json::from_str(&person).unwrap();
    peer.serve("/blog/users/bob", &person);
    let jrd = json!({ "subject": "acct:sub@peer.test", "links": [
        { "rel": "self", "type": "application/activity+json", "href": person["id"] }] });
    let path = "/.well-known/webfinger?resource=acct:sub@peer.test";
    peer.serve_as(path, 200, "application/jrd+json", jrd.to_string().into_bytes());
    let sub = a.find_actor("@sub@peer.test");
    hytte::federation::owner::publish::follow(&a.node, sub).unwrap();
    world.settle(&[&a]);
    assert_eq!(peer.got().pop().unwrap().target, "/blog/users/bob/inbox");
}
