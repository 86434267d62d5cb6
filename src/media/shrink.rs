//! Makes a picture fit: crops round its middle, shrinks, turns it upright. Never enlarges.

use fast_image_resize::{FilterType, MulDiv, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, RgbaImage};

use super::decode::Decoded;
use crate::base::{Error, Result};

/// What a picture must fit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fit {
    /// The whole picture, its longer side at most this.
    Within(u32),
    /// The middle of the picture in the shape of this width and height, at most that large.
    Cover(u32, u32),
}

/// The picture upright, in 8-bit grey, RGB or (only where something shows through) RGBA, fitted.
pub(super) fn fitted(decoded: Decoded, fit: Fit) -> Result<DynamicImage> {
    let Decoded { image, orientation } = decoded;
    // Turning the small picture instead of the large one saves a copy of the large one; so the fit is turned first.
    let lies = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let fit = match fit {
        Fit::Cover(width, height) if lies => Fit::Cover(height, width),
        fit => fit,
    };
    let mut small = plain(resized(image, fit)?);
    small.apply_orientation(orientation);
    Ok(small)
}

/// The picture cropped and shrunk; itself when it fits.
pub(super) fn resized(mut image: DynamicImage, fit: Fit) -> Result<DynamicImage> {
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
    // Colours are weighed by their alpha in place: left to itself the resizer would copy the large picture for it.
    let (alpha, weigh) = (image.color().has_alpha(), MulDiv::new());
    if alpha {
        weigh.multiply_alpha_inplace(&mut image).map_err(Error::internal)?;
    }
    let mut small = DynamicImage::new(new_width, new_height, image.color());
    Resizer::new().resize(&image, &mut small, &options).map_err(Error::internal)?;
    if alpha {
        weigh.divide_alpha_inplace(&mut small).map_err(Error::internal)?;
    }
    Ok(small)
}

/// The picture's blurhash: at most 4 × 3 components, computed on 32 pixels.
pub(super) fn blurhash(image: &DynamicImage) -> Result<String> {
    const SIDE: u32 = 32;
    let tiny = resized(image.clone(), Fit::Within(SIDE))?.to_rgba8();
    let (width, height) = tiny.dimensions();
    let (x, y) = if width >= height { (4, 3) } else { (3, 4) };
    blurhash::encode(x, y, width, height, on_white(tiny).as_raw()).map_err(|e| Error::internal(e.to_string()))
}

/// What is kept of a picture and what becomes of that, each as width and height.
fn sizes(width: u32, height: u32, fit: Fit) -> ((u32, u32), (u32, u32)) {
    let scaled = |length: u32, by: u32, of: u32| {
        let exact = (u64::from(length) * u64::from(by) + u64::from(of) / 2) / u64::from(of.max(1));
        u32::try_from(exact).unwrap_or(length).max(1)
    };
    match fit {
        Fit::Within(side) => {
            let longer = width.max(height);
            let new = if longer <= side {
                (width, height)
            } else {
                (scaled(width, side, longer), scaled(height, side, longer))
            };
            ((width, height), new)
        }
        Fit::Cover(most_width, most_height) => {
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

/// 8 bits a channel, and no alpha channel where nothing shows through.
fn plain(image: DynamicImage) -> DynamicImage {
    let color = image.color();
    if color.has_alpha() {
        let rgba = image.into_rgba8();
        if rgba.pixels().any(|pixel| pixel.0[3] < 255) {
            return DynamicImage::ImageRgba8(rgba);
        }
        return DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(rgba).into_rgb8());
    }
    if color.has_color() {
        DynamicImage::ImageRgb8(image.into_rgb8())
    } else {
        DynamicImage::ImageLuma8(image.into_luma8())
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
            (4000, 3000, Fit::Within(2048), (4000, 3000), (2048, 1536)),
            (100, 50, Fit::Within(2048), (100, 50), (100, 50)),
            (20_000, 1, Fit::Within(2048), (20_000, 1), (2048, 1)),
            (1000, 500, Fit::Cover(400, 400), (500, 500), (400, 400)),
            (300, 500, Fit::Cover(400, 400), (300, 300), (300, 300)),
            (4000, 3000, Fit::Cover(1500, 500), (4000, 1333), (1500, 500)),
            (9000, 300, Fit::Cover(1500, 500), (900, 300), (900, 300)),
            (1, 1, Fit::Cover(1500, 500), (1, 1), (1, 1)),
            (1, 20_000, Fit::Cover(1500, 500), (1, 1), (1, 1)),
        ] {
            assert_eq!(sizes(width, height, fit), (crop, new), "{width}x{height} {fit:?}");
        }
    }
}
