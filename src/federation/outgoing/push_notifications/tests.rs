//! Tests of what an app and its push service receive.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;

use super::*;
use crate::base::id::ActorId;
use crate::federation::owner::login::token_hash;
use crate::federation::owner::{oauth, publish};
use crate::federation::test_support::TestNode;
use crate::net::test_support::{TestPeer, response};
use crate::sig::push::tests::TestReceiver;
use crate::store::notifications::push::PushPolicy;
use crate::store::{access::apps, actors::follows};

/// A server, an app with a phone, and a push service with an adjustable status code.
struct Scene {
    home: TestNode,
    peer: TestPeer,
    code: Arc<AtomicU16>,
    token: String,
    id: TokenId,
    bob: ActorId,
}

impl Scene {
    fn new() -> Self {
        let code = Arc::new(AtomicU16::new(201));
        let said = code.clone();
        let peer = TestPeer::start(move |_| response(said.load(Ordering::SeqCst), &[], b""));
        let mut home = TestNode::new(&["push.example"], peer.address, Duration::from_secs(60));
        home.node.config.allow_private = true;
        let token = oauth::create_personal_token(&home.node, "Tusky", "read push").unwrap();
        let hash = token_hash(&token);
        let id = home.node.store.read(|r| apps::token(r, &hash)).unwrap().unwrap().id;
        let owner = home.node.owner().unwrap();
        let bob = home
            .node
            .store
            .write(move |w| {
                let me = actors::by_id(w, owner)?;
                actors::upsert(
                    w,
                    &Actor {
                        uri: "https://b.example/bob".to_owned(),
                        username: "bob".to_owned(),
                        host: "b.example".to_owned(),
                        name: "Bob <b>".to_owned(),
                        ..me
                    },
                )
            })
            .unwrap();
        Self { home, peer, code, token, id, bob }
    }

    fn subscribe(&self, phone: &TestReceiver, standard: bool, alerts: &[(&str, &str)], whose: PushPolicy) {
        let (p256dh, auth) = phone.keys();
        let alerts = alerts.iter().map(|(kind, word)| ((*kind).to_owned(), (*word).to_owned())).collect();
        let endpoint = "http://push.example/to/1".to_owned();
        let wish = SubscriptionRequest { endpoint, p256dh, auth, is_rfc8291: standard, alerts, policy: whose };
        subscribe(&self.home.node, self.id, &self.token, wish).unwrap();
    }

    /// Bob likes a new post of the owner's.
    fn like(&self) {
        let id = publish::post(&self.home.node, publish::NewPost::new("Good   morning", crate::base::Audience::Public));
        let (id, bob) = (id.unwrap(), self.bob);
        self.home.node.store.write(move |w| notifications::add(w, NotificationKind::Like, bob, Some(id))).unwrap();
    }

    /// Sends all that is due; returns how many.
    fn send(&self) -> usize {
        let before = self.peer.seen().len();
        while send_next(&self.home.node).unwrap() {}
        self.peer.seen().len() - before
    }
}

#[test]
fn an_app_hears_of_a_like_in_either_coding() {
    for standard in [true, false] {
        let (scene, phone) = (Scene::new(), TestReceiver::new());
        scene.subscribe(&phone, standard, &[("like", "their word")], PushPolicy::All);
        scene.like();
        assert_eq!(scene.send(), 1);
        let seen = &scene.peer.seen()[0];
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/to/1"));
        assert_eq!((seen.header("ttl"), seen.header("urgency")), ("172800", "normal"));
        assert_eq!(seen.header("content-type"), "application/octet-stream");
        let start = if standard { "vapid t=ey" } else { "WebPush ey" };
        assert!(seen.header("authorization").starts_with(start), "{}", seen.header("authorization"));
        assert_eq!(seen.header("crypto-key").contains(";p256ecdsa=B"), !standard);
        let message = phone.open(&seen.body, |name| seen.header(name).to_owned());
        let message: Value = serde_json::from_slice(&message).unwrap();
        assert_eq!(
            message,
            json!({
                "access_token": scene.token, "preferred_locale": "en", "notification_id": 1,
                "notification_type": "their word", "icon": "https://here.example/assets/cabin.png",
                "title": "Bob <b> likes your post", "body": "Good morning",
            })
        );
        assert_eq!(scene.send(), 0, "once");
    }
}

#[test]
fn an_app_hears_only_of_what_it_asked_for() {
    let scene = Scene::new();
    let phone = TestReceiver::new();
    for (alerts, whose) in [
        (&[("boost", "another")][..], PushPolicy::All),
        (&[("like", "their word")], PushPolicy::None),
        (&[("like", "their word")], PushPolicy::Followed),
        (&[("like", "their word")], PushPolicy::Follower),
        (&[], PushPolicy::All),
    ] {
        scene.subscribe(&phone, true, alerts, whose);
        scene.like();
        assert_eq!(scene.send(), 0, "{alerts:?} {whose:?}");
    }
    let (bob, owner) = (scene.bob, scene.home.node.owner().unwrap());
    scene.subscribe(&phone, true, &[("like", "their word")], PushPolicy::Follower);
    scene
        .home
        .node
        .store
        .write(move |w| {
            follows::upsert(w, bob, owner, "https://b.example/f/1", None)?;
            follows::accept(w, bob, owner).map(drop)
        })
        .unwrap();
    scene.like();
    assert_eq!(scene.send(), 1, "a follower's");
}

#[test]
fn what_the_service_did_not_take_is_sent_again_and_an_address_that_is_gone_is_forgotten() {
    let (scene, phone) = (Scene::new(), TestReceiver::new());
    scene.subscribe(&phone, true, &[("like", "their word")], PushPolicy::All);
    scene.code.store(503, Ordering::SeqCst);
    scene.like();
    assert_eq!((scene.send(), scene.send()), (1, 0), "it waits");
    scene.home.clock.advance(Duration::from_secs(61));
    scene.code.store(201, Ordering::SeqCst);
    assert_eq!((scene.send(), scene.send()), (1, 0));
    scene.code.store(503, Ordering::SeqCst);
    scene.like();
    scene.send();
    scene.home.clock.advance(MESSAGE_LIFETIME + Duration::from_secs(1));
    assert_eq!(scene.send(), 0, "two days later nobody wants to know");
    for code in [404, 410, 403] {
        scene.subscribe(&TestReceiver::new(), true, &[("like", "their word")], PushPolicy::All);
        scene.code.store(code, Ordering::SeqCst);
        scene.like();
        scene.like();
        assert_eq!(scene.send(), 1, "{code}: the second is gone with the address");
        assert!(scene.home.node.store.read(|r| push::of_token(r, scene.id)).unwrap().is_none(), "{code}");
    }
    scene.subscribe(&TestReceiver::new(), true, &[("like", "their word")], PushPolicy::All);
    scene.code.store(429, Ordering::SeqCst);
    scene.like();
    scene.send();
    assert!(scene.home.node.store.read(|r| push::of_token(r, scene.id)).unwrap().is_some(), "it asked us to wait");
}

#[test]
fn a_revoked_token_hears_nothing_more_and_no_token_can_be_read_in_the_database() {
    let (scene, phone) = (Scene::new(), TestReceiver::new());
    scene.subscribe(&phone, true, &[("like", "their word")], PushPolicy::All);
    let kept = scene.home.node.store.read(|r| push::of_token(r, scene.id)).unwrap().unwrap();
    let token = scene.token.as_bytes();
    assert!(!kept.bearer.windows(8).any(|part| token.starts_with(part)), "sealed");
    scene.like();
    let id = scene.id;
    scene.home.node.store.write(move |w| apps::revoke(w, id)).unwrap();
    assert_eq!(scene.send(), 0);
}

#[test]
fn an_address_that_never_answers_holds_only_so_many_messages() {
    let (scene, phone) = (Scene::new(), TestReceiver::new());
    scene.subscribe(&phone, true, &[("follow", "follow")], PushPolicy::All);
    let bob = scene.bob;
    scene
        .home
        .node
        .store
        .write(move |w| {
            for _ in 0..300 {
                notifications::remove(w, NotificationKind::Follow, bob, None)?;
                notifications::add(w, NotificationKind::Follow, bob, None)?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(scene.send(), 1, "what was taken back is not told");
}
