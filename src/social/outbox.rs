//! Sends our activities: one document, one delivery per distinct inbox. [`ActivityRecipients`] selects the inboxes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document;
use crate::ap::json::Uri;
use crate::base::id::{ActivityId, ActorId};
use crate::base::{Audience, Error, Result};
use crate::sig::{ProofKey, proof};
use crate::store::actors::{self, Actor};
use crate::store::queue::deliveries::{self, DeliveryTarget, StoredActivity};
use crate::store::{Read, Write, actors::follows, moderation::host_blocks, node};

/// Urgency of deliveries to mentioned actors: before all others.
const URGENCY_MENTIONED: u32 = 0;
/// Urgency of all other deliveries.
const URGENCY_OTHERS: u32 = 1;

/// Recipients of an activity.
#[derive(Debug, Clone, Default)]
pub struct ActivityRecipients {
    /// All accepted followers.
    pub followers: bool,
    /// These actors, before the followers.
    pub priority_actors: Vec<ActorId>,
    /// These actors, together with the followers.
    pub other_actors: Vec<ActorId>,
    /// Only personal inboxes. An activity for one actor must not go to a shared inbox: Friendica showed such posts to
    /// others, and micro.blog fails on a Follow there.
    pub personal_inboxes_only: bool,
    /// Additional inboxes (relays).
    pub extra_inboxes: Vec<String>,
}

impl ActivityRecipients {
    /// A single actor, at their personal inbox.
    pub fn single_actor(actor: &Actor) -> Self {
        Self { other_actors: vec![actor.id], personal_inboxes_only: true, ..Self::default() }
    }
}

/// The number and URI of our next activity.
pub fn next_activity(w: &Write<'_>, owner: &Actor) -> Result<(ActivityId, String)> {
    let id = deliveries::next_activity_id(w)?;
    Ok((id, document::activity_uri(owner, id)))
}

/// Queues one of our activities for all its recipients. Deliveries with the same `object_uri` keep their order.
pub fn send(
    w: &Write<'_>,
    owner: &Actor,
    id: ActivityId,
    activity: Value,
    object_uri: &str,
    audience: Audience,
    reach: &ActivityRecipients,
) -> Result<()> {
    let targets = delivery_targets(w, owner, reach)?;
    let activity = if audience.is_open() { with_proof(w, owner, activity)? } else { activity };
    let uri = activity.get("id").and_then(Value::as_str).ok_or_else(|| Error::internal("an activity without an id"))?;
    let activity = StoredActivity {
        id,
        uri: uri.to_owned(),
        object_uri: object_uri.to_owned(),
        audience,
        signer: node::key_of(w, owner.id)?.uri,
        document: activity.to_string(),
        author: None,
    };
    deliveries::enqueue(w, &activity, &targets)
}

/// Adds an integrity proof (FEP-8b32), so that others may forward the activity. Never for private activities: every
/// recipient could prove the content to anyone.
fn with_proof(r: &Read<'_>, actor: &Actor, activity: Value) -> Result<Value> {
    match node::proof_key_of(r, actor.id)? {
        Some(key) => proof::attach_proof(activity, &key.uri, &ProofKey::from_pkcs8(&key.private)?, r.now),
        None => Ok(activity),
    }
}

/// Queues another actor's activity, as received, for the owner's followers on servers other than the author's.
pub(super) fn forward(
    w: &Write<'_>,
    owner: &Actor,
    author: &Actor,
    uri: &str,
    object_uri: &str,
    document: String,
    audience: Audience,
) -> Result<()> {
    let reach = ActivityRecipients { followers: true, ..ActivityRecipients::default() };
    let home = Uri::parse(&author.uri).map(|uri| uri.host()).unwrap_or_default();
    let mut targets = delivery_targets(w, owner, &reach)?;
    targets.retain(|target| target.host != home);
    if targets.is_empty() {
        return Ok(());
    }
    let activity = StoredActivity {
        id: deliveries::next_activity_id(w)?,
        uri: uri.to_owned(),
        object_uri: object_uri.to_owned(),
        audience,
        signer: node::key_of(w, owner.id)?.uri,
        document,
        author: Some(author.id),
    };
    deliveries::enqueue(w, &activity, &targets)
}

/// Queues the Undo of one of our activities, which is embedded whole (Threads fails on a bare id).
pub fn undo(
    w: &Write<'_>,
    owner: &Actor,
    inner: &Value,
    object_uri: &str,
    audience: Audience,
    reach: &ActivityRecipients,
) -> Result<()> {
    let (id, uri) = next_activity(w, owner)?;
    let undo = document::undo(owner, &uri, inner, w.now);
    send(w, owner, id, undo, object_uri, audience, reach)
}

/// The distinct inboxes, each with the highest urgency among its recipients; without our own and those on blocked
/// servers.
fn delivery_targets(r: &Read<'_>, owner: &Actor, reach: &ActivityRecipients) -> Result<Vec<DeliveryTarget>> {
    let origin = node::get(r)?.origin;
    let mut urgency: BTreeMap<String, u32> = BTreeMap::new();
    for (list, rank) in [(&reach.priority_actors, URGENCY_MENTIONED), (&reach.other_actors, URGENCY_OTHERS)] {
        for actor in actors::by_ids(r, list)? {
            let inbox = if reach.personal_inboxes_only { &actor.inbox } else { actor.best_inbox() };
            if actor.gone_at.is_none() {
                urgency.entry(inbox.to_owned()).or_insert(rank);
            }
        }
    }
    if reach.followers {
        for inbox in follows::follower_inboxes(r, owner.id)? {
            urgency.entry(inbox).or_insert(URGENCY_OTHERS);
        }
    }
    for inbox in &reach.extra_inboxes {
        urgency.entry(inbox.clone()).or_insert(URGENCY_OTHERS);
    }
    let target = |(inbox, urgency): (String, u32)| {
        let host = Uri::parse(&inbox)?.host();
        (!origin.owns(&inbox)).then_some(DeliveryTarget { urgency, inbox, host })
    };
    let mut targets: Vec<DeliveryTarget> = urgency.into_iter().filter_map(target).collect();
    let rules = host_blocks::rules_for(r, targets.iter().map(|target| target.host.clone()), None)?;
    targets.retain(|target| !rules.judge(&target.host).is_blocked());
    Ok(targets)
}
