//! Writes the documents of our posts, in the shapes that every known peer accepts.

use serde_json::{Value, json};

use super::addressing::Recipients;
use super::context;
use super::document_builder::DocumentBuilder;
use crate::base::Time;

/// A post of ours.
#[derive(Debug, Clone, Default)]
pub struct OwnPostDocument {
    /// The id, without a fragment.
    pub id: String,
    /// The type.
    pub shape: PostShape,
    /// The owner's actor id.
    pub author: String,
    /// The page for people.
    pub url: String,
    /// The content as HTML.
    pub content: String,
    /// The language of the content.
    pub language: Option<String>,
    /// The content warning; for an Article the abstract.
    pub summary: Option<String>,
    /// Preview of an article for short-form readers, as HTML (FEP-b2b8); its abstract where there is none.
    pub preview: Option<String>,
    /// Hides media at first.
    pub sensitive: bool,
    /// The parent post.
    pub in_reply_to: Option<String>,
    /// When it was written.
    pub published: Time,
    /// When it was edited; None also when only counts changed (then peers take it as no edit).
    pub updated: Option<Time>,
    /// Who may read it: the same lists as on its activity.
    pub recipients: Recipients,
    /// The community it was posted to (FEP-1b12).
    pub group: Option<String>,
    /// Mentions, hashtags, emoji.
    pub tags: Vec<OwnTag>,
    /// Files.
    pub attachments: Vec<OwnAttachment>,
    /// The replies collection.
    pub replies: Option<String>,
    /// The collection of likes.
    pub likes: Option<String>,
    /// The collection of boosts.
    pub shares: Option<String>,
    /// The collection of the whole thread (FEP-7888).
    pub context: Option<String>,
    /// The thread's name for itself, copied from the parent.
    pub conversation: Option<String>,
    /// Who may reply, like, boost and quote it: an `interactionPolicy` ([`super::interaction::policy`]).
    pub policy: Option<Value>,
    /// The stamp by which the author of the post it replies to let it in (GoToSocial).
    pub reply_stamp: Option<String>,
    /// The post it quotes.
    pub quote: Option<OwnQuoteDocument>,
    /// What the owner typed: text and media type.
    pub source: Option<(String, String)>,
}

/// The type of a post.
#[derive(Debug, Clone, Default)]
pub enum PostShape {
    /// A short text.
    #[default]
    Note,
    /// A long text with its title.
    Article {
        /// The title, plain text.
        title: String,
    },
    /// A thread begun in a group, with its title (Lemmy, Mbin).
    Page {
        /// The title, plain text.
        title: String,
    },
    /// A poll.
    Question(OwnPollDocument),
}

/// A poll of ours.
#[derive(Debug, Clone, Default)]
pub struct OwnPollDocument {
    /// Options and their counts.
    pub options: Vec<(String, u64)>,
    /// True when one may choose several.
    pub multiple: bool,
    /// When voting ends.
    pub end: Option<Time>,
    /// When it ended, once it has.
    pub closed: Option<Time>,
    /// How many people voted.
    pub voters: u64,
}

/// The quoted post.
#[derive(Debug, Clone, Default)]
pub struct OwnQuoteDocument {
    /// Its id.
    pub id: String,
    /// The stamp its author gave us.
    pub stamp: Option<String>,
}

/// One entry of `tag`.
#[derive(Debug, Clone)]
pub enum OwnTag {
    /// A mentioned actor, who must also be addressed, or Mastodon does not notify them.
    Mention {
        /// Their actor id.
        href: String,
        /// `@user@domain`.
        name: String,
    },
    /// A hashtag.
    Hashtag {
        /// Its page here.
        href: String,
        /// The tag with its `#`.
        name: String,
    },
    /// A custom emoji.
    Emoji {
        /// Its id.
        id: String,
        /// The name without colons.
        shortcode: String,
        /// The image.
        url: String,
        /// The image's media type.
        media_type: String,
        /// When it last changed.
        updated: Time,
    },
}

/// A file of ours.
#[derive(Debug, Clone, Default)]
pub struct OwnAttachment {
    /// URL.
    pub url: String,
    /// Its media type.
    pub media_type: String,
    /// The description; None for none.
    pub alt: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// The blurred preview.
    pub blurhash: Option<String>,
    /// The point to keep when cropping.
    pub focal: Option<(f64, f64)>,
    /// How long a video or audio is.
    pub seconds: Option<u32>,
    /// The cover of a video or audio: address and media type.
    pub cover: Option<(String, String)>,
}

/// The media type of ActivityStreams, for links to posts.
const AS_MEDIA_TYPE: &str = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

/// A post by itself, with its context.
pub fn post_document(post: &OwnPostDocument) -> Value {
    let kind = match post.shape {
        PostShape::Note => "Note",
        PostShape::Article { .. } => "Article",
        PostShape::Page { .. } => "Page",
        PostShape::Question(_) => "Question",
    };
    let doc = DocumentBuilder::of(kind, context::full_context())
        .put("id", post.id.as_str())
        .put("attributedTo", post.author.as_str())
        .put("url", post.url.as_str())
        .put("content", post.content.as_str())
        .put_optional("contentMap", post.language.as_ref().map(|tag| json!({ tag: post.content })))
        .put_optional("summary", post.summary.clone())
        .put("sensitive", post.sensitive)
        // Left out on top-level posts: Lemmy tells a post from a comment by that.
        .put_optional("inReplyTo", post.in_reply_to.clone())
        .put("published", post.published.rfc3339())
        .put_optional("updated", post.updated.map(Time::rfc3339))
        .put("to", post.recipients.to.clone())
        .put("cc", post.recipients.cc.clone())
        .put_optional("audience", post.group.clone())
        .put("tag", tags(post))
        .put("attachment", post.attachments.iter().map(file).collect::<Vec<_>>())
        .put_optional("replies", post.replies.clone())
        .put_optional("likes", post.likes.clone())
        .put_optional("shares", post.shares.clone())
        .put_optional("context", post.context.clone())
        .put_optional("conversation", post.conversation.clone())
        .put_optional("source", post.source.as_ref().map(|(text, kind)| json!({"content": text, "mediaType": kind})));
    with_quote(with_shape(doc, post), post).build()
}

fn with_shape(doc: DocumentBuilder, post: &OwnPostDocument) -> DocumentBuilder {
    match &post.shape {
        PostShape::Note => doc,
        PostShape::Article { title } => {
            doc.put("name", title.as_str()).put_optional("preview", preview(post)).put_optional("image", header(post))
        }
        PostShape::Page { title } => doc.put("name", title.as_str()),
        PostShape::Question(poll) => doc
            .put(if poll.multiple { "anyOf" } else { "oneOf" }, poll.options.iter().map(option).collect::<Vec<_>>())
            .put_optional("endTime", poll.end.map(Time::rfc3339))
            .put_optional("closed", poll.closed.map(Time::rfc3339))
            .put("votersCount", poll.voters),
    }
}

/// The first image, as the head of an article.
fn header(post: &OwnPostDocument) -> Option<Value> {
    let file = post.attachments.iter().find(|file| file.media_type.starts_with("image/"))?;
    let image =
        DocumentBuilder::inner("Image").put("mediaType", file.media_type.as_str()).put("url", file.url.as_str());
    Some(image.put_optional("name", file.alt.clone()).build())
}

/// What readers of short posts show of an article (FEP-b2b8).
fn preview(post: &OwnPostDocument) -> Option<Value> {
    let words = post.preview.as_ref().or(post.summary.as_ref())?;
    Some(
        DocumentBuilder::inner("Note")
            .put("attributedTo", post.author.as_str())
            .put("content", words.as_str())
            .put("published", post.published.rfc3339())
            .build(),
    )
}

fn option((name, votes): &(String, u64)) -> Value {
    json!({"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": votes}})
}

fn with_quote(doc: DocumentBuilder, post: &OwnPostDocument) -> DocumentBuilder {
    // GoToSocial before 0.20 reads `approvedBy`.
    let doc = doc
        .put_optional("interactionPolicy", post.policy.clone())
        .put_optional("replyAuthorization", post.reply_stamp.clone())
        .put_optional("approvedBy", post.reply_stamp.clone());
    let Some(quote) = &post.quote else { return doc };
    // FEP-044f first; the other three are what Misskey, Fedibird and Pleroma read.
    doc.put("quote", quote.id.as_str())
        .put("_misskey_quote", quote.id.as_str())
        .put("quoteUri", quote.id.as_str())
        .put("quoteUrl", quote.id.as_str())
        .put_optional("quoteAuthorization", quote.stamp.clone())
}

fn tags(post: &OwnPostDocument) -> Vec<Value> {
    let mut all: Vec<Value> = post.tags.iter().map(write_tag).collect();
    if let Some(quote) = &post.quote {
        all.push(json!({
            "type": "Link", "mediaType": AS_MEDIA_TYPE, "rel": "https://misskey-hub.net/ns#_misskey_quote",
            "href": quote.id, "name": format!("RE: {}", quote.id),
        }));
    }
    all
}

/// One entry of `tag`.
pub fn write_tag(tag: &OwnTag) -> Value {
    match tag {
        OwnTag::Mention { href, name } => json!({"type": "Mention", "href": href, "name": name}),
        OwnTag::Hashtag { href, name } => json!({"type": "Hashtag", "href": href, "name": name}),
        OwnTag::Emoji { id, shortcode, url, media_type, updated } => json!({
            "type": "Emoji", "id": id, "name": format!(":{shortcode}:"), "updated": updated.rfc3339(),
            "icon": {"type": "Image", "mediaType": media_type, "url": url},
        }),
    }
}

fn file(file: &OwnAttachment) -> Value {
    DocumentBuilder::inner("Document")
        .put("mediaType", file.media_type.as_str())
        .put("url", file.url.as_str())
        .put_optional("name", file.alt.clone())
        .put_optional("width", file.width)
        .put_optional("height", file.height)
        .put_optional("blurhash", file.blurhash.clone())
        .put_optional("focalPoint", file.focal.map(|(x, y)| json!([x, y])))
        .put_optional("duration", file.seconds.map(|seconds| format!("PT{seconds}S")))
        .put_optional(
            "icon",
            file.cover.as_ref().map(|(url, kind)| json!({"type": "Image", "mediaType": kind, "url": url})),
        )
        .build()
}

/// A vote of the owner: one for each choice, to the poll's author only, with no content.
#[derive(Debug, Clone, Default)]
pub struct OwnVoteDocument {
    /// The id of this vote.
    pub id: String,
    /// The owner's actor id.
    pub author: String,
    /// The Question.
    pub question: String,
    /// The Question's author.
    pub to: String,
    /// The option's text, exactly.
    pub choice: String,
    /// When.
    pub published: Time,
}

/// The Note that is a vote.
pub fn vote(vote: &OwnVoteDocument) -> Value {
    DocumentBuilder::of("Note", context::plain_context())
        .put("id", vote.id.as_str())
        .put("attributedTo", vote.author.as_str())
        .put("inReplyTo", vote.question.as_str())
        .put("name", vote.choice.as_str())
        .put("published", vote.published.rfc3339())
        .put("to", json!([vote.to]))
        .put("cc", json!([]))
        .build()
}

/// The Tombstone of a deleted post: the response (410) at its id, and the object of a Delete.
pub fn tombstone(id: &str, deleted: Option<Time>) -> Value {
    DocumentBuilder::of("Tombstone", context::plain_context())
        .put("id", id)
        .put_optional("deleted", deleted.map(Time::rfc3339))
        .build()
}
