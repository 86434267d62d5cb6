//! Posts that are more than a note, and posts that change: what the owner and a visitor see on the page.

use std::time::Duration;

use hytte::base::Audience;
use hytte::federation::owner::login;
use hytte::federation::owner::publish::{self, PostChange};
use serde_json::{Value, json};

use crate::harness::{Answer, Peer, Server, World, request};

/// A page of the owner's, as their browser gets it.
fn page(server: &Server, path: &str) -> Answer {
    let session = login::open_session(&server.node.store, "a test").unwrap();
    let headers =
        [("host".to_owned(), server.domain.clone()), ("cookie".to_owned(), format!("hytte_session={session}"))];
    request(server.address, "GET", path, &headers, b"")
}

fn visit(server: &Server, path: &str) -> Answer {
    request(server.address, "GET", path, &[("host".to_owned(), server.domain.clone())], b"")
}

fn followed(world: &World) -> (Server, Peer) {
    let (a, p) = (world.server("a.test"), world.peer("p.test"));
    let bob = a.find_actor("@bob@p.test");
    publish::follow(&a.node, bob).unwrap();
    world.settle(&[&a]);
    let follow = p.got_type("Follow").pop().unwrap();
    p.send("bob", &a, &p.activity("Accept", "bob", "/accepts/1", &follow));
    world.settle(&[&a]);
    (a, p)
}

/// Bob publishes an object of this type with these members.
fn publishes(world: &World, a: &Server, p: &Peer, kind: &str, members: &Value) -> String {
    let path = format!("/objects/{kind}");
    let mut object = p.note("bob", &path, "");
    object["type"] = json!(kind);
    object["url"] = json!(p.url(&format!("/watch/{kind}")));
    object.as_object_mut().unwrap().remove("content");
    for (key, value) in members.as_object().unwrap() {
        object[key] = value.clone();
    }
    assert_eq!(p.send("bob", a, &p.activity("Create", "bob", &format!("{path}/create"), &object)).code, 202);
    world.settle(&[a]);
    p.url(&path)
}

#[test]
fn a_film_plays_here_and_says_where_it_comes_from() {
    let world = World::new();
    let (a, p) = followed(&world);
    let link = |kind: &str, path: &str| json!({"type": "Link", "mediaType": kind, "href": p.url(path), "height": 720});
    let uri = publishes(
        &world,
        &a,
        &p,
        "Video",
        &json!({"name": "Fjords from above", "duration": "PT754S", "mediaType": "text/markdown",
            "content": "Filmed in **May**", "icon": [{"type": "Image", "url": p.url("/still.jpg"), "width": 280}],
            "updated": "2026-09-22T12:00:00Z",
            "url": [link("text/html", "/w/1"), {"type": "Link", "mediaType": "application/x-mpegURL", "href": p.url("/hls.m3u8"),
                "tag": [link("video/mp4", "/720.mp4")]}]}),
    );
    let card = a.by_uri(&uri).unwrap();
    assert_eq!(card.post.edited_at, None, "its counts moved, nobody edited it");
    let html = page(&a, &format!("/post/{}", card.post.id)).text();
    assert!(html.contains("Fjords from above") && html.contains("<strong>May</strong>"), "{html}");
    assert!(html.contains("<video class=\"film\" controls preload=\"none\" src=\"/stream/"), "{html}");
    assert!(html.contains("poster=\"/proxy/") && html.contains("12:34"), "{html}");
    assert!(html.contains("Watch on p.test") && html.contains("http://p.test/w/1"), "{html}");
    assert!(!html.contains("src=\"http://"), "nothing is loaded from another server");
    let stream = html.split("src=\"/stream/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(visit(&a, &format!("/stream/{stream}")).code, 303, "for the owner alone");
}

#[test]
fn an_event_a_review_and_a_link_say_what_they_are() {
    let world = World::new();
    let (a, p) = followed(&world);
    publishes(
        &world,
        &a,
        &p,
        "Event",
        &json!({"name": "Midwinter concert", "content": "<p>Carols</p>", "startTime": "2026-12-12T19:00:00+01:00",
            "endTime": "2026-12-12T21:00:00+01:00", "location": {"type": "Place", "name": "Old church", "address": {"addressLocality": "Oslo"}}}),
    );
    publishes(
        &world,
        &a,
        &p,
        "Review",
        &json!({"name": "Cold and clear", "content": "<p>Read it in June.</p>", "rating": 4.5, "inReplyToBook": p.url("/book/5")}),
    );
    publishes(
        &world,
        &a,
        &p,
        "Quotation",
        &json!({"content": "<p>This line.</p>", "quote": "<p>The ice keeps <i>nothing</i>.</p>", "inReplyToBook": p.url("/book/5")}),
    );
    publishes(
        &world,
        &a,
        &p,
        "Page",
        &json!({"name": "A sauna by hand", "attachment": [{"type": "Link", "href": "https://blog.example/sauna", "mediaType": "text/html"}]}),
    );
    publishes(&world, &a, &p, "Recipe", &json!({"name": "Waffles", "content": "<p>Cardamom!</p>"}));
    let nothing = publishes(&world, &a, &p, "CacheFile", &json!({"expires": "2026-10-01T00:00:00Z"}));
    let html = page(&a, "/").text();
    for words in [
        "Saturday, 12 December 2026, 19:00 (UTC+01:00)",
        "21:00 (UTC+01:00)",
        "Old church, Oslo",
        "The event on p.test",
        "★★★★½",
        "4.5 of 5 stars",
        "http://p.test/book/5",
        "The ice keeps nothing.",
        "href=\"https://blog.example/sauna\"",
        "blog.example/sauna</a>",
        "Discuss on p.test",
        "Waffles",
        "See it on p.test",
    ] {
        assert!(html.contains(words), "{words} is not in {html}");
    }
    assert!(a.by_uri(&nothing).is_none(), "what says nothing is nothing to show");
}

#[test]
fn a_long_text_is_opened_from_its_beginning() {
    let world = World::new();
    let (a, p) = followed(&world);
    let picture = p.url("/wide.jpg");
    let uri = publishes(
        &world,
        &a,
        &p,
        "Article",
        &json!({"name": "The long winter", "summary": "On snow, and what lies under it.", "image": {"type": "Image", "url": p.url("/head.jpg")},
            "content": format!("<h2>One</h2><p><img src='{picture}' alt='Wide'></p>{}<p>The very end.</p><iframe src='https://maps.example/x' title='A map'></iframe>", "<p>Snow and more snow.</p>".repeat(100)),
            "attachment": [{"type": "Image", "url": picture}]}),
    );
    let card = a.by_uri(&uri).unwrap();
    assert!(card.attachments.is_empty(), "it stands in the text already");
    assert_eq!(card.post.warning, None, "an abstract is no warning");
    let home = page(&a, "/").text();
    assert!(home.contains("The long winter") && home.contains("On snow, and what lies under it."), "{home}");
    assert!(home.contains("Read it all") && !home.contains("The very end."), "{home}");
    let whole = page(&a, &format!("/post/{}", card.post.id)).text();
    assert!(
        whole.contains("<h2>One</h2>") && whole.contains("The very end.") && whole.contains(">A map</a>"),
        "{whole}"
    );
    assert!(whole.contains("Read on p.test") && !whole.contains("src=\"http"), "{whole}");
}

#[test]
fn an_edit_keeps_what_was_said_and_a_count_is_no_edit() {
    let world = World::new();
    let (a, p) = followed(&world);
    let mut note = p.note("bob", "/notes/1", "<p>I never said that</p>");
    p.send("bob", &a, &p.activity("Create", "bob", "/notes/1/create", &note));
    world.settle(&[&a]);
    let update = |note: &Value, n: u32| {
        p.send("bob", &a, &p.activity("Update", "bob", &format!("/notes/1/update/{n}"), note));
        world.settle(&[&a]);
        a.by_uri(&p.url("/notes/1")).unwrap().post
    };
    note["updated"] = json!("2026-09-21T13:00:00Z");
    note["likes"] = json!({"type": "Collection", "totalItems": 9});
    assert_eq!(update(&note, 1).edited_at, None, "only a count moved");
    note["updated"] = json!("2026-09-21T14:00:00Z");
    note["content"] = json!("<p>I always said this</p>");
    let post = update(&note, 2);
    assert_eq!(post.edited_at.map(|at| at.rfc3339()).as_deref(), Some("2026-09-21T14:00:00Z"));
    note["updated"] = json!("2026-09-21T13:30:00Z");
    note["content"] = json!("<p>An old one, late</p>");
    update(&note, 3);
    let home = page(&a, "/").text();
    let history = format!("/post/{}/history", post.id);
    assert!(home.contains(&format!("href=\"{history}\"")) && home.contains(">edited</a>"), "{home}");
    let history = page(&a, &history).text();
    let (now, then) = (history.find("I always said this").unwrap(), history.find("I never said that").unwrap());
    assert!(now < then && !history.contains("An old one, late"), "{history}");
    assert_eq!(visit(&a, &format!("/post/{}/history", post.id)).code, 303, "for the owner");
}

#[test]
fn a_thousand_edits_cost_no_more_than_twenty() {
    let world = World::new();
    let (a, p) = followed(&world);
    let mut note = p.note("bob", "/notes/1", "<p>0</p>");
    p.send("bob", &a, &p.activity("Create", "bob", "/notes/1/create", &note));
    for n in 1..=30 {
        note["updated"] = json!(format!("2026-09-21T13:{n:02}:00Z"));
        note["content"] = json!(format!("<p>{n}{}</p>", if n > 25 { "x".repeat(100_000) } else { String::new() }));
        p.send("bob", &a, &p.activity("Update", "bob", &format!("/notes/1/update/{n}"), &note));
    }
    world.settle(&[&a]);
    let id = a.by_uri(&p.url("/notes/1")).unwrap().post.id;
    let kept = a.node.store.read(|r| hytte::store::posts::post_edits::list(r, id)).unwrap();
    let bytes: usize = kept.iter().map(|one| one.content.len()).sum();
    assert!(kept.len() <= 20 && bytes <= 256 * 1024, "{} editions of {bytes} bytes", kept.len());
    assert!(kept.last().unwrap().content.starts_with("<p>29"), "the newest are kept");
}

#[test]
fn own_edits_are_open_about_what_was_said() {
    let world = World::new();
    let a = world.server("a.test");
    for (audience, code) in [(Audience::Public, 200), (Audience::Followers, 404)] {
        let post = a.post("Two plus two is five", audience);
        assert!(!page(&a, &format!("/post/{post}")).text().contains("/history"));
        a.advance(Duration::from_secs(60));
        let edit = |text: &str| PostChange { text: text.to_owned(), ..PostChange::default() };
        publish::edit(&a.node, post, edit("Two plus two is four")).unwrap();
        let seen = visit(&a, &format!("/@alice/{post}/history"));
        assert_eq!(seen.code, code, "{audience}");
        assert_eq!(seen.text().contains("Two plus two is five"), code == 200);
        assert!(page(&a, &format!("/post/{post}/history")).text().contains("Two plus two is five"));
    }
}
