//! MediaAttachment.

use serde::Serialize;
use serde_json::{Value, json};

use super::ApiViewer;
use crate::media::PREVIEW_SIDE;
use crate::store::posts::attachments::PostAttachment;

/// An image or other file.
#[derive(Debug, Clone, Serialize)]
pub struct MediaAttachmentEntity {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    preview_url: Option<String>,
    remote_url: Option<String>,
    preview_remote_url: Option<String>,
    text_url: Option<String>,
    meta: Value,
    description: Option<String>,
    blurhash: Option<String>,
}

/// The MediaAttachment entity. Its URLs never lead a client to another server for an image; its preview is an image or
/// null.
pub fn attachment(view: &ApiViewer<'_>, file: &PostAttachment) -> MediaAttachmentEntity {
    let kind = match file.media_type.split('/').next() {
        Some("image") => "image",
        Some("video") => "video",
        Some("audio") => "audio",
        _ => "unknown",
    };
    let url = match (&file.file, &file.url) {
        (Some(name), _) => view.links.media(name),
        (None, Some(url)) if kind == "image" => view.links.proxied(url),
        (None, Some(url)) => url.clone(),
        (None, None) => view.links.here("/"),
    };
    let preview = match (&file.preview, &file.still) {
        (Some(name), _) => Some(view.links.media(name)),
        (None, Some(still)) => Some(view.links.proxied(still)),
        (None, None) => match kind {
            "image" => Some(url.clone()),
            // Mastodon's Android app takes no video without an image.
            "video" => Some(view.links.default_image()),
            _ => None,
        },
    };
    MediaAttachmentEntity {
        id: file.id.to_string(),
        kind,
        preview_url: preview,
        remote_url: file.url.clone(),
        preview_remote_url: None,
        text_url: None,
        meta: meta(file),
        description: Some(file.alt.clone()).filter(|alt| !alt.is_empty()),
        blurhash: file.blurhash.clone(),
        url,
    }
}

fn meta(file: &PostAttachment) -> Value {
    let mut meta = serde_json::Map::new();
    if let (Some(width), Some(height)) = (file.width.filter(|n| *n > 0), file.height.filter(|n| *n > 0)) {
        meta.insert("original".to_owned(), size(width, height));
        let longer = width.max(height);
        let small = |n: u32| {
            if longer <= PREVIEW_SIDE {
                n
            } else {
                (u64::from(n) * u64::from(PREVIEW_SIDE) / u64::from(longer)).max(1) as u32
            }
        };
        meta.insert("small".to_owned(), size(small(width), small(height)));
    }
    // Audio and video have a duration.
    if let Some(seconds) = file.seconds {
        let original = meta.entry("original").or_insert_with(|| json!({}));
        if let Value::Object(original) = original {
            original.insert("duration".to_owned(), json!(f64::from(seconds)));
        }
    }
    let pair = file.focus.as_deref().and_then(|focus| focus.split_once(','));
    let pair = pair.and_then(|(x, y)| Some((x.parse::<f64>().ok()?, y.parse::<f64>().ok()?)));
    if let Some((x, y)) = pair {
        meta.insert("focus".to_owned(), json!({ "x": x, "y": y }));
    }
    Value::Object(meta)
}

fn size(width: u32, height: u32) -> Value {
    let aspect = f64::from(width) / f64::from(height);
    json!({ "width": width, "height": height, "size": format!("{width}x{height}"), "aspect": aspect })
}
