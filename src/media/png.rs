//! Strips PNG files to their image chunks before decoding, because the decoder would inflate profiles and texts first.

/// Bytes of the signature before the first chunk.
const SIGNATURE: usize = 8;
/// Bytes of a chunk beside its body: length, name and checksum.
const CHUNK_OVERHEAD_BYTES: usize = 12;

/// The file with only the chunks that define the pixels and the orientation.
pub(super) fn without_metadata(bytes: &[u8]) -> Vec<u8> {
    let (signature, mut rest) = bytes.split_at(SIGNATURE.min(bytes.len()));
    let mut bare = signature.to_vec();
    while let [a, b, c, d, name @ ..] = rest {
        let Some(name) = name.get(..4) else { break };
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (chunk, behind) = rest.split_at(length.saturating_add(CHUNK_OVERHEAD_BYTES).min(rest.len()));
        if is_needed(name) {
            bare.extend_from_slice(chunk);
        }
        rest = behind;
    }
    bare
}

/// Whether decoding needs this chunk: critical chunks have names that begin with a capital letter.
fn is_needed(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_uppercase) || matches!(name, b"tRNS" | b"eXIf")
}
