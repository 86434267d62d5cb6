//! Who signed a request. The key comes from the stored actor, else it is fetched once, by one asker at a time and eight at
//! most; a key that does not fit is looked up anew once in a while, because keys are rotated.

use std::time::Duration;

use super::flight::{Boarding, Failed};
use super::{Node, resolve};
use crate::ap::actor::Actor as ActorDoc;
use crate::ap::json::Uri;
use crate::ap::key::{KeyDoc, Material};
use crate::base::{Error, Result, Time};
use crate::net::IdRule;
use crate::sig::{self, Claim, PublicKey, Received, Refusal};
use crate::store::actors::{self, Actor, ActorKey, NewKey};
use crate::store::hosts;

/// How long a key that could not be had is not asked for again: permanent answers.
const FAILED_FOR: Duration = Duration::from_secs(10 * 60);
/// The same, for answers that may change at any moment (time-outs, 5xx).
const FAILED_BRIEFLY: Duration = Duration::from_secs(60);
/// New servers below one domain whose keys are looked up within [`DISCOVERY`]: whoever owns a domain can make up names
/// without end, and each would cost a fetch and a row.
const NEW_SERVERS: u32 = 30;
/// The time they are counted in.
const DISCOVERY: Duration = Duration::from_secs(3600);
/// How often a key that does not fit makes us look for a newer one, per actor.
const REFRESH_EVERY: Duration = Duration::from_secs(5 * 60);

/// Why a request is not let in. Each becomes one HTTP answer with its text as the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// 400: it cannot be read.
    Malformed(String),
    /// 401: nobody, or the wrong one, signed it.
    Unauthorised(String),
    /// 403: the sender is known and not welcome.
    Forbidden(String),
    /// 410: what it is for is gone.
    Gone,
    /// 503: the key could not be had just now, or we have too much to do; try again.
    Unavailable(String),
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        match refusal.code() {
            400 => Self::Malformed(refusal.to_string()),
            _ => Self::Unauthorised(refusal.to_string()),
        }
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(why) => Self::Malformed(why),
            Error::Gone => Self::Gone,
            Error::Denied(why) => Self::Forbidden(why),
            Error::Internal(_) => {
                tracing::error!(%error, "while receiving");
                Self::Unavailable("something is wrong here, try again later".to_owned())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<Failed> for Rejection {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Gone => Self::Unauthorised("the owner of the key is gone".to_owned()),
            Failed::Permanent(why) => Self::Unauthorised(format!("the key cannot be had: {why}")),
            Failed::Temporary(why) => Self::Unavailable(format!("the key cannot be had just now: {why}")),
        }
    }
}

/// A request whose signature holds.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Whose key it is.
    pub actor: Actor,
    claim: Claim,
}

impl Signed {
    /// True when the signature covers this header (lower case): only then may it be believed.
    pub fn covers(&self, header: &str) -> bool {
        self.claim.covers(header)
    }

    /// When it was signed, as it says.
    pub fn signed_at(&self) -> Time {
        self.claim.signed_at()
    }
}

/// The actor whose key signed this request.
pub fn signer(node: &Node, request: &Received<'_>) -> Result<Actor, Rejection> {
    signed(node, request).map(|signed| signed.actor)
}

/// As [`signer`], with what the signature covers.
pub fn signed(node: &Node, request: &Received<'_>) -> Result<Signed, Rejection> {
    let claim = sig::claim(request, node.clock().now())?;
    let mut verdict = Rejection::from(Refusal::Wrong);
    for key_id in claim.key_ids() {
        match with_key(node, key_id, &|key| claim.verify(&public(key)?)) {
            Ok(actor) => return Ok(Signed { actor, claim }),
            Err(unproven) => verdict = unproven.into(),
        }
    }
    Err(verdict)
}

/// Why a key did not help.
pub(super) enum Unproven {
    /// It could not be had, or is not one to be believed.
    NoKey(Rejection),
    /// It says no.
    Wrong(Refusal),
}

impl From<Unproven> for Rejection {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::NoKey(rejection) => rejection,
            Unproven::Wrong(refusal) => refusal.into(),
        }
    }
}

impl From<Error> for Unproven {
    fn from(error: Error) -> Self {
        Self::NoKey(error.into())
    }
}

impl From<Failed> for Unproven {
    fn from(failed: Failed) -> Self {
        Self::NoKey(failed.into())
    }
}

/// The owner of the key with this id, which must pass `test`: the stored key, else the one that is fetched.
pub(super) fn with_key(
    node: &Node,
    key_id: &str,
    test: &dyn Fn(&ActorKey) -> Result<(), Refusal>,
) -> Result<Actor, Unproven> {
    let stored = node.store.read(|r| actors::key(r, key_id))?;
    let cached = stored.is_some();
    let key = match stored {
        Some(key) => key,
        None => fetch(node, key_id)??,
    };
    match test(&key) {
        Err(refusal) if cached && may_refresh(node, &key) => {
            // Rotated, perhaps. Only a key that differs is worth a second look.
            let fresh = fetch(node, key_id)??;
            if (&fresh.value, fresh.proves) == (&key.value, key.proves) {
                return Err(Unproven::Wrong(refusal));
            }
            test(&fresh).map_err(Unproven::Wrong)?;
        }
        other => other.map_err(Unproven::Wrong)?,
    }
    let actor = node.store.read(|r| actors::by_id(r, key.actor_id))?;
    if node.facts.origin.owns(&actor.uri) {
        return Err(Unproven::NoKey(Rejection::Unauthorised("that key is our own".to_owned())));
    }
    Ok(actor)
}

/// The key itself; one that cannot be read proves nothing.
pub(super) fn public(key: &ActorKey) -> Result<PublicKey, Refusal> {
    let public = match key.value.starts_with('z') {
        true => PublicKey::from_multibase(&key.value),
        false => PublicKey::from_pem(&key.value),
    };
    public.map_err(|_| Refusal::Wrong)
}

fn may_refresh(node: &Node, key: &ActorKey) -> bool {
    let now = node.clock().now();
    let memo = key.actor_id.to_string();
    if node.refreshed.recall(&memo, now).is_some() {
        return false;
    }
    node.refreshed.remember(&memo, now.plus(REFRESH_EVERY), now, ());
    true
}

/// Fetches a key and keeps its owner. The inner result is about the key, the outer about us.
fn fetch(node: &Node, key_id: &str) -> Result<Result<ActorKey, Failed>> {
    let now = node.clock().now();
    if let Some(failed) = node.failures.recall(key_id, now) {
        return Ok(Err(failed));
    }
    let Some(wanted) = Uri::parse_id(key_id) else {
        return Ok(Err(Failed::Permanent("its id is not a URL".to_owned())));
    };
    if !may_discover(node, &wanted.host())? {
        return Ok(Err(Failed::Temporary("too many new servers of one domain at once".to_owned())));
    }
    let _flight = match node.key_flights.board(wanted.without_fragment().as_str())? {
        Boarding::Go(flight) => flight,
        Boarding::Landed => return again(node, key_id),
    };
    let found = look_up(node, &wanted)?;
    if let Err(failed) = &found {
        let pause = if matches!(failed, Failed::Temporary(_)) { FAILED_BRIEFLY } else { FAILED_FOR };
        node.failures.remember(key_id, now.plus(pause), now, failed.clone());
    }
    Ok(found)
}

/// Whether a server may be asked for a key: one that was heard before, or one of a few new ones of its domain.
fn may_discover(node: &Node, host: &str) -> Result<bool> {
    if node.store.read(|r| hosts::get(r, host))?.is_some_and(|known| known.heard_at.is_some()) {
        return Ok(true);
    }
    let name = host.split(':').next().unwrap_or_default();
    let mut labels = name.rsplit('.');
    let domain = format!("{}.{}", labels.nth(1).unwrap_or_default(), name.rsplit('.').next().unwrap_or_default());
    let now = node.clock().now();
    let (since, asked) = node.newcomers.recall(&domain, now).unwrap_or((now, 0));
    node.newcomers.remember(&domain, since.plus(DISCOVERY), now, (since, asked + 1));
    Ok(asked < NEW_SERVERS)
}

/// What the one who fetched before us found.
fn again(node: &Node, key_id: &str) -> Result<Result<ActorKey, Failed>> {
    if let Some(key) = node.store.read(|r| actors::key(r, key_id))? {
        return Ok(Ok(key));
    }
    let failed = node.failures.recall(key_id, node.clock().now());
    Ok(Err(failed.unwrap_or_else(|| Failed::Temporary("another attempt is under way".to_owned()))))
}

fn look_up(node: &Node, wanted: &Uri) -> Result<Result<ActorKey, Failed>> {
    let document = match node.document(wanted.as_str(), IdRule::SameOrigin) {
        Ok(document) => document,
        Err(error) => return Ok(Err(Failed::of(&error))),
    };
    let found = match KeyDoc::from_document(&document.value, wanted) {
        Ok(found) => found,
        Err(error) => return Ok(Err(Failed::Permanent(error.to_string()))),
    };
    let owner = if found.listed_by_owner {
        document.value
    } else {
        match node.document(found.key.owner.as_str(), IdRule::Exact) {
            Ok(owner) => owner.value,
            Err(error) => return Ok(Err(Failed::of(&error))),
        }
    };
    let actor = match ActorDoc::read(&owner) {
        Ok(actor) => actor,
        Err(error) => return Ok(Err(Failed::Permanent(error.to_string()))),
    };
    let listed = actor.key(wanted.as_str()).or_else(|| actor.key(found.key.id.as_str()));
    if actor.id != found.key.owner || listed.is_none_or(|key| key.material != found.key.material) {
        return Ok(Err(Failed::Permanent("its owner does not list it".to_owned())));
    }
    let value = match found.key.material {
        Material::Pem(text) | Material::Multibase(text) => text,
        Material::Linked => return Ok(Err(Failed::Permanent("it is only a link".to_owned()))),
    };
    let actor_id = resolve::keep_actor(node, &actor)?;
    let uri = wanted.as_str().to_owned();
    if actor.key(&uri).is_none() {
        // PeerTube signs with the actor's own id as key id: remembered, or it would be fetched every time.
        let (uri, value) = (uri.clone(), value.clone());
        node.store.write(move |w| actors::add_key(w, actor_id, &NewKey { uri, value, proves: false }))?;
    }
    let proves = listed.is_some_and(|key| key.for_proofs);
    Ok(Ok(ActorKey { uri, actor_id, value, proves, fetched_at: node.clock().now() }))
}
