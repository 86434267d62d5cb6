//! S1–S9: what we ask of others, and where we never go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hytte::base::Audience;
use hytte::base::config::Origin;
use hytte::federation::remote::resolve;
use hytte::net::{self, AddressPolicy, Expected, Get, Knock, NameSource, Net, NetConfig, address};
use serde_json::{Value, json};

use crate::harness::{Server, World};
use crate::pitfalls::{cavage, create, friends, like, note, post, strangers, with};
use crate::privacy::look;

/// 1.5 MB of JSON, packed.
const BOMB: &str = "H4sIABrFA2sC/+3OMW7CQBAF0KugTYu8BR1VThClSBelsGEFloKNvAMGRbl7ACldbpD3mtGM/pfmKz1vxiHKJdJ6kfYRx7rOeZ7nZl4147TLQ83tJvpzH9caU2kPNS0Xqd/+xm/pYylTE6VGHsbbyN146O6huB7LPfZyu973NmLqu1OU7dv4Z/1Uy3SvP9qPt4bHWxcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/qW0XKQY03rxnvYRx7rOeZ7nZl4147TLQ83tJvpzH9caU2kP9en11H32m/Tx/QO6M4Y4P+QWAA==";

fn found(a: &Server, text: &str) -> bool {
    resolve::find(&a.node, text).is_ok()
}

/// Why something was not found.
fn refusal(a: &Server, text: &str) -> String {
    resolve::find(&a.node, text).expect_err(text).to_string()
}

#[test]
fn s01_no_special_address_is_ever_connected_to() {
    for ip in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "ff02::1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:a00:1::",
        "3fff::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::10.0.0.1",
        "::127.0.0.1",
    ] {
        assert!(!address::may_connect(ip.parse().unwrap(), AddressPolicy::Public), "{ip}");
    }
    for ip in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
        assert!(address::may_connect(ip.parse().unwrap(), AddressPolicy::Public), "{ip}");
    }
    let config = NetConfig { user_agent: "test".into(), allow_private: false, trial: false, names: NameSource::System };
    let net = Net::new(config).unwrap();
    for url in [
        "https://localhost/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0/",
    ] {
        let get = Get {
            url,
            accept: Expected::Activity,
            signer: None,
            knock: Knock::Cavage,
            limit: 1000,
            now: hytte::base::Time::from_secs(0),
            gate: &|_| Ok(()),
        };
        let error = net.get(get).unwrap_err();
        assert!(matches!(error, net::NetError::Refused { .. }), "{url}: {error}");
    }
}

#[test]
fn s02_every_hop_of_every_sort_of_fetch_is_checked() {
    let (world, a, peer) = friends();
    // Even where a test's world opens loopback, link-local addresses stay shut.
    let metadata = "http://169.254.169.254/latest/meta-data";
    peer.redirect("/notes/1", metadata);
    peer.redirect("/users/mallory", metadata);
    peer.redirect("/.well-known/webfinger?resource=acct:mallory@peer.test", metadata);
    peer.redirect("/.well-known/host-meta", metadata);
    peer.redirect("/picture.png", metadata);
    for text in
        [peer.url("/notes/1"), peer.actor("mallory"), "@mallory@peer.test".into(), "http://169.254.169.254/x".into()]
    {
        let why = refusal(&a, &text);
        assert!(why.contains("not a public one"), "{text}: {why}");
    }
    // A host-meta that leads inside; a key that lives there.
    let template = "<XRD><Link rel=\"lrdd\" template=\"http://169.254.169.254/?{uri}\"/></XRD>";
    peer.serve_as("/.well-known/host-meta", 200, "application/xrd+xml", template.as_bytes().to_vec());
    assert!(!found(&a, "@nobody@peer.test"));
    let (body, date) = (like(&a, &peer, 1), a.clock.now().http_date());
    let signer = hytte::sig::Signer { key_id: "http://169.254.169.254/key".into(), ..peer.signer("bob") };
    let digest = crate::pitfalls::digest_of(body.as_bytes());
    let cover =
        [("(request-target)", "post /inbox"), ("host", "a.test"), ("date", date.as_str()), ("digest", digest.as_str())];
    let answer = post(&a, "/inbox", &cavage(&signer, &cover, ""), body.as_bytes());
    assert!([401, 503].contains(&answer.code), "{}", answer.code);
    // Images, through the proxy.
    let picture = hytte::web::files::proxied(&a.node, &peer.url("/picture.png"));
    assert_ne!(look(&a, &picture, &[]).header("content-type"), Some("text/plain"));
    world.settle(&[&a]);
}

#[test]
fn s03_only_https_on_its_own_port_without_passwords() {
    let world = World::new();
    drop(world);
    for url in [
        "http://example.org/",
        "https://example.org:8443/",
        "https://user:pw@example.org/",
        "https://user@example.org/",
        "file:///etc/passwd",
        "data:application/activity+json,{}",
        "ftp://example.org/",
        "gopher://example.org/",
        "https://",
        "//example.org/",
        "javascript:1",
    ] {
        assert!(address::check_url(url, AddressPolicy::Public).is_err(), "{url}");
    }
    assert!(address::check_url("https://example.org/x?y#z", AddressPolicy::Public).is_ok());
    // The signature is made for each hop anew, and no hop is walked twice.
    let (world, a, peer) = friends();
    let other = world.peer("other.test");
    peer.redirect("/notes/1", "http://other.test/notes/1");
    other.redirect("/notes/1", "http://peer.test/notes/1");
    assert!(!found(&a, &peer.url("/notes/1")));
    let first = peer.asked().into_iter().rfind(|got| got.target == "/notes/1").unwrap();
    let second = other.asked().pop().unwrap();
    assert_ne!(first.header("signature"), second.header("signature"));
    assert!(other.asked().len() <= 4);
}

#[test]
fn s04_time_and_size_have_limits_also_when_unpacked() {
    assert!(
        net::WHOLE_LIMIT.as_secs() <= 30 && net::CONNECT_LIMIT.as_secs() <= 5 && net::dns::LOOKUP_LIMIT.as_secs() <= 5
    );
    let (_world, a, peer) = friends();
    let packed = STANDARD.decode(BOMB).unwrap();
    assert!(packed.len() < 4_000);
    peer.serve_as("/notes/bomb", 200, "application/activity+json\r\nContent-Encoding: gzip", packed);
    assert!(refusal(&a, &peer.url("/notes/bomb")).contains("larger"));
    assert!(a.by_uri(&peer.url("/notes/bomb")).is_none());
}

#[test]
fn s05_one_post_makes_us_ask_only_so_much() {
    let (world, a, peer) = friends();
    for n in 0..100 {
        let parent = json!({ "inReplyTo": peer.url(&format!("/notes/{}", n + 1)), "content": format!("<p>{n}</p>") });
        peer.serve(&format!("/notes/{n}"), &note(&peer, &format!("/notes/{n}"), parent));
    }
    let before = peer.asked().len();
    create(&world, &a, &peer, &note(&peer, "/notes/0", json!({ "inReplyTo": peer.url("/notes/1") })));
    let asked = peer.asked().len() - before;
    assert!((1..=20).contains(&asked), "{asked} requests up the thread");
    // Circles end.
    for (n, to) in [("a", "b"), ("b", "a"), ("self", "self")] {
        let path = format!("/notes/{n}");
        peer.serve(&path, &note(&peer, &path, json!({ "inReplyTo": peer.url(&format!("/notes/{to}")) })));
    }
    for start in ["a", "self"] {
        let path = format!("/notes/{start}");
        assert!(found(&a, &peer.url(&path)));
        let id = a.by_uri(&peer.url(&path)).unwrap().id;
        hytte::federation::remote::backfill::fetch_thread(&a.node, id).unwrap();
        let cookie = hytte::federation::owner::login::open_session(&a.node.store, "t").unwrap();
        let cookie = ("Cookie".to_owned(), format!("{}={cookie}", hytte::web::auth::SESSION_COOKIE));
        assert_eq!(look(&a, &format!("/post/{id}"), &[cookie]).code, 200);
    }
    assert!(peer.asked().len() - before < 80);
}

#[test]
fn s06_a_document_that_is_not_at_its_id_is_not_believed() {
    let (_world, a, peer) = friends();
    // Same server: the id itself is asked, and only what it says counts.
    peer.serve("/copies/1", &note(&peer, "/notes/1", json!({ "content": "<p>copy</p>" })));
    assert!(!found(&a, &peer.url("/copies/1")));
    assert!(a.by_uri(&peer.url("/notes/1")).is_none());
    peer.serve("/notes/1", &note(&peer, "/notes/1", json!({ "content": "<p>original</p>" })));
    a.advance(std::time::Duration::from_secs(3600));
    assert!(found(&a, &peer.url("/copies/1")));
    assert_eq!(a.by_uri(&peer.url("/notes/1")).unwrap().post.content, "<p>original</p>");
    // An upload on bob's server that pretends to be eve's, elsewhere or next door.
    peer.person("eve");
    for (path, changes) in [
        ("/uploads/1", json!({ "id": "http://other.test/notes/1", "attributedTo": "http://other.test/users/x" })),
        (
            "/uploads/2",
            json!({ "id": peer.actor("eve"), "type": "Person", "inbox": peer.url("/mine"), "preferredUsername": "eve" }),
        ),
    ] {
        peer.serve(path, &note(&peer, path, changes));
        drop(resolve::find(&a.node, &peer.url(path)));
    }
    assert!(a.by_uri("http://other.test/notes/1").is_none());
    let eve = a.find_actor(&peer.actor("eve"));
    assert_eq!(
        a.node.store.read(|r| hytte::store::actors::by_id(r, eve)).unwrap().inbox,
        format!("{}/inbox", peer.actor("eve"))
    );
}

#[test]
fn s07_only_activity_types_are_documents_for_posts_actors_and_keys() {
    for kind in ["text/plain", "application/json", "text/html", "image/png", "application/octet-stream"] {
        let (_world, a, peer) = strangers();
        peer.serve_as("/users/bob", 200, kind, peer.person_document("bob").to_string().into_bytes());
        peer.serve_as("/notes/1", 200, kind, note(&peer, "/notes/1", json!({})).to_string().into_bytes());
        assert!(!found(&a, &peer.actor("bob")), "{kind}");
        assert!(!found(&a, &peer.url("/notes/1")), "{kind}");
        let answer = peer.send_bytes("bob", &a, Knock::Cavage, like(&a, &peer, 1).as_bytes());
        assert_eq!(answer.code, 401, "{kind}: {}", answer.text());
    }
}

#[test]
fn s08_our_files_can_never_be_read_as_documents() {
    let (_world, a, peer) = strangers();
    // A document that was uploaded as an image is no image.
    let document = note(&peer, "/notes/1", json!({})).to_string().into_bytes();
    for kind in ["image/png", "application/activity+json", "text/html", "image/svg+xml"] {
        let put = hytte::store::media_files::store(&a.node.store, &document, kind);
        let Ok(name) = put else { continue };
        let answer =
            look(&a, &format!("/media/{}", name.as_str()), &[("Accept".into(), "application/activity+json".into())]);
        let media_type = answer.header("content-type").unwrap_or_default().to_owned();
        assert!(answer.code == 404 || media_type.starts_with("image/png"), "{kind}: {} {media_type}", answer.code);
    }
    // What is proxied is an image or nothing, under a policy that runs nothing, and only for links made here.
    peer.serve_as("/evil.png", 200, "image/png", document);
    let link = hytte::web::files::proxied(&a.node, &peer.url("/evil.png"));
    let answer = look(&a, &link, &[("Accept".into(), "application/activity+json".into())]);
    assert!(answer.header("content-type").is_none_or(|kind| !kind.contains("json")), "{:?}", answer.headers);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(answer.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
    let forged = link.replacen("/proxy/", "/proxy/A", 1);
    assert_eq!(look(&a, &forged, &[]).code, 404);
}

#[test]
fn s09_no_context_is_loaded_and_no_markup_stops_us() {
    let (world, a, peer) = friends();
    let contexts = world.peer("contexts.test");
    let mut activity = peer.activity("Create", "bob", "/creates/1", &peer.note("bob", "/notes/1", "<p>hello</p>"));
    activity["@context"] = json!(["https://www.w3.org/ns/activitystreams", "http://contexts.test/ns", { "@import": "http://contexts.test/more" }]);
    peer.send("bob", &a, &activity);
    let wild = [
        "<div>".repeat(60_000),
        "<a href='".repeat(40_000),
        "&".repeat(300_000),
        "<p".repeat(100_000),
        "<!--".repeat(80_000),
    ];
    for (n, html) in wild.iter().enumerate() {
        create(&world, &a, &peer, &note(&peer, &format!("/notes/w{n}"), json!({ "content": format!("{html}end") })));
    }
    world.settle(&[&a]);
    assert!(contexts.asked().is_empty());
    assert!(a.home_texts().contains(&"hello".to_owned()));
    assert_eq!(a.home().len(), 1 + wild.len());
}

/// What the tests above rest on: the world's own hosts can be reached, and nothing else is named.
#[test]
fn the_world_of_these_tests_is_closed() {
    let (world, a, _peer) = friends();
    assert!(refusal(&a, "http://example.org/x").contains("no server called"));
    let origin: &Origin = &a.node.facts.origin;
    assert!(origin.owns(&a.actor()));
    let document: Value = world.document(&a.actor());
    assert!(with(document, json!({ "id": null })).get("id").is_none());
    a.post("still here", Audience::Public);
    world.settle(&[&a]);
}
