//! Tests that only pixels are published, and that hostile images are refused. All fixtures are generated here.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)]

use image::codecs::gif::{GifEncoder, Repeat};
use image::{DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;
use crate::media::png;

const ALL: [ImagePurpose; 4] =
    [ImagePurpose::Post, ImagePurpose::Avatar, ImagePurpose::Header, ImagePurpose::ProxyPreview];
const SECRET: &[u8] = b"N 59 54 SECRET CABIN";

/// A gradient, with noise so that it compresses like a photo.
fn photo(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 13;
        Rgb([(x % 256) as u8, (y % 256) as u8, (noise % 64) as u8])
    })
    .into()
}

/// Red top left, green top right, blue bottom left, white bottom right.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x * 2 < width, y * 2 < height) {
        (true, true) => Rgb([255, 0, 0]),
        (false, true) => Rgb([0, 255, 0]),
        (true, false) => Rgb([0, 0, 255]),
        (false, false) => Rgb([255, 255, 255]),
    })
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn shown(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

/// A JPEG with an EXIF block (orientation, GPS), XMP, an ICC profile and a comment after its start marker.
fn with_metadata(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    // GPSInfo: an IFD at offset 38 with one text.
    tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0]);
    tiff.extend([0, 1, 0, 0x1D, 0, 2, 0, 0, 0, SECRET.len() as u8, 0, 0, 0, 56, 0, 0, 0, 0]);
    tiff.extend(SECRET);
    let mut out = jpeg[..2].to_vec();
    let mut segment = |marker: u8, body: &[u8]| {
        out.extend([0xFF, marker]);
        out.extend(u16::try_from(body.len() + 2).unwrap().to_be_bytes());
        out.extend(body);
    };
    segment(0xE1, &tiff);
    segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET].concat());
    segment(0xE2, &[b"ICC_PROFILE\0\x01\x01", SECRET].concat());
    segment(0xFE, SECRET);
    out.extend(&jpeg[2..]);
    out
}

/// A PNG with one more chunk after its header.
fn with_chunk(png: &[u8], name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = png[..33].to_vec();
    out.extend(chunk(name, body));
    out.extend(&png[33..]);
    out
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    out.extend(name);
    out.extend(body);
    let mut crc = u32::MAX;
    for byte in name.iter().chain(body) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    out.extend((!crc).to_be_bytes());
    out
}

/// A zlib stream of this many kilobytes of zeros, about a thousandth of that long.
fn nothing(kilobytes: u32) -> Vec<u8> {
    let png = file(&DynamicImage::new_luma8(999, kilobytes + 1), ImageFormat::Png);
    let mut stream = Vec::new();
    let mut rest = &png[8..];
    while rest.len() >= 12 {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if &rest[4..8] == b"IDAT" {
            stream.extend(&rest[8..8 + length]);
        }
        rest = &rest[12 + length..];
    }
    stream
}

/// A PNG that claims a size and has no image data.
fn claiming(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([depth, 6, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", b"x"), chunk(b"IEND", b"")].concat()
}

fn has(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret)
}

fn refused(bytes: &[u8]) -> String {
    ALL.map(|purpose| match prepare_image(bytes, purpose) {
        Err(Error::Invalid(sentence)) => sentence,
        other => panic!("not refused: {other:?}"),
    })[0]
        .clone()
}

#[test]
fn nothing_but_the_picture_goes_out() {
    let jpeg = with_metadata(&file(&photo(200, 100), ImageFormat::Jpeg), 1);
    let png = file(&photo(200, 100), ImageFormat::Png);
    let png = with_chunk(&png, b"tEXt", &[b"Comment\0", SECRET].concat());
    let png = with_chunk(&png, b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", SECRET].concat());
    let mut webp = file(&photo(200, 100), ImageFormat::WebP);
    webp.extend([b"XMP ".as_slice(), &20_u32.to_le_bytes(), SECRET].concat());
    let size = u32::try_from(webp.len() - 8).unwrap();
    webp[4..8].copy_from_slice(&size.to_le_bytes());
    // Data after the end of an image is metadata, too.
    let trailing = [file(&photo(20, 20), ImageFormat::Jpeg), SECRET.to_vec()].concat();
    for source in [jpeg, png, webp, trailing] {
        assert!(has(&source, SECRET));
        for purpose in ALL {
            let made = prepare_image(&source, purpose).unwrap();
            let preview = made.preview.map(|p| p.bytes).unwrap_or_default();
            for word in [SECRET, b"Exif", b"ICC", b"adobe", b"tEXt", b"iTXt", b"eXIf", b"iCCP", b"GPS"] {
                assert!(!has(&made.bytes, word) && !has(&preview, word), "{word:?} for {purpose:?}");
            }
        }
    }
}

#[test]
fn every_orientation_comes_out_upright() {
    let upright = quarters(80, 40);
    use image::imageops::{flip_horizontal as flip, rotate90, rotate180, rotate270};
    // How the camera stored the upright scene, for each EXIF orientation.
    let stored = [
        upright.clone(),
        flip(&upright),
        rotate180(&upright),
        flip(&rotate180(&upright)),
        rotate270(&flip(&upright)),
        rotate270(&upright),
        rotate90(&flip(&upright)),
        rotate90(&upright),
    ];
    for (value, stored) in (1..).zip(stored) {
        let jpeg = with_metadata(&file(&stored.into(), ImageFormat::Jpeg), value);
        let made = prepare_image(&jpeg, ImagePurpose::Post).unwrap();
        assert_eq!((made.width, made.height), (80, 40), "orientation {value}");
        let seen = shown(&made.bytes).to_rgb8();
        for (x, y) in [(10, 10), (70, 10), (10, 30), (70, 30)] {
            let near = seen.get_pixel(x, y).0.iter().zip(upright.get_pixel(x, y).0).all(|(a, b)| a.abs_diff(b) < 40);
            assert!(near, "orientation {value} at {x},{y}: {:?}", seen.get_pixel(x, y));
        }
        let header = prepare_image(&jpeg, ImagePurpose::Header).unwrap();
        assert_eq!((header.width, header.height), (80, 27), "orientation {value}");
    }
}

#[test]
fn each_purpose_has_its_size() {
    let large = file(&photo(3000, 1500), ImageFormat::Jpeg);
    for (purpose, size) in
        ALL.into_iter().zip([(2048, 1024), (AVATAR_SIDE, AVATAR_SIDE), HEADER_SIZE, (PROXY_SIDE, PROXY_SIDE / 2)])
    {
        let made = prepare_image(&large, purpose).unwrap();
        let seen = shown(&made.bytes);
        assert_eq!((made.width, made.height), size, "{purpose:?}");
        assert_eq!((seen.width(), seen.height()), size, "{purpose:?}");
        assert_eq!(made.media_type, "image/jpeg");
        assert_eq!(made.preview.is_some(), purpose == ImagePurpose::Post);
        assert!((10..=36).contains(&made.blurhash.len()), "{}", made.blurhash);
    }
    let preview = prepare_image(&large, ImagePurpose::Post).unwrap().preview.unwrap();
    assert_eq!((preview.width, preview.height), (640, 320));
    assert_eq!(shown(&preview.bytes).width(), 640);
    let tiny = prepare_image(&file(&photo(1, 1), ImageFormat::Png), ImagePurpose::Post).unwrap();
    assert_eq!((tiny.width, tiny.height, tiny.preview), (1, 1, None));
    let line = prepare_image(&file(&photo(5000, 1), ImageFormat::Png), ImagePurpose::Avatar).unwrap();
    assert_eq!((line.width, line.height), (1, 1));
}

#[test]
fn drawings_and_holes_stay_sharp() {
    let clear = RgbaImage::from_fn(50, 50, |x, _| Rgba([200, 10, 10, if x < 25 { 0 } else { 255 }]));
    let made = prepare_image(&file(&clear.into(), ImageFormat::Png), ImagePurpose::Post).unwrap();
    assert_eq!(made.media_type, "image/png");
    assert_eq!(shown(&made.bytes).to_rgba8().get_pixel(0, 0).0[3], 0);
    let solid = RgbaImage::from_pixel(50, 50, Rgba([1, 2, 3, 255]));
    let made = prepare_image(&file(&solid.into(), ImageFormat::Png), ImagePurpose::Post).unwrap();
    assert!(!shown(&made.bytes).color().has_alpha(), "an alpha channel nobody sees is dropped");
    let made = prepare_image(&file(&quarters(300, 300).into(), ImageFormat::Png), ImagePurpose::Post).unwrap();
    assert_eq!(made.media_type, "image/png");
    let made = prepare_image(&file(&quarters(300, 300).into(), ImageFormat::WebP), ImagePurpose::Post).unwrap();
    assert_eq!(made.media_type, "image/jpeg");
    let deep = DynamicImage::ImageRgba16(image::ImageBuffer::from_pixel(9, 9, Rgba([9000, 0, 65535, 65535])));
    assert_eq!(prepare_image(&file(&deep, ImageFormat::Png), ImagePurpose::Avatar).unwrap().width, 9);
    let grey = photo(90, 90).into_luma8();
    assert!(
        !shown(&prepare_image(&file(&grey.into(), ImageFormat::Jpeg), ImagePurpose::Post).unwrap().bytes)
            .color()
            .has_color()
    );
}

fn moving(width: u32, height: u32, frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for n in 0..frames {
        let image = RgbaImage::from_fn(width, height, |x, _| Rgba([if x == n { 255 } else { 0 }, 0, 90, 255]));
        let delay = image::Delay::from_numer_denom_ms(70, 1);
        encoder.encode_frame(Frame::from_parts(image, 0, 0, delay)).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn animations_keep_moving_in_posts_alone() {
    use image::AnimationDecoder;
    let frames = |bytes: &[u8]| {
        let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
        decoder.into_frames().collect_frames().unwrap()
    };
    let mut source = moving(40, 30, 5);
    // A comment before the first frame's own extension.
    let at = source.windows(2).position(|pair| pair == [0x21, 0xFF]).unwrap();
    let comment = [&[0x21, 0xFE, SECRET.len() as u8], SECRET, &[0]].concat();
    source.splice(at..at, comment);
    assert!(has(&source, SECRET));
    let made = prepare_image(&source, ImagePurpose::Post).unwrap();
    assert_eq!((made.media_type, made.width, made.height), ("image/gif", 40, 30));
    assert!(!has(&made.bytes, SECRET) && has(&made.bytes, b"NETSCAPE2.0"), "the comment goes, the loop stays");
    let (before, after) = (frames(&source), frames(&made.bytes));
    assert_eq!(after.len(), 5);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.buffer(), after.buffer());
        assert_eq!(before.delay(), after.delay());
    }
    assert_ne!(made.preview.unwrap().media_type, "image/gif");
    for purpose in [ImagePurpose::Avatar, ImagePurpose::Header, ImagePurpose::ProxyPreview] {
        assert_ne!(prepare_image(&source, purpose).unwrap().media_type, "image/gif");
    }
    assert_ne!(
        prepare_image(&moving(40, 30, 1), ImagePurpose::Post).unwrap().media_type,
        "image/gif",
        "one frame is a still"
    );
    let many = moving(2, 2, u32::try_from(super::super::MAX_GIF_FRAMES).unwrap() + 1);
    assert_ne!(
        prepare_image(&many, ImagePurpose::Post).unwrap().media_type,
        "image/gif",
        "too many frames make a still"
    );
    let cut = &source[..source.len() - 40];
    assert_ne!(prepare_image(cut, ImagePurpose::Post).map(|p| p.media_type).unwrap_or(""), "image/gif");
}

#[test]
fn bombs_are_answered_with_a_sentence() {
    assert!(refused(&claiming(50_000, 50_000, 8)).contains("too large"));
    assert!(refused(&claiming(u32::MAX, u32::MAX, 8)).len() > 10);
    assert!(refused(&claiming(5_000, 5_000, 16)).contains("memory"));
    refused(&claiming(1_000, 1_000, 8));
    refused(&claiming(0, 10, 8));
    // A GIF whose canvas is 65,535 squared, and one whose frame is.
    let mut canvas = moving(4, 4, 2);
    canvas[6..10].copy_from_slice(&[0xFF; 4]);
    assert!(refused(&canvas).contains("too large"));
    let mut frame = moving(4, 4, 1);
    let at = frame.windows(5).position(|w| w == [0x2C, 0, 0, 0, 0]).unwrap();
    frame[at + 5..at + 9].copy_from_slice(&[0xFF; 4]);
    for purpose in ALL {
        let _ = prepare_image(&frame, purpose);
    }
    let mut empty = moving(4, 4, 1);
    empty[6..10].copy_from_slice(&[0; 4]);
    refused(&empty);
    assert!(refused(&vec![0xFF; MAX_IMAGE_BYTES + 1]).contains("16 MiB"));
    // A compressed text that would inflate to 64 MiB of zeros is never inflated.
    let png = file(&photo(4, 4), ImageFormat::Png);
    let zeros = [b"k\0\0".to_vec(), vec![0x78, 0x9C], vec![0; 1000]].concat();
    let _ = prepare_image(&with_chunk(&png, b"zTXt", &zeros), ImagePurpose::Post);
    // A JPEG with too many scans.
    let jpeg = file(&photo(8, 8), ImageFormat::Jpeg);
    let scan = jpeg.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    let again = jpeg[scan..jpeg.len() - 2].repeat(200);
    assert!(refused(&[&jpeg[..scan], &again].concat()).contains("scans"));
}

#[test]
fn what_stands_beside_the_pixels_of_a_png_is_never_unfolded() {
    let plain = file(&photo(40, 30), ImageFormat::Png);
    let made = prepare_image(&plain, ImagePurpose::Post).unwrap();
    // A few kilobytes that inflate to some megabytes, and texts above the decoder's text limit.
    let profile = [b"p\0\0".as_slice(), &nothing(4_000)].concat();
    let text = [b"XML:com.adobe.xmp\0\x01\0\0\0".as_slice(), &nothing(4_000)].concat();
    let long = [b"Comment\0".as_slice(), &vec![b'x'; 3_000_000]].concat();
    let short = [b"Comment\0\0".as_slice(), &nothing(4_000)].concat();
    for (name, body) in [(b"iCCP", profile), (b"iTXt", text), (b"tEXt", long), (b"zTXt", short)] {
        let loaded = with_chunk(&plain, name, &body);
        assert!(png::without_metadata(&loaded).len() <= plain.len(), "{name:?} reaches the decoder");
        assert_eq!(prepare_image(&loaded, ImagePurpose::Post).unwrap(), made, "{name:?}");
    }
    // The orientation is still read.
    let turned =
        [b"MM\0*\0\0\0\x08\0\x01".as_slice(), &[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]].concat();
    let made = prepare_image(&with_chunk(&plain, b"eXIf", &turned), ImagePurpose::Post).unwrap();
    assert_eq!((made.width, made.height), (30, 40));
}

#[test]
fn noise_behind_a_photo_does_not_count_as_scans() {
    let mut film = file(&photo(8, 8), ImageFormat::Jpeg);
    film.extend([0xFF, 0xDA].repeat(500));
    assert!(prepare_image(&film, ImagePurpose::Post).is_ok());
}

#[test]
fn strange_files_are_refused() {
    for bytes in [
        b"".as_slice(),
        b"GIF89a",
        b"\xFF\xD8\xFF",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\0\0\0WEBP",
        b"RIFF\xFF\xFF\xFF\xFFWEBPVP8 ",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x18ftypisom",
        b"MZ",
    ] {
        refused(bytes);
    }
    let png = file(&photo(30, 30), ImageFormat::Png);
    let mut disguised = png.clone();
    disguised[..4].copy_from_slice(b"\xFF\xD8\xFF\xE0");
    refused(&disguised);
}

#[test]
fn truncated_and_scrambled_files_never_panic() {
    let sources = [
        with_metadata(&file(&photo(60, 40), ImageFormat::Jpeg), 6),
        file(&photo(60, 40), ImageFormat::Png),
        file(&photo(60, 40), ImageFormat::WebP),
        moving(20, 20, 3),
    ];
    for source in sources {
        for end in (0..source.len()).step_by(1 + source.len() / 60) {
            let _ = made_of(&source[..end]);
        }
        for n in 0..120_usize {
            let mut scrambled = source.clone();
            let at = n.wrapping_mul(2_654_435_761) % scrambled.len();
            scrambled[at] ^= 1 << (n % 8);
            let _ = made_of(&scrambled);
        }
    }
}

/// Like [`prepare_image`], but a decoder's panic fails the test.
fn made_of(bytes: &[u8]) -> Result<PreparedImage> {
    match sniff(bytes).filter(|kind| kind.is_picture()) {
        Some(kind) => prepare(bytes, kind, ImagePurpose::Post),
        None => Err(Error::NotFound),
    }
}
