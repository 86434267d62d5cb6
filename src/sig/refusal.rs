//! Why a signature was refused, in words that the other server's owner can act on. Sent as the body of our response.

use std::time::Duration;

/// A refused signature. [`Refusal::code`] is the HTTP status; the text is the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no Signature header.
    #[error("this request is not signed: it needs an HTTP signature (draft-cavage or RFC 9421)")]
    Unsigned,
    /// The header does not follow its grammar, or is larger than we read (400).
    #[error("the signature cannot be read: {0}")]
    Malformed(String),
    /// Something that must be unique is repeated.
    #[error("{0} is given twice in the signature")]
    Duplicate(String),
    /// Something that must be signed is not.
    #[error("the signature does not cover {0}, which it must")]
    NotCovered(&'static str),
    /// A signed header is not in the request.
    #[error("the signature covers {0}, but the request has no such header")]
    Missing(String),
    /// A component of RFC 9421 that is unsupported or not in the request.
    #[error("the signature covers {0}, which is not understood here")]
    Component(String),
    /// The request was signed for, or sent to, another host.
    #[error("the request was made for another host than {0}")]
    WrongHost(String),
    /// Too old: a replay, or a clock that is behind.
    #[error("the {0} is {ago} in the past: check your clock, and sign every attempt anew", ago = reason_text(*.1))]
    Stale(&'static str, Duration),
    /// Too new: a clock that is ahead.
    #[error("the {0} is {ahead} in the future: check your clock", ahead = reason_text(*.1))]
    Future(&'static str, Duration),
    /// The Date header is not a date.
    #[error("the Date header is not an HTTP date")]
    NoDate,
    /// The signature's own end has passed.
    #[error("the signature expired {ago} ago: check your clock", ago = reason_text(*.0))]
    Expired(Duration),
    /// The digest does not fit the body, or is of a kind we cannot check.
    #[error("{0}")]
    Digest(&'static str),
    /// The algorithm is unknown or does not belong to the key.
    #[error("the signature algorithm {0} is not accepted here: use RSA with SHA-256 or Ed25519")]
    Algorithm(String),
    /// The document has an integrity proof that cannot be true.
    #[error("the activity's own proof does not hold: {0}")]
    Proof(&'static str),
    /// Well formed, but the key does not match.
    #[error("the signature does not verify with the key it names")]
    Wrong,
}

impl SignatureError {
    /// 400 for what cannot be read, else 401. Peers that knock twice depend on these two.
    pub fn code(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            _ => 401,
        }
    }

    /// A [`Refusal::Malformed`] with this sentence.
    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed(why.into())
    }
}

/// `3 hours`, `12 minutes`, `2 days`: the largest whole unit.
fn reason_text(by: Duration) -> String {
    let secs = by.as_secs();
    let (count, unit) = match secs {
        0..60 => (secs, "second"),
        60..7_200 => (secs / 60, "minute"),
        7_200..172_800 => (secs / 3_600, "hour"),
        _ => (secs / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_tells_the_other_owner_what_to_do() {
        let late = SignatureError::Stale("Date header", Duration::from_secs(3 * 3600 + 5));
        assert_eq!(
            late.to_string(),
            "the Date header is 3 hours in the past: check your clock, and sign every attempt anew"
        );
        assert_eq!(late.code(), 401);
        assert_eq!(SignatureError::malformed("it ends too early").code(), 400);
    }
}
