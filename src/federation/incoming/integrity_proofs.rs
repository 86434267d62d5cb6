//! Verifies FEP-8b32 integrity proofs of received activities: proves the author, whoever delivered them. The key must
//! be an `assertionMethod` of the acting actor.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value;

use crate::ap::activity::{self, Activity, ActivityKind};
use crate::ap::addressing::{PUBLIC, Recipients};
use crate::ap::json::same_origin;
use crate::base::{Result, Time};
use crate::federation::Node;
use crate::federation::incoming::verify::{self, KeyMismatch, SignatureRejection};
use crate::sig::{SignatureError, proof};
use crate::store::actors::{self, Actor};
use crate::store::node;

/// Maximum age of a proof delivered by another actor: shorter than the retention of applied ids, so that what was
/// undone cannot be replayed.
const MAX_RELAYED_PROOF_AGE: Duration = Duration::from_hours(14 * 24);

/// The proven author of an activity.
#[derive(Debug, Clone)]
pub struct ProvenAuthor {
    /// The actor of the activity.
    pub actor: Actor,
    /// When the proof claims to have been made.
    created: Option<Time>,
}

/// The actor of this activity, if it carries their proof. None without a proof, or when the key cannot be fetched: then
/// the signature of the request must be sufficient.
pub fn proven_author(
    node: &Node,
    document: &Value,
    from: Option<IpAddr>,
) -> Result<Option<ProvenAuthor>, SignatureRejection> {
    let Some(found) = proof::read(document, node.clock().now())? else { return Ok(None) };
    let Some(actor) = activity::actor(document).filter(|actor| !node.facts.origin.owns(actor.as_str())) else {
        return Ok(None);
    };
    if !same_origin(&found.key_id, actor.as_str()) {
        return Err(SignatureError::Proof("its key is on another server than the actor").into());
    }
    let holds = |key: &actors::ActorKey| match key.is_assertion_method {
        true => found.verify(&verify::public_key(key)?),
        false => Err(SignatureError::Proof("its key is not one of the actor's assertionMethod")),
    };
    match verify::verify_with_key(node, &found.key_id, from, &holds) {
        Ok(owner) if actor == owner.uri.as_str() => Ok(Some(ProvenAuthor { actor: owner, created: found.created })),
        Ok(_) => Err(SignatureError::Proof("its key is not the actor's").into()),
        Err(KeyMismatch::Wrong(refusal)) => Err(refusal.into()),
        Err(KeyMismatch::NoKey(rejection)) => {
            tracing::debug!(?rejection, key = found.key_id, "a proof could not be checked");
            Ok(None)
        }
    }
}

/// Whether a proven activity counts as the author's own when another actor delivers it. Activities between two actors
/// (Follow, Block) are never relayed, and an old profile must not come back.
pub fn may_be_delivered_by_others(node: &Node, author: &ProvenAuthor, activity: &Activity) -> Result<bool> {
    let now = node.clock().now();
    let fresh = author.created.is_some_and(|at| now.since(at) < MAX_RELAYED_PROOF_AGE);
    if !fresh || activity.actor != author.actor.uri.as_str() {
        return Ok(false);
    }
    match &activity.kind {
        ActivityKind::Update { object } if object.id().is_some_and(|id| *id == activity.actor) => Ok(false),
        ActivityKind::Create { .. } | ActivityKind::Update { .. } => {
            let lists = activity.recipients.clone().unwrap_or_default();
            let us = node.store.read(|r| Ok(actors::by_id(r, node::owner(r)?)?.uri))?;
            Ok(is_public(&lists) || lists.everyone().contains(&us.as_str()))
        }
        ActivityKind::Delete { .. }
        | ActivityKind::Like { .. }
        | ActivityKind::EmojiReact { .. }
        | ActivityKind::Announce { .. }
        | ActivityKind::Undo { .. }
        | ActivityKind::Add { .. }
        | ActivityKind::Remove { .. } => Ok(true),
        _ => Ok(false),
    }
}

fn is_public(lists: &Recipients) -> bool {
    lists.to.iter().chain(&lists.cc).any(|one| one == PUBLIC)
}
