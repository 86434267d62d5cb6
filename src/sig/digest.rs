//! Body digests: the `Digest` header (RFC 3230) and `Content-Digest` (RFC 9530). Always over the raw bytes, before
//! parsing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, SHA512, digest};

use super::SignatureError;
use super::structured_fields::{self, BareItem};

/// The most digests one old header may list.
const MAX_DIGESTS: usize = 8;

const WRONG: SignatureError = SignatureError::Digest("the digest does not fit the body: it was changed on the way");
const UNKNOWN: SignatureError = SignatureError::Digest("the digest must be SHA-256 or SHA-512");
const UNREADABLE: SignatureError = SignatureError::Digest("the digest header cannot be read");

/// `SHA-256=…`, spelled as Threads needs it (it refuses lower case).
pub fn header(body: &[u8]) -> String {
    format!("SHA-256={}", STANDARD.encode(digest(&SHA256, body)))
}

/// `sha-256=:…:`, the value of a Content-Digest header.
pub fn content_header(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, body)))
}

/// Checks a received `Digest` value: every SHA-256 and SHA-512 it lists must fit, and there must be one. Labels in any
/// case.
pub fn check(value: &str, body: &[u8]) -> Result<(), SignatureError> {
    let mut found = false;
    for (count, part) in value.split(',').enumerate() {
        if count >= MAX_DIGESTS {
            return Err(UNREADABLE);
        }
        let (label, text) = part.trim().split_once('=').ok_or(UNREADABLE)?;
        let known = fits(&label.to_ascii_lowercase(), body, || STANDARD.decode(text.trim()).map_err(|_| UNREADABLE))?;
        found |= known;
    }
    if found { Ok(()) } else { Err(UNKNOWN) }
}

/// Checks a received `Content-Digest` value, by the same rule.
pub fn check_content(value: &str, body: &[u8]) -> Result<(), SignatureError> {
    let members = structured_fields::dictionary(value).map_err(|_| UNREADABLE)?;
    let mut found = false;
    for (label, member) in members {
        found |= fits(&label, body, || match member.into_bare() {
            Some(BareItem::Bytes(bytes)) => Ok(bytes),
            _ => Err(UNREADABLE),
        })?;
    }
    if found { Ok(()) } else { Err(UNKNOWN) }
}

/// False for a label we don't know; an error when a known one does not fit.
fn fits(
    label: &str,
    body: &[u8],
    claimed: impl FnOnce() -> Result<Vec<u8>, SignatureError>,
) -> Result<bool, SignatureError> {
    let algorithm = match label {
        "sha-256" => &SHA256,
        "sha-512" => &SHA512,
        _ => return Ok(false),
    };
    if digest(algorithm, body).as_ref() == claimed()?.as_slice() { Ok(true) } else { Err(WRONG) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = br#"{"hello": "world"}"#;
    const SHA: &str = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=";
    const LONG: &str = "WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==";

    #[test]
    fn digests_are_written_as_peers_need_them() {
        assert_eq!(header(HELLO), format!("SHA-256={SHA}"));
        assert_eq!(content_header(HELLO), format!("sha-256=:{SHA}:"));
    }

    #[test]
    fn old_digests_are_checked() {
        assert_eq!(check(&format!("SHA-256={SHA}"), HELLO), Ok(()));
        assert_eq!(check(&format!("sha-256={SHA}"), HELLO), Ok(()), "lower case is common");
        assert_eq!(check(&format!("sha-512={LONG}, SHA-256={SHA}"), HELLO), Ok(()));
        assert_eq!(check(&format!("SHA-256={SHA}"), b"{}"), Err(WRONG));
        assert_eq!(check(&format!("SHA-256={SHA},SHA-512={SHA}"), HELLO), Err(WRONG), "one wrong spoils it");
        assert_eq!(check("MD5=Sd/dVLAcvNLSq16eXua5uQ==", HELLO), Err(UNKNOWN));
        assert_eq!(check("SHA-256=%%%", HELLO), Err(UNREADABLE));
        assert_eq!(check("", HELLO), Err(UNREADABLE));
    }

    #[test]
    fn content_digests_are_checked() {
        assert_eq!(check_content(&format!("sha-256=:{SHA}:"), HELLO), Ok(()));
        assert_eq!(check_content(&format!("sha-512=:{LONG}:"), HELLO), Ok(()));
        assert_eq!(check_content(&format!("md5=:{SHA}:, sha-256=:{SHA}:"), HELLO), Ok(()));
        assert_eq!(check_content(&format!("sha-256=:{SHA}:"), b""), Err(WRONG));
        assert_eq!(check_content(&format!("sha-256={SHA}"), HELLO), Err(UNREADABLE));
        assert_eq!(check_content("unixsum=:AAAA:", HELLO), Err(UNKNOWN));
    }
}
