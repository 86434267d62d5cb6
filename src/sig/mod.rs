//! HTTP signatures and integrity proofs, as pure functions: requests are signed, received ones are checked.

pub mod structured_fields;
#[cfg(test)]
mod tests;
pub mod verification;

mod base58;
pub mod cavage;
pub mod digest;
pub mod ed25519;
pub mod jcs;
pub mod keys;
pub mod proof;
pub mod push;
pub mod received;
pub mod refusal;
pub mod rfc9421;
pub mod synchronisation;

use std::sync::Arc;

pub use ed25519::ProofKey;
pub use keys::{Algorithm, PrivateKey, PublicKey};
pub use received::ReceivedRequest;
pub use refusal::SignatureError;
pub use verification::{SignatureClaim, claim};

use crate::base::{Result, Time};

/// The two signature formats; which one a host accepts is found out by knocking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Knock {
    /// draft-cavage-http-signatures-12 with rsa-sha256: what every peer of 2026 accepts.
    #[default]
    Cavage,
    /// RFC 9421 with rsa-v1_5-sha256.
    Rfc9421,
}

impl Knock {
    /// The format to try when this one was refused.
    pub fn other(self) -> Self {
        match self {
            Self::Cavage => Self::Rfc9421,
            Self::Rfc9421 => Self::Cavage,
        }
    }

    /// The word the store keeps: `cavage` or `rfc9421`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cavage => "cavage",
            Self::Rfc9421 => "rfc9421",
        }
    }

    /// The format of a stored word; None for anything else.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Cavage, Self::Rfc9421].into_iter().find(|knock| knock.word() == word)
    }
}

/// Who signs: a private key and the id under which peers find its public half.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The key's URI, such as `https://host/users/name#main-key`.
    pub key_id: String,
    /// The key itself.
    pub key: Arc<PrivateKey>,
}

/// A request about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingRequest<'a> {
    /// `GET` or `POST`, upper case.
    pub method: &'a str,
    /// `https` (or `http` in tests).
    pub scheme: &'a str,
    /// The host as the `Host` header will carry it: lower case, a port only when it is not the scheme's own.
    pub host: &'a str,
    /// Path and query as they will be sent; starts with `/`.
    pub target: &'a str,
    /// Content type and bytes, for a POST.
    pub body: Option<(&'a str, &'a [u8])>,
    /// More headers to send and sign, names in lower case (Collection-Synchronization).
    pub extra: &'a [(String, String)],
}

/// The headers to send: the date, digest, content type and extras, and the signature over them. `Host` is left to the
/// client, which must send `request.host`. Sign at send time: BookWyrm refuses signatures older than five minutes.
pub fn sign(signer: &Signer, knock: Knock, request: &OutgoingRequest<'_>, now: Time) -> Result<Vec<(String, String)>> {
    match knock {
        Knock::Cavage => cavage::sign(signer, request, now),
        Knock::Rfc9421 => rfc9421::sign(signer, request, now),
    }
}
