//! Prepares media files. Images are decoded within limits and re-encoded without metadata. Audio and video files are
//! never decoded; their metadata is removed.

mod audio_video;
mod resize;

mod animation;
mod decode;
mod encode;
mod picture;
mod png;
mod sniff;
mod webp;

pub use audio_video::{CleanedMedia, clean_audio_video};
pub use picture::{EncodedImage, ImagePurpose, PreparedImage, prepare_image};
pub use sniff::{MediaType, media_types, sniff};

/// Maximum size of an image we decode, uploaded or fetched.
pub const MAX_IMAGE_BYTES: usize = 16 * 1024 * 1024;
/// Maximum size of the owner's audio and video files: the whole file is in memory while its metadata is removed.
pub const MAX_AUDIO_VIDEO_BYTES: usize = 40 * 1024 * 1024;
/// Maximum number of pixels of an image we decode.
pub const MAX_IMAGE_PIXELS: u64 = 40_000_000;
/// Maximum width and height, in pixels, of an image we decode.
pub const MAX_IMAGE_SIDE: u32 = 20_000;
/// Maximum memory for decoding one image, beside its input. Estimated before decoding starts.
pub const MAX_DECODE_BYTES: u64 = 256 * 1024 * 1024;
/// Maximum number of scans of a progressive JPEG: each scan is a pass over the whole image.
pub const MAX_JPEG_SCANS: usize = 100;
/// Longer side of an image in a post, in pixels.
pub const POST_SIDE: u32 = 2_048;
/// Longer side of the preview of an image in a post, in pixels.
pub const PREVIEW_SIDE: u32 = 640;
/// Side of an avatar, in pixels.
pub const AVATAR_SIDE: u32 = 400;
/// Longer side of one of our custom emoji, in pixels.
pub const EMOJI_SIDE: u32 = 128;
/// Maximum size of an animated emoji, as in Mastodon; a larger one becomes a still image.
pub const MAX_ANIMATED_EMOJI_BYTES: usize = 256 * 1024;
/// Width and height of a profile header, in pixels.
pub const HEADER_SIZE: (u32, u32) = (1_500, 500);
/// Longer side of a remote image shown through our proxy, in pixels.
pub const PROXY_SIDE: u32 = 1_280;
/// Maximum number of frames of an animated GIF; one with more becomes a still image.
pub const MAX_GIF_FRAMES: usize = 1_000;
/// Maximum number of pixels of all frames of an animated GIF together; one with more becomes a still image.
pub const MAX_GIF_PIXELS: u64 = 100_000_000;
/// Maximum size of an animated GIF after re-encoding; a larger one becomes a still image.
pub const MAX_GIF_BYTES: usize = MAX_IMAGE_BYTES;
