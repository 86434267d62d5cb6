//! S25–S31: what is in documents and files.

use hytte::federation::{owner::login, remote::resolve};
use serde_json::{Value, json};

use crate::harness::Server;
use crate::pitfalls::{create, friends, note, strangers};
use crate::privacy::look;

/// A page as the owner sees it.
fn page(a: &Server, path: &str) -> String {
    let cookie = login::open_session(&a.node.store, "t").unwrap();
    let answer = look(a, path, &[("Cookie".to_owned(), format!("{}={cookie}", hytte::web::auth::SESSION_COOKIE))]);
    assert_eq!(answer.code, 200, "{path}: {}", answer.text());
    answer.text()
}

#[test]
fn s25_nothing_of_others_becomes_markup_of_ours() {
    let (world, a, peer) = friends();
    let bad = "\"'><script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)><a href=\"javascript:alert(1)\">x</a>";
    let mut person = peer.person_document("bob");
    for member in ["name", "summary", "url"] {
        person[member] = json!(bad);
    }
    person["attachment"] = json!([{ "type": "PropertyValue", "name": bad, "value": bad }]);
    person["icon"] = json!({ "type": "Image", "url": "javascript:alert(1)" });
    peer.send("bob", &a, &peer.activity("Update", "bob", "/updates/1", &person));
    let emoji = json!([{ "type": "Emoji", "name": format!(":{bad}:"), "icon": { "url": "javascript:alert(1)" } },
        { "type": "Hashtag", "name": format!("#{bad}") }, { "type": "Mention", "href": "javascript:alert(1)", "name": bad }]);
    let options = json!([{ "type": "Note", "name": bad }, { "type": "Note", "name": "two" }]);
    for (n, changes) in [
        json!({ "content": bad, "summary": bad, "tag": emoji, "url": "javascript:alert(1)" }),
        json!({ "type": "Article", "name": bad, "content": bad, "summary": bad }),
        json!({ "type": "Question", "content": bad, "oneOf": options }),
        json!({ "type": "Event", "name": bad, "content": bad, "location": { "name": bad }, "startTime": bad }),
        json!({ "type": bad, "name": bad, "content": bad }),
        json!({ "attachment": [{ "type": "Image", "url": peer.url("/1.png"), "name": bad, "mediaType": bad, "blurhash": bad }] }),
        json!({ "content": bad, "contentMap": { bad: bad }, "language": bad }),
    ]
    .into_iter()
    .enumerate()
    {
        create(&world, &a, &peer, &note(&peer, &format!("/notes/{n}"), changes));
    }
    let bob = a.find_actor(&peer.actor("bob"));
    let mut pages =
        vec![page(&a, "/"), page(&a, &format!("/people/{bob}")), page(&a, "/notifications"), page(&a, "/following")];
    pages.extend(a.home().iter().map(|card| page(&a, &format!("/post/{}", card.id))));
    assert!(pages.len() > 8);
    for text in pages {
        for wrong in [
            "<script>alert",
            "<img src=x",
            "<svg/onload",
            "onerror=alert(1)>",
            "href=\"javascript:",
            "src=\"javascript:",
        ] {
            assert!(!text.contains(wrong), "{wrong} in {text}");
        }
    }
}

#[test]
fn s26_a_files_name_and_bytes_decide_nothing_here() {
    let (_world, a, peer) = friends();
    // An image that says it has 60,000 × 60,000 pixels, one that breaks off, one that is none.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x06\0\0\0".to_vec();
    bomb.extend([0; 64]);
    for (name, body) in [
        ("bomb.png", bomb),
        ("cut.png", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("none.png", b"#!/bin/sh\nrm -rf /\n".to_vec()),
    ] {
        let path = format!("/..%2f..%2f{name}");
        peer.serve_as(&path, 200, "image/png", body);
        let answer = look(&a, &hytte::web::files::proxied(&a.node, &peer.url(&path)), &[]);
        assert!(answer.code < 500, "{name}: {}", answer.code);
        assert!(!answer.text().contains("rm -rf"), "{name}");
    }
    let folder = a.node.config.data.clone();
    for file in [folder.clone(), folder.join("media")].iter().filter_map(|f| std::fs::read_dir(f).ok()).flatten() {
        let name = file.unwrap().file_name().to_string_lossy().into_owned();
        assert!(!name.contains("bomb") && !name.contains("none") && !name.contains(".."), "{name}");
    }
}

#[test]
fn s27_xml_is_read_without_entities() {
    let (_world, a, peer) = strangers();
    let laughs: String = (1..30).map(|n| format!("<!ENTITY l{n} \"&l{p};&l{p};&l{p};&l{p};\">", p = n - 1)).collect();
    for (n, xml) in [
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><XRD><Link rel=\"lrdd\" template=\"http://peer.test/&e;?{uri}\"/></XRD>".to_owned(),
        format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]><XRD><Link rel=\"lrdd\" template=\"http://peer.test/&l29;?{{uri}}\"/></XRD>"),
    ]
    .into_iter()
    .enumerate()
    {
        peer.serve_as("/.well-known/host-meta", 200, "application/xrd+xml", xml.into_bytes());
        assert!(resolve::find(&a.node, &format!("@ghost{n}@peer.test")).is_err());
        assert!(peer.asked().iter().all(|got| !got.target.contains("root:") && got.target.len() < 500), "{n}");
    }
}

#[test]
fn s28_everything_has_a_length() {
    let (world, a, peer) = friends();
    let long = "x".repeat(100_000);
    for (n, name) in ["two words", "a/b", "x@y", "<b>", long.as_str()].iter().enumerate() {
        let mut person = peer.person_document("odd");
        person["preferredUsername"] = json!(name);
        person["id"] = json!(peer.actor(&format!("odd{n}")));
        peer.serve(&format!("/users/odd{n}"), &person);
        assert!(resolve::find(&a.node, &peer.actor(&format!("odd{n}"))).is_err(), "{}", &name[..name.len().min(20)]);
    }
    let file =
        json!({ "type": "Image", "mediaType": "image/png", "url": peer.url("/1.png"), "name": "a".repeat(50_000) });
    let emoji =
        json!([{ "type": "Emoji", "name": format!(":{}:", "e".repeat(5_000)), "icon": { "url": peer.url("/e.png") } }]);
    let options: Vec<Value> =
        (0..5_000).map(|n| json!({ "type": "Note", "name": format!("{n}{}", "o".repeat(50)) })).collect();
    create(
        &world,
        &a,
        &peer,
        &note(
            &peer,
            "/notes/1",
            json!({ "attachment": file, "tag": emoji, "name": long, "oneOf": options, "type": "Question" }),
        ),
    );
    let card = a.by_uri(&peer.url("/notes/1")).unwrap();
    assert!(card.attachments[0].alt.chars().count() <= 10_000);
    assert!(card.post.emoji.iter().all(|emoji| emoji.code.len() <= 2_048));
    assert!(card.post.title.clone().unwrap_or_default().chars().count() <= 10_000);
    assert!(page(&a, &format!("/post/{}", card.id)).len() < 1_000_000);
    // Depth.
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    let body = peer.activity("Like", "bob", "/likes/deep", &json!(a.actor())).to_string().replacen(
        '{',
        &format!("{{\"x\":{deep},"),
        1,
    );
    assert_eq!(peer.send_bytes("bob", &a, hytte::sig::Knock::Cavage, body.as_bytes()).code, 400);
    assert_eq!(peer.send_bytes("bob", &a, hytte::sig::Knock::Cavage, &vec![b' '; 1_100_000]).code, 413);
}

#[test]
fn s29_names_cannot_turn_the_line_round_or_pretend_letters() {
    let (world, a, _peer) = strangers();
    let peer = world.peer("xn--80ak6aa92e.test");
    let mut person = peer.person_document("bob");
    person["name"] = json!("bob\u{202e}moc.knab\u{202c}\u{2066}\nsecond line");
    peer.serve("/users/bob", &person);
    let id = a.find_actor(&peer.actor("bob"));
    let text = page(&a, &format!("/people/{id}"));
    assert!(text.contains("@xn--80ak6aa92e.test"), "a look-alike domain is shown as it is asked for");
    let at = text.find("bob\u{202e}");
    assert!(at.is_none_or(|at| text[..at].ends_with("<bdi>")), "what turns the line round stays in its own box");
    assert!(!crate::pitfalls::name_of(&a, &peer.actor("bob")).contains('\n'));
}

#[test]
fn s30_dates_and_counts_beyond_reason_do_no_harm() {
    let (world, a, peer) = friends();
    for (n, date) in [
        "0000-00-00T00:00:00Z",
        "-000001-01-01T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2026-02-30T00:00:00Z",
        "1969-12-31T23:59:59Z",
    ]
    .iter()
    .enumerate()
    {
        let count = |n: Value| json!({ "type": "Collection", "totalItems": n });
        let changes = json!({ "published": date, "updated": date, "likes": count(json!(-5)), "shares": count(json!(1e300)), "replies": count(json!(u64::MAX)),
            "type": "Question", "endTime": date, "closed": date, "votersCount": -1, "oneOf": [{ "name": "a", "replies": count(json!(i64::MIN)) }, { "name": "b", "replies": count(json!(1e18)) }] });
        create(&world, &a, &peer, &note(&peer, &format!("/notes/{n}"), changes));
    }
    let now = a.clock.now();
    assert_eq!(a.home().len(), 6);
    assert!(a.home().iter().all(|card| card.post.published_at <= now));
    for card in a.home() {
        page(&a, &format!("/post/{}", card.id));
    }
    assert!(!page(&a, "/").contains("-1 "));
}
