//! A new post or an edit, before it is published. Data only; [`super::publish`] acts on it.

use serde::{Deserialize, Serialize};

use crate::base::Audience;
use crate::base::id::{ActorId, DraftId, MediaId, PostId};
use crate::base::interaction_policy::PolicyChoices;
use crate::social::poll::{NewPoll, PollRevision};
use crate::store::posts::attachments::AttachmentChange;

/// Maximum number of attachments of one post: what Mastodon shows.
pub const MAX_ATTACHMENTS: usize = 4;

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
    /// Loose uploads, in order.
    pub media: Vec<MediaId>,
    /// BCP 47; None takes the setting's.
    pub language: Option<String>,
    /// Images start covered.
    pub sensitive: bool,
    /// The group it is posted to.
    pub group: Option<ActorId>,
    /// One line that makes it an article, or in a group the beginning of a thread.
    pub title: Option<String>,
    /// Abstract of an article, plain text.
    pub summary: Option<String>,
    /// The text is Markdown; None takes the setting's.
    pub markdown: Option<bool>,
    /// A poll; then there are no images.
    pub poll: Option<NewPoll>,
    /// The post it quotes.
    pub quote: Option<PostId>,
    /// Interaction policy; None takes the settings'.
    pub choices: Option<PolicyChoices>,
    /// The only people it may name; None for anybody.
    pub allowed: Option<Vec<ActorId>>,
    /// The app it was written with: name and page.
    pub app: Option<(String, Option<String>)>,
    /// A client's name for this request: the same again makes no second post.
    pub once: Option<String>,
    /// The draft it came from, removed in the same write that publishes the post.
    #[serde(skip)]
    pub from: Option<DraftId>,
}

impl Default for NewPost {
    fn default() -> Self {
        Self::new("", Audience::Mentioned)
    }
}

impl NewPost {
    /// A plain text and nothing else.
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
    /// The images it keeps or gains, in order.
    pub media: Vec<MediaId>,
    /// BCP 47; None leaves it.
    pub language: Option<String>,
    /// Images start covered.
    pub sensitive: bool,
    /// New title; None leaves it.
    pub title: Option<String>,
    /// New abstract; None leaves it, blank removes it.
    pub summary: Option<String>,
    /// Whether the text is Markdown; None leaves it as it was.
    pub markdown: Option<bool>,
    /// Changed descriptions of its files.
    pub described: Vec<AttachmentChange>,
    /// Change of its poll.
    pub poll: PollRevision,
    /// New interaction policy; None leaves it.
    pub choices: Option<PolicyChoices>,
}
