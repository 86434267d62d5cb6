//! Decodes untrusted images. Estimates the memory first and refuses an image that would exceed the limits.

use std::io::Cursor;

use image::codecs::{gif::GifDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageResult, Limits};

use super::{MAX_DECODE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE, MAX_JPEG_SCANS, MediaType, png, webp};
use crate::base::{Error, Result};

/// A decoded image (the first frame of an animation) as stored in the file, and the orientation to apply.
pub(super) struct DecodedImage {
    pub image: DynamicImage,
    pub orientation: Orientation,
}

/// Decodes an image of this type within the limits.
pub(super) fn decode(bytes: &[u8], kind: MediaType) -> Result<DecodedImage> {
    let progressive = kind == MediaType::Jpeg && check_jpeg(bytes)?;
    let mut decoder = open(bytes, kind).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    if kind == MediaType::Webp && !webp::frames_fit(bytes, width, height) {
        return Err(too_large());
    }
    let color = decoder.color_type();
    let per_pixel = match kind {
        // A progressive JPEG needs two bytes for every coefficient until its last scan.
        MediaType::Jpeg if progressive => u64::from(color.bytes_per_pixel()) + 2 * u64::from(color.channel_count()),
        // A frame that does not fill its canvas is decoded separately.
        MediaType::Gif => 8,
        // With 16 bits per channel, even the part that resizing needs is large.
        _ if color.bytes_per_pixel() / color.channel_count() > 1 => u64::from(color.bytes_per_pixel()) * 3 / 2,
        // WebP is first decoded into separate planes.
        MediaType::Webp => webp::bytes_per_pixel(bytes, u64::from(color.bytes_per_pixel())),
        _ => u64::from(color.bytes_per_pixel()),
    };
    if u64::from(width) * u64::from(height) * per_pixel > MAX_DECODE_BYTES {
        return Err(Error::invalid("this image would take too much memory to open: save it smaller"));
    }
    decoder.set_limits(limits()).map_err(damaged)?;
    let orientation = match kind {
        // The decoder would allocate whatever length the file claims.
        MediaType::Webp => webp::orientation(bytes),
        // An unreadable orientation is no reason to refuse the image.
        _ => decoder.orientation().unwrap_or(Orientation::NoTransforms),
    };
    let image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    Ok(DecodedImage { image, orientation })
}

/// Refuses an image without pixels or with too many.
fn check_size(width: u32, height: u32) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(Error::invalid("this image is empty"));
    }
    if width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE || u64::from(width) * u64::from(height) > MAX_IMAGE_PIXELS {
        return Err(too_large());
    }
    Ok(())
}

fn too_large() -> Error {
    let most = MAX_IMAGE_PIXELS / 1_000_000;
    Error::invalid(format!("this image is too large: at most {most} megapixels and {MAX_IMAGE_SIDE} pixels a side"))
}

/// The error for a file that claims to be an image but cannot be decoded.
fn damaged(source: ImageError) -> Error {
    if let ImageError::Limits(_) = source {
        return too_large();
    }
    tracing::debug!("an image was refused: {source}");
    Error::invalid("this image is damaged, or its format is not supported")
}

fn open(bytes: &[u8], kind: MediaType) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    let reader = Cursor::new(bytes);
    Ok(match kind {
        MediaType::Png => Box::new(PngDecoder::with_limits(Cursor::new(png::without_metadata(bytes)), limits())?),
        MediaType::Gif => Box::new(GifDecoder::new(reader)?),
        MediaType::Webp => Box::new(WebPDecoder::new(reader)?),
        _ => Box::new(JpegDecoder::new(reader)?),
    })
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_IMAGE_SIDE);
    limits.max_image_height = Some(MAX_IMAGE_SIDE);
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    limits
}

/// Whether a JPEG is progressive; Invalid when it has more scans than a camera writes.
fn check_jpeg(bytes: &[u8]) -> Result<bool> {
    let (mut progressive, mut scans) = (false, 0);
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let Some(at) = rest.windows(2).position(|pair| matches!(pair, [0xFF, code] if is_marker(*code))) {
        let code = rest.get(at + 1).copied().unwrap_or_default();
        rest = rest.get(at + 2..).unwrap_or_default();
        match code {
            0xD9 => break,
            0xC2 => progressive = true,
            0xDA => scans += 1,
            _ => (),
        }
        if scans > MAX_JPEG_SCANS {
            return Err(Error::invalid("this JPEG has too many scans: save it again in an image editor"));
        }
        // Skip the segment: its content (a thumbnail, a video) may contain markers that are not of this image.
        if let [high, low, ..] = rest {
            rest = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default();
        }
    }
    Ok(progressive)
}

/// False for bytes after 0xFF that are part of a scan: stuffing, restart markers, fill bytes.
fn is_marker(code: u8) -> bool {
    !matches!(code, 0x00 | 0x01 | 0xD0..=0xD7 | 0xFF)
}
