//! Our Ed25519 keys, which sign integrity proofs. Stored as PKCS#8, published as Multikey (FEP-521a).

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::base58;
use crate::base::{Error, Result};

/// The multicodec prefix of an Ed25519 public key.
const MULTICODEC: [u8; 2] = [0xed, 0x01];

/// An Ed25519 key of ours.
pub struct ProofKey {
    pair: Ed25519KeyPair,
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey")
    }
}

impl ProofKey {
    /// A new key as PKCS#8 DER, the form the store keeps. Takes no time to speak of.
    pub fn generate() -> Result<Vec<u8>> {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Error::internal("no randomness"))?;
        Ok(der.as_ref().to_vec())
    }

    /// Reads PKCS#8 DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
        Ok(Self { pair: pair.map_err(|_| Error::invalid("this is not an Ed25519 key in PKCS#8"))? })
    }

    /// The public half as `publicKeyMultibase`: `z` and base58 of `0xed01` and the key.
    pub fn multibase(&self) -> String {
        let bytes = [&MULTICODEC, self.pair.public_key().as_ref()].concat();
        format!("z{}", base58::encode(&bytes))
    }

    /// Signs; 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// The key of a 32-byte seed, as test vectors give it.
    #[cfg(test)]
    pub(super) fn from_seed(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(|pair| Self { pair })
    }
}
