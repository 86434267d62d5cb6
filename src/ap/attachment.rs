//! Reads the media of a post from `attachment`, and from `url` for posts that are themselves a video, audio or image.

use serde_json::Value;

use super::json::{self, Lossy, Many, Uri};
use super::link::{self, Link};
use super::{limits, post_metadata};

/// How an attachment is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentKind {
    /// An image, still or animated.
    Image,
    /// A video.
    Video,
    /// Audio.
    Audio,
    /// A web page (Lemmy's link posts).
    Link,
    /// Any other file.
    Other,
}

/// One attachment of a post. The file stays on its author's server unless we fetch it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedAttachment {
    /// The file's URL.
    pub url: Uri,
    /// The media type, lower case, without parameters.
    pub media_type: Option<String>,
    /// The alternative text.
    pub alt: Option<String>,
    /// Width in pixels.
    pub width: Option<u64>,
    /// Height in pixels.
    pub height: Option<u64>,
    /// A blurred preview (blurhash).
    pub blurhash: Option<String>,
    /// The focal point for cropping: x and y from -1 to 1, y upwards.
    pub focal: Option<(f64, f64)>,
    /// A still of a video, or the cover of an audio file.
    pub preview: Option<Uri>,
    /// The duration of a video or audio file.
    pub seconds: Option<u32>,
    /// The kind of media.
    pub kind: AttachmentKind,
}

/// Reads the attachments of `doc`, each URL once.
pub fn read(doc: &Value) -> Vec<ReceivedAttachment> {
    let mut files: Vec<ReceivedAttachment> = Vec::new();
    let listed = Many::<Value>::read(doc, "attachment", limits::ATTACHMENTS).0;
    for file in listed.iter().filter_map(attachment).chain(own_attachment(doc)) {
        if files.len() < limits::ATTACHMENTS && !files.iter().any(|f| f.url == file.url) {
            files.push(file);
        }
    }
    files
}

/// True when a single attachment of `doc` is marked sensitive, whatever the post itself says.
pub fn any_sensitive(doc: &Value) -> bool {
    let listed = Many::<Value>::read(doc, "attachment", limits::ATTACHMENTS).0;
    listed.iter().any(|file| Lossy::<bool>::read(file, "sensitive").0.unwrap_or(false))
}

fn attachment(value: &Value) -> Option<ReceivedAttachment> {
    let kind = json::types(value).first().copied().unwrap_or_default();
    if matches!(kind, "PropertyValue" | "Note" | "Emoji" | "Mention" | "Hashtag") {
        return None;
    }
    let link = best_variant(value)?;
    Some(build_attachment(value, kind, link))
}

/// The link to the file: of several links the first with a media type we show.
fn best_variant(value: &Value) -> Option<Link> {
    let mut links = Many::<Link>::of(value.get("url").or_else(|| value.get("href")).unwrap_or(value), limits::LINKS).0;
    let media = links.iter().position(|l| l.media_type.as_deref().is_some_and(is_media)).unwrap_or(0);
    (media < links.len()).then(|| links.swap_remove(media))
}

fn build_attachment(value: &Value, kind: &str, link: Link) -> ReceivedAttachment {
    let media_type = link::media_type(value).or(link.media_type);
    ReceivedAttachment {
        kind: media_kind(media_type.as_deref(), kind, &link.href),
        media_type,
        // When both are present, Mastodon and WordPress put the longer text into `summary`.
        alt: with_description(value, "summary").or_else(|| with_description(value, "name")),
        width: link::pixels(value, "width").or(link.width),
        height: link::pixels(value, "height").or(link.height),
        blurhash: json::text(value, "blurhash", limits::WORD).filter(|hash| hash.is_ascii()),
        focal: focal_point(value),
        preview: link::image_url(value, "icon").or_else(|| link::image_url(value, "preview")),
        seconds: post_metadata::duration(value),
        url: link.href,
    }
}

/// The description, cut to [`limits::ALT_TEXT_CHARS`] characters of at most four bytes each.
fn with_description(value: &Value, key: &str) -> Option<String> {
    let text = json::text(value, key, limits::ALT * 4)?;
    Some(text.chars().take(limits::ALT).collect())
}

/// The media of a post that is itself a video, audio or image. PeerTube lists several resolutions: use the largest up
/// to 720 lines, which every phone can play, else the smallest.
fn own_attachment(doc: &Value) -> Option<ReceivedAttachment> {
    let kind = json::types(doc).into_iter().find(|t| matches!(*t, "Video" | "Audio" | "Image" | "Document"))?;
    let mut links: Vec<Link> =
        Many::<Value>::read(doc, "url", limits::LINKS).0.iter().flat_map(playable_variant).collect();
    links.sort_by_key(|l| l.height);
    let fits = links.iter().rposition(|l| l.height.is_none_or(|h| h <= 720)).unwrap_or(0);
    let link = (fits < links.len()).then(|| links.swap_remove(fits))?;
    let mut file = build_attachment(&Value::Null, kind, link);
    file.preview = link::image_url(doc, "icon").or_else(|| link::image_url(doc, "preview"));
    file.blurhash = json::text(doc, "blurhash", limits::WORD);
    Some(file)
}

/// The links that point to media, including those in the `tag` of a playlist (PeerTube's HLS).
fn playable_variant(value: &Value) -> Vec<Link> {
    let mut links = Many::<Link>::of(value, 1).0;
    links.extend(Many::<Link>::read(value, "tag", limits::LINKS).0);
    links.retain(|l| l.media_type.as_deref().is_some_and(is_media));
    links
}

fn is_media(media_type: &str) -> bool {
    let sort = media_type.split('/').next().unwrap_or_default();
    matches!(sort, "image" | "video" | "audio") && !media_type.ends_with("mpegurl")
}

fn media_kind(media_type: Option<&str>, kind: &str, url: &Uri) -> AttachmentKind {
    if media_type == Some("text/html") {
        return AttachmentKind::Link;
    }
    match media_type.and_then(|m| m.split('/').next()) {
        Some("image") => return AttachmentKind::Image,
        Some("video") => return AttachmentKind::Video,
        Some("audio") => return AttachmentKind::Audio,
        Some(_) => return AttachmentKind::Other,
        None => {}
    }
    let path = url.as_str().split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    match (kind, path.rsplit('.').next().unwrap_or_default()) {
        ("Image", _) | (_, "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif") => AttachmentKind::Image,
        ("Video", _) | (_, "mp4" | "webm" | "mov") => AttachmentKind::Video,
        ("Audio", _) | (_, "mp3" | "ogg" | "opus" | "flac" | "m4a" | "wav") => AttachmentKind::Audio,
        ("Link" | "Page" | "Article", _) => AttachmentKind::Link,
        _ => AttachmentKind::Other,
    }
}

fn focal_point(value: &Value) -> Option<(f64, f64)> {
    let point = value.get("focalPoint")?.as_array()?;
    let part = |n: usize| point.get(n).and_then(Value::as_f64).filter(|f| (-1.0..=1.0).contains(f));
    Some((part(0)?, part(1)?))
}
