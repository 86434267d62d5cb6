//! Authorized fetch: decides who may read at all before anything is looked up, so that the response reveals nothing.

use super::SignedRequest;
use crate::base::{Error, Result};
use crate::federation::incoming::verify::{self, SignatureRejection};
use crate::federation::{Node, host_of};
use crate::sig;
use crate::store::actors::{self, Actor};
use crate::store::{
    Read,
    moderation::{block_filter, host_blocks},
    node,
};

/// Whether a reader may read, and who they are.
pub(super) enum FetchAccess {
    /// Anyone may read; the signature was not checked.
    Anyone,
    /// This actor may, with a valid signature. Responses are for them only.
    Known(Box<Actor>),
    /// Nobody without a valid signature may: respond with 401 and this reason.
    Refused(String),
}

/// Decides whether a reader may read. NotFound for blocked actors: for them nothing exists here.
pub(super) fn fetch_access(node: &Node, signed: &SignedRequest) -> Result<FetchAccess> {
    if signed.is_signed() && node.store.read(|r| claims_blocked_signer(node, r, signed))? {
        return Err(Error::NotFound);
    }
    if !node.store.read(node::settings)?.signed_fetch {
        return Ok(FetchAccess::Anyone);
    }
    if !signed.is_signed() {
        return Ok(FetchAccess::Refused("this server requires signed requests".to_owned()));
    }
    match verify::verify_signer(node, &signed.as_received(node), signed.client_address) {
        Ok(actor) if node.store.read(|r| block_filter::is_hidden(r, &actor))? => Err(Error::NotFound),
        Ok(actor) => Ok(FetchAccess::Known(Box::new(actor))),
        Err(SignatureRejection::Unavailable(why)) => {
            tracing::debug!(why, "cannot verify a signed request just now");
            Err(Error::Busy)
        }
        Err(
            SignatureRejection::Malformed(why)
            | SignatureRejection::Unauthorised(why)
            | SignatureRejection::Forbidden(why),
        ) => Ok(FetchAccess::Refused(why)),
        Err(SignatureRejection::Gone) => Ok(FetchAccess::Refused("the signing actor was deleted".to_owned())),
    }
}

/// Whether the named key belongs to a blocked actor, even if the signature is invalid. Nothing is fetched. A false
/// claim harms only its sender.
fn claims_blocked_signer(node: &Node, r: &Read<'_>, signed: &SignedRequest) -> Result<bool> {
    let Ok(claim) = sig::claim(&signed.as_received(node), r.now) else { return Ok(false) };
    for key_id in claim.key_ids() {
        let owner = key_id.split('#').next().unwrap_or_default();
        if host_blocks::of_host(r, &host_of(owner))?.is_blocked() {
            return Ok(true);
        }
        let actor = match actors::key_by_uri(r, key_id)? {
            Some(key) => Some(actors::by_id(r, key.actor_id)?),
            None => actors::by_uri(r, owner)?,
        };
        if actor.map(|actor| block_filter::is_hidden(r, &actor)).transpose()?.unwrap_or(false) {
            return Ok(true);
        }
    }
    Ok(false)
}
