//! Type-specific metadata of posts: duration of a video, time and place of an event, rating of a review.

use serde::{Deserialize, Serialize};

use crate::base::Result;

/// Type-specific metadata of a post; all texts are plain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PostMetadata {
    /// Abstract of a long text (an Article's `summary`, FEP-b2b8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// URL of the header image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Duration of a video or audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Start of an event, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<i64>,
    /// End of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<i64>,
    /// UTC offset of the event's times in minutes, east positive, as its author wrote them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i16>,
    /// Location of the event, on one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The event is cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Rating of a book in half stars: 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_stars: Option<u8>,
    /// The reviewed book or other object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The passage quoted from the book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passage: Option<String>,
    /// The owner's source is Markdown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub markdown: bool,
    /// The client app the owner wrote it with: its name, and its website if it has one. Shown to the owner only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<(String, Option<String>)>,
}

impl PostMetadata {
    /// The stored form; None when there is nothing to store.
    pub(in crate::store) fn to_column(&self) -> Result<Option<String>> {
        if *self == Self::default() { Ok(None) } else { crate::store::to_json(self).map(Some) }
    }
}
