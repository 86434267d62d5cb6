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
    /// The header image's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// How long a video or audio is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// When it takes place, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<i64>,
    /// When that ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<i64>,
    /// Minutes east of UTC in which its author wrote the times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i16>,
    /// Where it takes place, on one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its author called it off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Half stars given to a book: 1 to 10.
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
    /// The app the owner wrote it with: its name, and its page if it has one. For the owner alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<(String, Option<String>)>,
}

impl PostMetadata {
    /// The stored form; None when there is nothing to store.
    pub(in crate::store) fn column(&self) -> Result<Option<String>> {
        if *self == Self::default() { Ok(None) } else { crate::store::to_json(self).map(Some) }
    }
}
