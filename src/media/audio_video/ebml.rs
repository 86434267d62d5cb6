//! WebM: nested elements. Files are changed in place: removed elements become Void elements of zeros, and texts are
//! overwritten with zeros.

use super::{ContainerInfo, zero_range};

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK: u32 = 0xAE;
const VIDEO: u32 = 0xE0;
const TAGS: u32 = 0x1254_C367;
const ATTACHMENTS: u32 = 0x1941_A469;
const CHAPTERS: u32 = 0x1043_A770;
const VOID: u32 = 0xEC;
/// Title, file name, muxer, writing application and date of the segment; name of a track.
const TEXT_ELEMENTS: [u32; 8] = [0x7BA9, 0x7384, 0x4D80, 0x5741, 0x4461, 0x3C83AB, 0x3E83BB, 0x536E];
const SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
const WIDTH: u32 = 0xB0;
const HEIGHT: u32 = 0xBA;
/// Maximum number of elements visited in one file. When clusters have no size, a long video has one block per frame.
const MAX_ELEMENTS: usize = 5_000_000;

/// Maximum nesting depth of visited elements: segment, tracks, track, video.
const MAX_DEPTH: usize = 5;

#[derive(Debug, Clone, Copy)]
struct EbmlElement {
    id: u32,
    start: usize,
    inside: usize,
    /// None when the size is unknown, as in a live recording: the element ends with its parent.
    end: Option<usize>,
}

#[derive(Default)]
struct EbmlWalk {
    facts: ContainerInfo,
    left: usize,
    scale: Option<u64>,
    length: Option<f64>,
    size: (u32, u32),
}

/// Removes the metadata of a file; None when its elements are broken.
pub(super) fn strip(bytes: &mut [u8]) -> Option<ContainerInfo> {
    let mut walk = EbmlWalk { left: MAX_ELEMENTS, ..EbmlWalk::default() };
    let end = bytes.len();
    visit(bytes, &mut walk, 0, end, 0)?;
    let scale = walk.scale.unwrap_or(1_000_000) as f64 / 1e9;
    walk.facts.seconds = walk.length.map(|length| length * scale);
    walk.facts.size = Some(walk.size);
    Some(walk.facts)
}

fn visit(bytes: &mut [u8], walk: &mut EbmlWalk, mut at: usize, end: usize, depth: usize) -> Option<()> {
    while at < end {
        walk.left = walk.left.checked_sub(1)?;
        let element = element(bytes, at)?;
        let stop = element.end.unwrap_or(end);
        if stop > end {
            // The last cluster of a truncated recording; the rest still plays.
            return (element.id == CLUSTER || element.id == SEGMENT || at > 0).then_some(());
        }
        match element.id {
            SEGMENT | INFO | TRACKS | TRACK if depth < MAX_DEPTH => {
                visit(bytes, walk, element.inside, stop, depth + 1)?
            }
            VIDEO if depth < MAX_DEPTH => {
                walk.facts.film = true;
                visit(bytes, walk, element.inside, stop, depth + 1)?;
            }
            // Without a size, the cluster's blocks are read as siblings of what follows.
            CLUSTER if element.end.is_none() => {
                at = element.inside;
                continue;
            }
            TAGS | ATTACHMENTS | CHAPTERS | VOID => erase(bytes, element, stop),
            id if TEXT_ELEMENTS.contains(&id) => zero_range(bytes, element.inside, stop),
            SCALE => walk.scale = number(bytes, element.inside, stop),
            DURATION => walk.length = float(bytes, element.inside, stop),
            WIDTH => walk.size.0 = number(bytes, element.inside, stop).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            HEIGHT => {
                walk.size.1 = number(bytes, element.inside, stop).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
            }
            _ => {}
        }
        at = stop;
    }
    Some(())
}

/// Turns an element into a Void element of the same length.
fn erase(bytes: &mut [u8], element: EbmlElement, end: usize) {
    let whole = end - element.start;
    zero_range(bytes, element.start, end);
    // The size field has one byte for short elements and eight for all others.
    let head: Vec<u8> = match whole {
        0..=1 => return,
        2..=64 => vec![0xEC, 0x80 | u8::try_from(whole - 2).unwrap_or(0)],
        _ => {
            let mut head = vec![0xEC];
            head.extend(((whole as u64 - 9) | 1 << 56).to_be_bytes());
            head
        }
    };
    if let Some(place) = bytes.get_mut(element.start..element.start + head.len()) {
        place.copy_from_slice(&head);
    }
}

fn element(bytes: &[u8], at: usize) -> Option<EbmlElement> {
    let first = *bytes.get(at)?;
    let id_length = usize::try_from(first.leading_zeros()).ok()? + 1;
    if id_length > 4 {
        return None;
    }
    let id = bytes.get(at..at + id_length)?.iter().fold(0u32, |id, byte| id << 8 | u32::from(*byte));
    let place = at + id_length;
    let lead = *bytes.get(place)?;
    let length = usize::try_from(lead.leading_zeros()).ok()? + 1;
    if length > 8 {
        return None;
    }
    let raw = bytes.get(place..place + length)?.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let mask = (1u64 << (7 * length)) - 1;
    let inside = place + length;
    let end = match raw & mask {
        size if size == mask => None,
        size => Some(inside.checked_add(usize::try_from(size).ok()?)?),
    };
    Some(EbmlElement { id, start: at, inside, end })
}

fn number(bytes: &[u8], from: usize, to: usize) -> Option<u64> {
    let part = bytes.get(from..to).filter(|part| part.len() <= 8)?;
    Some(part.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte)))
}

fn float(bytes: &[u8], from: usize, to: usize) -> Option<f64> {
    let part = bytes.get(from..to)?;
    match part.len() {
        4 => Some(f64::from(f32::from_be_bytes(part.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(part.try_into().ok()?)),
        _ => None,
    }
}
