//! Documents of our actors: the owner, and the instance actor that signs our fetches.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::authorized_fetch::{self, FetchAccess};
use super::{ServedDocument, SignedRequest};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::document;
use crate::store::actors::{self, Actor};
use crate::store::{Read, node};
use crate::web::blocking::{ApError, PageError, run_blocking};

/// The owner, if this is one of their two URLs; the case of letters is ignored.
fn owner_by_url(r: &Read<'_>, url: &str) -> Result<Actor> {
    let owner = actors::by_id(r, node::owner(r)?)?;
    let same = |known: &str| known.eq_ignore_ascii_case(url);
    match same(&owner.uri) || same(&owner.url) {
        true if owner.gone_at.is_some() => Err(Error::Gone),
        true => Ok(owner),
        false => Err(Error::NotFound),
    }
}

/// `GET /@NAME` and `/users/NAME` by a peer.
pub async fn show(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let found = run_blocking(&node, move |node| {
        let url = signed.url(node);
        let whole = |r: &Read<'_>| owner_by_url(r, &url).and_then(|_| document::owner_actor(r));
        let stub = |r: &Read<'_>| owner_by_url(r, &url).and_then(|_| document::owner_actor_stub(r));
        // A rejected reader still gets the keys: without them nobody could verify our signatures.
        match authorized_fetch::fetch_access(node, &signed) {
            Ok(FetchAccess::Anyone) => node.store.read(whole).map(ServedDocument::Public),
            Ok(FetchAccess::Known(_)) => node.store.read(whole).map(ServedDocument::ForReader),
            Ok(FetchAccess::Refused(_)) | Err(Error::NotFound) => node.store.read(stub).map(ServedDocument::ForReader),
            Err(error) => Err(error),
        }
    });
    Ok(found.await?.into_response(&request))
}

/// `GET /users/NAME` by a browser: redirects to the profile page.
pub async fn redirect_to_page(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, PageError> {
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let owner = run_blocking(&node, move |node| {
        let url = signed.url(node);
        node.store.read(|r| owner_by_url(r, &url))
    });
    Ok(HttpResponse::Found().insert_header((header::LOCATION, owner.await?.url)).finish())
}

/// `GET /actor`: the instance actor, readable by everyone.
pub async fn instance_actor(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    let found = run_blocking(&node, |node| node.store.read(document::instance_actor));
    Ok(ServedDocument::Public(found.await?).into_response(&request))
}
