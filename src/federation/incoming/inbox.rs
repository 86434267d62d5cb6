//! Receives activities: [`receive`] verifies and stores one (202 is sent after the commit), [`step`] fetches what it
//! needs and applies it exactly once.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::ap::activity::{self, Activity, ActivityKind};
use crate::ap::json::{self, Ref};
use crate::base::id::{ActorId, InboxId};
use crate::base::time::Stopwatch;
use crate::base::{Error, Result};
use crate::federation::incoming::verify::{self, SignatureRejection, VerifiedRequest};
use crate::federation::remote::refresh::{forget_if_gone, ignore_missing, refetch};
use crate::federation::remote::singleflight::FlightRole;
use crate::federation::{
    Node,
    incoming::integrity_proofs,
    outgoing::follower_sync,
    relays,
    remote::{backfill, fetch_budgets, resolve},
};
use crate::net::IdRule;
use crate::sig::ReceivedRequest as Request;
use crate::social::{self, Prerequisite};
use crate::store::actors::{self, Actor};
use crate::store::queue::inbox::{self, ReceivedActivity};
use crate::store::{
    Read,
    actors::follows,
    moderation::{block_filter, host_blocks},
    node,
    peers::hosts,
    posts::{self, tombstones},
};

/// Activities one step applies with one commit.
const ACTIVITIES_PER_COMMIT: u32 = 16;
/// How long a step may take for its batch before others may try.
const CLAIM_LEASE: Duration = Duration::from_secs(15 * 60);
/// How long a step may spend fetching before it releases the rows it has not processed.
const FETCH_TIME_PER_STEP: Duration = Duration::from_secs(10);
/// Attempts before an activity is set aside for the owner to see.
const MAX_ATTEMPTS: u32 = 8;
/// How long after a self-delete the actor is not fetched again.
const SELF_DELETE_RECHECK_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// The queue's length and size are checked after this many rows, and after each body of at least [`LARGE_BODY_BYTES`].
const QUEUE_CHECK_INTERVAL_ROWS: i64 = 64;
const LARGE_BODY_BYTES: usize = 256 * 1024;

/// Receives an activity from this address: cheap checks first, then the signature, whether the sender may send it, then
/// the store.
pub fn receive(node: &Node, request: &Request<'_>, from: Option<IpAddr>) -> Result<(), SignatureRejection> {
    let document = json::parse(request.body)?;
    if is_about_unknown_actor(node, &document)? {
        return Ok(());
    }
    check_actor_not_blocked(node, &document)?;
    if node.inbox_full.load(Ordering::Relaxed) {
        let full = node.store.read(inbox::is_full)?;
        node.inbox_full.store(full, Ordering::Relaxed);
        if full {
            return Err(SignatureRejection::Unavailable("the inbox queue is full, try again later".to_owned()));
        }
    }
    let signed = match verify::verify_request(node, request, from) {
        Ok(signed) => signed,
        Err(rejection) => return accept_self_delete(node, &document, rejection),
    };
    let proven = integrity_proofs::proven_author(node, &document, from)?;
    let text = document.to_string();
    let activity = Activity::read(document)?;
    if let ActivityKind::Create { object, .. } = &activity.kind
        && object.embedded().is_some()
        && object.id().is_none()
    {
        return Err(SignatureRejection::Malformed(
            "the post in it has no id, so it can be neither stored nor fetched".to_owned(),
        ));
    }
    let host = crate::federation::host_of(&signed.actor.uri);
    let (signer, id) = (signed.actor.id, activity.id.as_ref().map(json::Uri::as_str).unwrap_or_default());
    let (speaker, key) = match is_accepted_sender(node, &signed.actor, &activity, proven)? {
        Provenance::Own => {
            follower_sync::apply_sync_header(node, &signed, request)?;
            (signer, deduplication_key(&signed, &activity, id))
        }
        Provenance::Proven(author) => (author, tombstones::seen_key(author, id)),
        Provenance::Forwarded => (signer, format!("hint:{}", tombstones::seen_key(signer, id))),
    };
    let asks = matches!(activity.kind, ActivityKind::Follow { .. });
    let kept = node.store.write(move |w| {
        hosts::record_success(w, &host)?;
        // A follower, or somebody waiting to be one, who sends Follow again has not received our response.
        match asks && follows::get(w, signer, node::owner(w)?)?.is_some() {
            true => inbox::store_again(w, &key, speaker, &text),
            false => inbox::store(w, &key, speaker, &text),
        }
    })?;
    if kept.is_some_and(|InboxId(id)| id % QUEUE_CHECK_INTERVAL_ROWS == 0 || request.body.len() >= LARGE_BODY_BYTES) {
        node.inbox_full.store(node.store.read(inbox::is_full)?, Ordering::Relaxed);
    }
    Ok(())
}

/// The deduplication key of an activity from its own sender. For types that reuse ids, a newly signed one is a new
/// activity and the identical request is a replay: an attacker cannot change its signing time. An activity with a proof
/// counts by id alone, because anybody may deliver it for weeks and it must not undo an Undo.
fn deduplication_key(signed: &VerifiedRequest, activity: &Activity, id: &str) -> String {
    let act = tombstones::seen_key(signed.actor.id, id);
    if social::id_is_reusable(activity) { format!("{act} {}", signed.signed_at().secs()) } else { act }
}

/// Cheap check: a Delete or Update of an unknown actor costs neither a fetch nor a write. Servers send thousands of
/// them a day.
fn is_about_unknown_actor(node: &Node, document: &serde_json::Value) -> Result<bool> {
    let Some(actor) = activity::actor(document).filter(|_| activity::is_about_itself(document)) else {
        return Ok(false);
    };
    let known = node.store.read(|r| actors::by_uri(r, actor.as_str()))?;
    Ok(known.is_none_or(|actor| actor.gone_at.is_some()))
}

/// Cheap check for blocked servers. Only withdrawals by known actors pass, verified with the stored key: nothing is
/// fetched from there.
fn check_actor_not_blocked(node: &Node, document: &serde_json::Value) -> Result<(), SignatureRejection> {
    let Some(actor) = activity::actor(document) else { return Ok(()) };
    let takes_back = ["Delete", "Undo", "Reject"].iter().any(|kind| json::is_type(document, kind));
    let refused = node.store.read(|r| {
        let blocked = host_blocks::of_host(r, &actor.host())?.is_blocked();
        Ok(blocked && !(takes_back && actors::id_by_uri(r, actor.as_str())?.is_some()))
    })?;
    if refused { Err(SignatureRejection::Forbidden(format!("{} is blocked here", actor.host()))) } else { Ok(()) }
}

/// The key of an actor that deleted itself can often not be fetched any more. A 410 from its URI is the proof.
fn accept_self_delete(
    node: &Node,
    document: &serde_json::Value,
    rejection: SignatureRejection,
) -> Result<(), SignatureRejection> {
    let deletes_itself = json::is_type(document, "Delete") && activity::is_about_itself(document);
    let Some(actor) = activity::actor(document).filter(|_| deletes_itself) else { return Err(rejection) };
    // Nothing was proven yet, so repeating this must not make us fetch again and again.
    let now = node.clock().now();
    if node.recent_refreshes.get(actor.as_str(), now).is_some() {
        return Err(rejection);
    }
    let FlightRole::Leader(_flight) = node.key_fetches.enter(actor.as_str())? else { return Err(rejection) };
    node.recent_refreshes.insert(actor.as_str(), now.plus(SELF_DELETE_RECHECK_INTERVAL), now, ());
    match node.fetch_document(actor.as_str(), IdRule::Exact) {
        Err(error) if error.is_gone() => {
            let known = node.store.read(|r| actors::id_by_uri(r, actor.as_str()))?;
            if let Some(id) = known {
                node.store.write(move |w| actors::mark_gone(w, id))?;
            }
            Ok(())
        }
        _ => Err(rejection),
    }
}

enum Provenance {
    /// The signer is the actor.
    Own,
    /// The signer delivers an activity of this actor, which carries the actor's own proof: as good as sent by the
    /// actor.
    Proven(ActorId),
    /// The signer forwards an activity of another actor without a proof: only a hint to fetch the origin.
    Forwarded,
}

/// Whether the signer may deliver this activity. Another actor's activity is accepted with a proof; without one only
/// from groups and relays we follow, and when it belongs to a known thread.
fn is_accepted_sender(
    node: &Node,
    signer: &Actor,
    activity: &Activity,
    proven: Option<integrity_proofs::ProvenAuthor>,
) -> Result<Provenance, SignatureRejection> {
    if activity.actor == signer.uri.as_str() {
        return Ok(Provenance::Own);
    }
    if node.store.read(|r| social::relay::is_relay(r, signer))? {
        // Posts of unconnected actors belong to the federated timeline, proven or not: they are fetched like those that
        // relays bring.
        return Ok(Provenance::Forwarded);
    }
    if let Some(author) = proven
        && integrity_proofs::may_be_delivered_by_others(node, &author, activity)?
    {
        return Ok(Provenance::Proven(author.actor.id));
    }
    let welcome = node.store.read(|r| {
        let owner = node::owner(r)?;
        if block_filter::is_hidden(r, signer)? {
            return Ok(false);
        }
        let group = signer.kind != "Person" && follows::is_accepted(r, owner, signer.id)?;
        Ok(group || is_in_known_thread(r, activity)?)
    })?;
    if welcome {
        return Ok(Provenance::Forwarded);
    }
    Err(SignatureRejection::Unauthorised(format!(
        "{} may not deliver an activity of {}, whose actor must sign it",
        signer.uri, activity.actor
    )))
}

fn is_in_known_thread(r: &Read<'_>, activity: &Activity) -> Result<bool> {
    let about = activity.object_id().map(|id| posts::by_uri(r, id.as_str())).transpose()?.flatten();
    if about.is_some() {
        return Ok(true);
    }
    let (ActivityKind::Create { object, .. } | ActivityKind::Update { object }) = &activity.kind else {
        return Ok(false);
    };
    let parent = object.embedded().and_then(|value| json::id_of(value, "inReplyTo"));
    Ok(parent.map(|uri| posts::by_uri(r, uri.as_str())).transpose()?.flatten().is_some())
}

/// Applies one batch of due activities in one commit. Returns how many were taken; 0 when nothing is due.
pub fn step(node: &Node) -> Result<usize> {
    let rows = node.store.write(|w| inbox::claim(w, ACTIVITIES_PER_COMMIT, CLAIM_LEASE))?;
    let taken = rows.len();
    let mut tickets = Vec::with_capacity(taken);
    let watch = Stopwatch::start();
    let mut rows = rows.into_iter();
    while let Some(row) = rows.next() {
        let outcome = fetch_prerequisites(node, &row);
        let id = row.id;
        let tries = row.tries;
        let joined = match &outcome {
            Ok(Some((signer, Activity { kind: ActivityKind::Accept { .. }, .. }))) => Some(signer.id),
            _ => None,
        };
        let ticket = node.store.submit(move |w| match outcome {
            Ok(Some((signer, activity))) => {
                match social::receive(w, &signer, &activity) {
                    Ok(()) => {}
                    Err(error @ (Error::Internal(_) | Error::Busy)) => return Err(error),
                    Err(error) => tracing::info!(%error, activity = row.uri, "an activity was dropped"),
                }
                if let Some(id) = &activity.id {
                    tombstones::mark_seen(w, &tombstones::seen_key(signer.id, id.as_str()))?;
                }
                inbox::finish(w, &row)
            }
            Ok(None) => inbox::finish(w, &row),
            Err(error) if row.tries >= MAX_ATTEMPTS => inbox::set_aside(w, row.id, &error.to_string()),
            Err(error) => inbox::postpone(w, row.id, w.now.plus(retry_delay(row.tries)), &error.to_string()),
        });
        tickets.push((id, tries, joined, ticket));
        if watch.elapsed() > FETCH_TIME_PER_STEP {
            // One slow server must not delay activities from others.
            let rest: Vec<InboxId> = rows.by_ref().map(|row| row.id).collect();
            node.store.write(move |w| inbox::release(w, &rest))?;
        }
    }
    for (id, tries, joined, ticket) in tickets {
        let applied = ticket.wait();
        if let (Ok(()), Some(who)) = (&applied, joined) {
            backfill_if_followed(node, who)?;
        }
        if let Err(error) = applied {
            tracing::warn!(%error, "an activity could not be applied");
            let why = error.to_string();
            node.store.write(move |w| match tries {
                MAX_ATTEMPTS.. => inbox::set_aside(w, id, &why),
                _ => inbox::postpone(w, id, w.now.plus(retry_delay(tries)), &why),
            })?;
        }
    }
    Ok(taken)
}

/// A follow may just have been accepted: fetch the newest posts at once.
fn backfill_if_followed(node: &Node, who: ActorId) -> Result<()> {
    let owner = node.owner()?;
    if node.store.read(|r| follows::is_accepted(r, owner, who))? {
        backfill::fetch_followed_profile(node, who)?;
    }
    Ok(())
}

/// One, two, four … minutes.
fn retry_delay(tries: u32) -> Duration {
    Duration::from_secs(60 << tries.saturating_sub(1).min(10))
}

/// Reads a stored activity and fetches what it needs. None when there is nothing to apply. An error makes it wait for
/// another attempt.
fn fetch_prerequisites(node: &Node, row: &ReceivedActivity) -> Result<Option<(Actor, Activity)>> {
    if row.tries > MAX_ATTEMPTS {
        return Err(Error::internal("every attempt to apply it failed"));
    }
    let signer = node.store.read(|r| actors::by_id(r, row.signer_id))?;
    let Ok(activity) = serde_json::from_str(&row.document).map_err(Error::internal).and_then(Activity::read) else {
        return Ok(None);
    };
    if activity.actor != signer.uri.as_str() {
        if fetch_budgets::allows_fetch_for_forwarder(node, &signer)
            && !relays::handle_relayed(node, &signer, &activity)?
        {
            fetch_relayed(node, &activity)?;
        }
        return Ok(None);
    }
    if signer.confirmed_at.is_none() {
        resolve::confirm_handle(node, signer.id)?;
    }
    for need in node.store.read(|r| social::prerequisites(r, &signer, &activity))? {
        if !fetch_budgets::allows_fetch(node, &signer) {
            break;
        }
        let fetched = match need {
            Prerequisite::Post(uri) => resolve::post(node, &uri).and_then(|id| resolve::fetch_ancestors(node, id)),
            Prerequisite::Ancestors(uri) => {
                resolve::post(node, &uri).and_then(|id| resolve::fetch_ancestors(node, id)).or_else(ignore_missing)
            }
            Prerequisite::OptionalPost(uri) => resolve::post(node, &uri).map(drop).or_else(ignore_missing),
            Prerequisite::PostRefresh(uri) => refetch(node, &uri).or_else(ignore_missing),
            Prerequisite::DeletionCheck(uri) => forget_if_gone(node, uri),
            Prerequisite::Group(uri) => resolve::fetch_group(node, &uri),
            Prerequisite::ActorRefresh(uri) => {
                let known = node.store.read(|r| actors::by_uri(r, &uri))?;
                resolve::fetch_actor(node, &uri, known).map(drop).or_else(ignore_missing)
            }
            Prerequisite::RequiredActorRefresh(uri) => resolve::fetch_current_actor(node, &uri).map(drop),
        };
        match fetched {
            // Try again: without it the activity would be lost.
            Err(error @ (Error::Internal(_) | Error::Busy)) => return Err(error),
            Err(error @ Error::Remote(_)) if row.tries < MAX_ATTEMPTS / 2 => return Err(error),
            _ => {}
        }
    }
    Ok(Some((signer, activity)))
}

/// Another actor's activity was reported to us: fetch the origin, and only what it says counts.
fn fetch_relayed(node: &Node, activity: &Activity) -> Result<()> {
    let Some(uri) = activity.object_id().map(|id| id.as_str().to_owned()) else { return Ok(()) };
    if node.facts.origin.owns(&uri) {
        return Ok(());
    }
    let asked = match &activity.kind {
        ActivityKind::Create { .. } => resolve::post(node, &uri).and_then(|id| resolve::fetch_ancestors(node, id)),
        ActivityKind::Update { .. } => refetch(node, &uri),
        ActivityKind::Delete { .. } => forget_if_gone(node, uri),
        ActivityKind::Announce { object: Ref::Id(id) } => resolve::post(node, id.as_str()).map(drop),
        _ => Ok(()),
    };
    asked.or_else(ignore_missing)
}
