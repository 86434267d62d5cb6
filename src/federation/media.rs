//! The owner's uploads and the cache of remote images. Everything stored has been decoded and encoded again; nothing
//! else is served.

use std::sync::PoisonError;
use std::time::Duration;

use super::Node;
use super::remote::singleflight::FlightRole;
use crate::base::id::MediaId;
use crate::base::{Error, Result};
use crate::media::{self, ImagePurpose, PreparedImage};
use crate::net::{Expected, Get};
use crate::sig::Knock;
use crate::store::media_files::{self, MediaFileName};
use crate::store::posts::attachments::{self, CoverImage, PostAttachment};
use crate::text::MAX_ALT_TEXT_CHARS;

/// Maximum size of the cache of remote images on disk.
pub const MAX_CACHE_BYTES: u64 = 500_000_000;
/// Maximum number of remote images fetched at the same time.
pub const MAX_CONCURRENT_MEDIA_FETCHES: usize = 4;
/// Maximum number of remembered images: failed ones, and ones used recently.
pub(super) const MAX_REMEMBERED_MEDIA: usize = 4_000;
/// How long a failed image is not fetched again.
const FAILURE_TTL: Duration = Duration::from_secs(10 * 60);
/// How often the last use of an image is written: eviction needs no exact order, and writes wear out disks.
const LAST_USE_WRITE_INTERVAL: Duration = Duration::from_secs(6 * 3600);

/// A file for a later post.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// The file.
    pub bytes: Vec<u8>,
    /// Alt text.
    pub alt: String,
    /// Focal point of an image: x and y from -1 to 1, y upwards.
    pub focus: Option<(f64, f64)>,
    /// Cover image of a video or audio file; empty for none.
    pub cover: Vec<u8>,
}

/// The alt text of a file, as stored. Invalid when it is too long: it is never cut silently.
pub fn description(text: &str) -> Result<String> {
    let text = text.trim();
    match text.chars().count() {
        ..=MAX_ALT_TEXT_CHARS => Ok(text.to_owned()),
        _ => Err(Error::invalid(format!("the description of a file has {MAX_ALT_TEXT_CHARS} characters at most"))),
    }
}

/// Stores an image for a later post, as [`keep`] does.
pub fn upload(node: &Node, bytes: &[u8], alt: &str) -> Result<MediaId> {
    keep(node, Upload { bytes: bytes.to_vec(), alt: alt.to_owned(), ..Upload::default() })
}

/// Stores a file for a later post: an image is decoded, stripped and resized, audio and video are stripped. On disk
/// when this returns. One at a time. Invalid says what is wrong with the file.
pub fn keep(node: &Node, upload: Upload) -> Result<MediaId> {
    let _one = node.shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let Upload { bytes, alt, focus, cover } = upload;
    let alt = description(&alt)?;
    let row = match media::sniff(&bytes) {
        Some(kind) if kind.is_picture() => {
            let picture = media::prepare_image(&bytes, ImagePurpose::Post)?;
            let file = media_files::store(&node.store, &picture.bytes, picture.media_type)?;
            let preview =
                picture.preview.as_ref().map(|small| media_files::store(&node.store, &small.bytes, small.media_type));
            PostAttachment {
                preview: preview.transpose()?.map(|name| name.as_str().to_owned()),
                width: Some(picture.width),
                height: Some(picture.height),
                blurhash: Some(picture.blurhash),
                focus: focus.map(focus_text),
                ..missing_image(file, picture.media_type, alt)
            }
        }
        _ => {
            let made = media::clean_audio_video(bytes)?;
            let cover =
                (!cover.is_empty()).then(|| media::prepare_image(&cover, ImagePurpose::ProxyPreview)).transpose()?;
            let file = media_files::store(&node.store, &made.bytes, made.media_type)?;
            let kept =
                cover.as_ref().map(|picture| media_files::store(&node.store, &picture.bytes, picture.media_type));
            PostAttachment {
                preview: kept.transpose()?.map(|name| name.as_str().to_owned()),
                width: made.width,
                height: made.height,
                blurhash: cover.map(|picture| picture.blurhash),
                seconds: made.seconds,
                ..missing_image(file, made.media_type, alt)
            }
        }
    };
    node.store.write(move |w| attachments::add(w, &row, 0))
}

/// Makes a cover of an image; the periodic sweep removes the file if nothing refers to it.
pub fn keep_cover(node: &Node, bytes: &[u8]) -> Result<CoverImage> {
    let _one = node.shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let picture = media::prepare_image(bytes, ImagePurpose::ProxyPreview)?;
    let name = media_files::store(&node.store, &picture.bytes, picture.media_type)?;
    Ok(CoverImage { name: name.as_str().to_owned(), blurhash: picture.blurhash })
}

fn missing_image(file: MediaFileName, media_type: &str, alt: String) -> PostAttachment {
    PostAttachment {
        id: MediaId(0),
        post_id: None,
        media_type: media_type.to_owned(),
        url: None,
        file: Some(file.as_str().to_owned()),
        preview: None,
        alt,
        width: None,
        height: None,
        blurhash: None,
        focus: None,
        still: None,
        seconds: None,
    }
}

/// A focal point as stored.
pub fn focus_text((x, y): (f64, f64)) -> String {
    format!("{:.2},{:.2}", x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0))
}

/// Stores the owner's avatar, header or emoji ([`ImagePurpose::Avatar`], [`ImagePurpose::Header`],
/// [`ImagePurpose::Emoji`]). Pass the file name to `set_profile`.
pub fn keep_profile_image(node: &Node, bytes: &[u8], purpose: ImagePurpose) -> Result<MediaFileName> {
    let _one = node.shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let picture = media::prepare_image(bytes, purpose)?;
    media_files::store(&node.store, &picture.bytes, picture.media_type)
}

/// A remote image from the cache, if it is there.
pub fn cached_image(node: &Node, url: &str) -> Result<Option<MediaFileName>> {
    let name = node.store.read(|r| media_files::proxied_path(r, url))?;
    let Some(name) = name.filter(|name| media_files::path(&node.store, name).is_file()) else { return Ok(None) };
    let now = node.clock().now();
    if node.touched.get(url, now).is_none() {
        node.touched.insert(url, now.plus(LAST_USE_WRITE_INTERVAL), now, ());
        let url = url.to_owned();
        drop(node.store.submit(move |w| media_files::touch_proxied(w, &url)));
    }
    Ok(Some(name))
}

/// A remote image, fetched once for all callers and cached. NotFound when it cannot be fetched, and for some minutes
/// after; Busy when too many others are being fetched.
pub fn fetch_picture(node: &Node, url: &str) -> Result<MediaFileName> {
    if let Some(name) = cached_image(node, url)? {
        return Ok(name);
    }
    if node.unseen.get(url, node.clock().now()).is_some() {
        return Err(Error::NotFound);
    }
    let _flight = match node.picture_flights.enter(url)? {
        FlightRole::Leader(flight) => flight,
        FlightRole::Follower => return cached_image(node, url)?.ok_or(Error::NotFound),
    };
    fetch(node, url).inspect_err(|error| {
        let now = node.clock().now();
            tracing::debug!(%error, url, "cannot fetch a remote image");
        node.unseen.insert(url, now.plus(FAILURE_TTL), now, ());
    })
}

fn fetch(node: &Node, url: &str) -> Result<MediaFileName> {
    let get = Get {
        url,
        accept: Expected::Media,
        signer: None,
        knock: Knock::default(),
        limit: media::MAX_IMAGE_BYTES,
        now: node.clock().now(),
        gate: &|host| node.check_host_allowed(host),
    };
    let answer = node.net.get(get).map_err(|_| Error::NotFound)?;
    let _one = node.shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let picture = media::prepare_image(&answer.body, ImagePurpose::ProxyPreview).map_err(|_| Error::NotFound)?;
    store_in_cache(node, url, &picture)
}

/// Called with the cache locked: eviction must not remove the file that was just stored.
fn store_in_cache(node: &Node, url: &str, picture: &PreparedImage) -> Result<MediaFileName> {
    let name = media_files::store(&node.store, &picture.bytes, picture.media_type)?;
    let bytes = u64::try_from(picture.bytes.len()).unwrap_or(u64::MAX);
    let (url, kept) = (url.to_owned(), name.clone());
    let evicted = node.store.write(move |w| media_files::store_proxied(w, &url, &kept, bytes, MAX_CACHE_BYTES))?;
    for old in evicted {
        media_files::remove_unreferenced(&node.store, &old)?;
    }
    Ok(name)
}
