//! People on other servers, for the tests: what they do comes in as the activities their servers send.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::ap;
use crate::base::id::{ActorId, PostId};
use crate::social::{self, profile};
use crate::store::{
    actors::{self, follows},
    node, posts,
};
use crate::web::test_support::TestServer;

/// Somebody of `there.example`.
#[derive(Debug, Clone)]
pub(super) struct RemoteActor {
    pub(super) id: ActorId,
    pub(super) uri: String,
}

impl RemoteActor {
    /// Somebody the owner does not follow.
    pub(super) fn stranger(house: &TestServer, name: &str) -> Self {
        let uri = format!("https://there.example/users/{name}");
        let document = json!({"@context": "https://www.w3.org/ns/activitystreams", "type": "Person", "id": uri,
            "preferredUsername": name, "inbox": format!("{uri}/inbox"), "followers": format!("{uri}/followers")});
        let document = ap::ReceivedActor::read(&document).unwrap();
        let id = house.node.store.write(move |w| profile::store_actor(w, &document).map(|_| ())).map(|()| {
            let wanted = uri.clone();
            house.node.store.read(move |r| actors::id_by_uri(r, &wanted)).unwrap().unwrap()
        });
        Self { id: id.unwrap(), uri }
    }

    /// Somebody the owner follows.
    pub(super) fn followed(house: &TestServer, name: &str) -> Self {
        let other = Self::stranger(house, name);
        let (id, uri) = (other.id, format!("https://social.example.org/follows/{name}"));
        let follow = house.node.store.write(move |w| {
            let owner = node::owner(w)?;
            follows::upsert(w, owner, id, &uri, None)?;
            follows::accept(w, owner, id).map(drop)
        });
        follow.unwrap();
        other
    }

    /// Whatever they do, a second later.
    pub(super) fn does(&self, house: &TestServer, mut activity: Value) {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        house.test_store.clock.advance(Duration::from_secs(1));
        activity["actor"] = json!(self.uri);
        activity["id"] = json!(format!("{}/acts/{}", self.uri, COUNT.fetch_add(1, Ordering::Relaxed)));
        let activity = ap::activity::Activity::read(activity).unwrap();
        let id = self.id;
        house.node.store.write(move |w| social::receive(w, &actors::by_id(w, id)?, &activity)).unwrap();
    }

    /// A public post of theirs; `more` adds to the note.
    pub(super) fn says(&self, house: &TestServer, text: &str, more: Value) -> PostId {
        let public = json!(["https://www.w3.org/ns/activitystreams#Public"]);
        self.posts(house, text, more, &public)
    }

    /// A post of theirs for those `note` names as `to`.
    pub(super) fn says_to(&self, house: &TestServer, text: &str, note: Value) -> PostId {
        let to = note["to"].clone();
        self.posts(house, text, note, &to)
    }

    fn posts(&self, house: &TestServer, text: &str, more: Value, to: &Value) -> PostId {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let uri = format!("{}/posts/{}", self.uri, COUNT.fetch_add(1, Ordering::Relaxed));
        let mut note = json!({"type": "Note", "id": uri, "attributedTo": self.uri, "content": format!("<p>{text}</p>"),
            "to": to});
        if let (Value::Object(note), Value::Object(more)) = (&mut note, more) {
            note.extend(more);
        }
        self.does(house, json!({"type": "Create", "to": to, "object": note}));
        house.node.store.read(|r| posts::by_uri(r, &uri)).unwrap().expect("it was kept").id
    }

    /// An answer of theirs.
    pub(super) fn answers(&self, house: &TestServer, to: PostId, text: &str) -> PostId {
        let uri = house.node.store.read(|r| posts::by_id(r, to)).unwrap().uri;
        self.says(house, text, json!({ "inReplyTo": uri }))
    }

    /// They boost a post.
    pub(super) fn boosts(&self, house: &TestServer, of: PostId) -> PostId {
        let uri = house.node.store.read(|r| posts::by_id(r, of)).unwrap().uri;
        self.does(
            house,
            json!({"type": "Announce", "to": ["https://www.w3.org/ns/activitystreams#Public"], "object": uri}),
        );
        house.node.store.read(|r| posts::boost_by(r, self.id, of)).unwrap().expect("it was kept").id
    }
}
