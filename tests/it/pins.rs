//! What stands at the top of a profile: pinned posts and hashtags, both ways.

use hytte::base::Audience;
use hytte::federation::{owner::publish, remote::backfill};
use hytte::store::posts::Viewer;
use hytte::store::posts::pins;
use serde_json::{Value, json};

use crate::harness::{Server, World, request};

fn collection(server: &Server, path: &str) -> Value {
    let accept = ("accept".to_owned(), "application/activity+json".to_owned());
    let headers = [accept, ("host".to_owned(), server.domain.clone())];
    request(server.address, "GET", path, &headers, b"").json()
}

/// What stands at the top of somebody's profile, as this server has it: uris of posts, hashtags.
fn top(server: &Server, handle: &str) -> (Vec<String>, Vec<String>) {
    let who = server.find_actor(handle);
    server
        .node
        .store
        .read(|r| {
            let posts = pins::of_actor(r, who, Viewer::Owner)?;
            let tags = pins::tags(r, who)?.into_iter().map(|tag| tag.display_name).collect();
            Ok((hytte::store::posts::uris(r, &posts)?, tags))
        })
        .unwrap()
}

#[test]
fn the_owners_pins_and_hashtags_reach_followers_and_newcomers() {
    let world = World::new();
    let (a, b, c) = (world.server("a.test"), world.server("b.test"), world.server("c.test"));
    publish::follow(&b.node, b.find_actor("@alice@a.test")).unwrap();
    world.settle(&[&a, &b]);
    let (one, two) = (a.post("one", Audience::Public), a.post("two", Audience::Quiet));
    let private = a.post("for followers", Audience::Followers);
    publish::pin(&a.node, one).unwrap();
    publish::pin(&a.node, two).unwrap();
    publish::pin(&a.node, two).unwrap();
    // It stands there for the owner alone.
    publish::pin(&a.node, private).unwrap();
    publish::feature_tag(&a.node, "#Knitting".into()).unwrap();
    assert!(publish::feature_tag(&a.node, "two words".into()).is_err());
    world.settle(&[&a, &b]);
    let uris = vec![a.uri(two), a.uri(one)];
    assert_eq!(top(&b, "@alice@a.test"), (uris.clone(), vec!["Knitting".to_owned()]));
    assert_eq!(collection(&a, "/users/alice/collections/featured")["orderedItems"], json!(uris));
    let tags = collection(&a, "/users/alice/collections/tags");
    assert_eq!(tags["items"], json!([{"type": "Hashtag", "href": a.url("/tags/knitting"), "name": "#Knitting"}]));

    let page = request(a.address, "GET", "/@alice", &[("host".to_owned(), a.domain.clone())], b"").text();
    assert!(page.contains("Pinned") && page.contains("#Knitting"));
    assert_eq!(page.matches(">one<").count(), 1, "what is pinned stands there once");

    let alice = c.find_actor("@alice@a.test");
    backfill::fetch_profile(&c.node, alice).unwrap();
    assert_eq!(top(&c, "@alice@a.test"), (uris, vec!["Knitting".to_owned()]));

    publish::unpin(&a.node, two).unwrap();
    publish::unpin(&a.node, private).unwrap();
    publish::unfeature_tag(&a.node, "knitting".into()).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(top(&b, "@alice@a.test"), (vec![a.uri(one)], Vec::new()));
    publish::delete(&a.node, one).unwrap();
    world.settle(&[&a, &b]);
    assert_eq!(top(&b, "@alice@a.test"), (Vec::new(), Vec::new()));
    for n in 0..5 {
        publish::pin(&a.node, a.post(&format!("post {n}"), Audience::Public)).unwrap();
    }
    assert!(publish::pin(&a.node, a.post("one too many", Audience::Public)).is_err());
    world.settle(&[&a, &b]);
}

#[test]
fn only_the_owner_of_a_profile_changes_its_top() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    for name in ["bob", "eve"] {
        let mut person = peer.person_document(name);
        person["featured"] = json!(peer.actor(name) + "/featured");
        person["featuredTags"] = json!(peer.actor(name) + "/tags");
        peer.serve(&format!("/users/{name}"), &person);
    }
    peer.person("zoe");
    let mut person = peer.person_document("bob");
    person["featured"] = json!(peer.actor("bob") + "/featured");
    peer.serve("/users/bob", &person);
    peer.serve("/notes/1", &peer.note("bob", "/notes/1", "<p>mine</p>"));
    peer.serve("/notes/2", &peer.note("eve", "/notes/2", "<p>hers</p>"));
    a.find(&peer.url("/notes/1"));
    a.find(&peer.url("/notes/2"));
    let featured = peer.actor("bob") + "/featured";
    let add = |who: &str, kind: &str, path: &str, object: Value| {
        let mut activity = peer.activity(kind, who, path, &object);
        activity["target"] = json!(featured);
        assert_eq!(peer.send(who, &a, &activity).code, 202);
        world.settle(&[&a]);
    };
    add("eve", "Add", "/adds/1", json!(peer.url("/notes/2")));
    add("eve", "Add", "/adds/2", json!(peer.url("/notes/1")));
    add("bob", "Add", "/adds/3", json!(peer.url("/notes/2")));
    assert_eq!(top(&a, "@bob@peer.test"), (Vec::new(), Vec::new()));
    add("bob", "Add", "/adds/4", json!(peer.url("/notes/1")));
    add("bob", "Add", "/adds/5", json!({"type": "Hashtag", "name": "#Boats", "href": peer.url("/tags/boats")}));
    add("eve", "Remove", "/removes/1", json!(peer.url("/notes/1")));
    assert_eq!(top(&a, "@bob@peer.test"), (vec![peer.url("/notes/1")], vec!["Boats".to_owned()]));
    add("bob", "Remove", "/removes/2", json!(peer.url("/notes/1")));
    add("bob", "Remove", "/removes/3", json!({"type": "Hashtag", "name": "#boats"}));
    assert_eq!(top(&a, "@bob@peer.test"), (Vec::new(), Vec::new()));

    let foreign = json!("https://elsewhere.test/notes/9");
    peer.serve(
        "/users/bob/featured",
        &json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": featured, "type": "OrderedCollection",
            "orderedItems": [foreign, peer.note("bob", "/notes/1", "<p>mine</p>"), peer.url("/notes/2")],
        }),
    );
    backfill::fetch_profile(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    assert_eq!(top(&a, "@bob@peer.test").0, [peer.url("/notes/1")]);
}
