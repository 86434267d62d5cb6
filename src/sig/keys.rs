//! Keys: our RSA keys (aws-lc-rs, because ring cannot generate RSA keys and signs at half the speed), and peers' RSA
//! and Ed25519 keys.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::signature::{self, UnparsedPublicKey};

use super::{SignatureError, base58};
use crate::base::{Error, Result};

/// The longest PEM we look at, in bytes; an RSA-8192 key needs 1,500.
const MAX_PEM: usize = 16_384;
/// The longest multibase key we look at; an Ed25519 one has 48 characters.
const MAX_MULTIBASE: usize = 128;
/// The moduli we accept, in bits.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// `rsaEncryption` as a DER object identifier's content.
const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `id-Ed25519`.
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// An RSA key of ours. Signs rsa-v1_5-sha256.
pub struct PrivateKey {
    pair: KeyPair,
    /// The public half as SubjectPublicKeyInfo DER.
    public: Vec<u8>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl PrivateKey {
    /// A new RSA-2048 key. Takes a tenth of a second or more: never inside a write.
    pub fn generate() -> Result<Self> {
        Self::of(KeyPair::generate(KeySize::Rsa2048).map_err(|_| broken("making an RSA key failed"))?)
    }

    /// Reads PKCS#8 DER, the form the store keeps.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        Self::of(KeyPair::from_pkcs8(der).map_err(|_| Error::invalid("this is not an RSA key in PKCS#8"))?)
    }

    /// Reads a PEM private key, PKCS#8 or PKCS#1 (`RSA PRIVATE KEY`, as Mastodon keeps it).
    pub fn from_pem(text: &str) -> Result<Self> {
        let (label, der) = pem(text).ok_or_else(|| Error::invalid("this is not a PEM private key"))?;
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(&der),
            "RSA PRIVATE KEY" => {
                Self::of(KeyPair::from_der(&der).map_err(|_| Error::invalid("this is not an RSA private key"))?)
            }
            _ => Err(Error::invalid("this PEM text holds no RSA private key")),
        }
    }

    /// The key as PKCS#8 DER.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>> {
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&self.pair).map_err(|_| broken("writing an RSA key failed"))?;
        Ok(der.as_ref().to_vec())
    }

    /// The public half as `-----BEGIN PUBLIC KEY-----` PEM, the form of `publicKeyPem`.
    pub fn public_pem(&self) -> String {
        let text = STANDARD.encode(&self.public);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (i, c) in text.chars().enumerate() {
            if i > 0 && i % 64 == 0 {
                pem.push('\n');
            }
            pem.push(c);
        }
        pem.push_str("\n-----END PUBLIC KEY-----\n");
        pem
    }

    /// The public half.
    pub fn public_key(&self) -> Result<PublicKey> {
        PublicKey::from_spki(&self.public).ok_or_else(|| broken("our own key is not one we would accept"))
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| broken("signing failed"))?;
        Ok(signature)
    }

    fn of(pair: KeyPair) -> Result<Self> {
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())
            .map_err(|_| broken("writing an RSA public key failed"))?
            .as_ref()
            .to_vec();
        Ok(Self { pair, public })
    }
}

fn broken(what: &'static str) -> Error {
    Error::internal(what)
}

/// How a signature was made, by key type and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// RSASSA-PSS with SHA-512.
    RsaPssSha512,
    /// Ed25519.
    Ed25519,
}

/// A peer's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// An RSA key of 2048 to 8192 bits, as PKCS#1 DER.
    Rsa(Vec<u8>),
    /// An Ed25519 key.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Reads `publicKeyPem`: `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1). Stray whitespace and text round the PEM
    /// block are tolerated, because peers publish both.
    pub fn from_pem(text: &str) -> Result<Self> {
        let key = pem(text).and_then(|(label, der)| match label {
            "PUBLIC KEY" => Self::from_spki(&der),
            "RSA PUBLIC KEY" => Self::from_pkcs1(&der),
            _ => None,
        });
        key.ok_or_else(|| {
            Error::invalid("the public key is not a PEM of an RSA key (2048 to 8192 bits) or Ed25519 key")
        })
    }

    /// Reads `publicKeyMultibase` of a Multikey: `z` and base58 of `0xed01` and an Ed25519 key (FEP-521a).
    pub fn from_multibase(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("the public key is not an Ed25519 Multikey");
        let digits = text.strip_prefix('z').filter(|d| d.len() <= MAX_MULTIBASE).ok_or_else(wrong)?;
        let bytes = base58::decode(digits).ok_or_else(wrong)?;
        let key = bytes.strip_prefix(&[0xed, 0x01]).ok_or_else(wrong)?;
        key.try_into().map(Self::Ed25519).map_err(|_| wrong())
    }

    /// Reads SubjectPublicKeyInfo DER; None when malformed or of another kind.
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        let (info, _) = take(der, 0x30)?;
        let (algorithm, rest) = take(info, 0x30)?;
        let (oid, _) = take(algorithm, 0x06)?;
        let (bits, _) = take(rest, 0x03)?;
        let (unused, key) = bits.split_first()?;
        match (oid, unused) {
            (OID_RSA, 0) => Self::from_pkcs1(key),
            (OID_ED25519, 0) => key.try_into().ok().map(Self::Ed25519),
            _ => None,
        }
    }

    /// True when this kind of key can make such signatures.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        matches!(self, Self::Ed25519(_)) == (algorithm == Algorithm::Ed25519)
    }

    /// Checks a signature.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let answer = match (self, algorithm) {
            (Self::Rsa(der), Algorithm::RsaSha256) => {
                UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, der).verify(message, signature)
            }
            (Self::Rsa(der), Algorithm::RsaSha512) => {
                UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA512, der).verify(message, signature)
            }
            (Self::Rsa(der), Algorithm::RsaPssSha512) => {
                UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA512, der).verify(message, signature)
            }
            (Self::Ed25519(key), Algorithm::Ed25519) => {
                UnparsedPublicKey::new(&signature::ED25519, key).verify(message, signature)
            }
            (Self::Rsa(_), Algorithm::Ed25519) => {
                return Err(SignatureError::Algorithm("ed25519 with an RSA key".into()));
            }
            (Self::Ed25519(_), _) => return Err(SignatureError::Algorithm("RSA with an Ed25519 key".into())),
        };
        answer.map_err(|_| SignatureError::Wrong)
    }

    fn from_pkcs1(der: &[u8]) -> Option<Self> {
        let (numbers, _) = take(der, 0x30)?;
        let (modulus, rest) = take(numbers, 0x02)?;
        let (exponent, _) = take(rest, 0x02)?;
        let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        let first = modulus.first().filter(|b| **b != 0)?;
        let bits = modulus.len() * 8 - usize::try_from(first.leading_zeros()).ok()?;
        let odd = exponent.last().is_some_and(|b| b % 2 == 1) && exponent.len() <= 5;
        (MODULUS_BITS.contains(&bits) && odd).then(|| Self::Rsa(der.to_vec()))
    }
}

/// The label and bytes of the first PEM block.
fn pem(text: &str) -> Option<(&str, Vec<u8>)> {
    if text.len() > MAX_PEM {
        return None;
    }
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (label, after) = after.split_once("-----")?;
    let (body, _) = after.split_once("-----END ")?;
    let digits: String = body.chars().filter(|c| !c.is_ascii_whitespace() && *c != '=').collect();
    Some((label, STANDARD_NO_PAD.decode(digits).ok()?))
}

/// The content of the DER element with this tag at the front, and what follows it.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (bytes, rest) = rest.split_first_chunk::<1>()?;
            (usize::from(u8::from_be_bytes(*bytes)), rest)
        }
        0x82 => {
            let (bytes, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*bytes)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)]
    use super::*;
    use crate::sig::tests::vectors::{ED25519_PEM, P256_PEM, RSA_PKCS1_PEM, RSA_PSS_PEM, SHORT_RSA_PEM};

    #[test]
    fn a_key_survives_being_stored_and_published() {
        let key = PrivateKey::generate().unwrap();
        let again = PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(key.public_pem(), again.public_pem());
        let public = PublicKey::from_pem(&key.public_pem()).unwrap();
        let signature = again.sign(b"message").unwrap();
        assert_eq!(public.verify(Algorithm::RsaSha256, b"message", &signature), Ok(()));
        assert_eq!(public.verify(Algorithm::RsaSha256, b"massage", &signature), Err(SignatureError::Wrong));
        assert_eq!(public.verify(Algorithm::RsaSha256, b"message", b""), Err(SignatureError::Wrong));
        assert!(matches!(public.verify(Algorithm::Ed25519, b"message", &signature), Err(SignatureError::Algorithm(_))));
        assert!(key.public_pem().lines().all(|line| line.len() <= 64));
        assert!(PrivateKey::from_pkcs8(b"no key").is_err());
    }

    #[test]
    fn peers_publish_keys_in_many_dresses() {
        let rsa = PublicKey::from_pem(RSA_PSS_PEM).unwrap();
        let body = RSA_PSS_PEM.trim().strip_prefix("-----BEGIN PUBLIC KEY-----").unwrap();
        for dress in [
            format!("{RSA_PSS_PEM}\nGenerated by something"),
            RSA_PSS_PEM.replace('\n', "\r\n"),
            RSA_PSS_PEM.replace('\n', "\n   "),
            format!("-----BEGIN PUBLIC KEY-----{}", body.replace('\n', " ")),
            format!("  a line before\n{RSA_PSS_PEM}"),
        ] {
            assert_eq!(PublicKey::from_pem(&dress).unwrap(), rsa, "{dress}");
        }
        assert!(matches!(PublicKey::from_pem(RSA_PKCS1_PEM).unwrap(), PublicKey::Rsa(_)));
        assert!(matches!(PublicKey::from_pem(ED25519_PEM).unwrap(), PublicKey::Ed25519(_)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\n%%%%\n-----END PUBLIC KEY-----",
            &RSA_PSS_PEM.replace("PUBLIC", "PRIVATE"),
            &RSA_PSS_PEM.replace("MIIB", "MIIC"),
            P256_PEM,
            SHORT_RSA_PEM,
            &format!("{}{}", RSA_PSS_PEM, " ".repeat(MAX_PEM)),
        ] {
            assert!(PublicKey::from_pem(text).is_err(), "{text}");
        }
        let (_, der) = pem(RSA_PSS_PEM).unwrap();
        for end in 0..der.len() {
            assert!(PublicKey::from_spki(&der[..end]).is_none(), "cut at {end}");
        }
    }

    #[test]
    fn multikeys_are_read() {
        // the did:key method's first Ed25519 example
        let key = PublicKey::from_multibase("z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp").unwrap();
        let PublicKey::Ed25519(bytes) = key else { panic!("an Ed25519 key") };
        assert_eq!(STANDARD.encode(bytes), "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=");
        for text in ["", "z", "z6Mk", "m6MkiTBz", "z0OIl", "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW", "zé"] {
            assert!(PublicKey::from_multibase(text).is_err(), "{text}");
        }
    }
}
