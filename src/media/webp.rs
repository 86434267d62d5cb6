//! Checks the sizes a WebP file declares before it is decoded, because the decoder allocates before it compares them.

use image::metadata::Orientation;

/// Bytes before the first chunk.
const FILE_HEADER_BYTES: usize = 12;
/// Bytes of an animation frame before its own chunks.
const FRAME_HEADER_BYTES: usize = 16;
/// Flags in the header of an extended file (VP8X): it has animation, it has transparency.
const ANIMATION_FLAG: u8 = 0x02;
const ALPHA_FLAG: u8 = 0x10;

/// Memory per pixel that decoding needs, when the decoded image has `out` bytes per pixel.
pub(super) fn bytes_per_pixel(bytes: &[u8], out: u64) -> u64 {
    match (bytes.get(FILE_HEADER_BYTES..FILE_HEADER_BYTES + 4), bytes.get(FILE_HEADER_BYTES + 8)) {
        // The planes of the frame, the frame, its alpha, the canvas and the image.
        (Some(b"VP8X"), Some(flags)) if flags & ANIMATION_FLAG != 0 => 15,
        // The alpha channel is an image of its own, decoded in addition to the planes.
        (Some(b"VP8X"), Some(flags)) if flags & ALPHA_FLAG != 0 => 11,
        _ => 4 + out,
    }
}

/// Whether no frame declares a size larger than the whole image.
pub(super) fn frames_fit(bytes: &[u8], width: u32, height: u32) -> bool {
    let fits = |frame: &[u8]| match frame {
        [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..] => {
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
            side(*w0, *w1) <= width && side(*h0, *h1) <= height
        }
        // The decoder fails at this point, too.
        _ => true,
    };
    chunks(bytes, FILE_HEADER_BYTES).all(|(name, body)| match name {
        b"VP8 " => fits(body),
        b"ANMF" => {
            let mut inner = chunks(body, FRAME_HEADER_BYTES);
            match inner.next() {
                Some((b"VP8 ", frame)) => fits(frame),
                // The decoder reads the next chunk as a frame, whatever its name.
                Some((b"ALPH", _)) => inner.next().is_none_or(|(_, frame)| fits(frame)),
                _ => true,
            }
        }
        _ => true,
    })
}

/// The EXIF orientation; upright when it is missing or unreadable.
pub(super) fn orientation(bytes: &[u8]) -> Orientation {
    let exif = chunks(bytes, FILE_HEADER_BYTES).find(|(name, _)| *name == b"EXIF");
    exif.and_then(|(_, body)| Orientation::from_exif_chunk(body)).unwrap_or(Orientation::NoTransforms)
}

/// The chunks from `start` on, as name and body; the last one may be truncated.
fn chunks(bytes: &[u8], start: usize) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes.get(start..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_first_chunk::<4>()?;
        let (length, body) = behind.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let padded = length.saturating_add(length % 2);
        rest = body.get(padded..).unwrap_or_default();
        Some((name, body.get(..length).unwrap_or(body)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
        let padding = if body.len() % 2 == 1 { &[0][..] } else { &[] };
        [name, length.as_slice(), body, padding].concat()
    }

    /// An extended file with these chunks after its header.
    fn extended(flags: u8, behind: &[u8]) -> Vec<u8> {
        let head = chunk(b"VP8X", &[flags, 0, 0, 0, 15, 0, 0, 15, 0, 0]);
        [b"RIFF\xFF\xFF\0\0WEBP".as_slice(), &head, behind].concat()
    }

    fn lossy(width: u16, height: u16) -> Vec<u8> {
        [&[0x10, 0, 0, 0x9D, 0x01, 0x2A], width.to_le_bytes().as_slice(), &height.to_le_bytes()].concat()
    }

    #[test]
    fn a_frame_larger_than_its_picture_is_seen_wherever_it_stands() {
        let moving =
            |inner: Vec<u8>| extended(ANIMATION_FLAG, &chunk(b"ANMF", &[vec![0; FRAME_HEADER_BYTES], inner].concat()));
        for (width, height, fits) in [(16, 16, true), (16, 17, false), (16_383, 16_383, false)] {
            let frame = lossy(width, height);
            let alpha = chunk(b"ALPH", &[0; 3]);
            for file in [
                extended(0, &chunk(b"VP8 ", &frame)),
                extended(ALPHA_FLAG, &[alpha.clone(), chunk(b"VP8 ", &frame)].concat()),
                moving(chunk(b"VP8 ", &frame)),
                moving([alpha.clone(), chunk(b"VP8 ", &frame)].concat()),
                moving([alpha, chunk(b"what", &frame)].concat()),
            ] {
                assert_eq!(frames_fit(&file, 16, 16), fits, "{width}x{height} {file:?}");
            }
        }
    }

    #[test]
    fn a_claimed_length_is_never_believed() {
        let turned = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut file = extended(0, &chunk(b"EXIF", turned));
        assert_eq!(orientation(&file), Orientation::Rotate90);
        let at = file.len() - turned.len() - 4;
        file.splice(at..at + 4, u32::MAX.to_le_bytes());
        assert_eq!(orientation(&file), Orientation::Rotate90);
        file.truncate(at + 4);
        assert_eq!(orientation(&file), Orientation::NoTransforms);
        assert_eq!(orientation(b"RIFF"), Orientation::NoTransforms);
    }

    #[test]
    fn what_moves_or_shows_through_is_reckoned_dearer() {
        let costs = [0, ALPHA_FLAG, ANIMATION_FLAG | ALPHA_FLAG].map(|flags| bytes_per_pixel(&extended(flags, b""), 4));
        assert_eq!(costs, [8, 11, 15]);
        assert_eq!(bytes_per_pixel(b"RIFF\0\0\0\0WEBPVP8L", 3), 7);
    }
}
