//! The shapes real servers send, and what must come of each.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::{Value, json};

use crate::ap::attachment::AttachmentKind;
use crate::ap::key::KeyFormat;
use crate::ap::object::{ContentFormat, ObjectKind, QuoteReference};
use crate::ap::{KeyDoc, Object, PUBLIC, ReceivedActor, Uri};
use crate::base::{Audience, Time};

const ANN: &str = "https://a.example/users/ann";

fn with(mut base: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

fn note(changes: Value) -> Value {
    let base = json!({"id": "https://a.example/notes/1", "type": "Note", "attributedTo": ANN, "content": "<p>hei</p>"});
    with(base, changes)
}

fn actor(changes: Value) -> Value {
    let base =
        json!({"id": ANN, "type": "Person", "preferredUsername": "ann", "inbox": "https://a.example/users/ann/inbox"});
    with(base, changes)
}

fn read(changes: Value) -> Object {
    Object::read(&note(changes)).unwrap()
}

fn uri(text: &str) -> Uri {
    Uri::parse_id(text).unwrap()
}

#[test]
fn authors_in_every_shape() {
    let group = "https://a.example/video-channels/films";
    for (shape, author) in [
        (json!(ANN), ANN),
        (json!([ANN]), ANN),
        (json!({"type": "Person", "id": ANN}), ANN),
        (json!([{"type": "Group", "id": group}, {"type": "Person", "id": ANN}]), ANN),
        (json!([{"type": "Person", "id": ANN}, {"type": "Group", "id": group}]), ANN),
        (json!([{"type": "Group", "id": group}]), group),
        (json!([null, 7, {}, "ann", "https://b.example/eve", ANN]), ANN),
    ] {
        assert_eq!(read(json!({"attributedTo": shape})).attributed_to, Some(uri(author)), "{shape}");
    }
    assert_eq!(read(json!({"attributedTo": null})).attributed_to, None);
    for stolen in
        [json!("https://b.example/eve"), json!(["http://a.example/users/ann"]), json!({}), json!(7), json!([])]
    {
        assert!(Object::read(&note(json!({"attributedTo": stolen}))).is_err(), "{stolen}");
    }
}

#[test]
fn a_post_needs_an_id_and_a_type() {
    for id in [
        json!(null),
        json!(7),
        json!(""),
        json!({"id": "https://a.example/1"}),
        json!("notes/1"),
        json!("ap://did:key:z/1"),
    ] {
        assert!(Object::read(&note(json!({"id": id}))).is_err(), "{id}");
    }
    for (kind, wanted) in [
        (json!("Note"), Some(ObjectKind::Note)),
        (json!(["Foo", "Article"]), Some(ObjectKind::Article)),
        (json!(["Review"]), Some(ObjectKind::Other("Review".into()))),
        (json!("as:Note"), Some(ObjectKind::Note)),
        (json!("https://www.w3.org/ns/activitystreams#Page"), Some(ObjectKind::Page)),
        (json!([7, null]), None),
        (json!(null), None),
        (json!(""), None),
    ] {
        assert_eq!(Object::read(&note(json!({"type": kind}))).ok().map(|o| o.kind), wanted, "{kind}");
    }
}

#[test]
fn a_tombstone_says_that_it_is_gone() {
    let doc = json!({"id": "https://a.example/notes/1", "type": "Tombstone", "deleted": "2026-11-23T08:00:00Z"});
    assert!(matches!(Object::read(&doc), Err(crate::base::Error::Gone)));
    assert!(matches!(ReceivedActor::read(&doc), Err(crate::base::Error::Gone)));
}

#[test]
fn parents_in_every_shape() {
    let parent = "https://b.example/notes/7";
    for shape in [
        json!(parent),
        json!([parent, "https://b.example/notes/8"]),
        json!({"id": parent, "type": "Note", "content": "x"}),
        json!({"type": "Link", "href": parent}),
        json!([{"type": "Mention", "name": "x"}, parent]),
    ] {
        assert_eq!(read(json!({"inReplyTo": shape})).in_reply_to, Some(uri(parent)), "{shape}");
    }
    for nothing in [json!(null), json!([]), json!(""), json!({"type": "Note"}), json!("https://a.example/notes/1")] {
        assert_eq!(read(json!({"inReplyTo": nothing})).in_reply_to, None, "{nothing}");
    }
}

#[test]
fn pages_in_every_shape() {
    let page = "https://www.a.example/@ann/1";
    for shape in [
        json!(page),
        json!({"type": "Link", "href": page}),
        json!([{"type": "Link", "mediaType": "video/mp4", "href": "https://a.example/v.mp4"},
               {"type": "Link", "mediaType": "text/html", "href": page}]),
        json!([{"type": "Link", "mediaType": "application/x-mpegURL", "href": "https://a.example/v.m3u8"}, page]),
        json!(["", null, page]),
    ] {
        assert_eq!(read(json!({"url": shape})).url, Some(uri(page)), "{shape}");
    }
    for nothing in
        [json!(""), json!(7), json!({}), json!([[page]]), json!("javascript:alert(1)"), json!({"href": null})]
    {
        assert_eq!(read(json!({"url": nothing})).url, None, "{nothing}");
    }
}

#[test]
fn times_with_and_without_zone() {
    let wanted = Time::parse("2026-11-23T08:00:00Z");
    for shape in
        ["2026-11-23T08:00:00Z", "2026-11-23T08:00:00", "2026-11-23T09:00:00+01:00", "2026-11-23T08:00:00.000000Z"]
    {
        assert_eq!(read(json!({"published": shape})).published, wanted, "{shape}");
    }
    for nothing in [json!("yesterday"), json!(""), json!(1_700_000_000), json!(null), json!({})] {
        assert_eq!(read(json!({"published": nothing})).published, None, "{nothing}");
    }
    assert!(read(json!({"published": "9999-01-01T00:00:00Z"})).published.unwrap() > wanted.unwrap());
}

#[test]
fn audiences_come_from_the_post_and_only_else_from_its_activity() {
    let followers = Some("https://a.example/users/ann/followers");
    let public = crate::ap::addressing::Recipients { to: vec![PUBLIC.into()], cc: vec![] };
    assert_eq!(read(json!({"to": PUBLIC})).audience(None, followers), Audience::Public);
    assert_eq!(read(json!({})).audience(Some(&public), followers), Audience::Public);
    assert_eq!(read(json!({"to": []})).audience(Some(&public), followers), Audience::Mentioned);
    assert_eq!(
        read(json!({"to": null, "cc": "https://b.example/bob"})).audience(Some(&public), followers),
        Audience::Mentioned
    );
    assert_eq!(read(json!({})).audience(None, followers), Audience::Mentioned);
    assert_eq!(read(json!({"to": PUBLIC, "directMessage": true})).audience(None, followers), Audience::Mentioned);
    assert_eq!(read(json!({"to": PUBLIC, "type": "ChatMessage"})).audience(None, followers), Audience::Mentioned);
    assert_eq!(read(json!({"to": followers})).audience(None, followers), Audience::Followers);
}

#[test]
fn tags_in_every_shape() {
    let post = read(json!({"tag": [
        {"type": "Mention", "href": "https://b.example/bob", "name": "@bob@b.example"},
        {"type": "Mention", "href": "https://b.example/bob"},
        {"type": "Mention", "href": "acct:eve@b.example"}, {"type": "Mention"}, null, "x", 7,
        {"type": "Hashtag", "name": "#Hytte"}, {"type": "Hashtag", "name": "hytte"}, {"type": "Hashtag", "name": "\u{ff03}山"},
        {"type": "Hashtag"}, {"type": "Hashtag", "name": "#"}, {"type": "Hashtag", "name": "#two words"},
        {"type": ["Emoji"], "name": ":cat:", "icon": {"type": "Image", "url": "https://a.example/cat.png"}},
        {"type": "Emoji", "name": "dog", "icon": [{"url": [{"href": "https://a.example/dog.png"}]}]},
        {"type": "Emoji", "name": ":none:"}, {"type": "Unknown"}
    ]}));
    assert_eq!(post.tags.mentions.len(), 1);
    assert_eq!(post.tags.mentions[0].name, "@bob@b.example");
    assert_eq!(post.tags.hashtags, ["Hytte", "山"]);
    let emoji: Vec<_> = post.tags.emoji.iter().map(|e| (e.shortcode.as_str(), e.icon.as_str())).collect();
    assert_eq!(emoji, [("cat", "https://a.example/cat.png"), ("dog", "https://a.example/dog.png")]);
    let single = read(json!({"tag": {"type": "Mention", "href": ANN, "name": "@ann"}}));
    assert_eq!(single.tags.mentions.len(), 1, "GoToSocial writes one tag without a list");
    let flood: Vec<Value> = (0..5000).map(|n| json!({"type": "Hashtag", "name": format!("#t{n}")})).collect();
    assert!(read(json!({"tag": flood})).tags.hashtags.len() <= crate::ap::limits::HASHTAGS);
}

#[test]
fn attachments_in_every_shape() {
    let url = "https://a.example/cat.jpg";
    for (shape, kind) in [
        (json!({"type": "Document", "mediaType": "image/jpeg", "url": url, "name": "a cat"}), AttachmentKind::Image),
        (
            json!([{"type": "Image", "url": [{"type": "Link", "href": url, "mediaType": "image/jpeg"}], "name": "a cat"}]),
            AttachmentKind::Image,
        ),
        (json!([{"type": "Document", "url": {"href": url}, "nameMap": {"en": "a cat"}}]), AttachmentKind::Image),
        (json!([{"type": "Document", "url": url, "summary": "a cat", "name": "DSC001.jpg"}]), AttachmentKind::Image),
        (
            json!([null, {"type": "PropertyValue", "name": "x", "value": "y"}, {"type": "Image", "url": url, "name": "a cat"},
                {"type": "Image", "url": url}, {"type": "Image"}, {"type": "Image", "url": "data:image/png;base64,AA"}]),
            AttachmentKind::Image,
        ),
        (
            json!([{"type": "Link", "href": url, "mediaType": "text/html; charset=utf-8", "name": "a cat"}]),
            AttachmentKind::Link,
        ),
        (json!([{"type": "Document", "mediaType": "video/mp4", "url": url, "name": "a cat"}]), AttachmentKind::Video),
    ] {
        let post = read(json!({"attachment": shape}));
        assert_eq!(post.attachments.len(), 1, "{shape}");
        let file = &post.attachments[0];
        assert_eq!((file.url.as_str(), file.alt.as_deref(), file.kind), (url, Some("a cat"), kind), "{shape}");
    }
    let sizes =
        read(json!({"attachment": [{"type": "Image", "url": url, "width": "640", "height": -5, "blurhash": "UE",
        "focalPoint": [0.5, -1.0]}]}));
    let file = &sizes.attachments[0];
    assert_eq!((file.width, file.height, file.focal), (Some(640), None, Some((0.5, -1.0))));
    let wild = read(
        json!({"attachment": {"type": "Image", "url": url, "focalPoint": [7, "x"], "width": 1e18, "blurhash": 3}}),
    );
    assert_eq!((wild.attachments[0].focal, wild.attachments[0].width), (None, Some(crate::ap::limits::PIXELS)));
}

#[test]
fn a_peertube_video_has_a_page_a_film_and_a_still() {
    let video = read(json!({"type": "Video", "name": "Fjord", "mediaType": "text/markdown", "content": "**x**",
        "language": {"identifier": "nb", "name": "Norsk"},
        "icon": [{"type": "Image", "url": "https://a.example/s.jpg", "width": 280}, {"type": "Image", "url": "https://a.example/l.jpg", "width": 850}],
        "url": [{"type": "Link", "mediaType": "text/html", "href": "https://a.example/w/1"},
            {"type": "Link", "mediaType": "video/mp4", "href": "https://a.example/1080.mp4", "height": 1080},
            {"type": "Link", "mediaType": "application/x-mpegURL", "href": "https://a.example/m.m3u8", "tag": [
                {"type": "Link", "mediaType": "video/mp4", "href": "https://a.example/480.mp4", "height": 480},
                {"type": "Link", "mediaType": "video/mp4", "href": "https://a.example/720.mp4", "height": 720}]}]}));
    assert_eq!(video.url, Some(uri("https://a.example/w/1")));
    assert_eq!(video.markup, ContentFormat::Markdown);
    assert_eq!(video.language.as_deref(), Some("nb"));
    assert_eq!(video.attachments.len(), 1);
    assert_eq!(video.attachments[0].url, "https://a.example/720.mp4");
    assert_eq!(video.attachments[0].preview, Some(uri("https://a.example/l.jpg")));
}

#[test]
fn polls_in_every_shape() {
    let options = json!([{"type": "Note", "name": "<b>Yes</b>", "replies": {"type": "Collection", "totalItems": 4}},
        {"type": "Note", "name": "No ", "replies": {"totalItems": -1}}, {"name": "No "}, {"type": "Note"}, null]);
    let poll =
        read(json!({"type": "Question", "oneOf": options, "endTime": "2026-11-24T00:00:00Z", "votersCount": "4"}))
            .poll
            .unwrap();
    let seen: Vec<_> = poll.options.iter().map(|o| (o.name.as_str(), o.votes)).collect();
    assert_eq!(seen, [("<b>Yes</b>", 4), ("No ", 0)]);
    assert!(!poll.multiple && !poll.closed && poll.end.is_some());
    assert_eq!(poll.voters, Some(4));
    let open = read(json!({"type": "Question", "anyOf": {"name": "Only"}, "oneOf": []})).poll.unwrap();
    assert!(open.multiple && open.end.is_none());
    let closed = read(json!({"oneOf": [{"name": "A"}], "closed": "2026-11-20T00:00:00Z"})).poll.unwrap();
    assert!(closed.closed && closed.end == Time::parse("2026-11-20T00:00:00Z"));
    let now = Time::parse("2026-11-21T00:00:00Z").unwrap();
    assert!(closed.over_at(now).is_some());
    let pleroma = read(json!({"type": "Question", "oneOf": [{"name": "A"}], "closed": "2026-11-22T00:00:00Z"})).poll;
    assert_eq!(pleroma.unwrap().over_at(now), None, "Pleroma's `closed` lies ahead while the poll runs");
    let early =
        json!({"type": "Question", "oneOf": [{"name": "A"}], "closed": true, "endTime": "2026-12-01T00:00:00Z"});
    assert_eq!(read(early).poll.unwrap().over_at(now), Some(now));
    assert_eq!(open.over_at(now), None);
    let misskey = read(json!({"type": "Question", "oneOf": [{"name": "A", "_misskey_votes": 3}]})).poll.unwrap();
    assert_eq!((misskey.options[0].votes, misskey.voters), (3, None));
    assert_eq!(read(json!({"type": "Question", "oneOf": 7})).poll, None);
}

#[test]
fn votes_are_told_from_replies() {
    let vote = json!({"name": "Yes", "inReplyTo": "https://b.example/q/1", "content": null});
    assert!(read(vote.clone()).is_vote());
    for no in [json!({"content": "x"}), json!({"name": null}), json!({"inReplyTo": null}), json!({"type": "Article"})] {
        assert!(!read(with(vote.clone(), no.clone())).is_vote(), "{no}");
    }
}

#[test]
fn quotes_in_every_shape() {
    let quoted = "https://b.example/notes/9";
    let tag = |rel: &str| json!([{"type": "Link", "rel": rel, "href": quoted, "name": "RE:"}]);
    for shape in [
        json!({"quote": quoted}),
        json!({"quote": [quoted]}),
        json!({"quote": {"type": "Note", "id": quoted}}),
        json!({"_misskey_quote": quoted, "quoteUri": "https://b.example/notes/other"}),
        json!({"quoteUrl": quoted}),
        json!({"quoteUri": quoted}),
        json!({"quote": "To be, or not to be", "quoteUrl": "nonsense", "quoteUri": quoted}),
        json!({"tag": tag("https://misskey-hub.net/ns#_misskey_quote")}),
        json!({"tag": tag("https://misskey-hub.net/ns/#_misskey_quote")}),
    ] {
        let Some(QuoteReference::Of { id, stamp, .. }) = read(shape.clone()).quote else { panic!("{shape}") };
        assert_eq!((id.as_str(), stamp), (quoted, None), "{shape}");
    }
    let stamped = read(json!({"quote": quoted, "quoteAuthorization": "https://b.example/stamps/1"}));
    assert!(matches!(stamped.quote, Some(QuoteReference::Of { stamp: Some(_), consent: true, .. })));
    let elder = read(json!({"quote": "a line of a book", "quoteUrl": quoted}));
    assert!(matches!(elder.quote, Some(QuoteReference::Of { consent: false, .. })));
    assert_eq!(read(json!({"quote": {"type": "Tombstone"}})).quote, Some(QuoteReference::Deleted));
    for nothing in [
        json!({"quote": "a line of a book"}),
        json!({"quote": "https://a.example/notes/1"}),
        json!({"tag": tag("alternate")}),
    ] {
        assert_eq!(read(nothing.clone()).quote, None, "{nothing}");
    }
}

#[test]
fn a_summary_warns_on_notes_only() {
    assert_eq!(read(json!({"summary": "spiders"})).warning(), Some("spiders"));
    assert_eq!(read(json!({"summary": "About", "type": "Article"})).warning(), None);
    assert_eq!(read(json!({"summary": "About", "type": "Article", "sensitive": "true"})).warning(), Some("About"));
    assert_eq!(read(json!({"sensitive": true})).warning(), None);
    assert_eq!(read(json!({"summary": null})).warning(), None);
}

#[test]
fn one_sensitive_picture_covers_all() {
    let picture = |sensitive| json!({"type": "Image", "url": "https://a.example/1.png", "sensitive": sensitive});
    assert!(read(json!({"attachment": [picture(false), picture(true)]})).sensitive);
    assert!(!read(json!({"attachment": picture(false)})).sensitive);
}

#[test]
fn counts_are_hearsay_within_limits() {
    let post = read(
        json!({"likes": {"id": "https://a.example/likes", "totalItems": -7}, "shares": "https://a.example/shares",
        "replies": {"type": "Collection", "totalItems": 99_999_999_999u64, "first": {"items": []}}}),
    );
    assert_eq!(post.counts.likes, Some(0));
    assert_eq!(post.counts.shares, None);
    assert_eq!(post.counts.replies, Some(crate::ap::limits::COUNT));
    assert_eq!(post.likes, Some(uri("https://a.example/likes")));
    assert!(post.replies.unwrap().embedded().is_some(), "Fedify inlines the first page without an id");
}

#[test]
fn actors_need_type_id_inbox_and_a_writable_name() {
    assert!(ReceivedActor::read(&actor(json!({}))).is_ok());
    // Bridgy Fed has several hosts below one domain.
    let bridged = json!({"id": "https://web.brid.example/ann", "inbox": "https://fed.brid.example/ann/inbox"});
    assert!(ReceivedActor::read(&actor(bridged)).is_ok());
    for broken in [
        json!({"type": null}),
        json!({"type": []}),
        json!({"type": "Note"}),
        json!({"type": ["Image"]}),
        json!({"type": "Collection"}),
        json!({"id": null}),
        json!({"id": format!("{ANN}#me")}),
        json!({"id": "acct:ann@a.example"}),
        json!({"inbox": null}),
        json!({"inbox": "mailto:ann@a.example"}),
        json!({"inbox": "/inbox"}),
        json!({"inbox": []}),
        json!({"inbox": "https://victim.example/inbox"}),
        json!({"inbox": "https://b.example/users/ann/inbox"}),
        json!({"inbox": "http://a.example/users/ann/inbox"}),
        json!({"preferredUsername": "a b"}),
        json!({"preferredUsername": "ann@b.example"}),
        json!({"preferredUsername": "x".repeat(200)}),
    ] {
        assert!(matches!(ReceivedActor::read(&actor(broken.clone())), Err(crate::base::Error::Invalid(_))), "{broken}");
    }
    for (shape, name) in [
        (json!({"preferredUsername": null, "webfinger": "bea@a.example"}), "bea"),
        (json!({"preferredUsername": 7}), "a.example"),
        (json!({"preferredUsername": "brid.gy"}), "brid.gy"),
        (json!({"type": ["Bot", "Service"]}), "ann"),
        (json!({"type": "https://example.org/Robot"}), "ann"),
    ] {
        assert_eq!(ReceivedActor::read(&actor(shape.clone())).unwrap().username, name, "{shape}");
    }
}

#[test]
fn actors_cannot_claim_what_lies_elsewhere() {
    let elsewhere = ReceivedActor::read(&actor(json!({
        "followers": "https://b.example/bob/followers", "outbox": PUBLIC, "following": "https://b.example/f", "featured": "http://a.example/f",
        "endpoints": {"sharedInbox": "https://b.example/inbox"}, "movedTo": ANN, "alsoKnownAs": [ANN, "acct:x@y", "https://b.example/ann"],
        "publicKey": [
            {"id": "https://b.example/bob#main-key", "owner": ANN, "publicKeyPem": "pem"},
            {"id": format!("{ANN}#k1"), "owner": "https://a.example/users/eve", "publicKeyPem": "pem"},
            {"id": format!("{ANN}#k2"), "owner": ANN, "publicKeyPem": "pem", "revoked": "2026-01-01T00:00:00Z"},
            {"id": format!("{ANN}#k3"), "publicKeyPem": "pem"}]
    }))).unwrap();
    assert_eq!(
        (&elsewhere.followers, &elsewhere.outbox, &elsewhere.following, &elsewhere.featured),
        (&None, &None, &None, &None)
    );
    assert_eq!((elsewhere.shared_inbox, elsewhere.moved_to), (None, None));
    assert_eq!(elsewhere.also_known_as, [uri("https://b.example/ann")]);
    assert_eq!(elsewhere.keys.iter().map(|k| k.id.as_str()).collect::<Vec<_>>(), [format!("{ANN}#k3")]);
}

#[test]
fn pictures_fields_and_flags_in_every_shape() {
    for shape in [
        json!("https://a.example/me.png"),
        json!({"type": "Image", "url": "https://a.example/me.png"}),
        json!([{"url": "https://a.example/small.png", "width": 48}, {"url": "https://a.example/me.png", "width": 120}]),
        json!({"type": "Image", "url": [{"type": "Link", "href": "https://a.example/me.png"}]}),
        json!({"type": "Link", "href": "https://a.example/me.png"}),
    ] {
        assert_eq!(
            ReceivedActor::read(&actor(json!({"icon": shape}))).unwrap().icon,
            Some(uri("https://a.example/me.png")),
            "{shape}"
        );
    }
    let odd = ReceivedActor::read(&actor(json!({"icon": {}, "image": [], "attachment": {"type": "PropertyValue", "name": "Web", "value": "x"},
        "manuallyApprovesFollowers": "true", "discoverable": null, "url": [], "name": null, "summary": 7, "endpoints": null,
        "alsoKnownAs": "https://b.example/ann", "sharedInbox": "https://a.example/inbox", "published": "2020-01-01"}))).unwrap();
    assert_eq!((odd.icon, odd.image, odd.name, odd.bio, odd.url), (None, None, None, None, None));
    assert_eq!(odd.fields[0].name, "Web");
    assert!(odd.approves_followers && !odd.discoverable);
    assert_eq!(odd.also_known_as.len(), 1);
    assert_eq!(odd.shared_inbox, Some(uri("https://a.example/inbox")));
    assert!(ReceivedActor::read(&actor(json!({}))).unwrap().is_stub(), "what Sharkey shows to strangers");
}

#[test]
fn keys_in_every_shape() {
    let key = format!("{ANN}#main-key");
    for shape in [
        json!({"publicKey": {"id": key, "owner": ANN, "publicKeyPem": "pem"}}),
        json!({"publicKey": [{"id": format!("{ANN}#old"), "owner": ANN, "publicKeyPem": "x"}, {"id": key, "owner": ANN, "publicKeyPem": "pem"}]}),
        json!({"publicKey": {"id": key, "owner": {"id": ANN}, "publicKeyPem": "pem"}}),
    ] {
        let found = KeyDoc::from_document(&actor(shape.clone()), &uri(&key)).unwrap();
        assert_eq!(found.key.material, KeyFormat::Pem("pem".into()), "{shape}");
        assert!(found.listed_by_owner);
    }
    let linked = ReceivedActor::read(&actor(json!({"publicKey": "https://a.example/keys/1"}))).unwrap();
    assert_eq!(linked.keys[0].material, KeyFormat::Linked);
    let multi = ReceivedActor::read(&actor(
        json!({"assertionMethod": [{"id": format!("{ANN}#ed"), "type": "Multikey", "controller": ANN,
        "publicKeyMultibase": "z6Mk"}]}),
    ))
    .unwrap();
    assert!(multi.keys[0].for_proofs && multi.keys[0].material == KeyFormat::Multibase("z6Mk".into()));
    for broken in [
        json!({"publicKey": null}),
        json!({"publicKey": 7}),
        json!({"publicKey": {}}),
        json!({"publicKey": [[]]}),
        json!({"publicKey": {"id": key, "owner": 7}}),
    ] {
        let doc = actor(broken.clone());
        assert!(ReceivedActor::read(&doc).is_ok(), "{broken}");
    }
}

#[test]
fn keys_of_their_own_and_stubs_must_be_confirmed_by_their_owner() {
    let url = "https://a.example/users/ann/main-key";
    let bare = json!({"@context": "https://w3id.org/security/v1", "id": url, "owner": ANN, "publicKeyPem": "pem"});
    let found = KeyDoc::from_document(&bare, &uri(url)).unwrap();
    assert_eq!((found.key.owner.as_str(), found.listed_by_owner), (ANN, false));
    let stub = json!({"id": ANN, "type": "Person", "preferredUsername": "ann", "publicKey": {"id": url, "owner": ANN, "publicKeyPem": "pem"}});
    let found = KeyDoc::from_document(&stub, &uri(url)).unwrap();
    assert_eq!((found.key.owner.as_str(), found.listed_by_owner), (ANN, false));
    let multikey = json!({"id": url, "type": "Multikey", "controller": ANN, "publicKeyMultibase": "z6Mk"});
    assert!(KeyDoc::from_document(&multikey, &uri(url)).unwrap().key.for_proofs);
    let lone = actor(json!({"publicKey": {"id": format!("{ANN}#main-key"), "owner": ANN, "publicKeyPem": "pem"}}));
    assert!(KeyDoc::from_document(&lone, &uri(ANN)).unwrap().listed_by_owner, "PeerTube's keyId is the actor");
    for (doc, wanted) in [
        (bare.clone(), "https://b.example/main-key"),
        (with(bare.clone(), json!({"owner": "https://b.example/bob"})), url),
        (with(bare.clone(), json!({"owner": null})), url),
        (with(bare.clone(), json!({"id": "https://a.example/other"})), url),
        (with(bare, json!({"publicKeyPem": ""})), url),
        (lone.clone(), "https://a.example/users/ann#other"),
        (lone, "https://a.example/users/eve#main-key"),
        (json!({}), url),
    ] {
        assert!(KeyDoc::from_document(&doc, &uri(wanted)).is_err(), "{doc}");
    }
}
