//! Checks a received signature. [`claim`] does everything that needs no key, so that junk never makes us fetch one;
//! [`SignatureClaim::verify`] does the rest.

use super::keys::{Algorithm, PublicKey};
use super::received::{ReceivedRequest, SignatureCandidate};
use super::{SignatureError, cavage, rfc9421};
use crate::base::Time;

/// A signature that only needs its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureClaim {
    candidates: Vec<SignatureCandidate>,
    /// Our host, when the Host header named another one.
    other_host: Option<String>,
}

/// Checks all of a request's signature that needs no key: form, covered set, digest of the raw body, time. RFC 9421 where
/// there is a Signature-Input header, else draft-cavage.
pub fn claim(received: &ReceivedRequest<'_>, now: Time) -> Result<SignatureClaim, SignatureError> {
    let candidates = if received.has("signature-input") {
        rfc9421::candidates(received, now)?
    } else if received.has("signature") {
        vec![cavage::candidate(received, now)?]
    } else {
        return Err(SignatureError::Unsigned);
    };
    let other_host = received.host_differs().then(|| received.host.to_owned());
    Ok(SignatureClaim { candidates, other_host })
}

impl SignatureClaim {
    /// The ids of the keys, any of which will do; nearly always one. Never empty.
    pub fn key_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        for candidate in &self.candidates {
            if !ids.contains(&candidate.key_id.as_str()) {
                ids.push(&candidate.key_id);
            }
        }
        ids
    }

    /// True when every signature of the claim covers this header (lower case). An optional header that is not covered,
    /// such as Collection-Synchronization, must not be believed.
    pub fn covers(&self, header: &str) -> bool {
        self.candidates.iter().all(|candidate| candidate.covered.iter().any(|name| name == header))
    }

    /// The claimed signing time; the latest of several. Only the sender can set it.
    pub fn signed_at(&self) -> Time {
        self.candidates.iter().map(|candidate| candidate.signed_at).max().unwrap_or_default()
    }

    /// True when this key made one of the signatures.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let mut refusal = SignatureError::Wrong;
        for candidate in &self.candidates {
            let fitting: Vec<Algorithm> = candidate.algorithms.iter().copied().filter(|a| key.fits(*a)).collect();
            if fitting.is_empty() {
                refusal = SignatureError::Algorithm("it names, for a key of another kind,".into());
            }
            for algorithm in fitting {
                for base in &candidate.bases {
                    if key.verify(algorithm, base.as_bytes(), &candidate.signature).is_ok() {
                        return Ok(());
                    }
                }
            }
        }
        match &self.other_host {
            Some(host) if refusal == SignatureError::Wrong => Err(SignatureError::WrongHost(host.clone())),
            _ => Err(refusal),
        }
    }
}
