//! WAV and FLAC: header chunks, then the audio. Only the chunks needed for playback are kept.

use super::{ContainerInfo, be32, be64, le32};

/// Maximum number of chunks read in one file.
const MAX_CHUNKS: usize = 1_000;

/// Strips a FLAC file: keeps the stream info and seek table, removes comments, images and everything else.
pub(super) fn flac(bytes: &mut Vec<u8>) -> Option<ContainerInfo> {
    const INFO: u8 = 0;
    const SEEK: u8 = 3;
    let mut kept: Vec<(u8, std::ops::Range<usize>)> = Vec::new();
    let mut at = 4;
    for _ in 0..MAX_CHUNKS {
        let head = be32(bytes, at)?;
        let (kind, length) = ((head >> 24) as u8, usize::try_from(head & 0x00FF_FFFF).ok()?);
        let end = at.checked_add(4 + length).filter(|end| *end <= bytes.len())?;
        if matches!(kind & 0x7F, INFO | SEEK) {
            kept.push((kind & 0x7F, at + 1..end));
        }
        at = end;
        if kind & 0x80 != 0 {
            break;
        }
    }
    let (_, info) = kept.first().filter(|(kind, range)| *kind == INFO && range.len() >= 3 + 18)?;
    let packed = be64(bytes, info.start + 3 + 10)?;
    let (rate, samples) = (packed >> 44, packed & 0xF_FFFF_FFFF);
    let mut out = b"fLaC".to_vec();
    for (n, (kind, range)) in kept.iter().enumerate() {
        out.push(kind | if n + 1 == kept.len() { 0x80 } else { 0 });
        out.extend_from_slice(bytes.get(range.clone())?);
    }
    out.extend_from_slice(bytes.get(at..)?);
    *bytes = out;
    Some(ContainerInfo { seconds: (rate > 0).then(|| samples as f64 / rate as f64), ..ContainerInfo::default() })
}

/// Strips a WAV file: keeps format and audio, removes names, dates, broadcast metadata and ID3 tags.
pub(super) fn wav(bytes: &mut Vec<u8>) -> Option<ContainerInfo> {
    let (mut out, mut rate, mut sound) = (bytes.get(..12)?.to_vec(), None, None);
    let mut at = 12;
    for _ in 0..MAX_CHUNKS {
        let Some(name) = bytes.get(at..at + 4) else { break };
        let said = usize::try_from(le32(bytes, at + 4)?).ok()?;
        // A recorder that was switched off too early did not write the final length.
        let end = (at + 8).saturating_add(said).min(bytes.len());
        match name {
            b"fmt " => rate = le32(bytes, at + 16),
            b"data" => sound = Some(end - at - 8),
            _ => {}
        }
        if matches!(name, b"fmt " | b"data" | b"fact") {
            out.extend_from_slice(name);
            out.extend(u32::try_from(end - at - 8).ok()?.to_le_bytes());
            out.extend_from_slice(bytes.get(at + 8..end)?);
            if (end - at) % 2 == 1 {
                out.push(0);
            }
        }
        at = end + said % 2;
    }
    let size = u32::try_from(out.len() - 8).ok()?;
    out.get_mut(4..8)?.copy_from_slice(&size.to_le_bytes());
    *bytes = out;
    let (rate, sound) = (rate.filter(|rate| *rate > 0)?, sound?);
    Some(ContainerInfo { seconds: Some(sound as f64 / f64::from(rate)), ..ContainerInfo::default() })
}
