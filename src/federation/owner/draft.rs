//! A new post or an edit, before it is published. Data only; [`super::publish`] acts on it.

use serde::{Deserialize, Serialize};

use crate::base::Audience;
use crate::base::id::{ActorId, DraftId, MediaId, PostId};
use crate::base::interaction_policy::PolicyChoices;
use crate::social::poll::{NewPoll, PollRevision};
use crate::store::posts::attachments::AttachmentChange;

/// A post to be published. Stored as JSON in `draft.words`; a missing member is as in [`NewPost::new`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct NewPost {
    /// Plain text.
    pub text: String,
    /// Content warning.
    pub warning: Option<String>,
    /// Who may read it.
    pub audience: Audience,
    /// The post it replies to.
    pub reply_to: Option<PostId>,
    /// Unattached uploads, in order.
    pub media: Vec<MediaId>,
    /// BCP 47 tag; None uses the setting.
    pub language: Option<String>,
    /// Media is marked as sensitive.
    pub sensitive: bool,
    /// The group it is posted to.
    pub group: Option<ActorId>,
    /// The title. It makes the post an article, or in a group a new thread.
    pub title: Option<String>,
    /// Abstract of an article, plain text.
    pub summary: Option<String>,
    /// Whether the text is Markdown; None uses the setting.
    pub markdown: Option<bool>,
    /// A poll; excludes attachments.
    pub poll: Option<NewPoll>,
    /// The post it quotes.
    pub quote: Option<PostId>,
    /// Interaction policy; None uses the settings.
    pub choices: Option<PolicyChoices>,
    /// The only actors the text may mention; None for anybody.
    pub allowed: Option<Vec<ActorId>>,
    /// The app it was written with: name and website.
    pub app: Option<(String, Option<String>)>,
    /// Idempotency key: a second request with the same key creates no second post.
    pub once: Option<String>,
    /// The draft it came from, which is deleted in the write that publishes the post.
    #[serde(skip)]
    pub from: Option<DraftId>,
}

impl Default for NewPost {
    fn default() -> Self {
        Self::new("", Audience::Mentioned)
    }
}

impl NewPost {
    /// A post with plain text only.
    pub fn new(text: impl Into<String>, audience: Audience) -> Self {
        let (text, media) = (text.into(), Vec::new());
        Self {
            text,
            warning: None,
            audience,
            reply_to: None,
            media,
            language: None,
            sensitive: false,
            group: None,
            title: None,
            summary: None,
            markdown: None,
            poll: None,
            quote: None,
            choices: None,
            allowed: None,
            app: None,
            once: None,
            from: None,
        }
    }
}

/// An edit of a post.
#[derive(Debug, Clone, Default)]
pub struct PostChange {
    /// Plain text.
    pub text: String,
    /// Content warning.
    pub warning: Option<String>,
    /// Its attachments after the edit, in order.
    pub media: Vec<MediaId>,
    /// BCP 47 tag; None keeps it.
    pub language: Option<String>,
    /// Media is marked as sensitive.
    pub sensitive: bool,
    /// New title; None keeps it.
    pub title: Option<String>,
    /// New abstract; None keeps it, blank removes it.
    pub summary: Option<String>,
    /// Whether the text is Markdown; None keeps it as it was.
    pub markdown: Option<bool>,
    /// Changed descriptions of its files.
    pub described: Vec<AttachmentChange>,
    /// Change of its poll.
    pub poll: PollRevision,
    /// New interaction policy; None keeps it.
    pub choices: Option<PolicyChoices>,
}
