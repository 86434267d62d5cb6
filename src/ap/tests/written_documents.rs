//! What we write, byte for byte, and the rules that hold for all of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::{Value, json};

use crate::ap::addressing::{self, Recipients};
use crate::ap::write_activity::{self as act, ActivityEnvelope};
use crate::ap::write_actor::{self, InstanceActor, OwnActor, OwnImage, PublishedKey};
use crate::ap::write_object::{
    self, OwnAttachment, OwnPollDocument, OwnPostDocument, OwnQuoteDocument, OwnTag, OwnVoteDocument, PostShape,
};
use crate::ap::{Activity, ActivityKind, Object, PUBLIC, ReceivedActor, context, interaction};
use crate::base::interaction_policy::Interaction;
use crate::base::{Audience, Time};

const ANN: &str = "https://a.example/users/ann";
const FOLLOWERS: &str = "https://a.example/users/ann/followers";
const BOB: &str = "https://b.example/users/bob";

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn without_context(mut doc: Value) -> Value {
    context::lift_terms(&mut doc);
    doc
}

fn owner() -> OwnActor {
    OwnActor {
        automated: false,
        id: ANN.into(),
        inbox: format!("{ANN}/inbox"),
        outbox: format!("{ANN}/outbox"),
        followers: FOLLOWERS.into(),
        following: format!("{ANN}/following"),
        featured: format!("{ANN}/collections/featured"),
        featured_tags: format!("{ANN}/collections/tags"),
        shared_inbox: "https://a.example/inbox".into(),
        url: "https://a.example/@ann".into(),
        username: "ann".into(),
        webfinger: "ann@example.org".into(),
        name: String::new(),
        bio: "<p>Hei</p>".into(),
        key: PublishedKey { id: format!("{ANN}#main-key"), text: "-----BEGIN PUBLIC KEY-----".into() },
        proof_key: Some(PublishedKey { id: format!("{ANN}#ed25519-key"), text: "z6MkAnn".into() }),
        approves_followers: false,
        discoverable: true,
        indexable: false,
        featurable: true,
        fields: vec![("Web".into(), "<a href=\"https://ann.example\" rel=\"me\">ann</a>".into())],
        icon: Some(OwnImage {
            url: "https://a.example/media/me.png".into(),
            media_type: "image/png".into(),
            alt: "Ann".into(),
        }),
        image: None,
        published: Some(at("2026-01-02T03:04:05.678Z")),
        also_known_as: vec!["https://old.example/ann".into()],
        moved_to: None,
        attribution_domains: vec!["ann.example".into()],
        tags: vec![],
    }
}

fn generator() -> Value {
    json!({"type": "Application", "implements": [
        {"href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421: HTTP Message Signatures"}]})
}

#[test]
fn the_owner_as_peers_see_them() {
    let doc = write_actor::owner(&owner());
    assert_eq!(
        doc,
        json!({
            "@context": context::full_context(), "type": "Person", "id": ANN,
            "inbox": "https://a.example/users/ann/inbox", "outbox": "https://a.example/users/ann/outbox",
            "followers": FOLLOWERS, "following": "https://a.example/users/ann/following",
            "featured": "https://a.example/users/ann/collections/featured",
            "featuredTags": "https://a.example/users/ann/collections/tags",
            "preferredUsername": "ann", "webfinger": "ann@example.org", "name": "ann", "summary": "<p>Hei</p>",
            "url": "https://a.example/@ann", "endpoints": {"sharedInbox": "https://a.example/inbox"},
            "publicKey": {"id": "https://a.example/users/ann#main-key", "owner": ANN, "publicKeyPem": "-----BEGIN PUBLIC KEY-----"},
            "assertionMethod": [{"id": "https://a.example/users/ann#ed25519-key", "type": "Multikey", "controller": ANN,
                "publicKeyMultibase": "z6MkAnn"}],
            "manuallyApprovesFollowers": false, "discoverable": true, "indexable": false,
            "interactionPolicy": {"canFeature": {"automaticApproval": [PUBLIC]}},
            "attachment": [{"type": "PropertyValue", "name": "Web", "value": "<a href=\"https://ann.example\" rel=\"me\">ann</a>"}],
            "tag": [], "icon": {"type": "Image", "mediaType": "image/png", "url": "https://a.example/media/me.png",
                "summary": "Ann", "name": "Ann"},
            "published": "2026-01-02T03:04:05Z", "alsoKnownAs": ["https://old.example/ann"],
            "attributionDomains": ["ann.example"], "generator": generator()
        })
    );
    let read = ReceivedActor::read(&doc).unwrap();
    assert_eq!((read.id.as_str(), read.keys.len(), read.fields.len()), (ANN, 2, 1));
    let moved = write_actor::owner(&OwnActor { featurable: false, moved_to: Some(BOB.into()), ..owner() });
    assert_eq!(
        (&moved["movedTo"], &moved["interactionPolicy"]["canFeature"]["automaticApproval"][0]),
        (&json!(BOB), &json!(ANN))
    );
}

#[test]
fn the_instance_actor() {
    let actor = InstanceActor {
        id: "https://a.example/actor".into(),
        inbox: "https://a.example/actor/inbox".into(),
        outbox: "https://a.example/actor/outbox".into(),
        shared_inbox: "https://a.example/inbox".into(),
        host: "a.example".into(),
        url: "https://a.example/about".into(),
        key: PublishedKey { id: "https://a.example/actor#main-key".into(), text: "pem".into() },
        proof_key: None,
    };
    assert_eq!(
        write_actor::instance(&actor),
        json!({"@context": context::full_context(), "type": "Application", "id": "https://a.example/actor",
            "inbox": "https://a.example/actor/inbox", "outbox": "https://a.example/actor/outbox",
            "preferredUsername": "a.example", "name": "a.example", "summary": "", "url": "https://a.example/about",
            "endpoints": {"sharedInbox": "https://a.example/inbox"},
            "publicKey": {"id": "https://a.example/actor#main-key", "owner": "https://a.example/actor", "publicKeyPem": "pem"},
            "manuallyApprovesFollowers": true, "generator": generator()})
    );
}

fn full_post() -> OwnPostDocument {
    OwnPostDocument {
        id: format!("{ANN}/posts/1"),
        author: ANN.into(),
        url: "https://a.example/@ann/1".into(),
        content: "<p>Hei</p>".into(),
        language: Some("nb".into()),
        summary: Some("winter".into()),
        sensitive: true,
        in_reply_to: Some("https://b.example/notes/7".into()),
        published: at("2026-11-23T08:00:00Z"),
        updated: Some(at("2026-11-23T09:00:00Z")),
        recipients: addressing::write(Audience::Public, FOLLOWERS, &[BOB.into()]),
        tags: vec![
            OwnTag::Mention { href: BOB.into(), name: "@bob@b.example".into() },
            OwnTag::Hashtag { href: "https://a.example/tags/hytte".into(), name: "#hytte".into() },
            OwnTag::Emoji {
                id: "https://a.example/emoji/1".into(),
                shortcode: "cat".into(),
                url: "https://a.example/media/cat.png".into(),
                media_type: "image/png".into(),
                updated: at("2026-01-01T00:00:00Z"),
            },
        ],
        attachments: vec![OwnAttachment {
            url: "https://a.example/media/1.webp".into(),
            media_type: "image/webp".into(),
            alt: Some("snow".into()),
            width: Some(1200),
            height: Some(800),
            blurhash: Some("LEHV6n".into()),
            focal: Some((0.0, 0.5)),
            ..OwnAttachment::default()
        }],
        replies: Some(format!("{ANN}/posts/1/replies")),
        likes: Some(format!("{ANN}/posts/1/likes")),
        shares: Some(format!("{ANN}/posts/1/shares")),
        context: Some("https://b.example/threads/7".into()),
        conversation: Some("tag:b.example,2026:7".into()),
        policy: Some(json!({"canQuote": {"automaticApproval": [PUBLIC]}})),
        quote: Some(OwnQuoteDocument {
            id: "https://c.example/notes/3".into(),
            stamp: Some("https://c.example/stamps/3".into()),
        }),
        source: Some(("Hei".into(), "text/markdown".into())),
        ..OwnPostDocument::default()
    }
}

#[test]
fn a_note_with_everything() {
    let doc = write_object::post_document(&full_post());
    let quoted = "https://c.example/notes/3";
    assert_eq!(
        doc,
        json!({
            "@context": context::full_context(), "type": "Note", "id": "https://a.example/users/ann/posts/1", "attributedTo": ANN,
            "url": "https://a.example/@ann/1", "content": "<p>Hei</p>", "contentMap": {"nb": "<p>Hei</p>"},
            "summary": "winter", "sensitive": true, "inReplyTo": "https://b.example/notes/7",
            "published": "2026-11-23T08:00:00Z", "updated": "2026-11-23T09:00:00Z",
            "to": [PUBLIC], "cc": [FOLLOWERS, BOB],
            "tag": [{"type": "Mention", "href": BOB, "name": "@bob@b.example"},
                {"type": "Hashtag", "href": "https://a.example/tags/hytte", "name": "#hytte"},
                {"type": "Emoji", "id": "https://a.example/emoji/1", "name": ":cat:", "updated": "2026-01-01T00:00:00Z",
                    "icon": {"type": "Image", "mediaType": "image/png", "url": "https://a.example/media/cat.png"}},
                {"type": "Link", "mediaType": "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
                    "rel": "https://misskey-hub.net/ns#_misskey_quote", "href": quoted, "name": "RE: https://c.example/notes/3"}],
            "attachment": [{"type": "Document", "mediaType": "image/webp", "url": "https://a.example/media/1.webp", "name": "snow",
                "width": 1200, "height": 800, "blurhash": "LEHV6n", "focalPoint": [0.0, 0.5]}],
            "replies": "https://a.example/users/ann/posts/1/replies", "likes": "https://a.example/users/ann/posts/1/likes",
            "shares": "https://a.example/users/ann/posts/1/shares",
            "context": "https://b.example/threads/7", "conversation": "tag:b.example,2026:7",
            "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
            "quote": quoted, "_misskey_quote": quoted, "quoteUri": quoted, "quoteUrl": quoted,
            "quoteAuthorization": "https://c.example/stamps/3",
            "source": {"content": "Hei", "mediaType": "text/markdown"}
        })
    );
    let read = Object::read(&doc).unwrap();
    assert_eq!(read.audience(None, Some(FOLLOWERS)), Audience::Public);
    assert_eq!((read.tags.mentions.len(), read.attachments.len(), read.language.as_deref()), (1, 1, Some("nb")));
}

#[test]
fn a_note_with_nothing_has_no_empty_members() {
    let bare = OwnPostDocument {
        id: format!("{ANN}/posts/2"),
        author: ANN.into(),
        url: "https://a.example/@ann/2".into(),
        content: "<p>x</p>".into(),
        published: at("2026-11-23T08:00:00Z"),
        recipients: addressing::write(Audience::Mentioned, FOLLOWERS, &[BOB.into()]),
        ..OwnPostDocument::default()
    };
    let wanted = json!({"@context": context::full_context(), "type": "Note", "id": "https://a.example/users/ann/posts/2",
        "attributedTo": ANN, "url": "https://a.example/@ann/2", "content": "<p>x</p>", "sensitive": false,
        "published": "2026-11-23T08:00:00Z", "to": [BOB], "cc": [], "tag": [], "attachment": []});
    assert_eq!(write_object::post_document(&bare), wanted);

    let article = OwnPostDocument {
        shape: PostShape::Article { title: "Snow".into() },
        summary: Some("About snow".into()),
        ..bare.clone()
    };
    let doc = write_object::post_document(&article);
    assert_eq!(
        (&doc["type"], &doc["name"], &doc["summary"]),
        (&json!("Article"), &json!("Snow"), &json!("About snow"))
    );
    assert_eq!(
        doc["preview"],
        json!({"type": "Note", "attributedTo": ANN, "content": "About snow", "published": "2026-11-23T08:00:00Z"})
    );
    let song = OwnAttachment {
        url: "https://a.example/media/1.mp3".into(),
        media_type: "audio/mpeg".into(),
        seconds: Some(61),
        cover: Some(("https://a.example/media/2.jpg".into(), "image/jpeg".into())),
        ..OwnAttachment::default()
    };
    let picture = OwnAttachment {
        url: "https://a.example/media/3.png".into(),
        media_type: "image/png".into(),
        ..OwnAttachment::default()
    };
    let doc = write_object::post_document(&OwnPostDocument {
        preview: Some("<p>Snow, in short</p>".into()),
        attachments: vec![song, picture],
        ..article
    });
    assert_eq!(doc["preview"]["content"], "<p>Snow, in short</p>");
    assert_eq!(
        doc["image"],
        json!({"type": "Image", "mediaType": "image/png", "url": "https://a.example/media/3.png"})
    );
    assert_eq!(
        doc["attachment"][0],
        json!({"type": "Document", "mediaType": "audio/mpeg", "url": "https://a.example/media/1.mp3", "duration": "PT61S",
            "icon": {"type": "Image", "mediaType": "image/jpeg", "url": "https://a.example/media/2.jpg"}})
    );

    let poll = OwnPollDocument {
        options: vec![("Yes".into(), 2), ("No".into(), 0)],
        end: Some(at("2026-11-24T08:00:00Z")),
        voters: 2,
        ..OwnPollDocument::default()
    };
    let doc =
        write_object::post_document(&OwnPostDocument { shape: PostShape::Question(poll.clone()), ..bare.clone() });
    assert_eq!(
        (&doc["type"], &doc["oneOf"], &doc["endTime"], &doc["votersCount"], doc.get("closed")),
        (
            &json!("Question"),
            &json!([{"type": "Note", "name": "Yes", "replies": {"type": "Collection", "totalItems": 2}},
                {"type": "Note", "name": "No", "replies": {"type": "Collection", "totalItems": 0}}]),
            &json!("2026-11-24T08:00:00Z"),
            &json!(2),
            None
        )
    );
    let over = OwnPollDocument { multiple: true, closed: poll.end, ..poll };
    let doc = write_object::post_document(&OwnPostDocument { shape: PostShape::Question(over), ..bare });
    assert_eq!((doc["anyOf"].as_array().unwrap().len(), &doc["closed"]), (2, &json!("2026-11-24T08:00:00Z")));
}

#[test]
fn votes_tombstones_and_stamps() {
    let vote = write_object::vote(&OwnVoteDocument {
        id: format!("{ANN}/votes/1"),
        author: ANN.into(),
        question: "https://b.example/q/1".into(),
        to: BOB.into(),
        choice: "No ".into(),
        published: at("2026-11-23T08:00:00Z"),
    });
    assert_eq!(
        vote,
        json!({"@context": context::AS, "type": "Note", "id": "https://a.example/users/ann/votes/1", "attributedTo": ANN,
            "inReplyTo": "https://b.example/q/1", "name": "No ", "published": "2026-11-23T08:00:00Z", "to": [BOB], "cc": []})
    );
    assert!(Object::read(&vote).unwrap().is_vote());
    assert_eq!(
        write_object::tombstone("https://a.example/1", Some(at("2026-11-23T08:00:00Z"))),
        json!({"@context": context::AS, "type": "Tombstone", "id": "https://a.example/1", "deleted": "2026-11-23T08:00:00Z"})
    );
    assert_eq!(
        interaction::authorization(
            "https://a.example/s/1",
            Interaction::Quote,
            ANN,
            "https://b.example/2",
            "https://a.example/1"
        ),
        json!({"@context": context::full_context(), "type": "QuoteAuthorization", "id": "https://a.example/s/1", "attributedTo": ANN,
            "interactingObject": "https://b.example/2", "interactionTarget": "https://a.example/1"})
    );
}

fn envelope(n: u32) -> ActivityEnvelope {
    ActivityEnvelope {
        id: format!("{ANN}/activities/{n}"),
        actor: ANN.into(),
        recipients: Recipients { to: vec![BOB.into()], cc: vec![] },
        published: at("2026-11-23T08:00:00Z"),
    }
}

fn wrapped(n: u32, kind: &str, context: Value, object: Value) -> Value {
    json!({"@context": context, "type": kind, "id": format!("{ANN}/activities/{n}"), "actor": ANN,
        "published": "2026-11-23T08:00:00Z", "to": [BOB], "cc": [], "object": object})
}

#[test]
fn activities_about_ids() {
    let plain = || json!(context::AS);
    let post = "https://b.example/notes/1";
    let with = |mut doc: Value, key: &str, value: Value| {
        doc[key] = value;
        doc
    };
    let e = envelope(1);
    assert_eq!(act::follow(&e, BOB), wrapped(1, "Follow", plain(), json!(BOB)));
    assert_eq!(act::like(&e, post), wrapped(1, "Like", plain(), json!(post)));
    assert_eq!(act::announce(&e, post), wrapped(1, "Announce", plain(), json!(post)));
    assert_eq!(act::block(&e, BOB), wrapped(1, "Block", plain(), json!(BOB)));
    assert_eq!(act::delete_actor(&e), wrapped(1, "Delete", plain(), json!(ANN)));
    assert_eq!(act::move_to(&e, BOB), with(wrapped(1, "Move", plain(), json!(ANN)), "target", json!(BOB)));
    let featured = "https://a.example/users/ann/collections/featured";
    assert_eq!(
        act::add(&e, json!(post), featured),
        with(wrapped(1, "Add", plain(), json!(post)), "target", json!(featured))
    );
    assert_eq!(
        act::remove(&e, json!(post), featured),
        with(wrapped(1, "Remove", plain(), json!(post)), "target", json!(featured))
    );
    assert_eq!(
        act::flag(&e, BOB, &[post.to_owned()], "spam"),
        with(wrapped(1, "Flag", plain(), json!([BOB, post])), "content", json!("spam"))
    );
    let reaction = with(wrapped(1, "Like", context::full_context(), json!(post)), "content", json!("🎉"));
    let reaction = with(reaction, "_misskey_reaction", json!("🎉"));
    assert_eq!(act::react(&e, post, "🎉", None), with(reaction, "tag", json!([])));
}

#[test]
fn activities_round_documents() {
    let note = write_object::post_document(&full_post());
    assert_eq!(
        act::create(&envelope(2), note.clone()),
        wrapped(2, "Create", context::full_context(), without_context(note.clone()))
    );
    let person = write_actor::owner(&owner());
    assert_eq!(
        act::update(&envelope(3), person.clone()),
        wrapped(3, "Update", context::full_context(), without_context(person))
    );
    assert_eq!(
        act::delete(&envelope(4), "https://a.example/1"),
        wrapped(4, "Delete", json!(context::AS), json!({"type": "Tombstone", "id": "https://a.example/1"}))
    );
    let follow = act::follow(&envelope(5), BOB);
    assert_eq!(
        act::undo(&envelope(6), follow.clone()),
        wrapped(6, "Undo", json!(context::AS), without_context(follow))
    );
    let received = json!({"@context": ["x", {"y": "z"}], "id": "https://b.example/f#1", "type": "Follow", "actor": {"id": BOB}, "object": [ANN], "odd": null});
    assert_eq!(act::accept(&envelope(7), &received), wrapped(7, "Accept", json!(context::AS), received.clone()));
    assert_eq!(act::reject(&envelope(7), &received), wrapped(7, "Reject", json!(context::AS), received.clone()));
    let mut agreed = wrapped(8, "Accept", context::full_context(), received.clone());
    agreed["result"] = json!("https://a.example/stamps/1");
    assert_eq!(act::accept_with_result(&envelope(8), &received, None, "https://a.example/stamps/1"), agreed);
    let mut asked = wrapped(9, "QuoteRequest", context::full_context(), json!("https://b.example/notes/1"));
    asked["instrument"] = without_context(note.clone());
    assert_eq!(act::request(&envelope(9), Interaction::Quote, "https://b.example/notes/1", note), asked);
}

/// Everything we write, for the rules below.
fn everything() -> Vec<Value> {
    let note = write_object::post_document(&full_post());
    let follow = act::follow(&envelope(1), BOB);
    vec![
        write_actor::owner(&owner()),
        note.clone(),
        write_object::post_document(&OwnPostDocument {
            shape: PostShape::Question(OwnPollDocument::default()),
            ..full_post()
        }),
        act::create(&envelope(2), note.clone()),
        act::update(&envelope(3), write_actor::owner(&owner())),
        act::undo(&envelope(4), follow.clone()),
        act::delete(&envelope(5), "https://a.example/1"),
        act::react(&envelope(6), "https://b.example/1", "🎉", None),
        act::request(&envelope(7), Interaction::Quote, "https://b.example/notes/1", note),
        follow,
    ]
}

fn each(value: &Value, path: &str, seen: &mut dyn FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(map) => {
            for (key, member) in map.iter().filter(|(key, _)| *key != "@context") {
                seen(path, key, member);
                each(member, &format!("{path}/{key}"), seen);
            }
        }
        Value::Array(list) => list.iter().for_each(|one| each(one, path, seen)),
        _ => {}
    }
}

#[test]
fn what_we_write_keeps_the_rules_peers_rely_on() {
    for doc in everything() {
        let contexts = doc["@context"].as_array().cloned().unwrap_or_else(|| vec![doc["@context"].clone()]);
        assert!(contexts.contains(&json!(context::AS)), "the ActivityStreams URL stands as a string");
        each(&doc, "", &mut |path, key, member| {
            let place = format!("{path}/{key} in {doc}");
            assert!(!member.is_null(), "null: {place}");
            assert!(!key.starts_with("@"), "JSON-LD keyword: {place}");
            match key {
                "to" | "cc" | "tag" | "attachment" => assert!(member.is_array(), "always a list: {place}"),
                "actor" | "attributedTo" => assert!(member.is_string(), "always a plain id: {place}"),
                "published" | "updated" | "endTime" => {
                    let text = member.as_str().unwrap();
                    assert!(text.len() == 20 && text.ends_with('Z'), "whole seconds in UTC: {place}");
                }
                "id" if !path.ends_with("publicKey") && !path.ends_with("assertionMethod") => {
                    assert!(!member.as_str().unwrap().contains('#'), "no fragments: {place}");
                }
                _ => {}
            }
            assert!(!matches!(member.as_str(), Some("as:Public" | "Public")), "Public in full: {place}");
        });
        assert!(doc.to_string().len() < 60 * 1024, "Misskey takes 64 KiB");
        let again: Value = serde_json::from_str(&doc.to_string()).unwrap();
        assert_eq!(doc.to_string(), again.to_string(), "the order of members is stable");
    }
}

/// The words of ActivityStreams and of the security context, which need no definition.
const DEFINED: &str = "type id actor object target result instrument to cc audience tag attachment name content contentMap summary url href \
    rel mediaType width height icon image published updated deleted endTime closed oneOf anyOf replies likes shares totalItems context \
    inReplyTo attributedTo preview source inbox outbox followers following preferredUsername endpoints sharedInbox publicKey owner \
    publicKeyPem generator first next prev partOf items orderedItems";

#[test]
fn every_word_we_write_is_defined() {
    let terms = context::full_context()[2].clone();
    for doc in everything() {
        each(&doc, "", &mut |path, key, member| {
            if path.ends_with("contentMap") {
                return;
            }
            assert!(terms.get(key).is_some() || DEFINED.split_whitespace().any(|w| w == key), "{path}/{key}");
            if key == "type" {
                let kind = member.as_str().unwrap();
                let core = "Person Application Note Article Question Collection Document Image Mention Link Tombstone Create Update Delete \
                    Follow Undo Like";
                assert!(terms.get(kind).is_some() || core.split_whitespace().any(|w| w == kind), "{kind}");
            }
        });
    }
}

#[test]
fn what_we_write_can_be_read_back() {
    let create = act::create(&envelope(1), write_object::post_document(&full_post()));
    let read = Activity::read(create).unwrap();
    let ActivityKind::Create { object, .. } = read.kind else { panic!() };
    assert_eq!(Object::read(object.embedded().unwrap()).unwrap().attributed_to.unwrap(), ANN);
    let undo = Activity::read(act::undo(&envelope(2), act::like(&envelope(3), "https://b.example/1"))).unwrap();
    let ActivityKind::Undo { object } = undo.kind else { panic!() };
    assert!(matches!(
        Activity::read_inner(object.embedded().unwrap().clone()).unwrap().kind,
        ActivityKind::Like { .. }
    ));
}
