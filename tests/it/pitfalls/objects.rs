//! 39–45 and 50–59: the shapes of documents.

use hytte::base::Audience;
use hytte::text::plain_text;
use serde_json::{Value, json};

use super::{act, create, follower, friends, note, strangers};
use crate::harness::Server;

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// The text of a kept post.
fn text(a: &Server, uri: &str) -> String {
    plain_text::from_html(&a.by_uri(uri).unwrap_or_else(|| panic!("{uri} is not here")).post.content)
}

#[test]
fn p39_the_author_in_every_shape() {
    let (world, a, peer) = friends();
    let (bob, channel) = (peer.actor("bob"), peer.actor("channel"));
    for (n, author) in [
        json!(bob),
        json!([bob]),
        json!({ "type": "Person", "id": bob }),
        json!([{ "type": "Person", "id": bob }, { "type": "Group", "id": channel }]),
        json!([{ "type": "Group", "id": channel }, { "type": "Person", "id": bob }]),
    ]
    .iter()
    .enumerate()
    {
        let path = format!("/notes/{n}");
        create(&world, &a, &peer, &note(&peer, &path, json!({ "attributedTo": author })));
        assert_eq!(a.by_uri(&peer.url(&path)).map(|card| card.author.uri.clone()), Some(bob.clone()), "{author}");
    }
}

#[test]
fn p40_the_actor_may_be_embedded() {
    let (world, a, peer) = friends();
    let mut activity = peer.activity("Create", "bob", "/creates/1", &peer.note("bob", "/notes/1", "<p>hello</p>"));
    activity["actor"] = peer.person_document("bob");
    assert_eq!(peer.send("bob", &a, &activity).code, 202);
    world.settle(&[&a]);
    assert_eq!(a.home_texts(), ["hello"]);
}

#[test]
fn p41_one_thing_and_a_list_of_one_thing_are_the_same() {
    let (world, a, peer) = friends();
    let tag = json!({ "type": "Hashtag", "name": "#snow", "href": peer.url("/tags/snow") });
    let file = json!({ "type": "Image", "mediaType": "image/png", "url": peer.url("/1.png"), "name": "a hill" });
    let followers = format!("{}/followers", peer.actor("bob"));
    let single = json!({ "tag": tag, "attachment": file, "to": PUBLIC, "cc": followers, "url": peer.url("/@bob/1") });
    let lists = json!({ "tag": [tag], "attachment": [file], "to": [PUBLIC], "cc": [followers], "url": [peer.url("/@bob/1")],
        "inReplyTo": [], "content": ["<p>words</p>"], "published": ["2026-09-21T12:00:00Z"], "type": ["Note"] });
    for (n, shape) in [single, lists].iter().enumerate() {
        let path = format!("/notes/{n}");
        create(&world, &a, &peer, &note(&peer, &path, shape.clone()));
        let card = a.by_uri(&peer.url(&path)).unwrap();
        assert_eq!((card.hashtags.len(), card.attachments.len(), card.post.audience), (1, 1, Audience::Public), "{n}");
        assert_eq!(
            (card.post.html_url(), plain_text::from_html(&card.post.content).as_str()),
            ("http://peer.test/@bob/1", "words")
        );
    }
    let mut person = peer.person_document("icons");
    person["icon"] =
        json!([{ "type": "Image", "url": peer.url("/small.png") }, { "type": "Image", "url": peer.url("/large.png") }]);
    peer.serve("/users/icons", &person);
    a.find_actor(&peer.actor("icons"));
}

#[test]
fn p42_pages_in_every_shape_and_nonsense_is_no_500() {
    let (world, a, peer) = friends();
    let page = peer.url("/@bob/1");
    for (n, (url, is)) in [
        (json!({ "type": "Link", "href": page }), Some(page.as_str())),
        (json!([{ "type": "Link", "mediaType": "video/mp4", "href": peer.url("/1.mp4") }, { "type": "Link", "mediaType": "text/html", "href": page }]), Some(page.as_str())),
        (json!(""), None),
        (json!("javascript:alert(1)"), None),
        (json!({}), None),
        (json!([[[]]]), None),
        (json!(7), None),
    ]
    .iter()
    .enumerate()
    {
        let path = format!("/notes/{n}");
        let answer = create(&world, &a, &peer, &note(&peer, &path, json!({ "url": url })));
        assert_eq!(answer.code, 202, "{url}");
        let uri = peer.url(&path);
        assert_eq!(a.by_uri(&uri).unwrap().post.html_url(), is.unwrap_or(&uri), "{url}");
    }
    for (n, context) in [
        json!(7),
        json!({ "@context": { "@context": [] } }),
        json!([[["x"]]]),
        json!("https://nowhere.test/ctx"),
        json!(null),
    ]
    .iter()
    .enumerate()
    {
        let mut activity = peer.activity("Like", "bob", &format!("/likes/{n}"), &json!(a.actor()));
        activity["@context"] = context.clone();
        assert_eq!(peer.send("bob", &a, &activity).code, 202, "{context}");
    }
    world.settle(&[&a]);
}

#[test]
fn p43_everyone_has_three_names_and_contexts_do_not_matter() {
    let (world, a, peer) = friends();
    for (n, public) in [PUBLIC, "as:Public", "Public"].iter().enumerate() {
        let path = format!("/notes/{n}");
        create(&world, &a, &peer, &note(&peer, &path, json!({ "to": [public], "cc": [] })));
        assert_eq!(a.by_uri(&peer.url(&path)).unwrap().post.audience, Audience::Public, "{public}");
    }
    // A context that renames things is not followed.
    let mut activity = peer.activity(
        "Create",
        "bob",
        "/creates/x",
        &note(&peer, "/notes/x", json!({ "to": [a.actor()], "cc": [], "open": PUBLIC })),
    );
    activity["@context"] = json!({ "open": "https://www.w3.org/ns/activitystreams#to" });
    peer.send("bob", &a, &activity);
    world.settle(&[&a]);
    assert_eq!(a.by_uri(&peer.url("/notes/x")).unwrap().post.audience, Audience::Mentioned);
}

#[test]
fn p44_times_with_and_without_a_zone() {
    let (world, a, peer) = friends();
    for (n, published) in
        ["2026-09-21T10:00:00Z", "2026-09-21T10:00:00", "2026-09-21T12:00:00+02:00", "2026-09-21T10:00:00.123Z"]
            .iter()
            .enumerate()
    {
        let path = format!("/notes/{n}");
        create(&world, &a, &peer, &note(&peer, &path, json!({ "published": published })));
        let at = a.by_uri(&peer.url(&path)).unwrap().post.published_at;
        assert_eq!(at.rfc3339().get(..19), Some("2026-09-21T10:00:00"), "{published}");
    }
    create(&world, &a, &peer, &note(&peer, "/notes/none", json!({ "published": "the day before" })));
    assert!(a.by_uri(&peer.url("/notes/none")).is_some());
}

#[test]
fn p45_words_may_be_in_a_language_map_alone_and_maps_may_be_broken() {
    let (world, a, peer) = friends();
    create(
        &world,
        &a,
        &peer,
        &note(&peer, "/notes/1", json!({ "content": null, "contentMap": { "nb": "<p>hei</p>" } })),
    );
    assert_eq!(text(&a, &peer.url("/notes/1")), "hei");
    assert_eq!(a.by_uri(&peer.url("/notes/1")).unwrap().post.language.as_deref(), Some("nb"));
    for (n, map) in
        [json!([]), json!("x"), json!({ "en": 7 }), json!({ "": "x" }), json!({ "en": null })].iter().enumerate()
    {
        let path = format!("/notes/m{n}");
        create(&world, &a, &peer, &note(&peer, &path, json!({ "contentMap": map })));
        assert_eq!(text(&a, &peer.url(&path)), "words", "{map}");
    }
}

#[test]
fn p50_a_summary_warns_on_notes_and_sensitive_alone_covers_pictures() {
    let (world, a, peer) = friends();
    let cases = [
        ("warned", json!({ "summary": "<b>spiders</b>", "sensitive": true }), Some("spiders"), true),
        ("article", json!({ "type": "Article", "name": "Title", "summary": "what it is about" }), None, false),
        ("covered", json!({ "sensitive": true }), None, true),
    ];
    for (path, changes, warning, sensitive) in cases {
        let path = format!("/notes/{path}");
        create(&world, &a, &peer, &note(&peer, &path, changes));
        let card = a.by_uri(&peer.url(&path)).unwrap();
        assert_eq!((card.post.warning.as_deref(), card.post.sensitive), (warning, sensitive), "{path}");
    }
}

#[test]
fn p51_a_vote_is_no_post() {
    let (world, a, peer) = friends();
    let post = a.uri(a.post("No poll at all", Audience::Public));
    let vote = json!({ "id": peer.url("/votes/1"), "type": "Note", "attributedTo": peer.actor("bob"), "name": "Yes",
        "inReplyTo": post, "to": [a.actor()] });
    assert_eq!(act(&world, &a, &peer, "Create", "/creates/votes/1", &vote), 202);
    assert!(a.by_uri(&peer.url("/votes/1")).is_none());
    assert_eq!((a.by_uri(&post).unwrap().replies, a.notifications().len()), (0, 0));
    let options = json!([{ "type": "Note", "name": "<b>One</b>" }, { "type": "Note", "name": "Two" }]);
    create(
        &world,
        &a,
        &peer,
        &note(&peer, "/notes/poll", json!({ "type": "Question", "oneOf": options, "votersCount": -4 })),
    );
    assert!(a.by_uri(&peer.url("/notes/poll")).is_some(), "a poll may have no end");
}

#[test]
fn p52_a_reaction_that_cannot_be_shown_is_a_like() {
    let (world, a, peer) = friends();
    for (n, (kind, content)) in
        [("Like", ":gone@elsewhere.test:"), ("Like", "a whole sentence"), ("Like", "")].iter().enumerate()
    {
        let who = format!("p{n}");
        peer.person(&who);
        let post = a.uri(a.post("react", Audience::Public));
        let mut like = peer.activity(kind, &who, &format!("/likes/{n}"), &json!(post));
        like["content"] = json!(content);
        assert_eq!(peer.send(&who, &a, &like).code, 202);
        world.settle(&[&a]);
        assert_eq!(a.by_uri(&post).unwrap().likes, 1, "{content}");
    }
}

#[test]
fn p53_quotes_are_found_and_their_fallback_is_no_part_of_the_words() {
    let (world, a, peer) = friends();
    let quoted = a.uri(a.post("quote me", Audience::Public));
    for (n, member) in ["quote", "quoteUrl", "quoteUri", "_misskey_quote"].iter().enumerate() {
        let path = format!("/notes/{n}");
        let mut changes = json!({ "content": "<p>indeed</p>" });
        changes[*member] = json!(quoted);
        create(&world, &a, &peer, &note(&peer, &path, changes));
        assert_eq!(text(&a, &peer.url(&path)), "indeed", "{member}");
    }
    // BookWyrm's quote is a line of a book.
    create(&world, &a, &peer, &note(&peer, "/notes/book", json!({ "quote": "<p>Call me</p>" })));
    assert_eq!(text(&a, &peer.url("/notes/book")), "words");
}

#[test]
fn p55_a_picture_stands_once() {
    let (world, a, peer) = friends();
    let url = peer.url("/1.png");
    let file = json!({ "type": "Image", "mediaType": "image/png", "url": url, "name": "a hill" });
    let changes =
        json!({ "attachment": [file, file], "content": format!("<p>look</p><img src=\"{url}\" alt=\"a hill\">") });
    create(&world, &a, &peer, &note(&peer, "/notes/1", changes));
    let card = a.by_uri(&peer.url("/notes/1")).unwrap();
    assert_eq!(card.attachments.len(), 1);
    assert!(!card.post.content.contains("<img") && !card.post.content.contains(&url), "{}", card.post.content);
}

#[test]
fn p56_our_actor_has_all_that_others_cannot_do_without() {
    let (world, a, _peer) = strangers();
    let actor = world.document(&a.actor());
    for member in [
        "id",
        "type",
        "inbox",
        "outbox",
        "followers",
        "following",
        "featured",
        "preferredUsername",
        "name",
        "url",
        "published",
    ] {
        assert!(actor[member].is_string(), "{member}: {}", actor[member]);
    }
    assert!(
        actor["summary"].is_string()
            && actor["manuallyApprovesFollowers"].is_boolean()
            && actor["discoverable"].is_boolean()
    );
    assert_eq!(actor["publicKey"]["owner"], actor["id"]);
    for list in ["followers", "following", "outbox", "featured"] {
        let collection = world.document(actor[list].as_str().unwrap());
        assert!(collection["totalItems"].is_u64(), "{list}");
        assert_eq!(collection["id"], actor[list]);
    }
}

#[test]
fn p57_everything_of_ours_is_on_one_host() {
    let (world, a, _peer) = strangers();
    let actor = world.document(&a.actor());
    for value in [
        &actor["id"],
        &actor["inbox"],
        &actor["outbox"],
        &actor["followers"],
        &actor["following"],
        &actor["featured"],
        &actor["endpoints"]["sharedInbox"],
        &actor["publicKey"]["id"],
        &actor["url"],
    ] {
        assert!(value.as_str().unwrap().starts_with("http://a.test/"), "{value}");
    }
}

#[test]
fn p59_floods_of_members_end_at_a_limit() {
    let (world, a, peer) = friends();
    let many = |make: fn(usize) -> Value| (0..3_000).map(make).collect::<Vec<_>>();
    let mut tags = many(|n| json!({ "type": "Mention", "href": format!("http://x.test/{n}"), "name": "@x" }));
    tags.extend(many(|n| json!({ "type": "Hashtag", "name": format!("#t{n}") })));
    let files = many(
        |n| json!({ "type": "Image", "mediaType": "image/png", "url": format!("http://x.test/{n}.png"), "name": "y".repeat(100) }),
    );
    let long = "z".repeat(200_000);
    create(&world, &a, &peer, &note(&peer, "/notes/1", json!({ "tag": tags, "attachment": files, "summary": long })));
    let card = a.by_uri(&peer.url("/notes/1")).unwrap();
    assert!(
        card.mentions.len() <= 300 && card.hashtags.len() <= 300,
        "{} {}",
        card.mentions.len(),
        card.hashtags.len()
    );
    assert!(card.attachments.len() <= 32 && card.post.warning.clone().unwrap().len() <= 20_000);
    let mut person = peer.person_document("flood");
    person["name"] = json!(long);
    person["summary"] = json!(long);
    person["attachment"] = json!(many(|n| json!({ "type": "PropertyValue", "name": format!("{n}"), "value": "v" })));
    person["alsoKnownAs"] = json!(many(|n| json!(format!("http://x.test/{n}"))));
    peer.serve("/users/flood", &person);
    let id = a.find_actor(&peer.actor("flood"));
    let kept = a.node.store.read(|r| hytte::store::actors::by_id(r, id)).unwrap();
    assert!(
        kept.name.len() <= 2_048
            && kept.bio.len() <= 100_000
            && kept.fields.len() <= 50
            && kept.also_known_as.len() <= 256
    );
    follower(&world, &a, &peer, "bob");
}
