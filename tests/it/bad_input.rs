//! Bodies that no honest peer sends, all correctly signed: each gets a clear answer, never a 500, and the server goes on.

use hytte::sig::Knock;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World, request};
use crate::pitfalls::friends;

/// (what it is, the body, the expected code)
type Row = (&'static str, Vec<u8>, u16);

fn text(what: &'static str, body: &str, code: u16) -> Row {
    (what, body.as_bytes().to_vec(), code)
}

/// Bodies that are not even an activity.
fn malformed() -> Vec<Row> {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep_object = format!("{}1{}", r#"{"a":"#.repeat(3_000), "}".repeat(3_000));
    let mut rows = vec![
        text("empty", "", 400),
        text("a blank", " ", 400),
        text("half", r#"{"type":"Like","#, 400),
        text("a word", "hello", 400),
        text("null", "null", 400),
        text("a number", "42", 400),
        text("a string", r#""Like""#, 400),
        text("a list", "[]", 400),
        text("a list of activities", r#"[{"type":"Like"}]"#, 400),
        text("true", "true", 400),
        text("an empty object", "{}", 400),
        text("HTML", "<html><body>hi</body></html>", 400),
        text("a form", "type=Like&actor=bob", 400),
        text("two documents", "{}{}", 400),
        text("a comment", r#"{"type":/*x*/"Like"}"#, 400),
        text("NaN", r#"{"type":NaN}"#, 400),
        text("a huge number", r#"{"type":1e999}"#, 400),
        text("deep lists", &deep, 400),
        text("deep objects", &deep_object, 400),
        text("a trailing comma", r#"{"type":"Like",}"#, 400),
        text("single quotes", "{'type':'Like'}", 400),
    ];
    rows.push(("not UTF-8", vec![b'{', b'"', 0xff, 0xfe, b'"', b':', b'1', b'}'], 400));
    rows.push(("NUL bytes", vec![0; 64], 400));
    rows.push(("a byte order mark", [&[0xef, 0xbb, 0xbf][..], b"{}"].concat(), 400));
    rows.push(("gzip", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0], 400));
    rows
}

/// Activities with one member made odd.
fn odd(peer: &Peer, server: &Server) -> Vec<(String, Value, u16)> {
    let like = |n: usize| peer.activity("Like", "bob", &format!("/odd/{n}"), &json!(server.actor()));
    let mut rows = Vec::new();
    let mut put = |what: &str, member: &str, value: Value, code: u16| {
        let mut activity = like(rows.len());
        if value.is_null() {
            activity.as_object_mut().unwrap().remove(member);
        } else {
            activity[member] = value;
        }
        rows.push((format!("{member}: {what}"), activity, code));
    };
    for (what, value) in [
        ("missing", json!(null)),
        ("a number", json!(7)),
        ("an empty list", json!([])),
        ("an object", json!({})),
        ("true", json!(true)),
        ("an empty string", json!("")),
    ] {
        put(what, "type", value.clone(), 400);
        put(what, "id", value.clone(), 400);
        put(what, "object", value.clone(), if what == "an object" { 202 } else { 400 });
        put(what, "actor", value, 400);
    }
    for id in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:,x",
        "//peer.test/x",
        "peer.test/1",
        "http://",
        "http://[::1",
        "ftp://peer.test/1",
    ] {
        put(id, "id", json!(id), 400);
        put(id, "object", json!(id), 400);
    }
    put("on another server", "id", json!("http://other.test/1"), 400);
    put("with credentials", "id", json!("http://user:pw@peer.test/1"), 400);
    put("on another port", "id", json!("http://peer.test:81/1"), 400);
    put("100 kB", "id", json!(format!("http://peer.test/{}", "x".repeat(100_000))), 400);
    put("unknown", "type", json!("Frobnicate"), 202);
    put("a list", "type", json!(["Like", "Thing"]), 202);
    put("of nothing known", "object", json!("http://nowhere.test/1"), 202);
    put("nested", "object", json!({ "object": { "object": {} } }), 202);
    put("a broken context", "@context", json!({ "@vocab": 7 }), 202);
    put("a list of numbers", "to", json!([1, 2, 3]), 202);
    put("100,000 people", "to", json!((0..20_000).map(|n| format!("http://x.test/{n}")).collect::<Vec<_>>()), 202);
    put("the year 99999", "published", json!("99999-01-01T00:00:00Z"), 202);
    put("a word", "published", json!("yesterday"), 202);
    put("an LD signature", "signature", json!({ "type": "RsaSignature2017", "creator": "x" }), 202);
    rows
}

#[test]
fn every_malformed_or_hostile_body_gets_a_clear_answer() {
    let world = World::new();
    let mut a = world.server("a.test");
    a.may_leave_work = true;
    let peer = world.peer("peer.test");
    let odd: Vec<(String, Vec<u8>, u16)> =
        odd(&peer, &a).into_iter().map(|(what, value, code)| (what, value.to_string().into_bytes(), code)).collect();
    let plain = malformed().into_iter().map(|(what, body, code)| (what.to_owned(), body, code));
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (what, body, code) in plain.chain(odd) {
        // Refusals are counted per address; time passes between these.
        a.advance(std::time::Duration::from_secs(5));
        let answer = peer.send_bytes("bob", &a, Knock::Cavage, &body);
        if answer.code != code {
            wrong.push(format!("{what}: {} instead of {code}: {}", answer.code, answer.text()));
        }
        if answer.code >= 400 {
            assert!(answer.json()["error"].as_str().is_some_and(|reason| reason.len() > 5), "{what} has no reason");
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 60, "only {tried} bodies");
    world.settle(&[&a]);
    assert!(a.notifications().is_empty() && a.home().is_empty());
    let set_aside = a.node.store.read(|r| hytte::store::queue::inbox::set_aside_list(r, 10)).unwrap();
    assert!(set_aside.is_empty(), "{set_aside:?}");
}

#[test]
fn the_door_refuses_what_is_too_large_or_of_the_wrong_type() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    let big = peer.send_bytes("bob", &a, Knock::Cavage, &vec![b' '; 1024 * 1024 + 1]);
    assert_eq!(big.code, 413, "{}", big.text());
    let body = br#"{"type":"Like"}"#;
    for (content_type, code) in [
        ("text/plain", 415),
        ("multipart/form-data", 415),
        ("application/xml", 415),
        ("", 415),
        ("application/activity+json", 401),
        ("application/activity+json; charset=utf-8", 401),
        (r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams""#, 401),
        ("application/ld+json", 401),
    ] {
        let headers = [("Host".to_owned(), "a.test".to_owned()), ("Content-Type".to_owned(), content_type.to_owned())];
        let answer = request(a.address, "POST", "/inbox", &headers, body);
        assert_eq!(answer.code, code, "{content_type}: {}", answer.text());
        assert_eq!(answer.header("accept-signature").is_some(), code == 401, "how to sign is told with every 401");
    }
    for path in ["/users/nobody/inbox", "/users/alice/outbox", "/inbox/x"] {
        let code = request(a.address, "POST", path, &[("Host".into(), "a.test".into())], body).code;
        assert!((400..500).contains(&code), "{path}: {code}");
    }
    assert_eq!(world.get("http://a.test/inbox", "application/activity+json").code, 405);
}

/// Half the servers of the fediverse drop it without a word; the sender can do better with a reason.
#[test]
fn a_post_without_an_id_is_refused_with_a_reason() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    peer.person("bob");
    let mut note = peer.note("bob", "/notes/1", "<p>who am I?</p>");
    note.as_object_mut().unwrap().remove("id");
    let answer = peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &note));
    assert_eq!(answer.code, 400);
    assert!(answer.text().contains("no id"), "{}", answer.text());
}

#[test]
fn a_post_with_half_an_emoji_is_read_and_fetched() {
    let (world, a, peer) = friends();
    let cut = |path: &str| {
        let note = peer.note("bob", path, "<p>cut CUT</p>");
        // What JavaScript makes of the first 24 units of a text.
        (note.to_string().replace("CUT", "\\ud83d"), peer.activity("Create", "bob", &format!("/creates{path}"), &note))
    };
    let (_, create) = cut("/notes/1");
    let body = create.to_string().replace("CUT", "\\ud83d");
    let answer = peer.send_bytes("bob", &a, Knock::Cavage, body.as_bytes());
    assert_eq!(answer.code, 202, "{}", answer.text());
    let (fetched, _) = cut("/notes/2");
    peer.serve_as("/notes/2", 200, "application/activity+json", fetched.into_bytes());
    a.find(&peer.url("/notes/2"));
    world.settle(&[&a]);
    for path in ["/notes/1", "/notes/2"] {
        let card = a.by_uri(&peer.url(path)).unwrap();
        assert_eq!(hytte::text::plain_text::from_html(&card.post.content), "cut \u{fffd}", "{path}");
    }
}
