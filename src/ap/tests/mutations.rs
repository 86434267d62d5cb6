//! Documents broken at random: reading them never panics, never finds an owner the document does not name, and never
//! opens a post to more people than it addresses.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ap::addressing::Recipients;
use crate::ap::collection::Collection;
use crate::ap::jrd::{self, Jrd};
use crate::ap::{Activity, KeyDoc, Object, PUBLIC, ReceivedActor, Uri, json as lenient};
use crate::base::Audience;

const ANN: &str = "https://a.example/users/ann";
const FOLLOWERS: &str = "https://a.example/users/ann/followers";

/// Values that real and hostile servers put where something else belongs.
fn odd() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        Just(json!([])),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!("")),
        Just(json!("as:Public")),
        Just(json!("Note")),
        Just(json!("2026-11-23")),
        Just(json!(ANN)),
        Just(json!(FOLLOWERS)),
        Just(json!(PUBLIC)),
        Just(json!("https://b.example/users/eve")),
        Just(json!({"id": "https://b.example/users/eve", "type": "Person"})),
        Just(json!({"type": "Link", "href": ANN, "mediaType": "text/html"})),
        Just(json!({"@value": "hei", "@language": "nb"})),
        "\\PC{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
    ];
    plain.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof![
            Just("id".to_owned()),
            Just("type".to_owned()),
            Just("url".to_owned()),
            Just("href".to_owned()),
            Just("name".to_owned()),
            Just("tag".to_owned()),
            Just("items".to_owned()),
            Just("icon".to_owned()),
            "[a-zA-Z]{1,4}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Whole documents of the sorts we read.
fn sound() -> Vec<Value> {
    let note = json!({"@context": "x", "id": "https://a.example/notes/1", "type": "Note", "attributedTo": ANN, "content": "<p>hei</p>",
        "contentMap": {"nb": "<p>hei</p>"}, "summary": "cw", "sensitive": true, "inReplyTo": "https://b.example/1",
        "url": [{"type": "Link", "href": "https://a.example/@ann/1", "mediaType": "text/html"}], "published": "2026-11-23T08:00:00Z",
        "to": [FOLLOWERS], "cc": ["https://b.example/users/bob"], "tag": [{"type": "Mention", "href": ANN, "name": "@ann"},
        {"type": "Emoji", "name": ":x:", "icon": {"url": "https://a.example/x.png"}}], "attachment": [{"type": "Image", "url": "https://a.example/1.png"}],
        "oneOf": [{"name": "A", "replies": {"totalItems": 1}}], "endTime": "2026-11-24T08:00:00Z", "quote": "https://b.example/2",
        "replies": {"type": "Collection", "first": {"items": []}}, "likes": {"totalItems": 3}, "directMessage": false,
        "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}, "source": {"content": "hei", "mediaType": "text/markdown"}});
    let actor = json!({"id": ANN, "type": "Person", "preferredUsername": "ann", "webfinger": "ann@a.example", "name": "Ann", "summary": "x",
        "inbox": "https://a.example/users/ann/inbox", "outbox": "https://a.example/users/ann/outbox", "followers": FOLLOWERS,
        "endpoints": {"sharedInbox": "https://a.example/inbox"}, "icon": {"type": "Image", "url": "https://a.example/x.png"},
        "publicKey": {"id": "https://a.example/users/ann#main-key", "owner": ANN, "publicKeyPem": "pem"},
        "assertionMethod": [{"id": "https://a.example/users/ann#ed", "controller": ANN, "publicKeyMultibase": "z6"}],
        "attachment": [{"type": "PropertyValue", "name": "a", "value": "b"}], "alsoKnownAs": ["https://b.example/ann"], "movedTo": "https://b.example/ann",
        "generator": {"implements": [{"href": "https://x.example/"}]}});
    let kinds = [
        "Create",
        "Update",
        "Delete",
        "Like",
        "Announce",
        "Undo",
        "Accept",
        "Follow",
        "Move",
        "Flag",
        "QuoteRequest",
        "Add",
    ];
    let activities = kinds.map(|kind| {
        json!({"id": "https://a.example/activities/1", "type": kind, "actor": ANN, "object": note, "target": "https://a.example/t",
        "to": [PUBLIC], "instrument": note, "content": ":x:", "tag": {"type": "Emoji", "name": "x", "icon": "https://a.example/x.png"}})
    });
    let page = json!({"type": "OrderedCollectionPage", "id": "https://a.example/o", "orderedItems": [note], "next": "https://a.example/o?2"});
    let jrd = json!({"subject": "acct:ann@a.example", "links": [{"rel": "self", "type": "application/activity+json", "href": ANN}]});
    [vec![note.clone(), actor, page, jrd], activities.into()].concat()
}

/// The documents of every sort of peer, as the stories of whole servers use them.
fn of_peers() -> Vec<Value> {
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let paths = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
    paths.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

/// Puts `value` at the `n`-th place of the document, counting every member and item.
fn replace(doc: &mut Value, n: &mut usize, value: &Value) -> bool {
    let places: Vec<&mut Value> = match doc {
        Value::Object(map) => map.iter_mut().map(|(_, member)| member).collect(),
        Value::Array(list) => list.iter_mut().collect(),
        _ => return false,
    };
    for place in places {
        if *n == 0 {
            *place = value.clone();
            return true;
        }
        *n -= 1;
        if replace(place, n, value) {
            return true;
        }
    }
    false
}

fn mutated(docs: Vec<Value>) -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec((0usize..40, odd()), 1..4);
    (prop::sample::select(docs), changes).prop_map(|(mut doc, changes)| {
        for (n, value) in changes {
            replace(&mut doc, &mut n.clone(), &value);
        }
        doc
    })
}

/// All text that stands anywhere below a member.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => vec![],
    }
}

fn names(doc: &Value, key: &str, wanted: &str) -> bool {
    doc.get(key).is_some_and(|member| texts(member).contains(&wanted))
}

fn names_public(doc: &Value, key: &str) -> bool {
    [PUBLIC, "as:Public", "Public"].into_iter().any(|word| names(doc, key, word))
}

fn widest(doc: &Value) -> Audience {
    if names_public(doc, "to") {
        Audience::Public
    } else if names_public(doc, "cc") {
        Audience::Quiet
    } else if names(doc, "to", FOLLOWERS) || names(doc, "cc", FOLLOWERS) {
        Audience::Followers
    } else {
        Audience::Mentioned
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn posts_keep_owner_and_audience(doc in mutated(sound()[..1].to_vec())) {
        if let Ok(post) = Object::read(&doc) {
            if let Some(owner) = &post.attributed_to {
                prop_assert!(names(&doc, "attributedTo", owner.as_str()));
                prop_assert!(owner.same_origin(&post.id));
            }
            let audience = post.audience(None, Some(FOLLOWERS));
            prop_assert!(audience >= widest(&doc), "{audience} is wider than addressed");
        }
    }

    #[test]
    fn actors_and_keys_stay_on_their_origin(doc in mutated([sound()[1..2].to_vec(), of_peers()].concat())) {
        if let Ok(actor) = ReceivedActor::read(&doc) {
            prop_assert_eq!(doc["id"].as_str(), Some(actor.id.as_str()));
            prop_assert!(actor.keys.iter().all(|key| key.owner == actor.id && key.id.same_origin(&actor.id)));
            for own in [actor.shared_inbox, actor.outbox, actor.followers, actor.following, actor.featured].into_iter().flatten() {
                prop_assert!(own.same_origin(&actor.id));
            }
        }
        let wanted = Uri::parse_id("https://a.example/users/ann#main-key").unwrap();
        if let Ok(found) = KeyDoc::from_document(&doc, &wanted) {
            prop_assert_eq!(&found.key.id, &wanted);
            prop_assert!(found.key.owner.same_origin(&wanted) && texts(&doc).contains(&found.key.owner.as_str()));
        }
    }

    #[test]
    fn activities_keep_their_actor(doc in mutated([sound(), of_peers()].concat())) {
        if let Ok(activity) = Activity::read(doc.clone()) {
            prop_assert!(names(&doc, "actor", activity.actor.as_str()));
            prop_assert!(activity.id.is_some_and(|id| id.same_origin(&activity.actor)));
        }
        let _ = (Activity::read_inner(doc.clone()), Collection::read(&doc), Recipients::of(&doc));
        let _ = (Jrd::read(&doc), jrd::software(&doc), crate::ap::activity::is_about_itself(&doc));
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..4000, text in "\\PC{0,80}") {
        let _ = lenient::parse(&bytes);
        let whole = sound()[0].to_string();
        let _ = lenient::parse(&whole.as_bytes()[..cut.min(whole.len())]);
        let _ = (Uri::parse(&text), Uri::parse_id(&format!("https://{text}")), jrd::lrdd_template(&format!("<Link {text}")));
        let _ = crate::ap::discovery::WebFingerResource::parse(&text);
    }
}
