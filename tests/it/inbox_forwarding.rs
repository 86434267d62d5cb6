//! What others say below the owner's posts reaches the owner's followers, as it came; private things and floods do not.

use hytte::base::Audience;
use hytte::federation::owner::publish;
use serde_json::{Value, json};

use crate::harness::{Peer, Server, World};
use crate::proofs::be_followed_by;

struct Scene {
    world: World,
    a: Server,
    /// Where the one who answers lives; somebody there follows, too.
    peer: Peer,
    /// Where another follower lives.
    third: Peer,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let a = world.server("a.test");
        let (peer, third) = (world.peer("peer.test"), world.peer("third.test"));
        be_followed_by(&world, &a, &peer, "fan");
        be_followed_by(&world, &a, &third, "carol");
        Self { world, a, peer, third }
    }

    /// Bob's answer to a post of the owner's.
    fn answer(&self, n: usize, to: &str) -> Value {
        let mut note = self.peer.note("bob", &format!("/notes/{n}"), &format!("<p>answer {n}</p>"));
        note["inReplyTo"] = json!(to);
        note
    }

    fn act(&self, kind: &str, n: usize, object: &Value) -> Value {
        let activity = self.peer.activity(kind, "bob", &format!("/{kind}/{n}"), object);
        self.peer.prove("bob", &activity, self.a.clock.now())
    }

    fn bob_says(&self, activity: &Value) {
        assert_eq!(self.peer.send("bob", &self.a, activity).code, 202);
        self.world.settle(&[&self.a]);
    }

    /// What bob said, as `peer` got it from the owner.
    fn passed_on(&self, peer: &Peer) -> Vec<Value> {
        let bob = self.peer.actor("bob");
        peer.got().iter().map(|got| got.json()).filter(|activity| activity["actor"] == bob).collect()
    }
}

#[test]
fn an_answer_to_the_owner_reaches_the_owners_followers_as_it_came() {
    let s = Scene::new();
    let post = s.a.post("what do you think?", Audience::Public);
    s.world.settle(&[&s.a]);
    let note = s.answer(1, &s.a.uri(post));
    let create = s.act("Create", 1, &note);
    s.bob_says(&create);
    assert_eq!(s.passed_on(&s.third), std::slice::from_ref(&create));
    assert!(s.passed_on(&s.peer).is_empty(), "not back to where it came from");
    let signature = s.third.got().pop().unwrap().header("signature").unwrap().to_owned();
    assert!(signature.contains(&format!("{}#main-key", s.a.actor())), "the owner's server brings it: {signature}");
    // Once is enough, also when it comes again.
    s.bob_says(&create);
    assert_eq!(s.passed_on(&s.third).len(), 1);

    let mut changed = note.clone();
    changed["content"] = json!("<p>answer 1, better</p>");
    changed["updated"] = json!("2026-09-21T14:00:00Z");
    let update = s.act("Update", 1, &changed);
    s.bob_says(&update);
    let delete = s.act("Delete", 1, &json!({"type": "Tombstone", "id": note["id"]}));
    s.bob_says(&delete);
    assert_eq!(s.passed_on(&s.third), [create, update, delete]);
}

#[test]
fn another_hytte_takes_what_is_passed_on() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let peer = world.peer("peer.test");
    let alice = b.find_actor("@alice@a.test");
    publish::follow(&b.node, alice).unwrap();
    world.settle(&[&a, &b]);
    let post = a.post("what do you think?", Audience::Public);
    world.settle(&[&a, &b]);
    let mut note = peer.note("bob", "/notes/1", "<p>a lot</p>");
    note["inReplyTo"] = json!(a.uri(post));
    let create = peer.prove("bob", &peer.activity("Create", "bob", "/creates/1", &note), a.clock.now());
    assert_eq!(peer.send("bob", &a, &create).code, 202);
    world.settle(&[&a, &b]);
    let card = b.by_uri(&peer.url("/notes/1")).expect("it came with its proof");
    assert_eq!(card.author.handle(), "bob@peer.test");
    assert!(!peer.asked().iter().any(|got| got.target == "/notes/1"), "and its server was not asked");
}

#[test]
fn what_is_private_unproven_or_not_the_owners_is_not_passed_on() {
    let s = Scene::new();
    let public = s.a.post("for everyone", Audience::Public);
    let private = s.a.post("for followers", Audience::Followers);
    s.world.settle(&[&s.a]);
    let plain = s.answer(1, &s.a.uri(public));
    s.bob_says(&s.peer.activity("Create", "bob", "/Create/1", &plain));
    let below_private = s.answer(2, &s.a.uri(private));
    s.bob_says(&s.act("Create", 2, &below_private));
    let mut letter = s.answer(3, &s.a.uri(public));
    letter["to"] = json!([s.a.actor()]);
    letter["cc"] = json!([]);
    s.bob_says(&s.act("Create", 3, &letter));
    let mut followers = s.answer(4, &s.a.uri(public));
    followers["to"] = json!([format!("{}/followers", s.peer.actor("bob")), s.a.actor()]);
    followers["cc"] = json!([]);
    s.bob_says(&s.act("Create", 4, &followers));
    // An answer to another actor's answer: theirs to pass on.
    s.bob_says(&s.act("Create", 5, &s.answer(5, plain["id"].as_str().unwrap())));
    let mut elsewhere = s.answer(6, &s.a.uri(public));
    elsewhere["attributedTo"] = json!(s.peer.actor("fan"));
    s.bob_says(&s.act("Create", 6, &elsewhere));
    for n in 1..7 {
        let id = json!(s.peer.url(&format!("/notes/{n}")));
        if n != 1 {
            s.bob_says(&s.act("Delete", n, &id));
        }
    }
    s.bob_says(&s.act("Like", 1, &json!(s.a.uri(public))));
    assert_eq!(s.passed_on(&s.third), Vec::<Value>::new());
    assert!(s.a.by_uri(&s.peer.url("/notes/1")).is_some(), "they are here all the same");
}

#[test]
fn a_flood_of_answers_is_not_multiplied() {
    let s = Scene::new();
    let post = s.a.post("what do you think?", Audience::Public);
    s.world.settle(&[&s.a]);
    for n in 0..40 {
        let create = s.act("Create", n, &s.answer(n, &s.a.uri(post)));
        assert_eq!(s.peer.send("bob", &s.a, &create).code, 202);
    }
    s.world.settle(&[&s.a]);
    assert_eq!(s.passed_on(&s.third).len(), 30, "so many of one author in an hour");
    let mut long = s.answer(90, &s.a.uri(post));
    long["content"] = json!("x".repeat(70_000));
    s.a.advance(std::time::Duration::from_secs(2 * 3600));
    s.bob_says(&s.act("Create", 90, &long));
    assert_eq!(s.passed_on(&s.third).len(), 30, "nor what is too long for others");
    s.bob_says(&s.act("Create", 91, &s.answer(91, &s.a.uri(post))));
    assert_eq!(s.passed_on(&s.third).len(), 31);
}
