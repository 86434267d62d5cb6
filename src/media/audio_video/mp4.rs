//! MP4, M4A and similar files: nested boxes. Files are changed in place, so that offsets into the file stay valid:
//! removed boxes become `free` boxes of zeros.

use super::{ContainerInfo, be32, be64, zero_range};

/// Maximum number of boxes visited in one file.
const MAX_BOXES: usize = 20_000;
/// Maximum nesting depth of visited boxes.
const MAX_DEPTH: usize = 8;

/// A box: offsets of its start, its content and its end.
#[derive(Debug, Clone, Copy)]
struct Mp4Box {
    start: usize,
    inside: usize,
    end: usize,
    name: [u8; 4],
}

/// State of a walk over the boxes.
#[derive(Default)]
struct Mp4Walk {
    facts: ContainerInfo,
    left: usize,
}

/// Removes the metadata of a file; None when its boxes are broken or it has no index (`moov`).
pub(super) fn strip(bytes: &mut [u8]) -> Option<ContainerInfo> {
    let mut walk = Mp4Walk { left: MAX_BOXES, ..Mp4Walk::default() };
    let end = bytes.len();
    let has_index = parts(bytes, 0, end)?.iter().any(|part| &part.name == b"moov");
    visit(bytes, &mut walk, 0, end, 0)?;
    has_index.then_some(walk.facts)
}

/// The boxes between two offsets; None when one reaches beyond the end.
fn parts(bytes: &[u8], mut at: usize, end: usize) -> Option<Vec<Mp4Box>> {
    let mut found = Vec::new();
    while end.saturating_sub(at) >= 8 {
        let name: [u8; 4] = bytes.get(at + 4..at + 8)?.try_into().ok()?;
        let (length, head) = match be32(bytes, at)? {
            0 => (end - at, 8),
            1 => (usize::try_from(be64(bytes, at + 8)?).ok()?, 16),
            n => (usize::try_from(n).ok()?, 8),
        };
        let stop = at.checked_add(length)?;
        if length < head || stop > end || found.len() >= MAX_BOXES {
            return None;
        }
        found.push(Mp4Box { start: at, inside: at + head, end: stop, name });
        at = stop;
    }
    Some(found)
}

fn visit(bytes: &mut [u8], walk: &mut Mp4Walk, from: usize, to: usize, depth: usize) -> Option<()> {
    for part in parts(bytes, from, to)? {
        walk.left = walk.left.checked_sub(1)?;
        match &part.name {
            b"moov" | b"mdia" | b"minf" | b"stbl" | b"edts" if depth < MAX_DEPTH => {
                visit(bytes, walk, part.inside, part.end, depth + 1)?;
            }
            b"trak" if depth < MAX_DEPTH => track(bytes, walk, part, depth)?,
            // Titles, locations, camera data; XMP; data that an editor left in unused space.
            b"udta" | b"meta" | b"uuid" | b"free" | b"skip" | b"wide" | b"pnot" | b"PICT" => erase(bytes, part),
            b"mvhd" => {
                walk.facts.seconds = duration(bytes, part);
                dates(bytes, part);
            }
            b"tkhd" | b"mdhd" => dates(bytes, part),
            // The handler name, which follows the handler type, names the software or manufacturer.
            b"hdlr" => zero_range(bytes, part.inside + 24, part.end),
            _ => {}
        }
    }
    Some(())
}

/// Visits a track. A metadata track (such as a camera's locations and movements) is erased together with its data.
fn track(bytes: &mut [u8], walk: &mut Mp4Walk, part: Mp4Box, depth: usize) -> Option<()> {
    let sort = handler(bytes, part);
    if matches!(sort.as_ref(), Some(b"meta" | b"mdta" | b"gpmd" | b"camm")) {
        for (from, to) in samples(bytes, part).unwrap_or_default() {
            zero_range(bytes, from, to);
        }
        erase(bytes, part);
        return Some(());
    }
    if sort.as_ref() == Some(b"vide") {
        walk.facts.film = true;
        walk.facts.size = walk.facts.size.or_else(|| size(bytes, part));
    }
    visit(bytes, walk, part.inside, part.end, depth + 1)
}

fn erase(bytes: &mut [u8], part: Mp4Box) {
    if let Some(name) = bytes.get_mut(part.start + 4..part.start + 8) {
        name.copy_from_slice(b"free");
    }
    zero_range(bytes, part.inside, part.end);
}

/// The first box at the end of a path of box names.
fn find(bytes: &[u8], part: Mp4Box, path: &[&[u8; 4]]) -> Option<Mp4Box> {
    let mut here = part;
    for name in path {
        here = parts(bytes, here.inside, here.end)?.into_iter().find(|one| one.name == **name)?;
    }
    Some(here)
}

fn handler(bytes: &[u8], track: Mp4Box) -> Option<[u8; 4]> {
    let part = find(bytes, track, &[b"mdia", b"hdlr"])?;
    bytes.get(part.inside + 8..part.inside + 12)?.try_into().ok()
}

/// Width and height in pixels: fixed-point numbers at the end of `tkhd`, swapped when the video is rotated.
fn size(bytes: &[u8], track: Mp4Box) -> Option<(u32, u32)> {
    let head = find(bytes, track, &[b"tkhd"])?;
    let (width, height) = (be32(bytes, head.end.checked_sub(8)?)? >> 16, be32(bytes, head.end.checked_sub(4)?)? >> 16);
    // A phone held upright: the matrix rotates by 90 degrees, so its first number is zero.
    let turned = be32(bytes, head.end.checked_sub(44)?)? == 0;
    Some(if turned { (height, width) } else { (width, height) })
}

fn duration(bytes: &[u8], part: Mp4Box) -> Option<f64> {
    let at = part.inside;
    let (scale, length) = match *bytes.get(at)? {
        1 => (be32(bytes, at + 20)?, be64(bytes, at + 24)? as f64),
        _ => (be32(bytes, at + 12)?, f64::from(be32(bytes, at + 16)?)),
    };
    (scale > 0).then(|| length / f64::from(scale))
}

/// Sets the creation and modification times to zero.
fn dates(bytes: &mut [u8], part: Mp4Box) {
    let length = if bytes.get(part.inside) == Some(&1) { 16 } else { 8 };
    zero_range(bytes, part.inside + 4, (part.inside + 4 + length).min(part.end));
}

/// The byte ranges of a track's data, one per chunk.
fn samples(bytes: &[u8], track: Mp4Box) -> Option<Vec<(usize, usize)>> {
    let table = find(bytes, track, &[b"mdia", b"minf", b"stbl"])?;
    let sizes = find(bytes, table, &[b"stsz"])?;
    let runs = find(bytes, table, &[b"stsc"])?;
    let (offsets, wide) = match find(bytes, table, &[b"stco"]) {
        Some(part) => (part, 4),
        None => (find(bytes, table, &[b"co64"])?, 8),
    };
    let count = |part: Mp4Box, head: usize| be32(bytes, part.inside + head - 4).and_then(|n| usize::try_from(n).ok());
    let same = be32(bytes, sizes.inside + 4)?;
    let size_of = |sample: usize| be32(bytes, sizes.inside.checked_add(12)?.checked_add(sample.checked_mul(4)?)?);
    let (mut found, mut sample, mut run) = (Vec::new(), 0usize, 0usize);
    for chunk in 0..count(offsets, 8)?.min(MAX_BOXES * 10) {
        // Each `stsc` entry gives the number of samples per chunk, from its first chunk on.
        let next = be32(bytes, runs.inside + 8 + (run + 1) * 12).and_then(|n| usize::try_from(n).ok());
        if run + 1 < count(runs, 8)? && next.is_some_and(|first| chunk + 1 >= first) {
            run += 1;
        }
        let in_chunk = be32(bytes, runs.inside + 8 + run * 12 + 4)?;
        let at = offsets.inside + 8 + chunk * wide;
        let from = if wide == 4 { u64::from(be32(bytes, at)?) } else { be64(bytes, at)? };
        let mut length = 0u64;
        if same != 0 {
            length = u64::from(same).saturating_mul(u64::from(in_chunk));
        }
        for _ in 0..if same == 0 { in_chunk } else { 0 } {
            let Some(size) = size_of(sample) else { break };
            length = length.saturating_add(u64::from(size));
            sample += 1;
            if length > bytes.len() as u64 {
                break;
            }
        }
        found.push((usize::try_from(from).ok()?, usize::try_from(from.saturating_add(length)).ok()?));
    }
    Some(found)
}
