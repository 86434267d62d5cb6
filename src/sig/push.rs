//! Web Push cryptography: message encryption (RFC 8291 and its older draft) and VAPID.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hmac::{HMAC_SHA256, Key, sign};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::base::{Error, Result, Time};

/// Bytes of an uncompressed P-256 point.
const POINT: usize = 65;
/// Bytes of the secret a receiver shares with us.
const SECRET: usize = 16;
/// Bytes of the salt.
const SALT: usize = 16;
/// The record size we write; one record holds a whole message.
const RECORD: u32 = 4096;
/// The longest message, in bytes: what is left of a push service's 4,096 after header, tag and padding.
pub const MAX_MESSAGE_BYTES: usize = 3_900;

/// The two ways to seal a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushEncoding {
    /// RFC 8188 and 8291.
    Aes128Gcm,
    /// draft-ietf-webpush-encryption-04: the relays of Ice Cubes, Mammoth and Mastodon's own iOS app.
    AesGcm,
}

/// The receiver of an encrypted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushReceiver {
    /// Their public key, an uncompressed point.
    point: Vec<u8>,
    /// Their secret.
    secret: Vec<u8>,
}

impl PushReceiver {
    /// Reads `p256dh` and `auth` as clients send them: base64, with or without padding, of either alphabet. Invalid when
    /// they are no key and no secret.
    pub fn read(p256dh: &str, auth: &str) -> Result<Self> {
        let (point, secret) = (bytes(p256dh), bytes(auth));
        let fits = point.len() == POINT && point.first() == Some(&4) && secret.len() == SECRET;
        let receiver = Self { point, secret };
        // A point beside the curve is found by using it.
        if !fits || receiver.shared_secret(&SystemRandom::new()).is_err() {
            return Err(Error::invalid("Validation failed: p256dh or auth is no key"));
        }
        Ok(receiver)
    }

    /// From the output of [`Self::point`] and [`Self::secret`].
    pub fn own_half(point: Vec<u8>, secret: Vec<u8>) -> Self {
        Self { point, secret }
    }

    /// The public key's bytes.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// The secret's bytes.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// A key of ours for one message: its public half, and what it has in common with theirs.
    fn shared_secret(&self, random: &SystemRandom) -> Result<(Vec<u8>, Vec<u8>)> {
        let failed = |_| Error::invalid("no common secret");
        let ours = EphemeralPrivateKey::generate(&ECDH_P256, random).map_err(failed)?;
        let public = ours.compute_public_key().map_err(failed)?.as_ref().to_vec();
        let theirs = UnparsedPublicKey::new(&ECDH_P256, &self.point);
        let common = agree_ephemeral(ours, &theirs, <[u8]>::to_vec).map_err(failed)?;
        Ok((public, common))
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let plain: String = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(plain).unwrap_or_default()
}

/// A sealed message and the headers that say how; names in lower case.
#[derive(Debug)]
pub struct SealedMessage {
    /// The body.
    pub body: Vec<u8>,
    /// `content-encoding`, and what the older form needs beside it.
    pub headers: Vec<(String, String)>,
}

/// Seals `message` (at most [`MOST`] bytes) for `to`. `ours` is the public half of our VAPID key.
pub fn seal(coding: PushEncoding, to: &PushReceiver, message: &[u8], ours: &[u8]) -> Result<SealedMessage> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(Error::internal("a push message is too long"));
    }
    let random = SystemRandom::new();
    let mut salt = [0_u8; SALT];
    random.fill(&mut salt).map_err(|_| Error::internal("no randomness"))?;
    let (public, common) = to.shared_secret(&random)?;
    let keys = keys(coding, to, &public, &common, &salt);
    let header = |name: &str, value: String| (name.to_owned(), value);
    match coding {
        PushEncoding::Aes128Gcm => Ok(SealedMessage {
            body: aes128gcm(&keys, &salt, &public, message)?,
            headers: vec![header("content-encoding", "aes128gcm".to_owned())],
        }),
        PushEncoding::AesGcm => {
            let (dh, vapid) = (URL_SAFE_NO_PAD.encode(&public), URL_SAFE_NO_PAD.encode(ours));
            Ok(SealedMessage {
                body: encrypt(&keys, &[&[0, 0], message].concat())?,
                headers: vec![
                    header("content-encoding", "aesgcm".to_owned()),
                    header("encryption", format!("salt={}", URL_SAFE_NO_PAD.encode(salt))),
                    header("crypto-key", format!("dh={dh};p256ecdsa={vapid}")),
                ],
            })
        }
    }
}

/// The header of RFC 8188 and its only record, which ends with a delimiter of 2.
fn aes128gcm(keys: &MessageKeys, salt: &[u8], public: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    let length = u8::try_from(public.len()).map_err(|_| Error::internal("a point of 65 bytes"))?;
    let sealed = encrypt(keys, &[message, &[2]].concat())?;
    Ok([salt, &RECORD.to_be_bytes(), &[length], public, &sealed].concat())
}

/// Encryption keys of one message.
struct MessageKeys {
    key: [u8; 16],
    nonce: [u8; 12],
}

/// HKDF-SHA256, of which one round is always enough here.
fn hkdf(salt: &[u8], material: &[u8], info: &[&[u8]]) -> Vec<u8> {
    let extracted = hmac(salt, material);
    let mut info = info.concat();
    info.push(1);
    hmac(&extracted, &info)
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, key), message).as_ref().to_vec()
}

fn keys(coding: PushEncoding, to: &PushReceiver, public: &[u8], common: &[u8], salt: &[u8]) -> MessageKeys {
    let (key, nonce) = match coding {
        PushEncoding::Aes128Gcm => {
            let material = hkdf(&to.secret, common, &[b"WebPush: info\0", &to.point, public]);
            let key = hkdf(salt, &material, &[b"Content-Encoding: aes128gcm\0"]);
            (key, hkdf(salt, &material, &[b"Content-Encoding: nonce\0"]))
        }
        PushEncoding::AesGcm => {
            let material = hkdf(&to.secret, common, &[b"Content-Encoding: auth\0"]);
            let length = |point: &[u8]| u16::try_from(point.len()).unwrap_or(u16::MAX).to_be_bytes();
            let context = [b"P-256\0", &length(&to.point)[..], &to.point, &length(public), public].concat();
            let key = hkdf(salt, &material, &[b"Content-Encoding: aesgcm\0", &context]);
            (key, hkdf(salt, &material, &[b"Content-Encoding: nonce\0", &context]))
        }
    };
    MessageKeys { key: first(&key), nonce: first(&nonce) }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|place| bytes.get(place).copied().unwrap_or_default())
}

fn encrypt(keys: &MessageKeys, plain: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = plain.to_vec();
    let failed = |_| Error::internal("a push message could not be sealed");
    let key = LessSafeKey::new(UnboundKey::new(&aead::AES_128_GCM, &keys.key).map_err(failed)?);
    let nonce = Nonce::assume_unique_for_key(keys.nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Our VAPID key, which never changes: subscriptions are bound to it.
pub struct VapidKey {
    pair: EcdsaKeyPair,
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VapidKey")
    }
}

impl VapidKey {
    /// A new key as PKCS#8 DER, the form the store keeps.
    pub fn generate() -> Result<Vec<u8>> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Ok(made.map_err(|_| Error::internal("no randomness"))?.as_ref().to_vec())
    }

    /// Reads PKCS#8 DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
        Ok(Self { pair: pair.map_err(|_| Error::invalid("this is not a P-256 key in PKCS#8"))? })
    }

    /// The public half, an uncompressed point.
    pub fn point(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public half as clients get it: base64url with padding, like Mastodon's.
    pub fn public(&self) -> String {
        URL_SAFE.encode(self.point())
    }

    /// The header `authorization`: a token for the push service at `origin`, good until `until` (a day at most), from
    /// `contact` (`https:` or `mailto:`).
    pub fn authorization(&self, coding: PushEncoding, origin: &str, contact: &str, until: Time) -> Result<String> {
        let seconds = until.ms().div_euclid(1000);
        let claims = serde_json::json!({ "aud": origin, "exp": seconds, "sub": contact }).to_string();
        let head = URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| Error::internal("a push token could not be signed"))?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        Ok(match coding {
            PushEncoding::Aes128Gcm => format!("vapid t={token}, k={}", URL_SAFE_NO_PAD.encode(self.point())),
            PushEncoding::AesGcm => format!("WebPush {token}"),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)]
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as Verifier};

    use super::*;

    /// Opens what was sealed for a receiver whose private half is known; used once, as ring gives none twice.
    pub(crate) struct TestReceiver {
        private: EphemeralPrivateKey,
        pub(crate) receiver: PushReceiver,
    }

    impl TestReceiver {
        pub(crate) fn new() -> Self {
            let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
            let point = private.compute_public_key().unwrap().as_ref().to_vec();
            Self { private, receiver: PushReceiver { point, secret: b"0123456789abcdef".to_vec() } }
        }

        /// Their two strings, as an app sends them.
        pub(crate) fn keys(&self) -> (String, String) {
            (URL_SAFE_NO_PAD.encode(&self.receiver.point), URL_SAFE_NO_PAD.encode(&self.receiver.secret))
        }

        /// The message in a body with these headers.
        pub(crate) fn open(self, body: &[u8], header: impl Fn(&str) -> String) -> Vec<u8> {
            let part = |text: String, name: &str| {
                let found = text.split([';', ',']).find_map(|part| part.trim().strip_prefix(name).map(str::to_owned));
                URL_SAFE_NO_PAD.decode(found.unwrap()).unwrap()
            };
            let (coding, salt, public, sealed) = match header("content-encoding").as_str() {
                "aes128gcm" => {
                    assert_eq!((&body[16..20], body[20]), (&RECORD.to_be_bytes()[..], 65));
                    (PushEncoding::Aes128Gcm, body[..16].to_vec(), body[21..86].to_vec(), body[86..].to_vec())
                }
                "aesgcm" => {
                    let (salt, public) = (part(header("encryption"), "salt="), part(header("crypto-key"), "dh="));
                    (PushEncoding::AesGcm, salt, public, body.to_vec())
                }
                other => panic!("{other:?}"),
            };
            let theirs = UnparsedPublicKey::new(&ECDH_P256, &public);
            let common = agree_ephemeral(self.private, &theirs, <[u8]>::to_vec).unwrap();
            let keys = keys(coding, &self.receiver, &public, &common, &salt);
            let mut bytes = sealed;
            let key = LessSafeKey::new(UnboundKey::new(&aead::AES_128_GCM, &keys.key).unwrap());
            let nonce = Nonce::assume_unique_for_key(keys.nonce);
            let plain = key.open_in_place(nonce, Aad::empty(), &mut bytes).unwrap().to_vec();
            match coding {
                PushEncoding::Aes128Gcm => plain.strip_suffix(&[2]).unwrap().to_vec(),
                PushEncoding::AesGcm => plain.strip_prefix(&[0, 0]).unwrap().to_vec(),
            }
        }
    }

    fn b64(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 8291, Appendix A, from the common secret on.
    #[test]
    fn the_published_vector_comes_out() {
        let public = b64("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        let to = PushReceiver::read(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg==",
        )
        .unwrap();
        let common = b64("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let salt = b64("DGv6ra1nlYgDCS1FRnbzlw");
        let material = hkdf(&to.secret, &common, &[b"WebPush: info\0", &to.point, &public]);
        assert_eq!(material, b64("S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg"));
        let keys = keys(PushEncoding::Aes128Gcm, &to, &public, &common, &salt);
        assert_eq!(keys.key.to_vec(), b64("oIhVW04MRdy2XN9CiKLxTg"));
        assert_eq!(keys.nonce.to_vec(), b64("4h_95klXJ5E_qnoN"));
        let body = aes128gcm(&keys, &salt, &public, b"When I grow up, I want to be a watermelon").unwrap();
        let whole = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
                     AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(body, b64(whole));
    }

    #[test]
    fn both_codings_open_on_the_other_side_and_fit_a_push_service() {
        let key = VapidKey::from_pkcs8(&VapidKey::generate().unwrap()).unwrap();
        for coding in [PushEncoding::Aes128Gcm, PushEncoding::AesGcm] {
            let phone = TestReceiver::new();
            let (p256dh, auth) = phone.keys();
            assert_eq!(PushReceiver::read(&format!("{p256dh}="), &auth).unwrap(), phone.receiver);
            let message = vec![b'x'; MAX_MESSAGE_BYTES];
            let sealed = seal(coding, &phone.receiver, &message, key.point()).unwrap();
            assert!(sealed.body.len() <= 4096, "{}", sealed.body.len());
            let header = |name: &str| sealed.headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
            assert_eq!(phone.open(&sealed.body, header), message);
            assert!(seal(coding, &TestReceiver::new().receiver, &vec![0; MAX_MESSAGE_BYTES + 1], key.point()).is_err());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let good = TestReceiver::new().keys();
        let beside = URL_SAFE_NO_PAD.encode([&[4_u8][..], &[7; 64]].concat());
        for (p256dh, auth) in
            [("", ""), ("x", &good.1), (&beside, &good.1), (&good.0, "AAAA"), (&good.0[..60], &good.1)]
        {
            assert!(PushReceiver::read(p256dh, auth).is_err(), "{p256dh} {auth}");
        }
    }

    #[test]
    fn push_services_can_check_who_we_are() {
        let key = VapidKey::from_pkcs8(&VapidKey::generate().unwrap()).unwrap();
        assert_eq!(key.public().len(), 88, "padded, as Mastodon's");
        let said = key
            .authorization(PushEncoding::Aes128Gcm, "https://push.example", "https://a.example/", Time::from_ms(1_500))
            .unwrap();
        let (token, public) = said.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(b64(public), key.point());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        Verifier::new(&ECDSA_P256_SHA256_FIXED, key.point()).verify(signed.as_bytes(), &b64(signature)).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&b64(signed.split_once('.').unwrap().1)).unwrap();
        assert_eq!(claims, serde_json::json!({ "aud": "https://push.example", "exp": 1, "sub": "https://a.example/" }));
        let old =
            key.authorization(PushEncoding::AesGcm, "https://push.example", "mailto:a@b", Time::from_ms(0)).unwrap();
        assert!(old.starts_with("WebPush ey"), "{old}");
    }
}
