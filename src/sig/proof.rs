//! Integrity proofs (FEP-8b32, eddsa-jcs-2022): a signature inside the document, valid whoever delivers it.

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::ed25519::ProofKey;
use super::keys::{Algorithm, PublicKey};
use super::received::{MAX_KEY_ID, check_time};
use super::{SignatureError, base58, jcs};
use crate::base::{Error, Result, Time};

/// The context that defines the words of a proof; Fedify has it built in.
pub const CONTEXT: &str = "https://w3id.org/security/data-integrity/v1";
/// What a document without a context means.
const ACTIVITYSTREAMS: &str = "https://www.w3.org/ns/activitystreams";
/// The one cryptosuite we speak.
const SUITE: &str = "eddsa-jcs-2022";
/// The most proofs of one document that we look at.
const MAX_PROOFS: usize = 4;
/// The longest `proofValue`; 64 bytes have 88 digits.
const MAX_VALUE: usize = 100;

/// A proof found in a document, all but its key checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrityProof {
    /// The id of the key, an http(s) URL: it must be one of the actor's `assertionMethod`.
    pub key_id: String,
    /// When it was made, as it says.
    pub created: Option<Time>,
    signature: Vec<u8>,
    /// The signed data.
    message: Vec<u8>,
}

impl IntegrityProof {
    /// True when this key made the proof.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        key.verify(Algorithm::Ed25519, &self.message, &self.signature)
            .map_err(|_| SignatureError::Proof("it does not verify"))
    }
}

/// Adds a proof to a document of ours; the result is sent byte for byte.
pub fn attach_proof(document: Value, key_id: &str, key: &ProofKey, now: Time) -> Result<Value> {
    let Value::Object(mut members) = document else { return Err(Error::internal("only an object can be proven")) };
    let context = with_proof_context(members.remove("@context"));
    let mut options = Map::new();
    options.insert("@context".into(), context.clone());
    options.insert("type".into(), "DataIntegrityProof".into());
    options.insert("cryptosuite".into(), SUITE.into());
    options.insert("verificationMethod".into(), key_id.into());
    options.insert("proofPurpose".into(), "assertionMethod".into());
    options.insert("created".into(), now.rfc3339().into());
    members.insert("@context".into(), context);
    members.remove("proof");
    let (options, document) = (Value::Object(options), Value::Object(members));
    let signature = key.sign(&message(&options, &document));
    let (Value::Object(mut options), Value::Object(mut members)) = (options, document) else {
        return Err(Error::internal("an object is an object"));
    };
    options.insert("proofValue".into(), format!("z{}", base58::encode(&signature)).into());
    members.insert("proof".into(), Value::Object(options));
    Ok(Value::Object(members))
}

/// The context with the words of proofs in it, before the terms written inline.
fn with_proof_context(context: Option<Value>) -> Value {
    let mut list = match context {
        Some(Value::Array(list)) => list,
        Some(other) => vec![other],
        None => vec![json!(ACTIVITYSTREAMS)],
    };
    if !list.iter().any(|one| one == CONTEXT) {
        let at = list.iter().position(|one| !one.is_string()).unwrap_or(list.len());
        list.insert(at, json!(CONTEXT));
    }
    Value::Array(list)
}

/// The proof of a received document. None when there is none, and for one that says nothing to us (another cryptosuite, a
/// key that is not on the web, an end that has passed): FEP-8b32 wants those ignored. A refusal for one that cannot be true.
pub fn read(document: &Value, now: Time) -> Result<Option<IntegrityProof>, SignatureError> {
    let Some(members) = document.as_object() else { return Ok(None) };
    let proofs = match members.get("proof") {
        Some(Value::Array(many)) => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => return Ok(None),
    };
    let ours = |proof: &&Map<String, Value>| {
        let says = |key: &str, what: &str| proof.get(key).and_then(Value::as_str) == Some(what);
        let on_the_web = proof
            .get("verificationMethod")
            .and_then(Value::as_str)
            .is_some_and(|id| id.len() <= MAX_KEY_ID && (id.starts_with("https://") || id.starts_with("http://")));
        // a chain is signed otherwise
        says("type", "DataIntegrityProof")
            && says("cryptosuite", SUITE)
            && on_the_web
            && !proof.contains_key("previousProof")
    };
    let found = proofs.iter().take(MAX_PROOFS).filter_map(Value::as_object).find(ours);
    found.map_or(Ok(None), |proof| check_proof(members, proof, now))
}

fn check_proof(
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
    now: Time,
) -> Result<Option<IntegrityProof>, SignatureError> {
    let text = |key: &str| proof.get(key).and_then(Value::as_str);
    let time = |key: &str| match proof.get(key) {
        None => Ok(None),
        Some(at) => {
            at.as_str().and_then(Time::parse).map(Some).ok_or(SignatureError::Proof("its times cannot be read"))
        }
    };
    if time("expires")?.is_some_and(|end| end < now) {
        return Ok(None);
    }
    if text("proofPurpose") != Some("assertionMethod") {
        return Err(SignatureError::Proof("it was made for another purpose"));
    }
    let created = time("created")?;
    if let Some(at) = created.filter(|at| *at > now) {
        check_time("proof", at, now)?;
    }
    let value = text("proofValue").and_then(|value| value.strip_prefix('z')).filter(|value| value.len() <= MAX_VALUE);
    let signature = value.and_then(base58::decode).filter(|bytes| bytes.len() == 64);
    let signature = signature.ok_or(SignatureError::Proof("its value is not a signature"))?;
    let mut options = proof.clone();
    options.remove("proofValue");
    let mut document = document.clone();
    document.remove("proof");
    // what a linked data signature says was added later
    document.remove("signature");
    if let Some(context) = proof.get("@context") {
        if !begins_with(document.get("@context"), context) {
            return Err(SignatureError::Proof("it was made for another context"));
        }
        document.insert("@context".into(), context.clone());
    }
    let message = message(&Value::Object(options), &Value::Object(document));
    let key_id = text("verificationMethod").unwrap_or_default().to_owned();
    Ok(Some(IntegrityProof { key_id, created, signature, message }))
}

/// True when the document's context begins with the proof's.
fn begins_with(document: Option<&Value>, proof: &Value) -> bool {
    let list = |value: &Value| match value {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    list(document.unwrap_or(&Value::Null)).starts_with(&list(proof))
}

/// What is signed: the digests of the options, then of the document.
fn message(options: &Value, document: &Value) -> Vec<u8> {
    let hash = |value: &Value| digest(&SHA256, jcs::canonical(value).as_bytes());
    [hash(options).as_ref(), hash(document).as_ref()].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const METHOD: &str = "https://server.example/users/alice#ed25519-key";

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn alice() -> ProofKey {
        let secret = base58::decode("3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq").unwrap();
        ProofKey::from_seed(secret.strip_prefix(&[0x80, 0x26]).unwrap()).unwrap()
    }

    fn public(key: &ProofKey) -> PublicKey {
        PublicKey::from_multibase(&key.multibase()).unwrap()
    }

    /// The example of FEP-8b32.
    fn example() -> Value {
        json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
            "id": "https://server.example/activities/1", "type": "Create",
            "actor": "https://server.example/users/alice",
            "object": {
                "id": "https://server.example/objects/1", "type": "Note",
                "attributedTo": "https://server.example/users/alice", "content": "Hello world",
                "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962}
            },
            "proof": {
                "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
                "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "verificationMethod": METHOD,
                "proofPurpose": "assertionMethod",
                "proofValue": "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL",
                "created": "2023-02-24T23:36:38Z"
            }
        })
    }

    fn checked(document: &Value) -> Result<(), SignatureError> {
        let now = at("2023-02-24T23:40:00Z");
        read(document, now)?.expect("a proof of our kind").verify(&public(&alice()))
    }

    #[test]
    fn the_vector_of_fep_8b32_is_signed_and_verified() {
        assert_eq!(alice().multibase(), "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2");
        let mut document = example();
        let value = document["proof"]["proofValue"].clone();
        assert_eq!(checked(&document), Ok(()));
        let mut options = document["proof"].clone();
        options.as_object_mut().unwrap().remove("proofValue");
        document.as_object_mut().unwrap().remove("proof");
        let signature = alice().sign(&message(&options, &document));
        assert_eq!(value, format!("z{}", base58::encode(&signature)));
    }

    #[test]
    fn the_vector_of_vc_di_eddsa_is_verified() {
        let context = json!(["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]);
        let document = json!({
            "@context": context,
            "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
            "type": ["VerifiableCredential", "AlumniCredential"],
            "name": "Alumni Credential", "description": "A minimum viable example of an Alumni Credential.",
            "issuer": "https://vc.example/issuers/5678", "validFrom": "2023-01-01T00:00:00Z",
            "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
        });
        let options = json!({
            "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "created": "2023-02-24T23:36:38Z",
            "verificationMethod": "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
            "proofPurpose": "assertionMethod", "@context": context,
        });
        // the digests the specification prints
        let hex: String = message(&options, &document).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            hex,
            "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db\
             59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
        );
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let mut changed = example();
        changed["object"]["content"] = json!("Hello, World");
        assert_eq!(checked(&changed), Err(SignatureError::Proof("it does not verify")));
        for (key, value) in [
            ("created", json!("2023-02-24T23:36:39Z")),
            ("verificationMethod", json!("https://server.example/users/alice#other")),
            (
                "proofValue",
                json!("z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdM"),
            ),
            ("@context", json!(["https://www.w3.org/ns/activitystreams"])),
            ("@context", json!("https://w3id.org/security/data-integrity/v2")),
            ("proofPurpose", json!("authentication")),
            ("proofValue", json!("z")),
            ("proofValue", json!(7)),
            ("created", json!("2023-02-25T02:36:38Z")),
            ("created", json!("yesterday")),
        ] {
            let mut changed = example();
            changed["proof"][key] = value.clone();
            assert!(checked(&changed).is_err(), "{key}: {value}");
        }
    }

    #[test]
    fn what_says_nothing_to_us_is_passed_over_and_what_was_added_later_does_not_count() {
        let now = at("2023-02-24T23:40:00Z");
        for (key, value) in [
            ("cryptosuite", json!("mldsa44-jcs-2024")),
            ("type", json!("RsaSignature2017")),
            ("verificationMethod", json!("did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#a")),
            ("expires", json!("2023-02-24T23:39:00Z")),
            ("previousProof", json!("urn:x")),
        ] {
            let mut document = example();
            document["proof"][key] = value.clone();
            assert_eq!(read(&document, now), Ok(None), "{key}: {value}");
        }
        assert_eq!(read(&json!({"type": "Like"}), now), Ok(None));
        assert_eq!(read(&json!([]), now), Ok(None));
        let mut document = example();
        document["signature"] = json!({"type": "RsaSignature2017"});
        let other = json!({"type": "DataIntegrityProof", "cryptosuite": "mldsa44-jcs-2024"});
        document["proof"] = json!([other, document["proof"]]);
        document["@context"].as_array_mut().unwrap().push(json!({"more": "as:more"}));
        assert_eq!(checked(&document), Ok(()));
    }

    #[test]
    fn what_we_prove_can_be_checked_also_after_it_was_written_and_read() {
        let key = ProofKey::from_pkcs8(&ProofKey::generate().unwrap()).unwrap();
        let now = at("2026-11-23T10:00:00Z");
        for context in [json!("https://www.w3.org/ns/activitystreams"), crate::ap::context::full_context(), Value::Null]
        {
            let mut document = json!({"type": "Like", "focalPoint": [0.1, -0.0, 1e-7], "name": "\u{1f600}\u{fb33}"});
            if !context.is_null() {
                document["@context"] = context;
            }
            let proven = attach_proof(document, METHOD, &key, now).unwrap();
            assert_eq!(proven["@context"][0], "https://www.w3.org/ns/activitystreams");
            assert_eq!(proven["@context"], proven["proof"]["@context"]);
            let again: Value = serde_json::from_str(&proven.to_string()).unwrap();
            let proof = read(&again, now).unwrap().unwrap();
            assert_eq!((proof.key_id.as_str(), proof.created), (METHOD, Some(now)));
            assert_eq!(proof.verify(&public(&key)), Ok(()));
            assert!(proof.verify(&public(&alice())).is_err());
        }
    }
}
