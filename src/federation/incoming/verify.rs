//! Verifies the signature of a request. The key comes from the stored actor, else it is fetched, once at a time per
//! key; a key that does not match is fetched again at most every few minutes.

use std::net::IpAddr;
use std::time::Duration;

use crate::ap::actor::ReceivedActor as ActorDoc;
use crate::ap::json::Uri;
use crate::ap::key::{KeyDoc, KeyFormat};
use crate::base::{Error, Result, Time};
use crate::federation::remote::singleflight::{CachedFailure, FlightRole};
use crate::federation::{Node, remote::resolve};
use crate::net::IdRule;
use crate::sig::{self, PublicKey, ReceivedRequest, SignatureClaim, SignatureError};
use crate::store::actors::{self, Actor, ActorKey, NewKey};
use crate::store::peers::hosts;

/// How long a key is not fetched again after a permanent failure.
const PERMANENT_FAILURE_TTL: Duration = Duration::from_secs(10 * 60);
/// How long a key is not fetched again after a temporary failure (time-out, 5xx).
const TEMPORARY_FAILURE_TTL: Duration = Duration::from_secs(60);
/// Minimum interval, per actor, between fetches of a newer key because the stored one does not match.
const KEY_REFRESH_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Why a request was rejected. Each becomes one HTTP response with its text as the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureRejection {
    /// 400: it cannot be read.
    Malformed(String),
    /// 401: no signature, or a wrong one.
    Unauthorised(String),
    /// 403: the sender is known but blocked or not entitled to send this.
    Forbidden(String),
    /// 410: the target is gone.
    Gone,
    /// 503: the key is not available just now, or we are overloaded; the sender should retry.
    Unavailable(String),
}

impl From<SignatureError> for SignatureRejection {
    fn from(refusal: SignatureError) -> Self {
        match refusal.code() {
            400 => Self::Malformed(refusal.to_string()),
            _ => Self::Unauthorised(refusal.to_string()),
        }
    }
}

impl From<Error> for SignatureRejection {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(why) => Self::Malformed(why),
            Error::Gone => Self::Gone,
            Error::Denied(why) => Self::Forbidden(why),
            Error::Internal(_) => {
                tracing::error!(%error, "cannot receive an activity");
                Self::Unavailable("internal error, try again later".to_owned())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<CachedFailure> for SignatureRejection {
    fn from(failed: CachedFailure) -> Self {
        match failed {
            CachedFailure::Gone => Self::Unauthorised("the owner of the key is gone".to_owned()),
            CachedFailure::Permanent(why) => Self::Unauthorised(format!("the key cannot be used: {why}")),
            CachedFailure::Temporary(why) => Self::Unavailable(format!("the key is not available just now: {why}")),
        }
    }
}

/// A request with a valid signature.
#[derive(Debug, Clone)]
pub struct VerifiedRequest {
    /// The actor that owns the key.
    pub actor: Actor,
    claim: SignatureClaim,
}

impl VerifiedRequest {
    /// Whether the signature covers this header (lower case). A header that is not covered must not be trusted.
    pub fn covers(&self, header: &str) -> bool {
        self.claim.covers(header)
    }

    /// When the request claims to have been signed.
    pub fn signed_at(&self) -> Time {
        self.claim.signed_at()
    }
}

/// The actor whose key signed this request from this address.
pub fn verify_signer(
    node: &Node,
    request: &ReceivedRequest<'_>,
    from: Option<IpAddr>,
) -> Result<Actor, SignatureRejection> {
    verify_request(node, request, from).map(|signed| signed.actor)
}

/// As [`signer`], with what the signature covers.
pub fn verify_request(
    node: &Node,
    request: &ReceivedRequest<'_>,
    from: Option<IpAddr>,
) -> Result<VerifiedRequest, SignatureRejection> {
    let claim = sig::claim(request, node.clock().now())?;
    let mut verdict = SignatureRejection::from(SignatureError::Wrong);
    for key_id in claim.key_ids() {
        match verify_with_key(node, key_id, from, &|key| claim.verify(&public_key(key)?)) {
            Ok(actor) => return Ok(VerifiedRequest { actor, claim }),
            Err(unproven) => verdict = unproven.into(),
        }
    }
    Err(verdict)
}

/// Why a key does not prove the signature.
pub(in crate::federation) enum KeyMismatch {
    /// The key is not available or not trustworthy.
    NoKey(SignatureRejection),
    /// The key does not match.
    Wrong(SignatureError),
}

impl From<KeyMismatch> for SignatureRejection {
    fn from(unproven: KeyMismatch) -> Self {
        match unproven {
            KeyMismatch::NoKey(rejection) => rejection,
            KeyMismatch::Wrong(refusal) => refusal.into(),
        }
    }
}

impl From<Error> for KeyMismatch {
    fn from(error: Error) -> Self {
        Self::NoKey(error.into())
    }
}

impl From<CachedFailure> for KeyMismatch {
    fn from(failed: CachedFailure) -> Self {
        Self::NoKey(failed.into())
    }
}

/// The owner of the key with this id, which must pass `test`: the stored key, else a fetched one.
pub(in crate::federation) fn verify_with_key(
    node: &Node,
    key_id: &str,
    from: Option<IpAddr>,
    test: &dyn Fn(&ActorKey) -> Result<(), SignatureError>,
) -> Result<Actor, KeyMismatch> {
    // A key id on our own host that is not stored does not exist: never send a request to ourselves.
    if crate::federation::host_of(key_id) == node.facts.origin.host {
        return Err(KeyMismatch::NoKey(own_key_rejection()));
    }
    let stored = node.store.read(|r| actors::key_by_uri(r, key_id))?;
    let cached = stored.is_some();
    let key = match stored {
        Some(key) => key,
        None => fetch_key(node, key_id, from, None)??,
    };
    match test(&key) {
        Err(refusal) if cached && may_refetch_key(node, &key) => {
            // The key may have been rotated. Only a different key is worth a second check.
            let fresh = fetch_key(node, key_id, from, Some(&key))??;
            if (&fresh.value, fresh.is_assertion_method) == (&key.value, key.is_assertion_method) {
                return Err(KeyMismatch::Wrong(refusal));
            }
            test(&fresh).map_err(KeyMismatch::Wrong)?;
        }
        other => other.map_err(KeyMismatch::Wrong)?,
    }
    let actor = node.store.read(|r| actors::by_id(r, key.actor_id))?;
    if node.facts.origin.owns(&actor.uri) {
        return Err(KeyMismatch::NoKey(own_key_rejection()));
    }
    Ok(actor)
}

fn own_key_rejection() -> SignatureRejection {
    SignatureRejection::Unauthorised("that key is our own".to_owned())
}

/// The key itself; one that cannot be read proves nothing.
pub(in crate::federation) fn public_key(key: &ActorKey) -> Result<PublicKey, SignatureError> {
    let public = match key.value.starts_with('z') {
        true => PublicKey::from_multibase(&key.value),
        false => PublicKey::from_pem(&key.value),
    };
    public.map_err(|_| SignatureError::Wrong)
}

fn may_refetch_key(node: &Node, key: &ActorKey) -> bool {
    let now = node.clock().now();
    let memo = key.actor_id.to_string();
    if node.recent_refreshes.get(&memo, now).is_some() {
        return false;
    }
    node.recent_refreshes.insert(&memo, now.plus(KEY_REFRESH_INTERVAL), now, ());
    true
}

/// Fetches a key and stores its owner. The inner result is about the key, the outer about internal errors.
/// `stored` is the stored key that did not match.
fn fetch_key(
    node: &Node,
    key_id: &str,
    from: Option<IpAddr>,
    stored: Option<&ActorKey>,
) -> Result<Result<ActorKey, CachedFailure>> {
    let now = node.clock().now();
    if let Some(failed) = node.failures.get(key_id, now) {
        return Ok(Err(failed));
    }
    let Some(wanted) = Uri::parse_id(key_id) else {
        return Ok(Err(CachedFailure::Permanent("its id is not a URL".to_owned())));
    };
    if !may_fetch_key_from(node, &wanted.host(), from)? {
        return Ok(Err(CachedFailure::Temporary("too many key fetches from unknown servers".to_owned())));
    }
    let _flight = match node.key_fetches.enter(wanted.without_fragment().as_str())? {
        FlightRole::Leader(flight) => flight,
        FlightRole::Follower => return key_from_other_fetch(node, key_id),
    };
    // Another request may have fetched it between our look at the store and here.
    let known = node.store.read(|r| actors::key_by_uri(r, key_id))?;
    if let Some(key) = known.filter(|key| stored.is_none_or(|stored| stored.value != key.value)) {
        return Ok(Ok(key));
    }
    if let Some(failed) = node.failures.get(key_id, now) {
        return Ok(Err(failed));
    }
    let found = match look_up_key(node, &wanted) {
        Err(error @ (Error::Internal(_) | Error::Busy)) => return Err(error),
        Err(error) => Err(CachedFailure::Permanent(error.to_string())),
        Ok(found) => found,
    };
    if let Err(failed) = &found {
        let pause =
            if matches!(failed, CachedFailure::Temporary(_)) { TEMPORARY_FAILURE_TTL } else { PERMANENT_FAILURE_TTL };
        node.failures.insert(key_id, now.plus(pause), now, failed.clone());
    }
    Ok(found)
}

/// Whether we may fetch a key from this host: it is known, or this caller may still name unknown hosts.
fn may_fetch_key_from(node: &Node, host: &str, from: Option<IpAddr>) -> Result<bool> {
    let known = node.store.read(|r| hosts::get(r, host))?.is_some_and(|known| known.heard_at.is_some());
    Ok(known || node.key_fetch_limits.allows(host, from, node.clock().now()))
}

/// The result of the fetch that another request has just made.
fn key_from_other_fetch(node: &Node, key_id: &str) -> Result<Result<ActorKey, CachedFailure>> {
    if let Some(key) = node.store.read(|r| actors::key_by_uri(r, key_id))? {
        return Ok(Ok(key));
    }
    let failed = node.failures.get(key_id, node.clock().now());
    Ok(Err(failed.unwrap_or_else(|| CachedFailure::Temporary("another fetch is in progress".to_owned()))))
}

fn look_up_key(node: &Node, wanted: &Uri) -> Result<Result<ActorKey, CachedFailure>> {
    let document = match node.fetch_document(wanted.as_str(), IdRule::SameOrigin) {
        Ok(document) => document,
        Err(error) => return Ok(Err(CachedFailure::from_error(&error))),
    };
    let found = match KeyDoc::from_document(&document.value, wanted) {
        Ok(found) => found,
        Err(error) => return Ok(Err(CachedFailure::Permanent(error.to_string()))),
    };
    let owner = if found.listed_by_owner {
        document.value
    } else {
        match node.fetch_document(found.key.owner.as_str(), IdRule::Exact) {
            Ok(owner) => owner.value,
            Err(error) => return Ok(Err(CachedFailure::from_error(&error))),
        }
    };
    let actor = match ActorDoc::read(&owner) {
        Ok(actor) => actor,
        Err(error) => return Ok(Err(CachedFailure::Permanent(error.to_string()))),
    };
    let listed = actor.key(wanted.as_str()).or_else(|| actor.key(found.key.id.as_str()));
    if actor.id != found.key.owner || listed.is_none_or(|key| key.material != found.key.material) {
        return Ok(Err(CachedFailure::Permanent("its owner does not list it".to_owned())));
    }
    let value = match found.key.material {
        KeyFormat::Pem(text) | KeyFormat::Multibase(text) => text,
        KeyFormat::Linked => {
            return Ok(Err(CachedFailure::Permanent("the actor document only links to it".to_owned())));
        }
    };
    let actor_id = resolve::store_fetched_actor(node, &actor)?;
    let uri = wanted.as_str().to_owned();
    if actor.key(&uri).is_none() {
        // PeerTube uses the actor's own id as key id: remember it, or it would be fetched every time.
        let (uri, value) = (uri.clone(), value.clone());
        node.store.write(move |w| actors::add_key(w, actor_id, &NewKey { uri, value, is_assertion_method: false }))?;
    }
    let proves = listed.is_some_and(|key| key.for_proofs);
    Ok(Ok(ActorKey { uri, actor_id, value, is_assertion_method: proves, fetched_at: node.clock().now() }))
}
