//! Prepares one image for its purpose: post, avatar, header, emoji or proxy preview.

use std::panic::catch_unwind;

use super::decode::decode;
use super::encode::encode;
use super::resize::{ResizeFit, blurhash, resize_to_fit, resized};
use super::{
    AVATAR_SIDE, EMOJI_SIDE, HEADER_SIZE, MAX_ANIMATED_EMOJI_BYTES, MAX_IMAGE_BYTES, MediaType, POST_SIDE,
    PREVIEW_SIDE, PROXY_SIDE, animation, sniff,
};
use crate::base::{Error, Result};

/// What an image is used for; decides its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImagePurpose {
    /// In one of our posts: at most 2048 pixels a side, with a preview of at most 640; animated GIFs stay animated.
    Post,
    /// An avatar: the center square, at most 400 pixels a side.
    Avatar,
    /// A profile header: the center at a ratio of 3 to 1, at most 1500 × 500.
    Header,
    /// One of our custom emoji: at most 128 pixels a side; small animated GIFs stay animated.
    Emoji,
    /// A remote image shown through our proxy: at most 1280 pixels a side.
    ProxyPreview,
}

/// A re-encoded image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// `image/jpeg` or `image/png`; `image/gif` for an animation.
    pub media_type: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// An image ready to be stored and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// `image/jpeg`, `image/png`, or `image/gif` for an animation.
    pub media_type: &'static str,
    /// In pixels, with the orientation applied.
    pub width: u32,
    /// In pixels, with the orientation applied.
    pub height: u32,
    /// A smaller still image for lists; only for [`ImagePurpose::Post`], and only if the image is larger or animated.
    pub preview: Option<EncodedImage>,
    /// Blurhash, shown until the image is loaded.
    pub blurhash: String,
}

/// Decodes a JPEG, PNG, GIF or WebP and re-encodes it for its purpose: upright, without metadata, resized.
///
/// Takes seconds for a large image: call it on a blocking thread, one at a time, never inside a write.
/// [`Error::Invalid`] says what is wrong with the image.
pub fn prepare_image(bytes: &[u8], purpose: ImagePurpose) -> Result<PreparedImage> {
    if bytes.len() > MAX_IMAGE_BYTES {
        let most = MAX_IMAGE_BYTES / 1024 / 1024;
        return Err(Error::invalid(format!("this image is too large: at most {most} MiB")));
    }
    let kind = sniff(bytes).filter(|kind| kind.is_picture());
    let kind = kind.ok_or_else(|| Error::invalid("this is not a supported image: use JPEG, PNG, GIF or WebP"))?;
    // Third-party decoders read untrusted bytes here: a panic means that the image is bad.
    catch_unwind(|| prepare(bytes, kind, purpose))
        .unwrap_or_else(|_| Err(Error::invalid("this image is damaged, or its format is not supported")))
}

fn prepare(bytes: &[u8], kind: MediaType, purpose: ImagePurpose) -> Result<PreparedImage> {
    let fit = match purpose {
        ImagePurpose::Post => ResizeFit::Within(POST_SIDE),
        ImagePurpose::Avatar => ResizeFit::Cover(AVATAR_SIDE, AVATAR_SIDE),
        ImagePurpose::Header => ResizeFit::Cover(HEADER_SIZE.0, HEADER_SIZE.1),
        ImagePurpose::Emoji => ResizeFit::Within(EMOJI_SIDE),
        ImagePurpose::ProxyPreview => ResizeFit::Within(PROXY_SIDE),
    };
    let moves = kind == MediaType::Gif
        && (purpose == ImagePurpose::Post
            || (purpose == ImagePurpose::Emoji && bytes.len() <= MAX_ANIMATED_EMOJI_BYTES));
    let image = resize_to_fit(decode(bytes, kind)?, fit)?;
    let blurhash = blurhash(&image)?;
    let (width, height) = (image.width(), image.height());
    let moving = moves.then(|| animation::copy_frames(bytes)).flatten();
    let smaller = width.max(height) > PREVIEW_SIDE || moving.is_some();
    let whole = match moving {
        Some(bytes) => EncodedImage { bytes, media_type: MediaType::Gif.media_type(), width, height },
        None => encode(&image, kind)?,
    };
    let preview = (purpose == ImagePurpose::Post && smaller)
        .then(|| encode(&resized(image, ResizeFit::Within(PREVIEW_SIDE))?, kind))
        .transpose()?;
    Ok(PreparedImage { bytes: whole.bytes, media_type: whole.media_type, width, height, preview, blurhash })
}

#[cfg(test)]
mod tests;
