//! The `Collection-Synchronization` header (FEP-8fcf): a digest of an actor's followers on the receiving server.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest as sha};

/// The header's name, as signatures spell it.
pub const HEADER: &str = "collection-synchronization";
/// The longest value we read.
const MAX_VALUE: usize = 4096;

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionSynchronization {
    /// The actor's followers collection.
    pub collection: String,
    /// Where the receiver's part of it can be had, signed.
    pub url: String,
    /// The digest of that part, in lower-case hexadecimal.
    pub digest: String,
}

impl CollectionSynchronization {
    /// The header's value.
    pub fn header(&self) -> String {
        format!("collectionId=\"{}\", url=\"{}\", digest=\"{}\"", self.collection, self.url, self.digest)
    }

    /// Reads a header's value; None when something is missing, twice there, or too long.
    pub fn parse(value: &str) -> Option<Self> {
        if value.len() > MAX_VALUE {
            return None;
        }
        let (mut collection, mut url, mut digest) = (None, None, None);
        let mut rest = value.trim();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            let (text, after) = after.trim_start().strip_prefix('"')?.split_once('"')?;
            let place = match name.trim() {
                "collectionId" => &mut collection,
                "url" => &mut url,
                "digest" => &mut digest,
                _ => &mut None,
            };
            if place.replace(text.to_owned()).is_some() {
                return None;
            }
            rest = after.trim_start_matches([',', ' ', '\t']);
        }
        Some(Self { collection: collection?, url: url?, digest: digest?.to_ascii_lowercase() })
    }
}

/// The digest of a set of actor ids, in hexadecimal: their SHA-256 digests, XORed. Zeros for the empty set.
pub fn digest<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut sum = [0_u8; 32];
    for id in ids {
        for (byte, other) in sum.iter_mut().zip(sha(&SHA256, id.as_bytes()).as_ref()) {
            *byte ^= other;
        }
    }
    sum.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // writing to a String does not fail
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_fep() {
        // FEP-8fcf, example
        assert_eq!(
            digest(["https://testing.example.org/users/1", "https://testing.example.org/users/2"]),
            digest(["https://testing.example.org/users/2", "https://testing.example.org/users/1"]),
        );
        let none: [&str; 0] = [];
        assert_eq!(digest(none), "0".repeat(64));
        assert_eq!(digest(["hello world"]), "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
        assert_eq!(digest(["a", "a"]), "0".repeat(64));
    }

    #[test]
    fn the_header_is_read_as_it_is_written_and_nothing_else_is() {
        let said = CollectionSynchronization {
            collection: "https://a.example/users/bob/followers".to_owned(),
            url: "https://a.example/users/bob/followers_synchronization".to_owned(),
            digest: digest(["https://b.example/users/ann"]),
        };
        assert_eq!(CollectionSynchronization::parse(&said.header()), Some(said.clone()));
        let mastodon = said.header().replace(", ", ",").replace("digest=\"", "digest = \"");
        assert_eq!(CollectionSynchronization::parse(&mastodon.replace("digest = ", "digest=")), Some(said.clone()));
        for bad in [
            "",
            "collectionId=\"a\"",
            "collectionId=\"a\", url=\"b\"",
            "collectionId=a, url=b, digest=c",
            "collectionId=\"a\", url=\"b\", digest=\"c",
            "collectionId=\"a\", url=\"b\", digest=\"c\", url=\"d\"",
            "=\"\"",
        ] {
            assert_eq!(CollectionSynchronization::parse(bad), None, "{bad}");
        }
        assert_eq!(CollectionSynchronization::parse(&format!("{}, x=\"{}\"", said.header(), "a".repeat(5000))), None);
    }
}
