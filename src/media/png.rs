//! Strips PNG files to their image chunks before decoding: the decoder would inflate profiles and texts first.

/// Bytes before the first chunk.
const SIGNATURE: usize = 8;
/// Bytes of a chunk beside its body: its length, its name and a check sum.
const CHUNK_OVERHEAD_BYTES: usize = 12;

/// The file with nothing but the chunks that make the pixels, and the one that says how they lie.
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

/// A name that begins with a capital is of a chunk that no decoder may pass over.
fn is_needed(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_uppercase) || matches!(name, b"tRNS" | b"eXIf")
}
