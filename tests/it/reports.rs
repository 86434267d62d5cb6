//! Reports: ours go out in the name of the server and tell nobody who sent them; those of others are for the owner alone.

use hytte::base::Audience;
use hytte::federation::owner::publish;
use hytte::store;
use serde_json::json;

use crate::harness::World;
use crate::posting::follow_bob;

#[test]
fn a_report_goes_to_their_server_and_does_not_say_who_reports() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    follow_bob(&world, &a, &peer);
    let note = peer.note("bob", "/notes/1", "<p>insults</p>");
    peer.send("bob", &a, &peer.activity("Create", "bob", "/creates/1", &note));
    world.settle(&[&a]);
    let bob = a.find_actor("@bob@peer.test");
    let post = a.home()[0].post.id;
    publish::report(&a.node, bob, vec![post], " please look ".into()).unwrap();
    let own = a.post("mine", Audience::Public);
    assert!(publish::report(&a.node, bob, vec![own], String::new()).is_err(), "only posts of theirs");
    world.settle(&[&a]);
    let got = peer.got().into_iter().find(|got| got.json()["type"] == "Flag").unwrap();
    let flag = got.json();
    assert_eq!(flag["actor"], a.url("/actor"));
    assert_eq!(flag["object"], json!([peer.actor("bob"), peer.url("/notes/1")]));
    assert_eq!(flag["content"], "please look");
    let all = format!("{flag}{:?}", got.headers);
    assert!(!all.contains("/users/alice") && all.contains("/actor#main-key"), "{all}");
    let path = flag["id"].as_str().unwrap();
    assert_eq!(world.get(path, "application/activity+json").code, 404, "it is nobody else's business");
}

#[test]
fn a_report_about_the_owner_is_told_to_the_owner_alone() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let peer = world.peer("peer.test");
    let alice = b.find_actor("@alice@a.test");
    publish::follow(&b.node, alice).unwrap();
    world.settle(&[&a, &b]);
    let post = a.post("something", Audience::Public);
    world.settle(&[&a, &b]);
    publish::report(&b.node, alice, vec![b.home()[0].post.id], "<b>not nice</b>".into()).unwrap();
    world.settle(&[&a, &b]);
    let reports = a.node.store.read(|r| store::moderation::reports::page(r, None, 10)).unwrap();
    assert_eq!(reports.len(), 1);
    assert_eq!((reports[0].about.clone(), reports[0].comment.as_str()), (vec![a.actor(), a.uri(post)], "not nice"));
    assert_eq!(a.notifications()[0].0, "report");
    // Not about us, or about nobody.
    for (n, object) in [json!([peer.actor("bob")]), json!([])].iter().enumerate() {
        peer.send("bob", &a, &peer.activity("Flag", "bob", &format!("/flags/{n}"), object));
    }
    // The same twice is one.
    for _ in 0..2 {
        peer.send("bob", &a, &peer.activity("Flag", "bob", "/flags/9", &json!([a.actor()])));
        world.settle(&[&a]);
    }
    assert_eq!(
        a.node
            .store
            .read(|r| Ok((store::moderation::reports::open(r)?, store::moderation::reports::page(r, None, 10)?.len())))
            .unwrap(),
        (2, 2)
    );
}
