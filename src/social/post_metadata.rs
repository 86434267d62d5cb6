//! Type-specific metadata and files of posts, received and written. Texts are sanitized here. Visibility is decided
//! elsewhere.

use crate::ap::attachment::{AttachmentKind, ReceivedAttachment as Document};
use crate::ap::object::{ContentFormat, Object, ObjectKind};
use crate::base::Result;
use crate::base::id::{MediaId, PostId};
use crate::store::Write;
use crate::store::posts::Post;
use crate::store::posts::attachments::{self, PostAttachment};
use crate::store::posts::post_metadata::PostMetadata;
use crate::text::{escape, markdown, plain_text, sanitise};

/// Maximum length of a stored abstract.
const MAX_ABSTRACT_GRAPHEMES: usize = 1_000;
/// Maximum length of a stored passage from a book.
const MAX_PASSAGE_GRAPHEMES: usize = 4_000;
/// Maximum length of the excerpt of an article, for peers that show only short posts.
const MAX_EXCERPT_GRAPHEMES: usize = 400;
/// Maximum length of a stored location.
const MAX_PLACE_GRAPHEMES: usize = 300;

/// Whether an object has anything to show. Not, for example, PeerTube's CacheFile: an unknown type without content.
pub(super) fn has_visible_content(object: &Object) -> bool {
    let facts = &object.facts;
    !matches!(object.kind, ObjectKind::Other(_))
        || object.content.is_some()
        || object.name.is_some()
        || object.summary.is_some()
        || !object.attachments.is_empty()
        || facts.half_stars.is_some()
        || facts.passage.is_some()
}

/// Whether the type is a long form, whose headings, images and tables are kept.
fn is_long_form(kind: &ObjectKind) -> bool {
    !matches!(kind, ObjectKind::Note | ObjectKind::Question | ObjectKind::Image | ObjectKind::Audio)
}

/// The type-specific metadata of a received post.
pub(super) fn read_metadata(object: &Object) -> PostMetadata {
    let facts = &object.facts;
    let text = |html: &str, most: usize| {
        Some(plain_text::line(&plain_text::from_html(html), most)).filter(|line| !line.is_empty())
    };
    // A summary is an abstract when it is neither the content warning nor the only text.
    let is_abstract = object.warning().is_none() && object.content.is_some() && is_long_form(&object.kind);
    let own_file = |url: &str| object.attachments.iter().any(|file| file.url == url);
    PostMetadata {
        summary: object
            .summary
            .as_deref()
            .filter(|_| is_abstract)
            .and_then(|summary| text(summary, MAX_ABSTRACT_GRAPHEMES)),
        image: object
            .image
            .as_ref()
            .map(|url| url.as_str())
            .filter(|url| is_long_form(&object.kind) && !own_file(url))
            .map(str::to_owned),
        seconds: facts.seconds,
        starts: facts.starts.map(|at| at.ms()),
        ends: facts.ends.map(|at| at.ms()),
        offset: facts.offset,
        place: facts.place.as_deref().map(|place| plain_text::line(place, MAX_PLACE_GRAPHEMES)),
        cancelled: facts.cancelled,
        half_stars: facts.half_stars,
        about: facts.about.as_ref().map(|url| url.as_str().to_owned()),
        passage: facts.passage.as_deref().and_then(|passage| text(passage, MAX_PASSAGE_GRAPHEMES)),
        markdown: false,
        app: None,
    }
}

/// The content of a post as sanitized HTML.
pub(super) fn content_html(object: &Object) -> String {
    // Types other than Note may have their text in the summary only (events, videos).
    let text = object.content.as_deref().or(match object.kind {
        ObjectKind::Note | ObjectKind::Question => None,
        _ => object.summary.as_deref(),
    });
    let Some(text) = text else { return String::new() };
    let shown: Vec<&str> = object.attachments.iter().map(|a| a.url.as_str()).collect();
    match object.markup {
        ContentFormat::Html if is_long_form(&object.kind) => sanitise::article(text),
        ContentFormat::Html => sanitise::note_with_quote(text, &shown),
        ContentFormat::Markdown => markdown::foreign_to_html(text),
        ContentFormat::Plain => crate::text::to_html(text, &[], "").html,
    }
}

/// Stores the files of a post, except images that its text already shows (WordPress).
pub(super) fn store_attachments(w: &Write<'_>, post: PostId, object: &Object, content: &str) -> Result<()> {
    for (position, file) in attachment_rows(post, object, content).iter().enumerate() {
        attachments::add(w, file, position)?;
    }
    Ok(())
}

/// The files of a post as rows.
pub(super) fn attachment_rows(post: PostId, object: &Object, content: &str) -> Vec<PostAttachment> {
    let inside = |file: &&Document| {
        file.kind == AttachmentKind::Image && content.contains(&format!("src=\"{}\"", escape(file.url.as_str())))
    };
    // A link to the post itself is not an attachment (Lemmy's text posts).
    let itself = |file: &&Document| {
        file.kind == AttachmentKind::Link && (file.url == object.id.as_str() || Some(&file.url) == object.url.as_ref())
    };
    let kept = object.attachments.iter().filter(|file| !inside(file) && !itself(file));
    kept.take(attachments::MAX_ATTACHMENTS_PER_POST).map(|file| attachment_row(post, file, object)).collect()
}

fn attachment_row(post: PostId, file: &Document, object: &Object) -> PostAttachment {
    let guess = match file.kind {
        AttachmentKind::Image => "image/*",
        AttachmentKind::Video => "video/*",
        AttachmentKind::Audio => "audio/*",
        AttachmentKind::Link => "text/html",
        AttachmentKind::Other => "application/octet-stream",
    };
    let pixels = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok());
    let plays = matches!(file.kind, AttachmentKind::Video | AttachmentKind::Audio);
    let alone = object.attachments.len() == 1;
    PostAttachment {
        id: MediaId(0),
        post_id: Some(post),
        media_type: file.media_type.clone().unwrap_or_else(|| guess.to_owned()),
        url: Some(file.url.as_str().to_owned()),
        file: None,
        preview: None,
        alt: file.alt.clone().unwrap_or_default(),
        width: pixels(file.width),
        height: pixels(file.height),
        blurhash: file.blurhash.clone(),
        focus: file.focal.map(|(x, y)| format!("{x},{y}")),
        still: file.preview.as_ref().filter(|_| plays).map(|url| url.as_str().to_owned()),
        seconds: file.seconds.or(object.facts.seconds.filter(|_| plays && alone)),
    }
}

/// The preview of one of our articles for peers that show only short posts: its abstract, or its beginning (FEP-b2b8).
pub(super) fn preview_html(post: &Post) -> Option<String> {
    if post.kind != "Article" || post.warning.is_some() {
        return None;
    }
    let text = post
        .metadata
        .summary
        .clone()
        .unwrap_or_else(|| plain_text::excerpt(&plain_text::from_html(&post.content), MAX_EXCERPT_GRAPHEMES));
    Some(format!("<p>{}</p>", escape(&text).replace('\n', "<br />"))).filter(|_| !text.is_empty())
}

/// The media type of the source text.
pub(super) fn source_type(post: &Post) -> &'static str {
    if post.metadata.markdown { "text/markdown" } else { "text/plain" }
}
