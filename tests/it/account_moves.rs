//! People who move to another server are followed there, when both sides say so; and only then is the old place left.

use std::time::Duration;

use hytte::federation::{
    owner::{identity, publish},
    remote::{move_discovery, nodeinfo},
};
use hytte::store;
use serde_json::{Value, json};

use crate::composing::Browser;
use crate::harness::{Peer, Server, World};
use crate::posting::follow_bob;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Bob's document at a server, with this more.
fn serve(peer: &Peer, more: Value) {
    let mut document = peer.person_document("bob");
    for (key, value) in more.as_object().unwrap() {
        document[key] = value.clone();
    }
    peer.serve("/users/bob", &document);
}

fn moved(old: &Peer, new: &Peer) -> Value {
    let mut activity = old.activity("Move", "bob", "/moves/1", &json!(old.actor("bob")));
    activity["target"] = json!(new.actor("bob"));
    activity
}

fn accept_last(world: &World, a: &Server, peer: &Peer, path: &str) {
    let follow = peer.got_type("Follow").pop().unwrap();
    assert_eq!(peer.send("bob", a, &peer.activity("Accept", "bob", path, &follow)).code, 202);
    world.settle(&[a]);
}

/// Handles of those the owner follows or asks to.
fn followed(a: &Server) -> Vec<String> {
    let owner = a.node.owner().unwrap();
    a.node
        .store
        .read(|r| {
            use store::actors::follows::{FollowList, list};
            let mut ids = list(r, owner, FollowList::Following, None, 10)?;
            ids.extend(list(r, owner, FollowList::Pending, None, 10)?);
            let mut handles: Vec<_> = store::actors::by_ids(r, &ids)?.iter().map(|actor| actor.handle()).collect();
            handles.sort();
            Ok(handles)
        })
        .unwrap()
}

#[test]
fn who_moves_is_followed_at_the_new_place_and_then_left_at_the_old() {
    let world = World::new();
    let a = world.server("a.test");
    let (old, new) = (world.peer("old.test"), world.peer("new.test"));
    follow_bob(&world, &a, &old);
    // The new place is known as it was before; only a fresh look counts.
    a.find_actor("@bob@new.test");
    serve(&new, json!({ "alsoKnownAs": [old.actor("bob")] }));
    for _ in 0..2 {
        assert_eq!(old.send("bob", &a, &moved(&old, &new)).code, 202);
        world.settle(&[&a]);
    }
    assert_eq!(new.got_type("Follow").len(), 1);
    assert_eq!(followed(&a), ["bob@new.test", "bob@old.test"], "not let in yet");
    assert!(old.got_type("Undo").is_empty());
    assert_eq!(a.notifications(), [("moved".into(), "bob@new.test".into())]);
    accept_last(&world, &a, &new, "/accepts/9");
    assert_eq!(followed(&a), ["bob@new.test"]);
    assert_eq!(old.got_type("Undo")[0]["object"]["type"], "Follow");
}

#[test]
fn a_move_that_the_new_place_does_not_confirm_changes_nothing() {
    let world = World::new();
    let a = world.server("a.test");
    let (old, new, eve) = (world.peer("old.test"), world.peer("new.test"), world.peer("eve.test"));
    follow_bob(&world, &a, &old);
    serve(&new, json!({ "alsoKnownAs": [eve.actor("bob")] }));
    old.send("bob", &a, &moved(&old, &new));
    // Eve says that bob of the old place is her now; his document says nothing of it.
    serve(&eve, json!({ "alsoKnownAs": [old.actor("bob")] }));
    let mut claim = eve.activity("Move", "bob", "/moves/2", &json!(old.actor("bob")));
    claim["target"] = json!(eve.actor("bob"));
    eve.send("bob", &a, &claim);
    // And that bob of the new place moves to her.
    let mut forged = eve.activity("Move", "bob", "/moves/3", &json!(new.actor("bob")));
    forged["target"] = json!(old.actor("bob"));
    eve.send("bob", &a, &forged);
    world.settle(&[&a]);
    assert_eq!(followed(&a), ["bob@old.test"]);
    // Moved on already: the place it names is not the last.
    serve(&new, json!({ "alsoKnownAs": [old.actor("bob")], "movedTo": eve.actor("bob") }));
    old.send("bob", &a, &{
        let mut again = moved(&old, &new);
        again["id"] = json!(old.url("/moves/4"));
        again
    });
    world.settle(&[&a]);
    assert_eq!(followed(&a), ["bob@old.test"]);
    assert!(a.notifications().is_empty() && new.got_type("Follow").is_empty() && eve.got_type("Follow").is_empty());
}

#[test]
fn a_move_nobody_told_us_of_is_found_in_the_profile() {
    let world = World::new();
    let a = world.server("a.test");
    let (old, new) = (world.peer("old.test"), world.peer("new.test"));
    follow_bob(&world, &a, &old);
    serve(&old, json!({ "movedTo": new.actor("bob") }));
    let update = old.activity("Update", "bob", "/updates/1", &{
        let mut document = old.person_document("bob");
        document["movedTo"] = json!(new.actor("bob"));
        document
    });
    old.send("bob", &a, &update);
    world.settle(&[&a]);
    assert!(!move_discovery::step(&a.node).unwrap(), "the new place does not say so");
    serve(&new, json!({ "alsoKnownAs": [old.actor("bob")] }));
    assert!(!move_discovery::step(&a.node).unwrap(), "and is not asked again at once");
    a.advance(DAY);
    assert!(move_discovery::step(&a.node).unwrap());
    world.settle(&[&a]);
    accept_last(&world, &a, &new, "/accepts/9");
    assert_eq!(followed(&a), ["bob@new.test"]);
}

#[test]
fn the_owner_may_follow_somebody_there_by_hand() {
    let world = World::new();
    let a = world.server("a.test");
    let (old, new) = (world.peer("old.test"), world.peer("new.test"));
    serve(&old, json!({ "movedTo": new.actor("bob") }));
    let bob = a.find_actor("@bob@old.test");
    let browser = Browser::of(&a);
    let path = format!("/people/{bob}");
    let press = || browser.send(&format!("{path}/follow-there"), &[("back", None, path.as_bytes())]);
    assert!(browser.get(&path).contains("Follow them there"));
    assert_eq!(press().code, 409, "the new place does not say so");
    world.settle(&[&a]);
    assert!(followed(&a).is_empty() && new.got_type("Follow").is_empty());
    serve(&new, json!({ "alsoKnownAs": [old.actor("bob")] }));
    assert_eq!(press().code, 303);
    world.settle(&[&a]);
    assert_eq!(new.got_type("Follow").len(), 1);
    assert_eq!(followed(&a), ["bob@new.test"]);
    let page = browser.get(&path);
    assert!(page.contains("where you follow them") && !page.contains("Follow them there"), "{page}");
}

#[test]
fn the_new_place_may_tell_and_the_old_ones_document_decides() {
    let world = World::new();
    let a = world.server("a.test");
    let (old, new) = (world.peer("old.test"), world.peer("new.test"));
    follow_bob(&world, &a, &old);
    serve(&old, json!({ "movedTo": new.actor("bob") }));
    serve(&new, json!({ "alsoKnownAs": [old.actor("bob")] }));
    let mut pull = new.activity("Move", "bob", "/moves/1", &json!(old.actor("bob")));
    pull["target"] = json!(new.actor("bob"));
    new.send("bob", &a, &pull);
    world.settle(&[&a]);
    accept_last(&world, &a, &new, "/accepts/9");
    assert_eq!(followed(&a), ["bob@new.test"]);
}

#[test]
fn once_a_week_at_most_and_blocks_and_mutes_come_along() {
    let world = World::new();
    let a = world.server("a.test");
    let (old, new, third) = (world.peer("old.test"), world.peer("new.test"), world.peer("third.test"));
    follow_bob(&world, &a, &old);
    publish::mute(&a.node, a.find_actor("@bob@old.test"), store::moderation::mutes::MuteScope::Boosts, None).unwrap();
    for place in [&new, &third] {
        serve(place, json!({ "alsoKnownAs": [old.actor("bob")] }));
    }
    old.send("bob", &a, &moved(&old, &new));
    world.settle(&[&a]);
    let mut again = moved(&old, &third);
    again["id"] = json!(old.url("/moves/2"));
    old.send("bob", &a, &again);
    world.settle(&[&a]);
    assert!(third.got_type("Follow").is_empty(), "a week has not passed");
    let there = a.find_actor("@bob@new.test");
    let mute = a.node.store.read(|r| store::moderation::mutes::get(r, there)).unwrap().unwrap();
    assert_eq!(mute.reach, store::moderation::mutes::MuteScope::Boosts);

    let eve = world.peer("eve.test");
    let eves = a.find_actor("@bob@eve.test");
    publish::block(&a.node, eves).unwrap();
    serve(&third, json!({ "alsoKnownAs": [eve.actor("bob")] }));
    eve.send("bob", &a, &moved(&eve, &third));
    world.settle(&[&a]);
    let there = a.find_actor("@bob@third.test");
    assert!(
        a.node.store.read(|r| store::moderation::blocks::is_blocked(r, there)).unwrap(),
        "who is blocked stays blocked"
    );
    assert!(a.notifications().iter().all(|(_, who)| who != "bob@third.test"));
}

#[test]
fn the_owners_other_accounts_are_named_so_that_they_can_move_here() {
    let world = World::new();
    let a = world.server("a.test");
    let (old, peer) = (world.peer("old.test"), world.peer("peer.test"));
    let follow = peer.activity("Follow", "bob", "/follows/1", &json!(a.actor()));
    peer.send("bob", &a, &follow);
    world.settle(&[&a]);
    identity::set_aliases(&a.node, &["@bob@old.test"]).unwrap();
    world.settle(&[&a]);
    assert_eq!(world.document(&a.actor())["alsoKnownAs"], json!([old.actor("bob")]));
    let update = peer.got_type("Update").pop().unwrap();
    assert_eq!(update["object"]["alsoKnownAs"], json!([old.actor("bob")]), "followers' servers are told");
    // One that is named already needs no look; one that is not found, or is this account, is refused by name.
    old.gone("/users/bob");
    identity::set_aliases(&a.node, &[&old.actor("bob"), "@bob@peer.test"]).unwrap();
    for bad in ["@nobody@peer.test", "@alice@a.test", "not a handle"] {
        let error = identity::set_aliases(&a.node, &[bad]).unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
    }
    world.settle(&[&a]);
    assert_eq!(world.document(&a.actor())["alsoKnownAs"], json!([old.actor("bob"), peer.actor("bob")]));
}

#[test]
fn what_a_server_runs_is_asked_once_a_week_and_never_of_a_blocked_one() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let links = json!({ "links": [
        { "rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": peer.url("/nodeinfo/2.0") },
    ] });
    peer.serve("/.well-known/nodeinfo", &links);
    let version = |text: &str| {
        let info = json!({ "software": { "name": "GoToSocial", "version": text } });
        peer.serve("/nodeinfo/2.0", &info);
    };
    let known = || {
        let host = a.node.store.read(|r| store::peers::hosts::get(r, "peer.test")).unwrap().unwrap();
        (host.software.unwrap_or_default(), host.software_version.unwrap_or_default())
    };
    version("0.20");
    assert!(nodeinfo::step(&a.node).unwrap());
    assert_eq!(known(), ("gotosocial".into(), "0.20".into()));
    version("0.21");
    assert!(!nodeinfo::step(&a.node).unwrap());
    a.advance(DAY * 7);
    assert!(nodeinfo::step(&a.node).unwrap());
    assert_eq!(known().1, "0.21");
    // It does not say any more: what it said stays.
    peer.gone("/nodeinfo/2.0");
    a.advance(DAY * 7);
    assert!(nodeinfo::step(&a.node).unwrap());
    assert_eq!(known().1, "0.21");
    let before = peer.asked().len();
    let rule = store::moderation::host_blocks::HostBlockRule::manual(
        "peer.test",
        store::moderation::host_blocks::Severity::Block,
        "",
    );
    hytte::federation::owner::host_block_import::set_rule(&a.node, rule).unwrap();
    a.advance(DAY * 7);
    nodeinfo::refresh(&a.node, "peer.test").unwrap();
    assert_eq!(peer.asked().len(), before);
}
