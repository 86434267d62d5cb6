//! Ogg with Vorbis or Opus: pages of packets. The second packet holds the comments, which may contain cover images. It
//! is replaced by an empty one, and all pages get new sequence numbers and checksums.

use super::{ContainerInfo, le32};

/// Bytes of a page header before its segment table.
const PAGE_HEADER_BYTES: usize = 27;
/// Maximum total size of the header packets after the first: Vorbis stores its codebooks there.
const MAX_HEADER_PACKET_BYTES: usize = 8 * 1024 * 1024;

/// A page: offsets of its start, its content and its end.
#[derive(Debug, Clone, Copy)]
struct OggPage {
    start: usize,
    content: usize,
    end: usize,
}

/// Removes the comments of a file with one stream; None when it is broken, has several streams or an unknown codec.
pub(super) fn strip(bytes: &mut Vec<u8>) -> Option<ContainerInfo> {
    let first = page(bytes, 0)?;
    let ident = bytes.get(first.content..first.end)?;
    let (packets, empty, rate, skip) = match ident {
        _ if ident.starts_with(b"OpusHead") => {
            let skip = u16::from_le_bytes(ident.get(10..12)?.try_into().ok()?);
            (1, b"OpusTags\0\0\0\0\0\0\0\0".to_vec(), 48_000, u64::from(skip))
        }
        _ if ident.starts_with(b"\x01vorbis") => (2, b"\x03vorbis\0\0\0\0\0\0\0\0\x01".to_vec(), le32(ident, 12)?, 0),
        _ => return None,
    };
    let serial = le32(bytes, 14)?;
    let (mut headers, mut at) = (vec![Vec::new()], first.end);
    // The header packets end at a page boundary.
    while headers.len() <= packets {
        let leaf = page(bytes, at)?;
        let table = bytes.get(leaf.start + PAGE_HEADER_BYTES..leaf.content)?;
        let mut place = leaf.content;
        for lace in table {
            let end = place + usize::from(*lace);
            headers.last_mut()?.extend_from_slice(bytes.get(place..end)?);
            place = end;
            if *lace < 255 {
                headers.push(Vec::new());
            }
        }
        if headers.iter().map(Vec::len).sum::<usize>() > MAX_HEADER_PACKET_BYTES {
            return None;
        }
        at = leaf.end;
    }
    headers.truncate(packets);
    *headers.first_mut()? = empty;
    let mut out = bytes.get(..first.end)?.to_vec();
    let mut number = 1;
    write(&mut out, &headers, serial, &mut number);
    let mut last = 0;
    while at < bytes.len() {
        let Some(leaf) = page(bytes, at) else { break };
        if le32(bytes, at + 14)? != serial {
            return None;
        }
        let granule = u64::from_le_bytes(bytes.get(at + 6..at + 14)?.try_into().ok()?);
        if granule != u64::MAX {
            last = granule;
        }
        let from = out.len();
        out.extend_from_slice(bytes.get(leaf.start..leaf.end)?);
        seal(&mut out, from, &mut number)?;
        at = leaf.end;
    }
    *bytes = out;
    let seconds = (rate > 0).then(|| last.saturating_sub(skip) as f64 / f64::from(rate));
    Some(ContainerInfo { seconds, ..ContainerInfo::default() })
}

fn page(bytes: &[u8], at: usize) -> Option<OggPage> {
    let head = bytes.get(at..at.checked_add(PAGE_HEADER_BYTES)?).filter(|head| head.starts_with(b"OggS\0"))?;
    let count = usize::from(*head.get(26)?);
    let content = at + PAGE_HEADER_BYTES + count;
    let length: usize = bytes.get(at + PAGE_HEADER_BYTES..content)?.iter().map(|lace| usize::from(*lace)).sum();
    let end = content + length;
    (end <= bytes.len()).then_some(OggPage { start: at, content, end })
}

/// Appends packets, split into as many pages as they need.
fn write(out: &mut Vec<u8>, packets: &[Vec<u8>], serial: u32, number: &mut u32) {
    let mut laces: Vec<u8> = Vec::new();
    for packet in packets {
        laces.extend(std::iter::repeat_n(255, packet.len() / 255));
        laces.push(u8::try_from(packet.len() % 255).unwrap_or(0));
    }
    let data = packets.concat();
    let (mut at, mut begun) = (0, false);
    for table in laces.chunks(255) {
        let length: usize = table.iter().map(|lace| usize::from(*lace)).sum();
        let from = out.len();
        out.extend_from_slice(b"OggS\0");
        out.push(u8::from(begun));
        let whole = table.iter().any(|lace| *lace < 255);
        out.extend(if whole { 0 } else { u64::MAX }.to_le_bytes());
        out.extend(serial.to_le_bytes());
        out.extend([0; 8]);
        out.push(u8::try_from(table.len()).unwrap_or(255));
        out.extend_from_slice(table);
        out.extend_from_slice(data.get(at..at + length).unwrap_or_default());
        begun = table.last() == Some(&255);
        at += length;
        seal(out, from, number);
    }
}

/// Sets the sequence number and checksum of the page that starts at `from` and ends with `out`.
fn seal(out: &mut [u8], from: usize, number: &mut u32) -> Option<()> {
    let leaf = out.get_mut(from..)?;
    leaf.get_mut(18..22)?.copy_from_slice(&number.to_le_bytes());
    leaf.get_mut(22..26)?.fill(0);
    let sum = sum(leaf);
    leaf.get_mut(22..26)?.copy_from_slice(&sum.to_le_bytes());
    *number = number.wrapping_add(1);
    Some(())
}

/// The CRC-32 of Ogg: polynomial 04C11DB7, not reflected.
fn sum(bytes: &[u8]) -> u32 {
    const CRC_TABLE: [u32; 256] = table();
    bytes.iter().fold(0u32, |crc, byte| {
        let at = usize::from((crc >> 24) as u8 ^ byte);
        crc << 8 ^ CRC_TABLE.get(at).copied().unwrap_or_default()
    })
}

#[allow(clippy::indexing_slicing)]
const fn table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut n = 0usize;
    while n < 256 {
        let mut crc = (n as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000_0000 != 0 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
}
