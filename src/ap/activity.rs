//! Reads activities: type, actor, object. A malformed one is Invalid (400); an unknown type is
//! [`ActivityKind::Ignored`].

use serde_json::Value;

use super::addressing::Recipients;
use super::json::{self, FromJson, Lossy, Many, Ref, Uri};
use super::tags::ReceivedEmoji;
use super::{interaction, limits, reaction};
use crate::base::interaction_policy::Interaction;
use crate::base::{Error, Result, Time};

/// An activity as received.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Its id, on the actor's origin. Only activities inside others ([`Activity::read_inner`]) may lack one.
    pub id: Option<Uri>,
    /// The actor.
    pub actor: Uri,
    /// The type and its objects.
    pub kind: ActivityKind,
    /// The claimed time.
    pub published: Option<Time>,
    /// Addressees; None when it has neither `to` nor `cc`, as many Follows and Accepts.
    pub recipients: Option<Recipients>,
    /// The document as received.
    pub raw: Value,
}

/// What an activity does.
#[derive(Debug, Clone, PartialEq)]
pub enum ActivityKind {
    /// Wants to follow `object`.
    Follow {
        /// The actor to follow; a relay asks for Public.
        object: Uri,
    },
    /// Accepts something we requested (Follow, QuoteRequest, or an interaction with GoToSocial).
    Accept {
        /// The request: its id, or the whole of it, sometimes with another id.
        object: Ref,
        /// The stamp that proves it (FEP-044f).
        result: Option<Uri>,
    },
    /// Refuses, or takes an earlier Accept back.
    Reject {
        /// The request.
        object: Ref,
    },
    /// Publishes a post.
    Create {
        /// The post.
        object: Ref,
        /// More of them: GoToSocial sends all votes of one ballot at once.
        rest: Vec<Ref>,
    },
    /// Replaces a post or actor.
    Update {
        /// The new document.
        object: Ref,
    },
    /// Deletes a post or actor.
    Delete {
        /// The id of the deleted object.
        object: Uri,
        /// True when a Tombstone was given.
        tombstone: bool,
    },
    /// Likes a post; with `content` it is a reaction (Misskey).
    Like {
        /// The post.
        object: Ref,
        /// An emoji, or `:shortcode:`.
        content: Option<String>,
        /// The image of the shortcode.
        emoji: Option<ReceivedEmoji>,
    },
    /// Reacts with an emoji; one actor may do so several times (Pleroma).
    EmojiReact {
        /// The post.
        object: Ref,
        /// An emoji, or `:shortcode:`.
        content: Option<String>,
        /// The image of the shortcode.
        emoji: Option<ReceivedEmoji>,
    },
    /// Boosts a post, or (a group) passes an activity on.
    Announce {
        /// The post, or the whole activity.
        object: Ref,
    },
    /// Takes an earlier activity back.
    Undo {
        /// Its id, or the whole of it.
        object: Ref,
    },
    /// Blocks an actor.
    Block {
        /// The blocked actor.
        object: Uri,
    },
    /// An account move.
    Move {
        /// The old actor.
        object: Uri,
        /// The new one.
        target: Uri,
    },
    /// Adds to a collection (pins a post).
    Add {
        /// The added object.
        object: Ref,
        /// The collection.
        target: Uri,
    },
    /// Takes out of a collection.
    Remove {
        /// The removed object.
        object: Ref,
        /// The collection.
        target: Uri,
    },
    /// Reports actors and posts.
    Flag {
        /// Ids of actors and posts, mixed.
        objects: Vec<Uri>,
        /// The comment.
        content: Option<String>,
    },
    /// An interaction request: to quote, reply to, like or boost a post (FEP-044f, GoToSocial).
    Request {
        /// The interaction.
        deed: Interaction,
        /// The post it is about.
        object: Uri,
        /// The quoting or replying post, the Like or the Announce.
        instrument: Ref,
    },
    /// Anything else, by its type.
    Unknown(String),
}

impl Activity {
    /// Reads a delivered activity; Invalid when it has no type, no actor, no id on the actor's origin, or lacks what
    /// its type needs.
    pub fn read(raw: Value) -> Result<Self> {
        let activity = Self::read_inner(raw)?;
        if activity.id.is_none() {
            return Err(Error::invalid("the activity has no usable id"));
        }
        Ok(activity)
    }

    /// Reads an activity inside another one (Undo, Accept, a group's Announce), which may come without an id.
    pub fn read_inner(raw: Value) -> Result<Self> {
        let actor = actor(&raw).ok_or_else(|| Error::invalid("the activity has no usable actor"))?;
        let id = json::id(&raw);
        if id.as_ref().is_some_and(|id| !id.same_origin(&actor)) {
            return Err(Error::invalid("the id of the activity is not on its actor's server"));
        }
        Ok(Self {
            id,
            kind: kind(&raw)?,
            published: Lossy::read(&raw, "published").0,
            recipients: Recipients::of(&raw),
            actor,
            raw,
        })
    }

    /// The id of its object, if there is one.
    pub fn object_id(&self) -> Option<&Uri> {
        match &self.kind {
            ActivityKind::Follow { object }
            | ActivityKind::Block { object }
            | ActivityKind::Move { object, .. }
            | ActivityKind::Delete { object, .. }
            | ActivityKind::Request { object, .. } => Some(object),
            ActivityKind::Accept { object, .. }
            | ActivityKind::Reject { object }
            | ActivityKind::Create { object, .. }
            | ActivityKind::Update { object }
            | ActivityKind::Like { object, .. }
            | ActivityKind::EmojiReact { object, .. }
            | ActivityKind::Announce { object }
            | ActivityKind::Undo { object }
            | ActivityKind::Add { object, .. }
            | ActivityKind::Remove { object, .. } => object.id(),
            ActivityKind::Flag { .. } | ActivityKind::Unknown(_) => None,
        }
    }
}

/// The actor a document names, for cheap checks before anything else is read.
pub fn actor(doc: &Value) -> Option<Uri> {
    json::id_of(doc, "actor").filter(|actor| !actor.has_fragment())
}

/// True for a Delete or Update of the sending actor itself: servers send floods of these.
pub fn is_about_itself(doc: &Value) -> bool {
    let about = json::is_type(doc, "Delete") || json::is_type(doc, "Update");
    about && actor(doc).is_some_and(|actor| json::id_of(doc, "object").is_some_and(|object| object == actor))
}

/// The types we act on.
const KNOWN: [&str; 20] = [
    "Follow",
    "Accept",
    "Reject",
    "Create",
    "Update",
    "Delete",
    "Like",
    "EmojiReact",
    "Announce",
    "Undo",
    "Block",
    "Move",
    "Add",
    "Remove",
    "Flag",
    "QuoteRequest",
    "ReplyRequest",
    "LikeRequest",
    "AnnounceRequest",
    "TentativeReject",
];

fn kind(raw: &Value) -> Result<ActivityKind> {
    let types = json::types(raw);
    let known = types.iter().find(|t| KNOWN.contains(t)).or_else(|| types.first());
    let word = *known.ok_or_else(|| Error::invalid("the activity has no type"))?;
    let object = || Lossy::<Ref>::read(raw, "object").0.ok_or_else(|| missing(word, "object"));
    let id = |key: &str| json::id_of(raw, key).ok_or_else(|| missing(word, key));
    Ok(match word {
        "Follow" => ActivityKind::Follow { object: id("object")? },
        "Accept" => ActivityKind::Accept { object: object()?, result: json::id_of(raw, "result") },
        "Reject" | "TentativeReject" => ActivityKind::Reject { object: object()? },
        "Create" => {
            let mut objects = Many::<Ref>::read(raw, "object", limits::OBJECTS).0.into_iter();
            ActivityKind::Create {
                object: objects.next().ok_or_else(|| missing(word, "object"))?,
                rest: objects.collect(),
            }
        }
        "Update" => ActivityKind::Update { object: object()? },
        "Delete" => {
            let tombstone = object()?.embedded().is_some_and(|doc| json::is_type(doc, "Tombstone"));
            ActivityKind::Delete { object: id("object")?, tombstone }
        }
        "Like" => {
            let (content, emoji) = reaction::read(raw);
            ActivityKind::Like { object: object()?, content, emoji }
        }
        "EmojiReact" => {
            let (content, emoji) = reaction::read(raw);
            ActivityKind::EmojiReact { object: object()?, content, emoji }
        }
        "Announce" => ActivityKind::Announce { object: object()? },
        "Undo" => ActivityKind::Undo { object: object()? },
        "Block" => ActivityKind::Block { object: id("object")? },
        "Move" => ActivityKind::Move { object: id("object")?, target: id("target")? },
        "Add" => ActivityKind::Add { object: object()?, target: id("target")? },
        "Remove" => ActivityKind::Remove { object: object()?, target: id("target")? },
        "Flag" => flag(raw),
        other => match interaction::request_kind(other) {
            Some(deed) => ActivityKind::Request {
                deed,
                object: id("object")?,
                instrument: Lossy::<Ref>::read(raw, "instrument").0.ok_or_else(|| missing(word, "instrument"))?,
            },
            None => ActivityKind::Unknown(other.to_owned()),
        },
    })
}

fn missing(word: &str, what: &str) -> Error {
    Error::invalid(format!("the {word} has no usable {what}"))
}

/// A report, even one that names nothing we can read: its comment is still for the owner.
fn flag(raw: &Value) -> ActivityKind {
    let named = Many::<Ref>::read(raw, "object", limits::OBJECTS).0;
    ActivityKind::Flag {
        objects: named.iter().filter_map(|r| r.id().cloned()).collect(),
        // Lemmy writes why into `summary`.
        content: json::text(raw, "content", limits::REPORT).or_else(|| json::text(raw, "summary", limits::REPORT)),
    }
}

impl FromJson for Activity {
    fn from_json(value: &Value) -> Option<Self> {
        Self::read_inner(value.clone()).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    const ANN: &str = "https://a.example/users/ann";
    const POST: &str = "https://b.example/notes/1";

    fn activity(kind: &str, changes: Value) -> Value {
        let mut base = json!({"id": "https://a.example/activities/1", "type": kind, "actor": ANN, "object": POST});
        for (key, value) in changes.as_object().unwrap() {
            base[key] = value.clone();
        }
        base
    }

    fn read(kind: &str, changes: Value) -> ActivityKind {
        Activity::read(activity(kind, changes)).unwrap().kind
    }

    #[test]
    fn the_envelope_in_every_shape() {
        for shape in [
            json!(ANN),
            json!([ANN]),
            json!({"type": "Person", "id": ANN}),
            json!([{"id": ANN}, "https://a.example/eve"]),
        ] {
            let read = Activity::read(activity("Like", json!({"actor": shape, "type": ["Foo", "Like"]}))).unwrap();
            assert_eq!(read.actor, ANN, "{shape}");
            assert!(matches!(read.kind, ActivityKind::Like { .. }));
            assert_eq!(read.recipients, None, "a Follow or Like need not say to whom");
        }
        for broken in [
            json!({"id": null}),
            json!({"id": 7}),
            json!({"id": "x"}),
            json!({"id": "https://b.example/activities/1"}),
            json!({"actor": null}),
            json!({"actor": {}}),
            json!({"actor": format!("{ANN}#x")}),
            json!({"type": null}),
            json!({"type": [7]}),
            json!({"object": null}),
            json!({"object": 7}),
            json!({"object": []}),
            json!({"object": "Public"}),
        ] {
            assert!(matches!(Activity::read(activity("Like", broken.clone())), Err(Error::Invalid(_))), "{broken}");
        }
    }

    #[test]
    fn every_kind_says_what_it_needs() {
        let needs_target = ["Move", "Add", "Remove"];
        for kind in ["Follow", "Accept", "Reject", "Create", "Update", "Delete", "Announce", "Undo", "Block"] {
            assert!(!matches!(read(kind, json!({})), ActivityKind::Unknown(_)), "{kind}");
            assert!(Activity::read(activity(kind, json!({"object": null}))).is_err(), "{kind}");
        }
        for kind in needs_target {
            assert!(Activity::read(activity(kind, json!({}))).is_err(), "{kind}");
            assert!(Activity::read(activity(kind, json!({"target": "https://a.example/featured"}))).is_ok(), "{kind}");
        }
        assert!(Activity::read(activity("QuoteRequest", json!({}))).is_err());
        assert_eq!(read("Dislike", json!({"object": null})), ActivityKind::Unknown("Dislike".into()));
        assert_eq!(
            read("Flag", json!({"object": null, "content": "spam"})),
            ActivityKind::Flag { objects: vec![], content: Some("spam".into()) }
        );
    }

    #[test]
    fn objects_alone_whole_and_several() {
        let follow = json!({"type": "Follow", "actor": POST, "object": ANN});
        let ActivityKind::Accept { object, .. } = read("Accept", json!({"object": follow})) else { panic!() };
        assert_eq!(object.id(), None);
        let inner = Activity::read_inner(object.embedded().unwrap().clone()).unwrap();
        assert_eq!((inner.actor.as_str(), inner.object_id().unwrap().as_str()), (POST, ANN));
        let ActivityKind::Accept { object, .. } =
            read("Accept", json!({"object": "https://m.example/users/x#follows/1"}))
        else {
            panic!()
        };
        assert!(object.id().unwrap().has_fragment(), "Mastodon's ids");
        let votes = json!([{"type": "Note", "name": "A"}, {"type": "Note", "name": "B"}]);
        let ActivityKind::Create { rest, .. } = read("Create", json!({"object": votes})) else { panic!() };
        assert_eq!(rest.len(), 1);
        for (shape, tombstone) in
            [(json!(POST), false), (json!({"type": "Tombstone", "id": POST}), true), (json!([{"id": POST}]), false)]
        {
            assert_eq!(
                read("Delete", json!({"object": shape})),
                ActivityKind::Delete { object: Uri::parse(POST).unwrap(), tombstone }
            );
        }
        let ActivityKind::Flag { objects, .. } = read("Flag", json!({"object": [ANN, {"id": POST}, 7]})) else {
            panic!()
        };
        assert_eq!(objects.len(), 2);
    }

    #[test]
    fn reactions_are_shown_or_are_likes() {
        let cat = json!([{"type": "Emoji", "name": ":cat:", "icon": {"url": "https://a.example/cat.png"}}]);
        for (changes, wanted) in [
            (json!({"content": "🎉"}), Some("🎉")),
            (json!({"_misskey_reaction": "👍"}), Some("👍")),
            (json!({"content": ":cat:", "tag": cat}), Some(":cat:")),
            (json!({"content": "cat", "tag": cat[0]}), Some(":cat:")),
            (json!({"content": ":cat@b.example:", "tag": cat}), Some(":cat:")),
            (json!({"content": ":cat@.:", "tag": cat}), Some(":cat:")),
            (json!({"content": "like"}), Some("👍")),
            (json!({"content": "❤"}), Some("❤️")),
            (json!({"content": ":cat:"}), None),
            (json!({"content": "hello"}), None),
            (json!({"content": "a long sentence, not an emoji"}), None),
            (json!({"content": 7}), None),
            (json!({}), None),
        ] {
            let ActivityKind::Like { content, .. } = read("Like", changes.clone()) else { panic!() };
            assert_eq!(content.as_deref(), wanted, "{changes}");
        }
        let ActivityKind::EmojiReact { emoji, .. } = read("EmojiReact", json!({"content": "cat", "tag": cat})) else {
            panic!()
        };
        assert_eq!(emoji.unwrap().shortcode, "cat");
    }

    #[test]
    fn the_door_sees_floods_without_reading_them() {
        assert!(is_about_itself(&activity("Delete", json!({"object": ANN}))));
        assert!(is_about_itself(&activity("Update", json!({"object": {"id": ANN, "type": "Person"}}))));
        assert!(!is_about_itself(&activity("Delete", json!({}))));
        assert!(!is_about_itself(&activity("Follow", json!({"object": ANN}))));
        assert!(!is_about_itself(&json!({"type": "Delete"})));
    }
}
