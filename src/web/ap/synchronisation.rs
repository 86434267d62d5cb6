//! The owner's followers on one server, readable by actors of that server only (FEP-8fcf).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::authorized_fetch::{self, FetchAccess};
use super::{ServedDocument, SignedRequest};
use crate::ap::collection::{self, CollectionOrder};
use crate::base::{Error, Result};
use crate::federation::{Node, outgoing::follower_sync};
use crate::store::{actors, node};
use crate::web::blocking::{ApError, run_blocking};

/// `GET /users/NAME/followers_synchronization`, signed by any actor of the server that the list is for.
pub async fn show(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    let signed = SignedRequest::of(&request, web::Bytes::new());
    Ok(run_blocking(&node, move |node| followers_of_signer(node, &signed)).await?.into_response(&request))
}

/// The followers on the signer's server.
fn followers_of_signer(node: &Node, signed: &SignedRequest) -> Result<ServedDocument> {
    let reader = match authorized_fetch::fetch_access(node, signed)? {
        FetchAccess::Refused(why) => return Ok(ServedDocument::Refused(why)),
        FetchAccess::Known(actor) => Some(*actor),
        FetchAccess::Anyone => signed.verified_signer(node),
    };
    let Some(reader) = reader else {
        return Ok(ServedDocument::Refused(
            "this request must be signed: each server may read only its own part of the followers".to_owned(),
        ));
    };
    let url = signed.url(node);
    node.store.read(|r| {
        let owner = actors::by_id(r, node::owner(r)?)?;
        if follower_sync::sync_url(&owner) != url {
            return Err(Error::NotFound);
        }
        let ids = follower_sync::followers_on_server(r, owner.id, &reader.uri)?.into_iter().map(Value::from).collect();
        Ok(ServedDocument::ForReader(collection::whole(CollectionOrder::Ordered, &url, ids)))
    })
}
