//! Groups: what they pass on is fetched from its own server and shown under their name; votes and moderation cost nothing.

use hytte::base::Audience;
use hytte::federation::owner::publish::NewPost;
use hytte::federation::{owner::publish, remote::backfill};
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Makes `name` a group.
fn group(peer: &Peer, name: &str) -> String {
    peer.person(name);
    let mut document = peer.person_document(name);
    document["type"] = json!("Group");
    peer.serve(&format!("/users/{name}"), &document);
    peer.actor(name)
}

/// A post as Lemmy writes it, served by its own server.
fn page(peer: &Peer, author: &str, path: &str, title: &str, group: &str) -> Value {
    let mut page = peer.note(author, path, &format!("<p>about {title}</p>"));
    page["type"] = json!("Page");
    page["name"] = json!(title);
    page["to"] = json!([group, PUBLIC]);
    page["cc"] = json!([]);
    page["audience"] = json!(group);
    peer.serve(path, &page);
    page
}

fn comment(peer: &Peer, author: &str, path: &str, parent: &str, group: &str) -> Value {
    let mut note = peer.note(author, path, &format!("<p>comment {path}</p>"));
    note["inReplyTo"] = json!(parent);
    note["audience"] = json!(group);
    peer.serve(path, &note);
    note
}

/// The group passes an activity of somebody's on.
fn pass_on(from: &Peer, name: &str, to: &Server, path: &str, inner: &Value) {
    let announce = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": from.url(&format!("/announce{path}")),
        "type": "Announce", "actor": from.actor(name), "object": inner, "to": [PUBLIC],
        "cc": [format!("{}/followers", from.actor(name))],
    });
    assert_eq!(from.send(name, to, &announce).code, 202);
}

fn join(world: &World, a: &Server, peer: &Peer, name: &str) {
    let id = a.find_actor(&peer.actor(name));
    publish::follow(&a.node, id).unwrap();
    world.settle(&[a]);
    let follow = peer.got_type("Follow").pop().unwrap();
    peer.send(name, a, &peer.activity("Accept", name, &format!("/accept/{name}"), &follow));
    world.settle(&[a]);
    assert_eq!(a.follows().1, 1);
}

fn titles(a: &Server) -> Vec<String> {
    a.home().iter().map(|card| card.post.title.clone().unwrap_or_default()).collect()
}

#[test]
fn posts_in_a_followed_group_come_home_under_its_name_and_are_fetched_where_they_live() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    join(&world, &a, &lemmy, "cats");

    let mut told = page(&other, "bob", "/post/1", "A cat", &cats);
    told["content"] = json!("<p>what the group says it says</p>");
    pass_on(&lemmy, "cats", &a, "/1", &other.activity("Create", "bob", "/create/1", &told));
    // Lemmy also shares the bare post, for Mastodon.
    pass_on(&lemmy, "cats", &a, "/1b", &json!(other.url("/post/1")));
    world.settle(&[&a]);
    assert_eq!(titles(&a), ["A cat"], "once");
    let card = a.home().remove(0);
    assert_eq!(a.home_texts(), ["about A cat"], "only its own server says what a post says");
    assert_eq!(card.author.handle(), "bob@other.test");
    assert_eq!(card.group.unwrap().handle(), "cats@lemmy.test");
    assert!(card.boost.is_none());

    // What nobody but the group has ever seen is not there.
    let forged = other.note("bob", "/post/forged", "<p>never said</p>");
    pass_on(&lemmy, "cats", &a, "/2", &other.activity("Create", "bob", "/create/2", &forged));
    for _ in 0..10 {
        world.settle(&[&a]);
        a.advance(std::time::Duration::from_secs(3600));
    }
    assert!(a.by_uri(&other.url("/post/forged")).is_none());

    publish::unfollow(&a.node, a.find_actor(&cats)).unwrap();
    world.settle(&[&a]);
    assert!(a.home().is_empty());
}

#[test]
fn comments_stay_away_unless_the_owner_takes_part() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    join(&world, &a, &lemmy, "cats");
    let first = page(&other, "bob", "/post/1", "A cat", &cats);
    pass_on(&lemmy, "cats", &a, "/1", &other.activity("Create", "bob", "/create/1", &first));
    world.settle(&[&a]);
    let asked = other.asked().len();
    for n in 0..20 {
        let path = format!("/comment/{n}");
        let note = comment(&other, "bob", &path, &other.url("/post/1"), &cats);
        pass_on(&lemmy, "cats", &a, &path, &other.activity("Create", "bob", &format!("/c{path}"), &note));
    }
    world.settle(&[&a]);
    assert_eq!(other.asked().len(), asked, "no comment costs a request");
    assert_eq!(titles(&a), ["A cat"]);

    let post = a.by_uri(&other.url("/post/1")).unwrap().id;
    let ours = a.reply("I have one, too", post);
    world.settle(&[&a]);
    let answer = comment(&other, "bob", "/comment/to-us", &a.uri(ours), &cats);
    pass_on(&lemmy, "cats", &a, "/to-us", &other.activity("Create", "bob", "/c/to-us", &answer));
    world.settle(&[&a]);
    assert!(a.home_texts().contains(&"comment /comment/to-us".to_owned()));
    assert_eq!(a.notifications(), [("mention".to_owned(), "bob@other.test".to_owned())]);
}

#[test]
fn a_group_cannot_change_or_delete_what_is_not_changed_or_gone_where_it_lives() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    join(&world, &a, &lemmy, "cats");
    for n in 1..=3 {
        let path = format!("/post/{n}");
        let post = page(&other, "bob", &path, &format!("Cat {n}"), &cats);
        pass_on(&lemmy, "cats", &a, &path, &other.activity("Create", "bob", &format!("/create/{n}"), &post));
    }
    world.settle(&[&a]);
    let mut changed = page(&other, "bob", "/post/1", "Cat 1", &cats);
    changed["content"] = json!("<p>forged</p>");
    changed["updated"] = json!("2026-09-22T12:00:00Z");
    pass_on(&lemmy, "cats", &a, "/u1", &other.activity("Update", "bob", "/update/1", &changed));
    world.settle(&[&a]);
    assert!(a.home_texts().contains(&"about Cat 1".to_owned()));
    a.advance(std::time::Duration::from_secs(120));
    changed["content"] = json!("<p>edited</p>");
    other.serve("/post/1", &changed);
    pass_on(&lemmy, "cats", &a, "/u2", &other.activity("Update", "bob", "/update/2", &changed));
    world.settle(&[&a]);
    assert!(a.home_texts().contains(&"edited".to_owned()));

    let delete = |n: u32| {
        let mut delete =
            other.activity("Delete", "bob", &format!("/delete/{n}"), &json!(other.url(&format!("/post/{n}"))));
        delete["summary"] = json!("rule 1");
        delete
    };
    other.gone("/post/2");
    pass_on(&lemmy, "cats", &a, "/d2", &delete(2));
    pass_on(&lemmy, "cats", &a, "/d3", &delete(3));
    world.settle(&[&a]);
    assert!(a.by_uri(&other.url("/post/2")).is_none(), "its own server says that it is gone");
    let kept = a.by_uri(&other.url("/post/3")).expect("its own server still shows it");
    assert!(kept.group.is_none(), "but it is not in the group any more");
    assert_eq!(a.home_texts(), ["edited"]);
    let undo = other.activity("Undo", "bob", "/undo/3", &delete(3));
    pass_on(&lemmy, "cats", &a, "/un3", &undo);
    world.settle(&[&a]);
    assert_eq!(a.by_uri(&other.url("/post/3")).unwrap().group.unwrap().handle(), "cats@lemmy.test");
}

#[test]
fn votes_and_moderation_of_others_cost_nothing_and_break_nothing() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    join(&world, &a, &lemmy, "cats");
    let post = page(&other, "bob", "/post/1", "A cat", &cats);
    pass_on(&lemmy, "cats", &a, "/1", &other.activity("Create", "bob", "/create/1", &post));
    world.settle(&[&a]);
    let asked = (other.asked().len(), lemmy.asked().len());
    let url = json!(other.url("/post/1"));
    for n in 0..50 {
        let kind = if n % 2 == 0 { "Like" } else { "Dislike" };
        let vote = other.activity(kind, &format!("voter{n}"), &format!("/vote/{n}"), &url);
        pass_on(&lemmy, "cats", &a, &format!("/v{n}"), &vote);
    }
    for kind in ["Lock", "Block", "Add", "Remove", "Flag", "Undo", "Join", "ChooseAnswer"] {
        let mut act = other.activity(kind, "bob", &format!("/{kind}"), &url);
        act["target"] = json!(format!("{cats}/featured"));
        pass_on(&lemmy, "cats", &a, &format!("/{kind}"), &act);
    }
    let odd = json!({ "type": "Like", "actor": 7, "object": url });
    pass_on(&lemmy, "cats", &a, "/odd", &odd);
    world.settle(&[&a]);
    assert_eq!((other.asked().len(), lemmy.asked().len()), asked);
    assert_eq!(titles(&a), ["A cat"]);
    assert!(a.notifications().is_empty());
    // A Dislike that comes by itself is tolerated, too.
    let dislike = other.activity("Dislike", "bob", "/dislike", &url);
    assert_eq!(other.send("bob", &a, &dislike).code, 202);
    world.settle(&[&a]);
    assert!(a.node.store.read(|r| hytte::store::queue::inbox::set_aside_list(r, 10)).unwrap().is_empty());
}

#[test]
fn strangers_who_pass_things_on_are_not_listened_to() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    let post = page(&other, "bob", "/post/1", "A cat", &cats);
    pass_on(&lemmy, "cats", &a, "/1", &other.activity("Create", "bob", "/create/1", &post));
    pass_on(&lemmy, "cats", &a, "/2", &json!(other.url("/post/1")));
    lemmy.person("dave");
    pass_on(&lemmy, "dave", &a, "/3", &other.activity("Create", "bob", "/create/1", &post));
    world.settle(&[&a]);
    assert!(other.asked().is_empty());
    let mine = a.post("mine", Audience::Public);
    world.settle(&[&a]);
    pass_on(&lemmy, "cats", &a, "/4", &other.activity("Delete", "bob", "/delete/1", &json!(a.uri(mine))));
    pass_on(&lemmy, "cats", &a, "/5", &other.activity("Like", "bob", "/like/1", &json!(a.uri(mine))));
    world.settle(&[&a]);
    assert_eq!((a.card(mine).likes, a.home().len()), (0, 1));
}

#[test]
fn a_groups_page_shows_what_its_outbox_passes_on() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    let posts: Vec<Value> =
        (1..=3).map(|n| page(&other, "bob", &format!("/post/{n}"), &format!("Cat {n}"), &cats)).collect();
    let wrap = |n: usize, post: &Value| {
        json!({ "type": "Announce", "actor": cats, "id": lemmy.url(&format!("/a/{n}")),
            "object": other.activity("Create", "bob", &format!("/create/{n}"), post) })
    };
    let items: Vec<Value> = posts.iter().enumerate().map(|(n, post)| wrap(n, post)).collect();
    let outbox = json!({ "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{cats}/outbox"),
        "type": "OrderedCollection", "totalItems": 3, "orderedItems": items });
    lemmy.serve("/users/cats/outbox", &outbox);
    let id = a.find_actor("@cats@lemmy.test");
    backfill::fetch_profile(&a.node, id).unwrap();
    let page = hytte::store::posts::PostPage::first(10);
    let shown = a.node.store.read(|r| hytte::store::posts::groups::page(r, id, page)).unwrap();
    assert_eq!(shown.len(), 3);
    assert!(a.home().is_empty(), "nobody follows it yet");
    publish::follow(&a.node, id).unwrap();
    world.settle(&[&a]);
    let follow = lemmy.got_type("Follow").pop().unwrap();
    lemmy.send("cats", &a, &lemmy.activity("Accept", "cats", "/accept", &follow));
    world.settle(&[&a]);
    assert_eq!(a.home().len(), 3, "the newest come along");
}

#[test]
fn the_owner_posts_in_a_group_and_what_comes_back_is_not_there_twice() {
    let world = World::new();
    let a = world.server("a.test");
    let lemmy = world.peer("lemmy.test");
    let cats = group(&lemmy, "cats");
    join(&world, &a, &lemmy, "cats");
    let id = a.find_actor(&cats);
    let thread = NewPost {
        group: Some(id),
        title: Some("Two cats".into()),
        ..NewPost::new("They like the stove.", Audience::Public)
    };
    let post = a.say(thread);
    world.settle(&[&a]);
    let create = lemmy.got_type("Create").pop().unwrap();
    let page = &create["object"];
    assert_eq!((page["type"].as_str(), page["name"].as_str()), (Some("Page"), Some("Two cats")));
    assert_eq!(page["audience"], cats);
    assert_eq!(page["to"], json!([PUBLIC, cats]));
    assert_eq!((&create["to"], &create["cc"]), (&page["to"], &page["cc"]));
    assert!(page.get("inReplyTo").is_none(), "Lemmy tells a post from a comment by that");
    assert_eq!(page["tag"][0]["href"], cats, "Guppe and Friendica look for their name");
    assert_eq!(world.document(&a.uri(post))["audience"], cats);

    pass_on(&lemmy, "cats", &a, "/own", &create);
    pass_on(&lemmy, "cats", &a, "/own2", &json!(a.uri(post)));
    world.settle(&[&a]);
    assert_eq!(titles(&a), ["Two cats"]);
    assert!(a.notifications().is_empty(), "it is what groups do");
    assert_eq!(a.card(post).group.unwrap().id, id);

    // Votes reach only the group, which counts them.
    for (n, voter) in ["bob", "eve", "bob"].iter().enumerate() {
        let like = lemmy.activity("Like", voter, &format!("/vote/{n}"), &json!(a.uri(post)));
        pass_on(&lemmy, "cats", &a, &format!("/vote{n}"), &like);
    }
    world.settle(&[&a]);
    assert_eq!(a.card(post).likes, 2);
    let like = lemmy.activity("Like", "eve", "/vote/1", &json!(a.uri(post)));
    pass_on(&lemmy, "cats", &a, "/unvote", &lemmy.activity("Undo", "eve", "/unvote/1", &like));
    world.settle(&[&a]);
    assert_eq!(a.card(post).likes, 1);

    publish::delete(&a.node, post).unwrap();
    world.settle(&[&a]);
    assert_eq!(lemmy.got_type("Delete").len(), 1, "the group hears of it");
}

#[test]
fn answers_and_likes_in_a_thread_of_a_group_reach_the_group() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    page(&other, "bob", "/post/1", "A cat", &cats);
    // A comment from Mastodon does not name the group.
    let mut note = other.note("bob", "/comment/1", "<p>more about it</p>");
    note["inReplyTo"] = json!(other.url("/post/1"));
    other.serve("/comment/1", &note);
    let hytte::federation::remote::resolve::Resolved::Post(id) = a.find(&other.url("/comment/1")) else { panic!() };
    hytte::federation::remote::resolve::fetch_ancestors(&a.node, id).unwrap();
    publish::like(&a.node, id).unwrap();
    let ours = a.reply("indeed", id);
    world.settle(&[&a]);
    let create = lemmy.got_type("Create").pop().expect("the group has it");
    assert_eq!(create["object"]["audience"], cats);
    assert!(create["to"].as_array().unwrap().contains(&json!(cats)));
    assert!(create["object"].get("name").is_none());
    assert_eq!(other.got_type("Create").len(), 1, "and the author");
    assert_eq!(lemmy.got_type("Like").len(), 1);
    assert_eq!(a.card(ours).group.unwrap().handle(), "cats@lemmy.test");

    let private =
        a.say(NewPost { reply_to: Some(id), ..NewPost::new("only you, @bob@other.test", Audience::Mentioned) });
    world.settle(&[&a]);
    assert_eq!(lemmy.got_type("Create").len(), 1, "what is private is not for the group");
    assert!(a.card(private).group.is_none());
}

#[test]
fn naming_a_group_posts_there() {
    let world = World::new();
    let a = world.server("a.test");
    let guppe = world.peer("guppe.test");
    let cats = group(&guppe, "cats");
    a.post("@cats@guppe.test look at this", Audience::Public);
    world.settle(&[&a]);
    let create = guppe.got_type("Create").pop().unwrap();
    assert_eq!((create["object"]["type"].as_str(), &create["object"]["audience"]), (Some("Note"), &json!(cats)));
    a.post("@cats@guppe.test between us", Audience::Mentioned);
    world.settle(&[&a]);
    let create = guppe.got_type("Create").pop().unwrap();
    assert!(create["object"].get("audience").is_none());
}

#[test]
fn groups_that_share_bare_posts_name_them_too_and_can_take_them_back() {
    let world = World::new();
    let a = world.server("a.test");
    let (guppe, other) = (world.peer("guppe.test"), world.peer("other.test"));
    let cats = group(&guppe, "cats");
    join(&world, &a, &guppe, "cats");
    other.serve("/notes/1", &other.note("bob", "/notes/1", "<p>for the cats</p>"));
    pass_on(&guppe, "cats", &a, "/1", &json!(other.url("/notes/1")));
    world.settle(&[&a]);
    let card = a.home().remove(0);
    assert_eq!((card.author.handle(), card.boost.is_some()), ("bob@other.test".to_owned(), false));
    assert_eq!(card.group.unwrap().uri, cats);
    let announce =
        json!({ "id": guppe.url("/announce/1"), "type": "Announce", "actor": cats, "object": other.url("/notes/1") });
    guppe.send("cats", &a, &guppe.activity("Undo", "cats", "/undo/1", &announce));
    world.settle(&[&a]);
    assert!(a.home().is_empty());
    assert!(a.by_uri(&other.url("/notes/1")).unwrap().group.is_none());

    // What was never meant for a group is a boost like everyone's.
    let mine = a.post("not about cats", Audience::Public);
    world.settle(&[&a]);
    pass_on(&guppe, "cats", &a, "/mine", &json!(a.uri(mine)));
    world.settle(&[&a]);
    assert_eq!(a.notifications(), [("boost".to_owned(), "cats@guppe.test".to_owned())]);
}

#[test]
fn a_group_tells_of_its_new_name_by_passing_its_own_update_on() {
    let world = World::new();
    let a = world.server("a.test");
    let (lemmy, other) = (world.peer("lemmy.test"), world.peer("other.test"));
    let cats = group(&lemmy, "cats");
    join(&world, &a, &lemmy, "cats");
    let mut document = lemmy.person_document("cats");
    document["type"] = json!("Group");
    document["name"] = json!("All cats");
    let update = other.activity("Update", "bob", "/update/group", &document);
    pass_on(&lemmy, "cats", &a, "/update", &update);
    world.settle(&[&a]);
    let name = || a.node.store.read(|r| hytte::store::actors::by_uri(r, &cats)).unwrap().unwrap().name;
    assert_eq!(name(), "cats", "its server does not say so");
    lemmy.serve("/users/cats", &document);
    let again = other.activity("Update", "bob", "/update/group/2", &document);
    pass_on(&lemmy, "cats", &a, "/update2", &again);
    world.settle(&[&a]);
    assert_eq!(name(), "All cats");
}

#[test]
fn a_thread_is_filled_from_the_list_of_its_context() {
    let world = World::new();
    let a = world.server("a.test");
    let (nodebb, other) = (world.peer("nodebb.test"), world.peer("other.test"));
    let cats = group(&nodebb, "cats");
    let mut first = page(&nodebb, "bob", "/post/1", "A cat", &cats);
    first["context"] = json!(nodebb.url("/topic/1"));
    nodebb.serve("/post/1", &first);
    comment(&other, "bob", "/comment/1", &nodebb.url("/post/1"), &cats);
    let topic = json!({ "@context": "https://www.w3.org/ns/activitystreams", "id": nodebb.url("/topic/1"),
        "type": "OrderedCollection", "totalItems": 2, "orderedItems": [nodebb.url("/post/1"), other.url("/comment/1")] });
    nodebb.serve("/topic/1", &topic);
    let hytte::federation::remote::resolve::Resolved::Post(id) = a.find(&nodebb.url("/post/1")) else { panic!() };
    backfill::fetch_thread(&a.node, id).unwrap();
    let comment = a.by_uri(&other.url("/comment/1")).expect("the thread's list names it");
    assert_eq!(comment.post.reply_to, Some(id));
    assert_eq!(a.card(id).replies, 1);
}

#[test]
fn a_group_that_is_none_costs_one_look_and_loses_no_post() {
    let world = World::new();
    let a = world.server("a.test");
    let other = world.peer("other.test");
    let bob = a.find_actor("@bob@other.test");
    publish::follow(&a.node, bob).unwrap();
    world.settle(&[&a]);
    let follow = other.got_type("Follow").pop().unwrap();
    other.send("bob", &a, &other.activity("Accept", "bob", "/accept", &follow));
    world.settle(&[&a]);
    for n in 0..5 {
        let mut note = other.note("bob", &format!("/notes/{n}"), &format!("<p>note {n}</p>"));
        note["audience"] = json!(other.url("/no/group"));
        other.send("bob", &a, &other.activity("Create", "bob", &format!("/creates/{n}"), &note));
        world.settle(&[&a]);
    }
    assert_eq!(a.home_texts().len(), 5);
    let looks = other.asked().iter().filter(|got| got.target == "/no/group").count();
    assert!((1..=2).contains(&looks), "one look, with both signatures at most: {looks}");
}
