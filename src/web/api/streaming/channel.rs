//! The streams an app can listen to, by Mastodon's names. Pure.

use serde::Serialize;

use crate::store::timelines::public_timelines::{Media, Whose};

/// Characters of a hashtag at most.
const TAG_CHARS: usize = 100;

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The home timeline, notifications and what else concerns the owner.
    User,
    /// Notifications alone.
    Notifications,
    /// Public posts.
    Public(Whose, Media),
    /// Public posts with a hashtag, spelled as the app asked for it.
    Hashtag(String, Whose),
    /// A list of the owner's.
    List(i64),
    /// Conversations.
    Direct,
}

/// Why there is no such stream, in Mastodon's words.
pub type Unknown = &'static str;

impl Channel {
    /// The stream of this name, with what else the app sent.
    pub fn named(name: &str, tag: Option<&str>, list: Option<&str>) -> Result<Self, Unknown> {
        use Whose::{All, Local, Remote};
        let tagged = |whose| {
            let tag = tag.map(|tag| tag.trim_start_matches('#')).filter(|tag| !tag.is_empty());
            let tag = tag.ok_or("Missing tag name parameter")?;
            if tag.chars().count() > TAG_CHARS {
                Err("Tag name is too long")
            } else {
                Ok(Self::Hashtag(tag.to_owned(), whose))
            }
        };
        match name {
            "user" => Ok(Self::User),
            "user:notification" => Ok(Self::Notifications),
            "public" => Ok(Self::Public(All, Media::Any)),
            "public:media" => Ok(Self::Public(All, Media::Only)),
            "public:local" => Ok(Self::Public(Local, Media::Any)),
            "public:local:media" => Ok(Self::Public(Local, Media::Only)),
            "public:remote" => Ok(Self::Public(Remote, Media::Any)),
            "public:remote:media" => Ok(Self::Public(Remote, Media::Only)),
            "hashtag" => tagged(All),
            "hashtag:local" => tagged(Local),
            "list" => {
                let id = list.and_then(|id| id.parse().ok()).ok_or("Missing list name parameter")?;
                Ok(Self::List(id))
            }
            "direct" => Ok(Self::Direct),
            _ => Err("Unknown stream type"),
        }
    }

    /// The stream of this path below `/api/v1/streaming/`, media only or all.
    pub fn at(path: &str, media: Media, tag: Option<&str>, list: Option<&str>) -> Result<Self, Unknown> {
        let name = match (path, media) {
            ("user" | "public" | "hashtag" | "list" | "direct", Media::Any) => path,
            ("user" | "hashtag" | "list" | "direct", Media::Only) => path,
            ("public", Media::Only) => "public:media",
            ("user/notification", _) => "user:notification",
            ("public/local", Media::Any) => "public:local",
            ("public/local", Media::Only) => "public:local:media",
            ("public/remote", Media::Any) => "public:remote",
            ("public/remote", Media::Only) => "public:remote:media",
            ("hashtag/local", _) => "hashtag:local",
            _ => return Err("Unknown channel requested"),
        };
        Self::named(name, tag, list)
    }

    /// The scope it needs.
    pub fn scope(&self) -> &'static str {
        if *self == Self::Notifications { "read:notifications" } else { "read:statuses" }
    }

    /// Whether it shows posts of people the owner does not follow.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Public(..) | Self::Hashtag(..))
    }
}

/// As in the `stream` of a frame: the name, and what stands behind it.
impl Serialize for Channel {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (name, more) = match self {
            Self::User => ("user", None),
            Self::Notifications => ("user:notification", None),
            Self::Public(Whose::All, Media::Any) => ("public", None),
            Self::Public(Whose::All, Media::Only) => ("public:media", None),
            Self::Public(Whose::Local, Media::Any) => ("public:local", None),
            Self::Public(Whose::Local, Media::Only) => ("public:local:media", None),
            Self::Public(Whose::Remote, Media::Any) => ("public:remote", None),
            Self::Public(Whose::Remote, Media::Only) => ("public:remote:media", None),
            Self::Hashtag(tag, Whose::Local) => ("hashtag:local", Some(tag.clone())),
            Self::Hashtag(tag, _) => ("hashtag", Some(tag.clone())),
            Self::List(id) => ("list", Some(id.to_string())),
            Self::Direct => ("direct", None),
        };
        to.collect_seq(std::iter::once(name.to_owned()).chain(more))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn spelled(channel: &Channel) -> String {
        serde_json::to_string(channel).unwrap()
    }

    #[test]
    fn every_stream_is_called_back_by_the_name_it_was_asked_for() {
        for name in [
            "user",
            "user:notification",
            "public",
            "public:media",
            "public:local",
            "public:local:media",
            "public:remote",
            "public:remote:media",
            "direct",
        ] {
            assert_eq!(spelled(&Channel::named(name, None, None).unwrap()), format!("[\"{name}\"]"));
        }
        let tag = Channel::named("hashtag", Some("#Foo"), None).unwrap();
        assert_eq!(spelled(&tag), r#"["hashtag","Foo"]"#);
        let tag = Channel::named("hashtag:local", Some("foo"), None).unwrap();
        assert_eq!(spelled(&tag), r#"["hashtag:local","foo"]"#);
        assert_eq!(spelled(&Channel::named("list", None, Some("12")).unwrap()), r#"["list","12"]"#);
        let long = "x".repeat(TAG_CHARS + 1);
        for (name, tag, list) in
            [("hashtag", None, None), ("list", None, Some("x")), ("users", None, None), ("hashtag", Some(&*long), None)]
        {
            assert!(Channel::named(name, tag, list).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_lead_to_the_same_streams() {
        for (path, media, name) in [
            ("user", Media::Any, "user"),
            ("user", Media::Only, "user"),
            ("user/notification", Media::Any, "user:notification"),
            ("public", Media::Only, "public:media"),
            ("public/local", Media::Any, "public:local"),
            ("public/remote", Media::Only, "public:remote:media"),
            ("hashtag/local", Media::Any, "hashtag:local"),
        ] {
            let found = Channel::at(path, media, Some("x"), None).unwrap();
            assert_eq!(found, Channel::named(name, Some("x"), None).unwrap());
        }
        for path in ["", "users", "public:local", "user/", "list/3"] {
            assert_eq!(Channel::at(path, Media::Any, None, None), Err("Unknown channel requested"), "{path}");
        }
    }
}
