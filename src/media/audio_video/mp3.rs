//! MP3: audio frames with tags before and after them. The tags are removed, the frames are kept.

use super::{ContainerInfo, be32};

/// Layer 3 bit rates in kbit/s: of MPEG 1, and of MPEG 2 and 2.5.
const BITRATES_KBPS: [[u32; 16]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
];
/// Maximum number of consecutive tags removed at either end.
const MAX_TAGS: usize = 16;

/// Removes ID3v2 tags from the start of a file of any type.
pub(super) fn without_id3(bytes: &mut Vec<u8>) {
    for _ in 0..MAX_TAGS {
        let Some([b'I', b'D', b'3', _, _, flags, a, b, c, d]) = bytes.get(..10) else { return };
        let size = [a, b, c, d].iter().fold(0usize, |n, byte| n << 7 | usize::from(**byte & 0x7F));
        let footer = if flags & 0x10 != 0 { 10 } else { 0 };
        let whole = (10 + size + footer).min(bytes.len());
        bytes.drain(..whole);
    }
}

/// Removes what precedes and follows the audio frames; None when there are none.
pub(super) fn strip(bytes: &mut Vec<u8>) -> Option<ContainerInfo> {
    for _ in 0..MAX_TAGS {
        let Some(shorter) = without_last_tag(bytes) else { break };
        bytes.truncate(shorter);
    }
    // There may be padding before the first frame.
    let start = bytes.windows(2).take(65_536).position(|w| matches!(w, [0xFF, b] if b & 0xE6 == 0xE2))?;
    bytes.drain(..start);
    Some(ContainerInfo { seconds: seconds(bytes), ..ContainerInfo::default() })
}

/// The length of the file without its last tag (ID3v1, APE or Lyrics3); None when it ends without a tag.
fn without_last_tag(bytes: &[u8]) -> Option<usize> {
    let end = bytes.len();
    let tail = |n: usize| end.checked_sub(n).and_then(|at| bytes.get(at..));
    if tail(128).is_some_and(|t| t.starts_with(b"TAG")) {
        return Some(end - 128);
    }
    if let Some(foot) = tail(32).filter(|t| t.starts_with(b"APETAGEX")) {
        let size = usize::try_from(super::le32(foot, 12)?).ok()?;
        let head = if super::le32(foot, 20)? & 0x8000_0000 != 0 { 32 } else { 0 };
        return Some(end.saturating_sub(size.max(32).saturating_add(head)));
    }
    if let Some(foot) = tail(15).filter(|t| t.ends_with(b"LYRICS200")) {
        let size: usize = std::str::from_utf8(foot.get(..6)?).ok()?.parse().ok()?;
        return Some(end.saturating_sub(size + 15));
    }
    None
}

/// Duration, from the frame count in the first frame (Xing, Info) if it has one, else from the bit rate.
fn seconds(bytes: &[u8]) -> Option<f64> {
    let head = be32(bytes, 0)?;
    let version = head >> 19 & 3;
    let old = usize::from(version != 3);
    let rate = match (head >> 10 & 3, version) {
        (n @ 0..=2, 3) => [44_100, 48_000, 32_000].get(n as usize).copied()?,
        (n @ 0..=2, 2) => [22_050, 24_000, 16_000].get(n as usize).copied()?,
        (n @ 0..=2, 0) => [11_025, 12_000, 8_000].get(n as usize).copied()?,
        _ => return None,
    };
    let mono = head >> 6 & 3 == 3;
    let side = match (old, mono) {
        (0, false) => 32,
        (0, true) | (1, false) => 17,
        _ => 9,
    };
    let samples = if old == 0 { 1152 } else { 576 };
    let tag = bytes.get(4 + side..8 + side)?;
    if matches!(tag, b"Xing" | b"Info") && be32(bytes, 8 + side)? & 1 != 0 {
        return Some(f64::from(be32(bytes, 12 + side)?) * f64::from(samples) / f64::from(rate));
    }
    let bits = *BITRATES_KBPS.get(old)?.get((head >> 12 & 15) as usize)? * 1000;
    (bits > 0).then(|| bytes.len() as f64 * 8.0 / f64::from(bits))
}
