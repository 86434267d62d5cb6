//! Public keys as actors publish them. Decides which actor owns a key; does not parse the key material.

use serde_json::Value;

use super::json::{self, Many, Ref, Uri};
use super::limits;
use crate::base::{Error, Result};

/// One published key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDoc {
    /// The key's id, on the owner's origin. Usually has a fragment.
    pub id: Uri,
    /// The actor it belongs to.
    pub owner: Uri,
    /// The key itself, still as text.
    pub material: KeyFormat,
    /// True when published as `assertionMethod`: only those keys may sign proofs (FEP-8b32).
    pub for_proofs: bool,
}

/// The format of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFormat {
    /// `publicKeyPem`.
    Pem(String),
    /// `publicKeyMultibase` of a Multikey (FEP-521a).
    Multibase(String),
    /// Only the id was given: fetch the key document.
    Linked,
}

/// A key found in a fetched document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// The requested key.
    pub key: KeyDoc,
    /// True when the document is the owner's actor document. Otherwise (a bare key, a GoToSocial stub) the caller must
    /// fetch the owner and check that it lists this key too.
    pub listed_by_owner: bool,
}

/// The keys that an actor document lists for the actor `owner`. Skips revoked keys and keys of another origin or
/// owner.
pub fn of_actor(doc: &Value, owner: &Uri) -> Vec<KeyDoc> {
    let mut keys = listed_keys(doc, "publicKey", owner, KeyPurpose::Requests);
    keys.extend(listed_keys(doc, "assertionMethod", owner, KeyPurpose::Proofs));
    keys
}

#[derive(Clone, Copy, PartialEq)]
enum KeyPurpose {
    Requests,
    Proofs,
}

fn listed_keys(doc: &Value, key: &str, owner: &Uri, purpose: KeyPurpose) -> Vec<KeyDoc> {
    let entries = Many::<Ref>::read(doc, key, limits::TAGS).0;
    entries.iter().filter_map(|entry| read_key(entry, Some(owner), purpose)).take(limits::KEYS).collect()
}

/// Reads one key; `owner` is the actor that lists it, None for a key document fetched by itself.
fn read_key(entry: &Ref, owner: Option<&Uri>, purpose: KeyPurpose) -> Option<KeyDoc> {
    let id = entry.id()?.clone();
    let (said, material) = match entry.embedded() {
        None => (None, KeyFormat::Linked),
        Some(doc) if doc.get("revoked").is_some_and(|r| !r.is_null()) => return None,
        Some(doc) => {
            let said = json::id_of(doc, "owner").or_else(|| json::id_of(doc, "controller"));
            let pem = json::text(doc, "publicKeyPem", limits::KEY).map(KeyFormat::Pem);
            let material = pem.or_else(|| json::text(doc, "publicKeyMultibase", limits::KEY).map(KeyFormat::Multibase));
            (said, material.unwrap_or(KeyFormat::Linked))
        }
    };
    let owner = match (owner, said) {
        (Some(actor), Some(said)) if *actor != said => return None,
        (Some(actor), _) => actor.clone(),
        (None, said) => said.filter(|owner| !owner.has_fragment())?,
    };
    let for_proofs = purpose == KeyPurpose::Proofs;
    id.same_origin(&owner).then_some(KeyDoc { id, owner, material, for_proofs })
}

impl KeyDoc {
    /// Finds the key `key_id` in the document fetched for it: an actor that lists it, a key document (`Key`,
    /// `Multikey`), or GoToSocial's actor stub at the key's URL. Invalid when it is none of these, or has another id or
    /// origin.
    pub fn from_document(doc: &Value, wanted: &Uri) -> Result<FoundKey> {
        let invalid = |why: &str| Error::invalid(format!("the key {wanted}: {why}"));
        let id = json::id(doc).ok_or_else(|| invalid("its document has no id"))?;
        if !id.same_origin(wanted) {
            return Err(invalid("its document is on another origin"));
        }
        let asked = wanted.without_fragment();
        if doc.get("publicKey").is_some() || doc.get("assertionMethod").is_some() {
            if id.has_fragment() {
                return Err(invalid("its actor has an unusable id"));
            }
            let keys = of_actor(doc, &id);
            let lone = |key: &&KeyDoc| id == *wanted && !key.for_proofs;
            let exact = keys.iter().find(|key| key.id == *wanted);
            // PeerTube and others sign with the actor's own id when the actor has only one key.
            let only = || keys.iter().find(lone).filter(|_| keys.iter().filter(|k| !k.for_proofs).count() == 1);
            let key = exact.or_else(only).cloned().ok_or_else(|| invalid("its actor does not list it"))?;
            return Ok(FoundKey { listed_by_owner: asked == id, key });
        }
        let multikey = doc.get("publicKeyMultibase").is_some();
        let purpose = if multikey { KeyPurpose::Proofs } else { KeyPurpose::Requests };
        let entry = Ref::Embedded { id: Some(id), value: doc.clone() };
        let key = read_key(&entry, None, purpose).ok_or_else(|| invalid("not a usable key"))?;
        if key.id != *wanted || key.material == KeyFormat::Linked {
            return Err(invalid("the document is another key"));
        }
        Ok(FoundKey { key, listed_by_owner: false })
    }
}
