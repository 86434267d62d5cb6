//! Images are decoded within limits and encoded again without metadata; audio and video files are freed of metadata.

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
pub use encode::EncodedImage;
pub use picture::{ImagePurpose, PreparedImage, prepare_image};
pub use sniff::{MediaType, media_types, sniff};

/// Bytes of an image we try to decode, uploaded or fetched.
pub const MAX_IMAGE_BYTES: usize = 16 * 1024 * 1024;
/// Maximum size of the owner's audio and video: it is in memory while its metadata is removed.
pub const MAX_AUDIO_VIDEO_BYTES: usize = 40 * 1024 * 1024;
/// Pixels of an image we try to decode.
pub const MAX_IMAGE_PIXELS: u64 = 40_000_000;
/// Pixels along one side of an image we try to decode.
pub const MAX_IMAGE_SIDE: u32 = 20_000;
/// Estimated memory one decoding may need beside its input.
pub const MAX_DECODE_BYTES: u64 = 256 * 1024 * 1024;
/// Scans of a progressive JPEG; every scan costs a walk over the whole image.
pub const MAX_JPEG_SCANS: usize = 100;
/// Pixels along the longer side of an image in a post.
pub const POST_SIDE: u32 = 2_048;
/// Pixels along the longer side of the preview of an image in a post.
pub const PREVIEW_SIDE: u32 = 640;
/// Pixels along a side of an avatar.
pub const AVATAR_SIDE: u32 = 400;
/// Pixels along the longer side of an emoji of ours.
pub const EMOJI_SIDE: u32 = 128;
/// Bytes of an animated emoji, which Mastodon takes; a larger one becomes a still.
pub const MAX_ANIMATED_EMOJI_BYTES: usize = 256 * 1024;
/// Pixels of a profile's header: width and height.
pub const HEADER_SIZE: (u32, u32) = (1_500, 500);
/// Pixels along the longer side of a remote image shown through our proxy.
pub const PROXY_SIDE: u32 = 1_280;
/// Frames of an animated GIF; one with more becomes a still.
pub const MAX_GIF_FRAMES: usize = 1_000;
/// Pixels of all frames of an animated GIF together; one with more becomes a still.
pub const MAX_GIF_PIXELS: u64 = 100_000_000;
/// Bytes of an animated GIF after it was written anew; a larger one becomes a still.
pub const MAX_GIF_BYTES: usize = MAX_IMAGE_BYTES;
