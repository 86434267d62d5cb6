//! Every document, broken at random and handed in correctly signed: no panic, never a 5xx, nobody's post changes hands, none
//! gets a wider audience, and no id appears that is not on its author's server.

use std::collections::BTreeMap;

use hytte::base::Audience;
use hytte::store;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::stage::{Stage, host_of};
use super::{ALL, table};

/// Broken documents per sort of peer.
const CASES: u32 = 30;
const ME: &str = "http://hytte.example/users/alice";

/// Values that stand where something else belongs; `borrowed` are parts of other documents of the same peer.
fn odd(borrowed: Vec<Value>) -> impl Strategy<Value = Value> {
    let plain = [
        json!(null),
        json!({}),
        json!([]),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("as:Public"),
        json!("https://www.w3.org/ns/activitystreams#Public"),
        json!("Note"),
        json!("Delete"),
        json!("2026-11-23"),
        json!("9999-12-31T23:59:59Z"),
        json!(ME),
        json!(format!("{ME}/followers")),
        json!("http://third.example/users/carol"),
        json!("http://third.example/notes/private"),
        json!({ "type": ["Link", "Note"], "id": ME, "href": "http://third.example/notes/1" }),
        json!("<img src=x onerror=alert(1)>\u{202e}"),
    ];
    prop_oneof![
        prop::sample::select(plain.to_vec()),
        prop::sample::select(borrowed),
        "\\PC{0,12}".prop_map(Value::from)
    ]
}

/// Puts `value` at the `n`-th place of the document, counting every member and item.
fn replace(document: &mut Value, n: &mut usize, value: &Value) -> bool {
    let places: Vec<&mut Value> = match document {
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

/// Everything below a value.
fn parts<'a>(value: &'a Value, into: &mut Vec<&'a Value>) {
    into.push(value);
    match value {
        Value::Array(list) => list.iter().for_each(|item| parts(item, into)),
        Value::Object(map) => map.values().for_each(|item| parts(item, into)),
        _ => {}
    }
}

fn addresses(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    parts(value, &mut all);
    all.iter().filter_map(|part| part.as_str()).filter(|text| text.starts_with("http://")).map(str::to_owned).collect()
}

/// Whether the activity or what is in it is addressed to everyone.
fn is_open(document: &Value) -> bool {
    let mut all = Vec::new();
    parts(document, &mut all);
    let lists = all.iter().flat_map(|part| [&part["to"], &part["cc"]]);
    lists.into_iter().any(|list| list.to_string().contains("Public"))
}

/// Who wrote the posts at these addresses, for whom.
fn known(stage: &Stage, uris: &[String]) -> BTreeMap<String, (String, Audience)> {
    let read = |r: &store::Read<'_>| {
        let mut found = BTreeMap::new();
        for uri in uris {
            if let Some(post) = store::posts::by_uri(r, uri)? {
                found.insert(uri.clone(), (store::actors::by_id(r, post.actor_id)?.uri, post.audience));
            }
        }
        Ok(found)
    };
    stage.server.node.store.read(read).unwrap()
}

/// The story up to its first edit or deletion, so that there is something to spoil.
fn prepared(folder: &str) -> Stage {
    let mut stage = Stage::open(ALL.iter().find(|s| s.folder == folder).unwrap());
    // What needs a server that is not there waits for another try.
    stage.server.may_leave_work = true;
    for step in table::steps(folder) {
        if step.column.is_some_and(|column| ["edits", "deletes"].contains(&column)) {
            break;
        }
        stage.play(&step);
    }
    stage
}

/// Returns whether it was taken in.
fn check(stage: &Stage, original: &Value, broken: &Value) -> Result<bool, TestCaseError> {
    let mut uris = addresses(original);
    uris.extend(addresses(broken));
    let before = known(stage, &uris);
    let answer = stage.deliver_as(original, broken);
    prop_assert!(answer.code < 500, "{}: {}", answer.code, answer.text());
    stage.settle();
    for (uri, (author, audience)) in known(stage, &uris) {
        prop_assert_eq!(host_of(&uri), host_of(&author), "{} is not on its author's server", uri);
        if let Some((was, read_by)) = before.get(&uri) {
            prop_assert_eq!(&author, was, "{} changed hands", uri);
            prop_assert!(audience >= *read_by, "{} was for {} and is for {}", uri, read_by, audience);
        } else if !stage.shown(&uri) && !is_open(broken) {
            prop_assert!(!audience.is_open(), "{} is open, and nobody said so", uri);
        }
        prop_assert!(author != ME || before.contains_key(&uri), "{} came in the owner's name", uri);
    }
    Ok(answer.code == 202)
}

fn spoil(folder: &str) {
    let stage = prepared(folder);
    let documents: Vec<Value> = table::documents(folder).keys().map(|name| stage.document(name)).collect();
    let activities: Vec<Value> = documents.iter().filter(|d| !d["actor"].is_null()).cloned().collect();
    let mut borrowed = Vec::new();
    documents.iter().for_each(|document| parts(document, &mut borrowed));
    let borrowed: Vec<Value> = borrowed.into_iter().filter(|v| v.to_string().len() < 4_000).cloned().collect();
    let changes = prop::collection::vec((0usize..60, odd(borrowed)), 1..4);
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let name = stage.owner_name();
    let taken = std::cell::Cell::new(0);
    let outcome = runner.run(&(prop::sample::select(activities), changes), |(original, changes)| {
        let mut broken = original.clone();
        for (n, value) in changes {
            replace(&mut broken, &mut n.clone(), &value);
        }
        taken.set(taken.get() + u32::from(check(&stage, &original, &broken)?));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{folder}: {error}"));
    assert!(taken.get() > CASES / 3, "only {} of {CASES} came past the door", taken.get());
    assert_eq!(stage.owner_name(), name);
    for page in ["/", "/notifications", "/following", "/followers", "/queue"] {
        stage.page(page);
    }
    let aside = stage.server.node.store.read(|r| store::queue::inbox::set_aside_list(r, 10)).unwrap();
    assert!(aside.is_empty(), "{aside:?}");
}

macro_rules! spoiled {
    ($($name:ident)*) => { $(#[test] fn $name() { spoil(stringify!($name)); })* };
}

spoiled! { mastodon threads wordpress pleroma misskey gotosocial lemmy mbin pixelfed peertube ghost bookwyrm mobilizon
friendica hubzilla bridgy flipboard mitra }
