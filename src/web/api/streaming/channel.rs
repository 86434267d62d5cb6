//! The streams an app can listen to, by Mastodon's names. Pure.

use serde::Serialize;

use crate::store::timelines::public_timelines::{MediaFilter, TimelineOrigin};

/// Characters of a hashtag at most.
const MAX_TAG_CHARS: usize = 100;

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StreamChannel {
    /// Home timeline, notifications, and other events for the owner.
    User,
    /// Notifications alone.
    Notifications,
    /// Public posts.
    Public(TimelineOrigin, MediaFilter),
    /// Public posts with a hashtag, spelled as the app requested it.
    Hashtag(String, TimelineOrigin),
    /// A list of the owner's.
    List(i64),
    /// Conversations.
    Direct,
}

/// Mastodon's message for an unknown stream.
pub type UnknownChannel = &'static str;

impl StreamChannel {
    /// The stream of this name with its parameters.
    pub fn parse(name: &str, tag: Option<&str>, list: Option<&str>) -> Result<Self, UnknownChannel> {
        use TimelineOrigin::{All, Local, Remote};
        let tagged = |whose| {
            let tag = tag.map(|tag| tag.trim_start_matches('#')).filter(|tag| !tag.is_empty());
            let tag = tag.ok_or("Missing tag name parameter")?;
            if tag.chars().count() > MAX_TAG_CHARS {
                Err("Tag name is too long")
            } else {
                Ok(Self::Hashtag(tag.to_owned(), whose))
            }
        };
        match name {
            "user" => Ok(Self::User),
            "user:notification" => Ok(Self::Notifications),
            "public" => Ok(Self::Public(All, MediaFilter::Any)),
            "public:media" => Ok(Self::Public(All, MediaFilter::Only)),
            "public:local" => Ok(Self::Public(Local, MediaFilter::Any)),
            "public:local:media" => Ok(Self::Public(Local, MediaFilter::Only)),
            "public:remote" => Ok(Self::Public(Remote, MediaFilter::Any)),
            "public:remote:media" => Ok(Self::Public(Remote, MediaFilter::Only)),
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
    pub fn channel_at(
        path: &str,
        media: MediaFilter,
        tag: Option<&str>,
        list: Option<&str>,
    ) -> Result<Self, UnknownChannel> {
        let name = match (path, media) {
            ("user" | "public" | "hashtag" | "list" | "direct", MediaFilter::Any) => path,
            ("user" | "hashtag" | "list" | "direct", MediaFilter::Only) => path,
            ("public", MediaFilter::Only) => "public:media",
            ("user/notification", _) => "user:notification",
            ("public/local", MediaFilter::Any) => "public:local",
            ("public/local", MediaFilter::Only) => "public:local:media",
            ("public/remote", MediaFilter::Any) => "public:remote",
            ("public/remote", MediaFilter::Only) => "public:remote:media",
            ("hashtag/local", _) => "hashtag:local",
            _ => return Err("Unknown channel requested"),
        };
        Self::parse(name, tag, list)
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

/// As in the `stream` member of a frame: the name and its parameter.
impl Serialize for StreamChannel {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (name, more) = match self {
            Self::User => ("user", None),
            Self::Notifications => ("user:notification", None),
            Self::Public(TimelineOrigin::All, MediaFilter::Any) => ("public", None),
            Self::Public(TimelineOrigin::All, MediaFilter::Only) => ("public:media", None),
            Self::Public(TimelineOrigin::Local, MediaFilter::Any) => ("public:local", None),
            Self::Public(TimelineOrigin::Local, MediaFilter::Only) => ("public:local:media", None),
            Self::Public(TimelineOrigin::Remote, MediaFilter::Any) => ("public:remote", None),
            Self::Public(TimelineOrigin::Remote, MediaFilter::Only) => ("public:remote:media", None),
            Self::Hashtag(tag, TimelineOrigin::Local) => ("hashtag:local", Some(tag.clone())),
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

    fn spelled(channel: &StreamChannel) -> String {
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
            assert_eq!(spelled(&StreamChannel::parse(name, None, None).unwrap()), format!("[\"{name}\"]"));
        }
        let tag = StreamChannel::parse("hashtag", Some("#Foo"), None).unwrap();
        assert_eq!(spelled(&tag), r#"["hashtag","Foo"]"#);
        let tag = StreamChannel::parse("hashtag:local", Some("foo"), None).unwrap();
        assert_eq!(spelled(&tag), r#"["hashtag:local","foo"]"#);
        assert_eq!(spelled(&StreamChannel::parse("list", None, Some("12")).unwrap()), r#"["list","12"]"#);
        let long = "x".repeat(MAX_TAG_CHARS + 1);
        for (name, tag, list) in
            [("hashtag", None, None), ("list", None, Some("x")), ("users", None, None), ("hashtag", Some(&*long), None)]
        {
            assert!(StreamChannel::parse(name, tag, list).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_lead_to_the_same_streams() {
        for (path, media, name) in [
            ("user", MediaFilter::Any, "user"),
            ("user", MediaFilter::Only, "user"),
            ("user/notification", MediaFilter::Any, "user:notification"),
            ("public", MediaFilter::Only, "public:media"),
            ("public/local", MediaFilter::Any, "public:local"),
            ("public/remote", MediaFilter::Only, "public:remote:media"),
            ("hashtag/local", MediaFilter::Any, "hashtag:local"),
        ] {
            let found = StreamChannel::channel_at(path, media, Some("x"), None).unwrap();
            assert_eq!(found, StreamChannel::parse(name, Some("x"), None).unwrap());
        }
        for path in ["", "users", "public:local", "user/", "list/3"] {
            assert_eq!(
                StreamChannel::channel_at(path, MediaFilter::Any, None, None),
                Err("Unknown channel requested"),
                "{path}"
            );
        }
    }
}
