//! People and servers that are blocked: nothing of theirs is seen, nothing goes to them, and all of it can be taken back.

use std::time::Duration;

use hytte::base::Audience;
use hytte::base::id::HostListId;
use hytte::federation::owner::{host_block_import, publish};
use hytte::social::moderation::host_block;
use hytte::store::moderation::host_blocks::{HostBlockRule, Severity};
use hytte::store::moderation::{host_block_lists, mutes};
use serde_json::json;

use crate::harness::{Peer, Server, World, request};
use crate::posting::follow_bob;

/// Bob follows the owner.
fn bob_follows(world: &World, a: &Server, peer: &Peer) {
    let follow = peer.activity("Follow", "bob", "/follows/of-alice", &json!(a.actor()));
    assert_eq!(peer.send("bob", a, &follow).code, 202);
    world.settle(&[a]);
}

fn say(world: &World, a: &Server, peer: &Peer, n: u32) -> u16 {
    let note = peer.note("bob", &format!("/notes/{n}"), &format!("<p>note {n}</p>"));
    let code = peer.send("bob", a, &peer.activity("Create", "bob", &format!("/creates/{n}"), &note)).code;
    world.settle(&[a]);
    code
}

fn mention(world: &World, a: &Server, peer: &Peer, n: u32) {
    let mut note = peer.note("bob", &format!("/notes/{n}"), "<p>hey</p>");
    note["tag"] = json!([{ "type": "Mention", "href": a.actor(), "name": "@alice@a.test" }]);
    peer.send("bob", a, &peer.activity("Create", "bob", &format!("/creates/{n}"), &note));
    world.settle(&[a]);
}

#[test]
fn a_blocked_person_is_gone_from_sight_and_cannot_come_back_in() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    bob_follows(&world, &a, &peer);
    say(&world, &a, &peer, 1);
    mention(&world, &a, &peer, 2);
    let private = a.post("@bob@peer.test for you", Audience::Mentioned);
    world.settle(&[&a]);
    assert_eq!((a.follows(), a.home_texts().len()), ((1, 1), 2 + 1));

    let bob = a.find_actor("@bob@peer.test");
    publish::block(&a.node, bob).unwrap();
    world.settle(&[&a]);
    assert_eq!(a.follows(), (0, 0));
    assert_eq!(a.home_texts(), ["@bob for you"], "only what the owner wrote");
    assert!(a.notifications().is_empty());
    assert!(
        a.node
            .store
            .read(|r| hytte::store::posts::post_views::single_view(
                r,
                hytte::store::posts::by_uri(r, &peer.url("/notes/1"))?.unwrap().id
            ))
            .is_err()
    );
    assert_eq!(peer.got_type("Undo")[0]["object"]["type"], "Follow");
    assert_eq!(peer.got_type("Reject")[0]["object"]["actor"], peer.actor("bob"));
    let block = peer.got_type("Block").pop().unwrap();
    assert_eq!((&block["actor"], &block["object"]), (&json!(a.actor()), &json!(peer.actor("bob"))));

    // Nothing of theirs comes in, but what takes something back.
    let follow = peer.activity("Follow", "bob", "/follows/again", &json!(a.actor()));
    assert_eq!(peer.send("bob", &a, &follow).code, 202);
    let like = peer.activity("Like", "bob", "/likes/1", &json!(a.uri(private)));
    peer.send("bob", &a, &like);
    mention(&world, &a, &peer, 3);
    let mut late = peer.note("bob", "/notes/4", "<p>by way of an edit</p>");
    late["published"] = json!(a.clock.now().rfc3339());
    late["to"] = json!([a.actor()]);
    peer.send("bob", &a, &peer.activity("Update", "bob", "/updates/4", &late));
    world.settle(&[&a]);
    assert_eq!((a.follows(), a.notifications().len()), ((0, 0), 0));
    assert!(a.by_uri(&peer.url("/notes/4")).is_none());
    peer.send("bob", &a, &peer.activity("Delete", "bob", "/deletes/1", &json!(peer.url("/notes/1"))));
    world.settle(&[&a]);
    let known = a.node.store.read(|r| hytte::store::posts::by_uri(r, &peer.url("/notes/1"))).unwrap();
    assert!(known.is_none(), "a deletion counts");

    publish::unblock(&a.node, bob).unwrap();
    world.settle(&[&a]);
    let undo = peer.got_type("Undo").pop().unwrap();
    assert_eq!((&undo["object"]["type"], &undo["object"]["id"]), (&json!("Block"), &block["id"]));
    bob_follows(&world, &a, &peer);
    assert_eq!(a.follows(), (1, 0), "they may ask again");
}

#[test]
fn a_block_need_not_be_told() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    bob_follows(&world, &a, &peer);
    a.node
        .store
        .write(|w| {
            let settings = hytte::store::node::settings(w)?;
            hytte::store::node::set_settings(w, &hytte::store::node::Settings { tell_blocked: false, ..settings })
        })
        .unwrap();
    publish::block(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    assert_eq!((peer.got_type("Reject").len(), peer.got_type("Block").len()), (1, 0));
    publish::unblock(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    assert!(peer.got_type("Undo").is_empty());
}

#[test]
fn a_blocked_person_reads_no_private_post_even_one_that_names_them() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    a.find_actor("@bob@peer.test");
    let post = a.post("@bob@peer.test between us", Audience::Mentioned);
    world.settle(&[&a]);
    let look = || {
        let path = a.uri(post).replace("http://a.test", "");
        let headers = peer.sign_get("bob", &a, &path);
        request(a.address, "GET", &path, &headers, b"").code
    };
    assert_eq!(look(), 200);
    publish::block(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    assert_eq!(look(), 404);
}

#[test]
fn a_block_of_the_owner_ends_follows_and_can_be_undone() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    bob_follows(&world, &a, &peer);
    say(&world, &a, &peer, 1);
    let block = peer.activity("Block", "bob", "/blocks/1", &json!(a.actor()));
    peer.send("bob", &a, &block);
    world.settle(&[&a]);
    assert_eq!(a.follows(), (0, 0));
    let theirs = |a: &Server| {
        let bob = a.find_actor("@bob@peer.test");
        a.node.store.read(|r| hytte::store::moderation::blocks::blocked_by(r, bob)).unwrap()
    };
    assert_eq!(theirs(&a), Some(peer.url("/blocks/1")));
    assert!(a.by_uri(&peer.url("/notes/1")).is_some(), "nothing else changes");
    peer.send("bob", &a, &peer.activity("Undo", "bob", "/undos/1", &block));
    world.settle(&[&a]);
    assert_eq!(theirs(&a), None);
}

#[test]
fn mutes_hide_for_as_long_as_wanted() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    say(&world, &a, &peer, 1);
    mention(&world, &a, &peer, 2);
    let mine = a.post("mine", Audience::Public);
    world.settle(&[&a]);
    let boost = peer.activity("Announce", "bob", "/boosts/1", &json!(a.uri(mine)));
    peer.send("bob", &a, &boost);
    world.settle(&[&a]);
    let bob = a.find_actor("@bob@peer.test");
    let seen = || (a.home().len(), a.notifications().len());
    assert_eq!(seen(), (4, 2));
    let hour = Duration::from_secs(3600);
    for (reach, expected) in
        [(mutes::MuteScope::Boosts, (3, 2)), (mutes::MuteScope::Home, (1, 2)), (mutes::MuteScope::Everything, (1, 0))]
    {
        publish::mute(&a.node, bob, reach, Some(hour)).unwrap();
        assert_eq!(seen(), expected, "{reach:?}");
    }
    assert_eq!(peer.got_type("Block").len(), 0, "nobody is told");
    a.advance(hour);
    assert_eq!(seen(), (4, 2), "the hour is over");
    publish::mute(&a.node, bob, mutes::MuteScope::Everything, None).unwrap();
    assert_eq!(seen(), (1, 0));
    publish::unmute(&a.node, bob).unwrap();
    assert_eq!(seen(), (4, 2));
}

#[test]
fn a_blocked_server_is_shut_out_at_the_door_and_comes_back_with_its_follows() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("social.peer.test");
    let bob = a.find_actor("@bob@social.peer.test");
    publish::follow(&a.node, bob).unwrap();
    world.settle(&[&a]);
    let follow = peer.got_type("Follow").pop().unwrap();
    peer.send("bob", &a, &peer.activity("Accept", "bob", "/accepts/1", &follow));
    world.settle(&[&a]);
    bob_follows(&world, &a, &peer);
    say(&world, &a, &peer, 1);
    assert_eq!((a.follows(), a.home_texts().len()), ((1, 1), 1));
    let preview = a.node.store.read(|r| host_block::preview_host(r, "peer.test")).unwrap();
    assert_eq!((preview.following.len(), preview.followers.len(), preview.posts), (1, 1, 1));

    let waiting = a.post("on its way when the block comes", Audience::Public);
    let done =
        host_block_import::set_rule(&a.node, HostBlockRule::manual("peer.test", Severity::Block, "spam")).unwrap();
    assert_eq!((done.severed, done.restored), (2, 0));
    assert_eq!((a.follows(), a.home_texts().len()), ((0, 0), 1));
    assert_eq!(a.waiting(), 0, "what was on its way does not go");
    let before = (peer.asked().len(), peer.got().len());
    assert_eq!(say(&world, &a, &peer, 2), 403);
    let stranger = world.peer("other.peer.test");
    assert_eq!(say(&world, &a, &stranger, 3), 403);
    publish::boost(&a.node, waiting).unwrap();
    world.settle(&[&a]);
    assert_eq!((peer.asked().len(), peer.got().len()), before, "nothing is asked of it or sent to it");
    assert!(stranger.asked().is_empty(), "no key was fetched");

    let done = a.node.store.write(|w| host_block::remove(w, "peer.test")).unwrap();
    assert_eq!((done.severed, done.restored), (0, 2));
    assert_eq!(a.follows(), (1, 0), "their answer is still to come");
    world.settle(&[&a]);
    let follow = peer.got_type("Follow").pop().unwrap();
    peer.send("bob", &a, &peer.activity("Accept", "bob", "/accepts/2", &follow));
    world.settle(&[&a]);
    assert_eq!(a.follows(), (1, 1));
    assert_eq!(say(&world, &a, &peer, 4), 202);
}

fn csv(peer: &Peer, text: &str) {
    peer.serve_as("/list.csv", 200, "text/csv", text.as_bytes().to_vec());
}

fn subscribe(a: &Server, peer: &Peer) -> HostListId {
    host_block_import::subscribe(&a.node, &peer.url("/list.csv"), "a list").unwrap()
}

#[test]
fn a_list_shows_what_it_would_cut_and_takes_it_all_back_when_it_goes() {
    let world = World::new();
    let a = world.server("a.test");
    let (bob, eve) = (world.peer("bob.test"), world.peer("eve.test"));
    let publisher = world.peer("lists.test");
    bob_follows(&world, &a, &bob);
    bob_follows(&world, &a, &eve);
    csv(&publisher, "#domain,#severity\nbob.test,suspend\neve.test,suspend\nunknown.test,suspend\na.test,suspend\n");
    let id = subscribe(&a, &publisher);
    let preview = a.node.store.read(|r| host_block::preview_list(r, id)).unwrap();
    let hosts: Vec<_> = preview.followers.iter().map(|(_, host)| host.as_str()).collect();
    assert_eq!((hosts.as_slice(), preview.following.len()), (["bob.test", "eve.test"].as_slice(), 0));
    assert_eq!(a.follows().0, 2, "nothing has happened yet");
    assert_eq!(say(&world, &a, &bob, 1), 202);

    host_block_import::apply_list(&a.node, id, vec!["bob.test".into()]).unwrap();
    assert_eq!(a.follows().0, 1);
    assert_eq!((say(&world, &a, &bob, 2), say(&world, &a, &eve, 2)), (202, 403));
    a.node
        .store
        .write(move |w| host_block::set(w, &HostBlockRule::manual("unknown.test", Severity::Block, "")))
        .unwrap();
    host_block_import::remove_list(&a.node, id).unwrap();
    assert_eq!(a.follows().0, 2, "what only the list blocked is there again");
    assert_eq!(say(&world, &a, &eve, 3), 202);
    assert_eq!(say(&world, &a, &world.peer("unknown.test"), 1), 403, "what the owner blocked stays blocked");
}

#[test]
fn what_a_list_adds_later_waits_where_it_would_cut_somebody() {
    let world = World::new();
    let a = world.server("a.test");
    let bob = world.peer("bob.test");
    let publisher = world.peer("lists.test");
    bob_follows(&world, &a, &bob);
    csv(&publisher, "spam.test\n");
    let id = subscribe(&a, &publisher);
    host_block_import::apply_list(&a.node, id, Vec::new()).unwrap();
    csv(&publisher, "spam.test\nbob.test\nmore.test\n");
    assert!(!host_block_import::fetch_next_due(&a.node).unwrap(), "once a day");
    a.advance(Duration::from_secs(24 * 3600));
    assert!(host_block_import::fetch_next_due(&a.node).unwrap());
    let counts = |a: &Server| a.node.store.read(|r| hytte::store::moderation::host_blocks::count(r, id)).unwrap();
    assert_eq!(counts(&a), (3, 1));
    assert_eq!(a.follows().0, 1);
    assert_eq!(say(&world, &a, &world.peer("more.test"), 1), 403, "the rest counts at once");
    // A list that cannot be had, or is none, changes nothing.
    publisher.serve_as("/list.csv", 200, "text/html", b"<p>moved".to_vec());
    a.advance(Duration::from_secs(24 * 3600));
    assert!(host_block_import::fetch_next_due(&a.node).unwrap());
    let list = a.node.store.read(|r| host_block_lists::get(r, id)).unwrap();
    assert!(list.error.unwrap().contains("web page"));
    assert_eq!(counts(&a), (3, 1));
    host_block_import::apply_list(&a.node, id, Vec::new()).unwrap();
    assert_eq!((a.follows().0, say(&world, &a, &bob, 1)), (0, 403));
}

#[test]
fn a_limited_server_is_not_put_forward_and_its_followers_ask_first() {
    let world = World::new();
    let a = world.server("a.test");
    let (bob, eve) = (world.peer("bob.test"), world.peer("eve.test"));
    follow_bob(&world, &a, &bob);
    for host in ["bob.test", "eve.test"] {
        host_block_import::set_rule(&a.node, HostBlockRule::manual(host, Severity::Limit, "")).unwrap();
    }
    mention(&world, &a, &bob, 1);
    mention(&world, &a, &eve, 1);
    assert_eq!(a.notifications(), [("mention".into(), "bob@bob.test".into())], "only of the followed");
    bob_follows(&world, &a, &eve);
    assert_eq!(a.follows().0, 0, "nobody comes in unseen");
    let mut note = bob.note("bob", "/notes/2", "<p>a picture</p>");
    note["attachment"] = json!([{ "type": "Image", "url": bob.url("/1.png"), "mediaType": "image/png" }]);
    bob.send("bob", &a, &bob.activity("Create", "bob", "/creates/2", &note));
    world.settle(&[&a]);
    let card = a.by_uri(&bob.url("/notes/2")).unwrap();
    assert_eq!((card.attachments.len(), card.withheld_attachments), (0, 1));
}

#[test]
fn the_owners_blocks_go_out_and_in_as_mastodons_csv() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let rule =
        HostBlockRule { no_reports: true, ..HostBlockRule::manual("bad.test", Severity::Block, "spam, and \"worse\"") };
    host_block_import::set_rule(&a.node, rule).unwrap();
    host_block_import::set_rule(&a.node, HostBlockRule::manual("quiet.test", Severity::Limit, "")).unwrap();
    assert!(
        host_block_import::set_rule(&a.node, HostBlockRule::manual("a.test", Severity::Block, "")).is_err(),
        "not oneself"
    );
    let text = a.node.store.read(host_block_import::export_csv).unwrap();
    assert_eq!(
        text,
        "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n\
         bad.test,suspend,false,true,\"spam, and \"\"worse\"\"\",false\nquiet.test,silence,false,false,,false\n"
    );
    let id = host_block_import::upload(&b.node, &text).unwrap();
    assert_eq!(say(&world, &b, &world.peer("bad.test"), 1), 202, "only looked at so far");
    host_block_import::apply_list(&b.node, id, Vec::new()).unwrap();
    assert_eq!(b.node.store.read(host_block_import::export_csv).unwrap(), text);
    assert!(b.node.store.read(host_block_lists::all).unwrap().is_empty());
}
