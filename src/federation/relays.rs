//! Relay subscriptions, and posts announced by relays: an announcement is only a hint where to fetch a post.

use super::{Node, remote::refresh, remote::resolve};
use crate::ap::activity::{Activity, ActivityKind};
use crate::ap::json::Uri;
use crate::base::id::RelayId;
use crate::base::{Error, Result};
use crate::social::relay;
use crate::store::actors::{self, Actor};
use crate::store::posts;

/// Subscribes to a relay. An address that ends in `/inbox` is Mastodon's style; any other is the relay's actor
/// (LitePub), which is fetched first.
pub fn subscribe(node: &Node, address: &str) -> Result<()> {
    let uri = Uri::parse(address.trim()).filter(|uri| !uri.has_fragment());
    let uri = uri.ok_or_else(|| Error::invalid("a relay\u{2019}s address looks like https://relay.example/inbox"))?;
    if node.facts.origin.owns(uri.as_str()) {
        return Err(Error::invalid("that is this server"));
    }
    let address = uri.as_str().to_owned();
    if address.trim_end_matches('/').ends_with("/inbox") {
        return node.store.write(move |w| relay::subscribe(w, &address, None));
    }
    let id = resolve::actor(node, &address)?;
    node.store.write(move |w| {
        let actor = actors::by_id(w, id)?;
        if actor.kind == "Person" || actor.kind == "Group" {
            return Err(Error::invalid("that is an account to follow, not a relay"));
        }
        relay::subscribe(w, &actor.inbox, Some(&actor))
    })
}

/// Subscribes again, in the same style as before.
pub fn resubscribe(node: &Node, id: RelayId) -> Result<()> {
    node.store.write(move |w| {
        let known = crate::store::peers::relays::by_id(w, id)?;
        let follows = known.style == crate::store::peers::relays::RelayStyle::LitePub;
        let actor = known.actor_id.filter(|_| follows).map(|id| actors::by_id(w, id)).transpose()?;
        relay::subscribe(w, &known.inbox, actor.as_ref())
    })
}

/// Leaves a relay.
pub fn unsubscribe(node: &Node, id: RelayId) -> Result<()> {
    node.store.write(move |w| relay::unsubscribe(w, id))
}

/// Handles another actor's activity that a relay of ours forwarded: new posts are fetched from their origin, known
/// posts are refreshed. False when the signer is no relay.
pub(super) fn handle_relayed(node: &Node, signer: &Actor, activity: &Activity) -> Result<bool> {
    if !node.store.read(|r| relay::is_relay(r, signer))? {
        return Ok(false);
    }
    let Some(uri) = activity.object_id().map(|id| id.as_str().to_owned()) else { return Ok(true) };
    let known = node.store.read(|r| posts::by_uri(r, &uri))?.is_some();
    let looked = match &activity.kind {
        _ if node.facts.origin.owns(&uri) => Ok(()),
        ActivityKind::Create { .. } | ActivityKind::Announce { .. } => {
            resolve::post(node, &uri).and_then(|id| node.store.write(move |w| relay::mark_relayed(w, id)))
        }
        ActivityKind::Update { .. } if known => refresh::refetch(node, &uri),
        ActivityKind::Delete { .. } if known => refresh::forget_if_gone(node, uri),
        _ => Ok(()),
    };
    looked.or_else(refresh::ignore_missing)?;
    Ok(true)
}
