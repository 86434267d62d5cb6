//! The owner's stamps (authorizations of quotes, replies, likes and boosts). A revoked one looks as if it had never
//! existed.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{ReaderAccess, ServedDocument, SignedRequest};
use crate::base::id::RequestId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::interaction::{documents, inbound};
use crate::store::{Read, actors, node, posts};
use crate::web::blocking::{ApError, run_blocking};

/// `GET /users/NAME/authorizations/ID`, for everyone who may read the post.
pub async fn show(
    request: HttpRequest,
    node: web::Data<Node>,
    path: web::Path<(String, RequestId)>,
) -> Result<HttpResponse, ApError> {
    let (_, id) = path.into_inner();
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let found = run_blocking(&node, move |node| {
        let url = signed.url(node);
        match node.store.read(|r| find(r, &url, id, None)) {
            Err(Error::NotFound) => {
                let reader = signed.verified_signer(node);
                node.store.read(|r| find(r, &url, id, reader.as_ref()))
            }
            found => found,
        }
    });
    Ok(found.await?.into_response(&request))
}

fn find(r: &Read<'_>, url: &str, id: RequestId, reader: Option<&actors::Actor>) -> Result<ServedDocument> {
    let owner = actors::by_id(r, node::owner(r)?)?;
    if documents::authorization_uri(&owner, id) != url {
        return Err(Error::NotFound);
    }
    let (stamp, target) = inbound::authorization_document(r, &owner, id)?;
    if target.audience.is_open() {
        return Ok(ServedDocument::Public(stamp));
    }
    let reader = reader.ok_or(Error::NotFound)?;
    let named = posts::mentions_actor(r, &target.uri, &reader.uri)?;
    match ReaderAccess::of(r, reader)?.allows(target.audience, named) {
        true => Ok(ServedDocument::ForReader(stamp)),
        false => Err(Error::NotFound),
    }
}
