//! Resizes an image: crops around the center, shrinks, applies the orientation. Never enlarges.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4};
use fast_image_resize::{FilterType, MulDiv, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, RgbaImage};

use super::decode::DecodedImage;
use crate::base::{Error, Result};

/// The size an image must fit.
#[derive(Debug, Clone, Copy)]
pub(super) enum ResizeFit {
    /// The whole image, its longer side at most this.
    Within(u32),
    /// The center of the image, cropped to the aspect ratio of this width and height and at most that large.
    Cover(u32, u32),
}

/// The image upright and resized, in 8-bit grey, RGB or (only if it has transparent pixels) RGBA.
pub(super) fn resize_to_fit(decoded: DecodedImage, fit: ResizeFit) -> Result<DynamicImage> {
    let DecodedImage { image, orientation } = decoded;
    // Rotating the small image instead of the large one saves a copy of the large one, so the fit is rotated first.
    let lies = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let fit = match fit {
        ResizeFit::Cover(width, height) if lies => ResizeFit::Cover(height, width),
        fit => fit,
    };
    let mut small = without_alpha(resized(image, fit)?);
    small.apply_orientation(orientation);
    Ok(small)
}

/// The image cropped and shrunk; unchanged when it fits.
pub(super) fn resized(image: DynamicImage, fit: ResizeFit) -> Result<DynamicImage> {
    let (width, height) = (image.width(), image.height());
    let ((crop_width, crop_height), (new_width, new_height)) = sizes(width, height, fit);
    if (new_width, new_height) == (width, height) {
        return Ok(image);
    }
    let left = f64::from(width - crop_width) / 2.0;
    let top = f64::from(height - crop_height) / 2.0;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .crop(left, top, f64::from(crop_width), f64::from(crop_height))
        .use_alpha(false);
    let size = (new_width, new_height);
    // One call per pixel type: the resizer's generic code for all types would be an eighth of our binary.
    Ok(match eight_bits(image) {
        DynamicImage::ImageLuma8(image) => shrink::<_, U8>(&image, size, &options)?.into(),
        DynamicImage::ImageRgb8(image) => shrink::<_, U8x3>(&image, size, &options)?.into(),
        other => {
            // Alpha is multiplied in place, because the resizer would copy the large image to do it.
            let mut image = other.into_rgba8();
            let weigh = MulDiv::new();
            let mut large = TypedImage::<U8x4>::from_buffer(width, height, &mut image).map_err(Error::internal)?;
            weigh.multiply_alpha_inplace_typed(&mut large).map_err(Error::internal)?;
            let mut image = shrink::<_, U8x4>(&image, size, &options)?;
            let mut small =
                TypedImage::<U8x4>::from_buffer(new_width, new_height, &mut image).map_err(Error::internal)?;
            weigh.divide_alpha_inplace_typed(&mut small).map_err(Error::internal)?;
            image.into()
        }
    })
}

/// Resizes `image` to this width and height; `P` is the resizer's type for the pixel type `S`.
fn shrink<S, P>(
    image: &ImageBuffer<S, Vec<u8>>,
    (width, height): (u32, u32),
    options: &ResizeOptions,
) -> Result<ImageBuffer<S, Vec<u8>>>
where
    S: image::Pixel<Subpixel = u8>,
    P: PixelTrait,
{
    let from = TypedImageRef::<P>::from_buffer(image.width(), image.height(), image).map_err(Error::internal)?;
    let mut small = ImageBuffer::<S, Vec<u8>>::new(width, height);
    let mut to = TypedImage::<P>::from_buffer(width, height, &mut small).map_err(Error::internal)?;
    Resizer::new().resize_typed(&from, &mut to, options).map_err(Error::internal)?;
    Ok(small)
}

/// Converts the image to 8-bit grey, RGB or RGBA, unless it is one of these.
fn eight_bits(image: DynamicImage) -> DynamicImage {
    match image {
        same @ (DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_)) => same,
        other if other.color().has_alpha() => other.into_rgba8().into(),
        other if other.color().has_color() => other.into_rgb8().into(),
        other => other.into_luma8().into(),
    }
}

/// The image's blurhash: at most 4 × 3 components, computed from a copy of 32 pixels a side.
pub(super) fn blurhash(image: &DynamicImage) -> Result<String> {
    const SIDE: u32 = 32;
    let tiny = resized(image.clone(), ResizeFit::Within(SIDE))?.to_rgba8();
    let (width, height) = tiny.dimensions();
    let (x, y) = if width >= height { (4, 3) } else { (3, 4) };
    blurhash::encode(x, y, width, height, on_white(tiny).as_raw()).map_err(|e| Error::internal(e.to_string()))
}

/// Width and height of the crop, and of the result.
fn sizes(width: u32, height: u32, fit: ResizeFit) -> ((u32, u32), (u32, u32)) {
    let scaled = |length: u32, by: u32, of: u32| {
        let exact = (u64::from(length) * u64::from(by) + u64::from(of) / 2) / u64::from(of.max(1));
        u32::try_from(exact).unwrap_or(length).max(1)
    };
    match fit {
        ResizeFit::Within(side) => {
            let longer = width.max(height);
            let new = if longer <= side {
                (width, height)
            } else {
                (scaled(width, side, longer), scaled(height, side, longer))
            };
            ((width, height), new)
        }
        ResizeFit::Cover(most_width, most_height) => {
            let tall = u64::from(width) * u64::from(most_height) < u64::from(height) * u64::from(most_width);
            let crop = if tall {
                (width, scaled(width, most_height, most_width).min(height))
            } else {
                (scaled(height, most_width, most_height).min(width), height)
            };
            (crop, if crop.0 > most_width { (most_width, most_height) } else { crop })
        }
    }
}

/// Converts the image to 8 bits per channel and drops an alpha channel without transparent pixels.
fn without_alpha(image: DynamicImage) -> DynamicImage {
    match eight_bits(image) {
        DynamicImage::ImageRgba8(rgba) if rgba.pixels().all(|pixel| pixel.0[3] == 255) => {
            DynamicImage::ImageRgba8(rgba).into_rgb8().into()
        }
        image => image,
    }
}

fn on_white(image: RgbaImage) -> RgbaImage {
    ImageBuffer::from_fn(image.width(), image.height(), |x, y| {
        let image::Rgba([r, g, b, a]) = *image.get_pixel(x, y);
        let over =
            |c: u8| u8::try_from((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a))) / 255).unwrap_or(255);
        image::Rgba([over(r), over(g), over(b), 255])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_the_shape() {
        for (width, height, fit, crop, new) in [
            (4000, 3000, ResizeFit::Within(2048), (4000, 3000), (2048, 1536)),
            (100, 50, ResizeFit::Within(2048), (100, 50), (100, 50)),
            (20_000, 1, ResizeFit::Within(2048), (20_000, 1), (2048, 1)),
            (1000, 500, ResizeFit::Cover(400, 400), (500, 500), (400, 400)),
            (300, 500, ResizeFit::Cover(400, 400), (300, 300), (300, 300)),
            (4000, 3000, ResizeFit::Cover(1500, 500), (4000, 1333), (1500, 500)),
            (9000, 300, ResizeFit::Cover(1500, 500), (900, 300), (900, 300)),
            (1, 1, ResizeFit::Cover(1500, 500), (1, 1), (1, 1)),
            (1, 20_000, ResizeFit::Cover(1500, 500), (1, 1), (1, 1)),
        ] {
            assert_eq!(sizes(width, height, fit), (crop, new), "{width}x{height} {fit:?}");
        }
    }
}
