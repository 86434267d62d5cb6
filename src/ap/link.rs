//! Links and images: the values of `url`, `icon` and `image` in the shapes peers send. For display only; never proof of
//! ownership.

use serde_json::Value;

use super::json::{self, FromJson, Lossy, Many, Uri};
use super::limits;

/// One link with its claimed media type and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The target; may have a fragment.
    pub href: Uri,
    /// The media type, lower case, without parameters.
    pub media_type: Option<String>,
    /// The relations (`rel`), each as given.
    pub rel: Vec<String>,
    /// Width in pixels.
    pub width: Option<u64>,
    /// Height in pixels.
    pub height: Option<u64>,
}

impl FromJson for Link {
    /// A URL, a Link with `href`, or an object with `url`.
    fn from_json(value: &Value) -> Option<Self> {
        let href = match value {
            Value::String(text) => Uri::parse_id(text)?,
            Value::Object(_) => json::id_of(value, "href").or_else(|| inner(value).map(|l| l.href))?,
            _ => return None,
        };
        Some(Self {
            href,
            media_type: media_type(value),
            rel: rel_words(value, "rel"),
            width: pixels(value, "width"),
            height: pixels(value, "height"),
        })
    }
}

/// The document's web page: among several links the one marked `text/html`, else one without a media type (PeerTube
/// lists its page among videos and playlists).
pub fn page(doc: &Value) -> Option<Uri> {
    let links = Many::<Link>::read(doc, "url", limits::LINKS).0;
    let html = links.iter().find(|l| l.media_type.as_deref() == Some("text/html"));
    let plain = || links.iter().find(|l| l.media_type.is_none());
    html.or_else(plain).map(|l| l.href.clone())
}

/// The image under `key` (`icon`, `image`, `preview`): a URL, an Image with any form of `url`, or a list of them, of
/// which the widest is used.
pub fn image_url(doc: &Value, key: &str) -> Option<Uri> {
    let all = Many::<Value>::read(doc, key, limits::LINKS).0;
    let mut best: Option<Link> = None;
    for candidate in all.iter().filter_map(image_link) {
        if best.as_ref().is_none_or(|b| candidate.width > b.width) {
            best = Some(candidate);
        }
    }
    best.map(|link| link.href)
}

fn image_link(value: &Value) -> Option<Link> {
    let mut link = Link::from_json(value)?;
    link.width = link.width.or_else(|| inner(value).and_then(|l| l.width));
    Some(link)
}

/// The widest of the links in an object's own `url`.
fn inner(value: &Value) -> Option<Link> {
    Many::<Link>::read(value, "url", limits::LINKS).0.into_iter().rev().max_by_key(|l| l.width)
}

/// The media type of a link or attachment: lower case, without parameters; None when malformed.
pub fn media_type(doc: &Value) -> Option<String> {
    let text = doc.get("mediaType")?.as_str().filter(|t| t.len() <= limits::WORD)?;
    let plain = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '+' | '-' | '_');
    (plain.split('/').count() == 2 && plain.chars().all(fits)).then_some(plain)
}

/// A width or height in pixels; None when missing or zero.
pub fn pixels(doc: &Value, key: &str) -> Option<u64> {
    Lossy::<u64>::read(doc, key).0.filter(|n| *n > 0).map(|n| n.min(limits::PIXELS))
}

fn rel_words(doc: &Value, key: &str) -> Vec<String> {
    let all = Many::<Value>::read(doc, key, limits::ALTERNATIVES).0;
    let texts = all.iter().filter_map(Value::as_str).flat_map(str::split_ascii_whitespace);
    texts.filter(|w| w.len() <= limits::WORD).take(limits::ALTERNATIVES).map(str::to_owned).collect()
}
