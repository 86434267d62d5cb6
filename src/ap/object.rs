//! Reads posts: Note, Question, Article and other object types. Text stays raw HTML here; callers must sanitize it
//! before display.

use serde_json::Value;

use super::addressing::{self, Recipients};
use super::attachment::{self, ReceivedAttachment};
use super::interaction::{self, ReceivedPolicy};
use super::json::{self, FromJson, Lossy, Many, Ref, Uri};
use super::poll::{self, ReceivedPoll};
use super::post_metadata::{self, ReceivedMetadata};
use super::tags::{self, Tags};
use super::{limits, link};
use crate::base::{Audience, Error, Result, Time};

/// The type of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectKind {
    /// A short text; also Pleroma's `ChatMessage`.
    Note,
    /// A poll.
    Question,
    /// A long text with a title.
    Article,
    /// A link or text with a title (Lemmy).
    Page,
    /// An image.
    Image,
    /// An audio audio file.
    Audio,
    /// A video (PeerTube).
    Video,
    /// An event (Mobilizon).
    Event,
    /// Any other type, shown as name and link.
    Other(String),
}

impl ObjectKind {
    /// The ActivityStreams type name.
    pub fn word(&self) -> &str {
        match self {
            Self::Note => "Note",
            Self::Question => "Question",
            Self::Article => "Article",
            Self::Page => "Page",
            Self::Image => "Image",
            Self::Audio => "Audio",
            Self::Video => "Video",
            Self::Event => "Event",
            Self::Other(word) => word,
        }
    }

    /// The variant for a type name, as returned by [`ObjectKind::type_name`].
    pub fn from_word(word: &str) -> Self {
        let known =
            [Self::Note, Self::Question, Self::Article, Self::Page, Self::Image, Self::Audio, Self::Video, Self::Event];
        match word {
            "ChatMessage" => Self::Note,
            _ => known.into_iter().find(|k| k.word() == word).unwrap_or_else(|| Self::Other(word.to_owned())),
        }
    }
}

/// The format of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentFormat {
    /// HTML, the default.
    Html,
    /// Markdown (PeerTube).
    Markdown,
    /// Plain text.
    Plain,
}

/// The post that a post quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuoteReference {
    /// The quoted post is given by its id.
    Of {
        /// The quoted post.
        id: Uri,
        /// The stamp that proves that its author agreed (FEP-044f).
        stamp: Option<Uri>,
        /// True when named by FEP-044f's `quote`, which needs a stamp. The older properties need none.
        consent: bool,
    },
    /// The quoted post was deleted (`quote: {type: Tombstone}`).
    Deleted,
}

/// A post as read from its document. Everything in it is only what the origin of its id claims.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The id; votes have fragments.
    pub id: Uri,
    /// The type.
    pub kind: ObjectKind,
    /// The author, always on the id's origin; None when the document names none.
    pub attributed_to: Option<Uri>,
    /// The post this replies to.
    pub in_reply_to: Option<Uri>,
    /// The raw content; None when missing or blank.
    pub content: Option<String>,
    /// The format of `content`.
    pub markup: ContentFormat,
    /// The language of the content.
    pub language: Option<String>,
    /// The title, or the chosen option of a vote.
    pub name: Option<String>,
    /// The raw summary; see [`Object::content_warning`].
    pub summary: Option<String>,
    /// True when media should be hidden until clicked.
    pub sensitive: bool,
    /// The post's web page.
    pub url: Option<Uri>,
    /// When it was published, as claimed; may lie in the future.
    pub published: Option<Time>,
    /// When it was last edited.
    pub updated: Option<Time>,
    /// The addressees; None when the document has neither `to` nor `cc` (then those of the activity apply).
    pub recipients: Option<Recipients>,
    /// True when its server marked it as a direct message (LitePub).
    pub direct: bool,
    /// Mentions, hashtags, emoji.
    pub tags: Tags,
    /// Attached media.
    pub attachments: Vec<ReceivedAttachment>,
    /// The header image of an article, video or event.
    pub image: Option<Uri>,
    /// Type-specific metadata: duration, event, book review.
    pub facts: ReceivedMetadata,
    /// The poll of a Question.
    pub poll: Option<ReceivedPoll>,
    /// The quoted post.
    pub quote: Option<QuoteReference>,
    /// The interaction policy: who may reply to, like, boost and quote it (GoToSocial, FEP-044f).
    pub interactions: ReceivedPolicy,
    /// The collection of replies, possibly with its first page embedded.
    pub replies: Option<Ref>,
    /// Counts of replies, likes and boosts as its server claims.
    pub counts: ReceivedCounts,
    /// The collection of likes.
    pub likes: Option<Uri>,
    /// The collection of boosts.
    pub shares: Option<Uri>,
    /// The thread's OStatus conversation id: any text.
    pub conversation: Option<String>,
    /// The thread's collection (FEP-7888).
    pub context: Option<Uri>,
    /// The community it was posted to (FEP-1b12).
    pub group: Option<Uri>,
    /// The source its author typed, with the media type.
    pub source: Option<ContentSource>,
    /// The stamp by which the author of the parent post approved this reply (GoToSocial).
    pub approved_by: Option<Uri>,
}

/// Counts that a peer claims for its post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceivedCounts {
    /// Replies.
    pub replies: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// Boosts.
    pub shares: Option<u64>,
}

/// The author's source text from which the HTML was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSource {
    /// The text.
    pub content: String,
    /// Its media type, such as `text/markdown`.
    pub media_type: Option<String>,
}

impl Object {
    /// Reads a post. Gone when it is a Tombstone; Invalid when it has no type, no id, or only authors of other origins.
    pub fn read(doc: &Value) -> Result<Self> {
        if json::is_type(doc, "Tombstone") {
            return Err(Error::Gone);
        }
        let id = json::id(doc).ok_or_else(|| Error::invalid("the post has no usable id"))?;
        let kind = kind(doc).ok_or_else(|| Error::invalid(format!("the post {id} has no type")))?;
        let attributed_to = author(doc, &id)?;
        let tags = tags::read(doc);
        let content = json::text_in(doc, "content", limits::CONTENT);
        let count = |key: &str| doc.get(key).and_then(|c| Lossy::<u64>::read(c, "totalItems").0);
        let language = content.as_ref().and_then(|t| t.language.clone());
        Ok(Self {
            kind,
            attributed_to,
            in_reply_to: json::id_of(doc, "inReplyTo").filter(|parent| *parent != id),
            language: language.or_else(|| default_language(doc)),
            content: content.map(|t| t.text),
            markup: markup(doc),
            name: json::text(doc, "name", limits::NAME),
            summary: json::text(doc, "summary", limits::SUMMARY),
            sensitive: Lossy::<bool>::read(doc, "sensitive").0.unwrap_or(false) || attachment::any_sensitive(doc),
            url: link::page(doc),
            published: Lossy::read(doc, "published").0,
            updated: Lossy::read(doc, "updated").0,
            recipients: Recipients::of(doc),
            direct: Lossy::<bool>::read(doc, "directMessage").0.unwrap_or(false) || json::is_type(doc, "ChatMessage"),
            quote: quote(doc, &id, &tags),
            tags,
            attachments: attachment::read(doc),
            image: link::image_url(doc, "image").or_else(|| link::image_url(doc, "icon")),
            facts: post_metadata::read(doc),
            poll: poll::read(doc),
            interactions: interaction::read(doc),
            replies: Lossy::read(doc, "replies").0,
            counts: ReceivedCounts { replies: count("replies"), likes: count("likes"), shares: count("shares") },
            likes: json::id_of(doc, "likes"),
            shares: json::id_of(doc, "shares"),
            conversation: doc.get("conversation").and_then(Value::as_str).and_then(|c| json::cut(c, limits::URI)),
            context: json::id_of(doc, "context"),
            group: json::id_of(doc, "audience").filter(|group| *group != addressing::PUBLIC),
            source: source(doc),
            approved_by: json::id_of(doc, "replyAuthorization").or_else(|| json::id_of(doc, "approvedBy")),
            id,
        })
    }

    /// The audience, given the author's followers collection. `activity` holds the recipients of the Create it came in,
    /// used when the post has none of its own. Without any recipients only the mentioned actors are addressed.
    pub fn audience(&self, activity: Option<&Recipients>, followers: Option<&str>) -> Audience {
        match self.recipients.as_ref().or(activity) {
            Some(lists) if !self.direct => addressing::read(&lists.to, &lists.cc, followers),
            _ => Audience::Mentioned,
        }
    }

    /// True for a vote: a Note with only a `name` in reply to a poll (the only form peers use).
    pub fn is_vote(&self) -> bool {
        self.kind == ObjectKind::Note
            && self.name.is_some()
            && self.in_reply_to.is_some()
            && self.content.is_none()
            && self.attachments.is_empty()
    }

    /// The content warning. The summary of a long text is an abstract, not a warning (FEP-b2b8), unless the post is
    /// sensitive as well.
    pub fn warning(&self) -> Option<&str> {
        let is_short = matches!(self.kind, ObjectKind::Note | ObjectKind::Question | ObjectKind::Image);
        self.summary.as_deref().filter(|_| is_short || self.sensitive)
    }
}

/// True for types of posts and other objects that are never actors.
pub fn is_known_type(word: &str) -> bool {
    const THINGS: [&str; 14] = [
        "Document",
        "Tombstone",
        "Collection",
        "OrderedCollection",
        "CollectionPage",
        "OrderedCollectionPage",
        "Link",
        "Mention",
        "Hashtag",
        "Emoji",
        "Place",
        "Profile",
        "Relationship",
        "Key",
    ];
    !matches!(ObjectKind::from_word(word), ObjectKind::Other(_)) || THINGS.contains(&word)
}

fn kind(doc: &Value) -> Option<ObjectKind> {
    let kinds: Vec<ObjectKind> = json::types(doc).into_iter().map(ObjectKind::from_word).collect();
    let known = kinds.iter().find(|k| !matches!(k, ObjectKind::Other(_)));
    known.or_else(|| kinds.first()).cloned()
}

/// The first usable author on the id's own origin, preferring a Person to a Group (PeerTube names both).
fn author(doc: &Value, id: &Uri) -> Result<Option<Uri>> {
    let named = Many::<Ref>::read(doc, "attributedTo", limits::ALTERNATIVES).0;
    let usable = |r: &&Ref| r.id().is_some_and(|author| !author.has_fragment() && author.same_origin(id));
    let is_group = |r: &&Ref| r.embedded().is_some_and(|v| json::is_type(v, "Group"));
    let mut usable = named.iter().filter(usable);
    let first = usable.clone().find(|r| !is_group(r)).or_else(|| usable.next());
    match first {
        Some(found) => Ok(found.id().cloned()),
        None if doc.get("attributedTo").is_none_or(Value::is_null) => Ok(None),
        None => Err(Error::invalid(format!("the post {id} has no author on its own origin"))),
    }
}

fn markup(doc: &Value) -> ContentFormat {
    match link::media_type(doc).as_deref() {
        Some("text/markdown") => ContentFormat::Markdown,
        Some("text/plain") => ContentFormat::Plain,
        _ => ContentFormat::Html,
    }
}

/// Reads the quoted post from the first of five properties. Only URLs count: BookWyrm's `quote` is the quoted text.
fn quote(doc: &Value, id: &Uri, tags: &Tags) -> Option<QuoteReference> {
    if doc.get("quote").is_some_and(|q| json::is_type(q, "Tombstone")) {
        return Some(QuoteReference::Deleted);
    }
    let named = ["quote", "_misskey_quote", "quoteUrl", "quoteUri"].into_iter().find_map(|key| json::id_of(doc, key));
    let quoted = named.or_else(|| tags.quotes.first().cloned()).filter(|quoted| quoted != id)?;
    let consent = json::id_of(doc, "quote").is_some();
    Some(QuoteReference::Of { id: quoted, stamp: json::id_of(doc, "quoteAuthorization"), consent })
}

/// Lemmy and PeerTube give the language in a member of its own.
fn default_language(doc: &Value) -> Option<String> {
    let language = doc.get("language")?;
    language.get("identifier").unwrap_or(language).as_str().and_then(json::language)
}

fn source(doc: &Value) -> Option<ContentSource> {
    let source = doc.get("source")?;
    let (content, media_type) = match source.as_str() {
        Some(text) => (json::cut(text, limits::CONTENT)?, None),
        None => (json::text(source, "content", limits::CONTENT)?, link::media_type(source)),
    };
    Some(ContentSource { content, media_type })
}

impl FromJson for Object {
    fn from_json(value: &Value) -> Option<Self> {
        Self::read(value).ok()
    }
}
