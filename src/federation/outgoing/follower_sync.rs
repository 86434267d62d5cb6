//! Follower synchronization (FEP-8fcf), both directions. Repairs follow lists after a lost Accept, a lost Undo or a
//! restored backup.

use std::time::Duration;

use crate::ap::json::{Ref, Uri, same_origin};
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::incoming::verify::VerifiedRequest;
use crate::federation::{Node, remote::backfill};
use crate::net::IdRule;
use crate::sig::ReceivedRequest;
use crate::sig::synchronisation::{self, CollectionSynchronization, HEADER};
use crate::social;
use crate::store::actors::{self, Actor};
use crate::store::queue::deliveries::ClaimedDelivery;
use crate::store::{Read, actors::follows};

/// No digest is sent for more followers on one server than this (the same limit as in Mastodon).
const MAX_DIGEST_FOLLOWERS: u32 = 25_000;
/// How often a host is sent the digest with public posts; followers-only posts always carry it.
const PUBLIC_DIGEST_INTERVAL: Duration = Duration::from_hours(24);
/// How long one sender's list is not checked again.
const MIN_SYNC_INTERVAL: Duration = Duration::from_mins(1);
/// Maximum number of hosts remembered.
pub(in crate::federation) const MAX_REMEMBERED_HOSTS: usize = 2_000;

/// The URL from which a server fetches the list of the owner's followers on it.
pub fn sync_url(owner: &Actor) -> String {
    format!("{}/followers_synchronization", owner.uri)
}

/// The accepted followers on the server of this URL; Busy when there are too many.
pub fn followers_on_server(r: &Read<'_>, owner: ActorId, of: &str) -> Result<Vec<String>> {
    let found =
        follows::follower_uris_on_origin(r, owner, &origin(of).ok_or(Error::NotFound)?, MAX_DIGEST_FOLLOWERS + 1)?;
    if found.len() > MAX_DIGEST_FOLLOWERS as usize { Err(Error::Busy) } else { Ok(found) }
}

/// Scheme and authority of a URL.
fn origin(url: &str) -> Option<String> {
    let scheme = url.split_once("://")?.0;
    Some(format!("{scheme}://{}", Uri::parse(url)?.host()))
}

/// The header for a delivery to followers, if one is due.
pub(in crate::federation) fn sync_header(node: &Node, claim: &ClaimedDelivery) -> Result<Vec<(String, String)>> {
    let said = node.store.read(|r| {
        let owner = actors::by_id(r, crate::store::node::owner(r)?)?;
        let Some(followers) = owner.followers.clone().filter(|_| claim.signer_id == Some(owner.id)) else {
            return Ok(None);
        };
        if !claim.document.contains(&format!("\"{followers}\"")) {
            return Ok(None);
        }
        match followers_on_server(r, owner.id, &claim.inbox) {
            Ok(ids) => {
                let digest = synchronisation::digest(ids.iter().map(String::as_str));
                Ok(Some(CollectionSynchronization { collection: followers, url: sync_url(&owner), digest }))
            }
            Err(Error::Busy | Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    });
    Ok(said?.map(|said| (HEADER.to_owned(), said.header())).into_iter().collect())
}

/// Whether a delivery carries the header: followers-only posts always, public ones once a day per inbox.
pub(in crate::federation) fn is_header_due(node: &Node, claim: &ClaimedDelivery) -> bool {
    let now = node.clock().now();
    match claim.audience {
        crate::base::Audience::Followers => true,
        crate::base::Audience::Mentioned => false,
        _ if node.synchronized_hosts.get(&claim.inbox, now).is_some() => false,
        _ => {
            node.synchronized_hosts.insert(&claim.inbox, now.plus(PUBLIC_DIGEST_INTERVAL), now, ());
            true
        }
    }
}

/// Checks the header of a signed activity. When its digest differs from ours, a job fetches the sender's list.
pub(in crate::federation) fn apply_sync_header(
    node: &Node,
    signed: &VerifiedRequest,
    request: &ReceivedRequest<'_>,
) -> Result<()> {
    let Some((_, value)) = request.headers.iter().find(|(name, _)| name == HEADER) else { return Ok(()) };
    let sender = &signed.actor;
    let Some(said) = CollectionSynchronization::parse(value).filter(|_| signed.covers(HEADER)) else { return Ok(()) };
    if sender.followers.as_deref() != Some(said.collection.as_str()) || !same_origin(&said.url, &sender.uri) {
        return Ok(());
    }
    let here = node.store.read(|r| {
        let owner = actors::by_id(r, crate::store::node::owner(r)?)?;
        let follows = follows::is_accepted(r, owner.id, sender.id)?;
        Ok(synchronisation::digest(follows.then_some(owner.uri.as_str())))
    })?;
    let (heard, now) = (format!("heard {}", sender.uri), node.clock().now());
    if here != said.digest && node.synchronized_hosts.get(&heard, now).is_none() {
        // A sender who names a new list with every activity must not crowd out the owner's own backfill jobs.
        node.synchronized_hosts.insert(&heard, now.plus(MIN_SYNC_INTERVAL), now, ());
        backfill::enqueue(
            node,
            backfill::BackfillJob::FollowerSync { of: sender.id, url: said.url, digest: said.digest },
        );
    }
    Ok(())
}

/// Fetches the list of `of`'s followers on this server and corrects ours. Ignores a list that contradicts the digest.
pub(in crate::federation) fn reconcile(node: &Node, of: ActorId, url: &str, digest: &str) -> Result<()> {
    let document = node.fetch_document(url, IdRule::SameOrigin)?;
    let members = backfill::collection_items(node, &document.value, url);
    let ids: Vec<&str> = members.iter().filter_map(Ref::id).map(Uri::as_str).collect();
    if synchronisation::digest(ids.iter().copied()) != digest {
        tracing::info!(url, "a follower list does not match its digest");
        return Ok(());
    }
    let owner = node.store.read(|r| actors::by_id(r, crate::store::node::owner(r)?))?;
    let listed = ids.contains(&owner.uri.as_str());
    if node.store.write(move |w| social::follow::reconcile_own_follow(w, &owner, of, listed))? {
        backfill::fetch_followed_profile(node, of)?;
    }
    Ok(())
}
