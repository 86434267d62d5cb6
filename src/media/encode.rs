//! Encodes an image from its pixels alone: no EXIF, XMP, ICC profile, text or comment.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageEncoder};

use super::picture::EncodedImage;
use super::{MediaType, sniff};
use crate::base::{Error, Result};

/// JPEG quality, chosen so that people see no difference.
const JPEG_QUALITY: u8 = 85;

/// Encodes as PNG if the image has transparency or was a drawing rather than a photo, else as JPEG.
pub(super) fn encode(image: &DynamicImage, source: MediaType) -> Result<EncodedImage> {
    let bytes = if image.color().has_alpha() {
        png(image, CompressionType::Default)?
    } else {
        let photo = jpeg(image)?;
        match source {
            // Screenshots and drawings are sharper and often smaller as PNG. The fast attempt comes first, so that
            // photos skip the slow one.
            MediaType::Png | MediaType::Gif if png(image, CompressionType::Fast)?.len() <= photo.len() * 3 / 2 => {
                png(image, CompressionType::Default)?
            }
            _ => photo,
        }
    };
    let media_type = sniff(&bytes).map_or("image/jpeg", MediaType::media_type);
    Ok(EncodedImage { bytes, media_type, width: image.width(), height: image.height() })
}

fn jpeg(image: &DynamicImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .encode(image.as_bytes(), image.width(), image.height(), image.color().into())
        .map_err(Error::internal)?;
    Ok(bytes)
}

fn png(image: &DynamicImage, compression: CompressionType) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, compression, FilterType::Adaptive)
        .write_image(image.as_bytes(), image.width(), image.height(), image.color().into())
        .map_err(Error::internal)?;
    Ok(bytes)
}
