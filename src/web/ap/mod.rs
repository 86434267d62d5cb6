//! ActivityPub endpoints for peers: documents, collections, discovery and the inbox.

pub mod authorizations;
mod authorized_fetch;

pub mod activities;
pub mod actor;
pub mod collections;
pub mod discovery;
pub mod emoji;
pub mod inbox;
pub mod posts;
pub mod synchronisation;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, EntityTag, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::ap::write_object;
use crate::base::{Audience, Result, Time};
use crate::federation::{Node, incoming::verify};
use crate::sig::ReceivedRequest;
use crate::store::actors::Actor;
use crate::store::{Read, actors::follows, moderation::block_filter, node};
use crate::web::rate_limit;

/// The media type of every document we serve; Lemmy and Mastodon compare it byte for byte.
pub const ACTIVITY_JSON: &str = "application/activity+json";
/// `Cache-Control` of public documents: long enough for many servers that fetch a popular post.
const PUBLIC_CACHE_CONTROL: &str = "max-age=180, public";
/// `Cache-Control` of documents for one reader, which shared caches must not store.
const PRIVATE_CACHE_CONTROL: &str = "max-age=0, private";
/// The signature we prefer for fetches (RFC 9421 §5.1).
const FETCH_ACCEPT_SIGNATURE: &str = r#"sig1=("@method" "@target-uri" "@authority");created"#;

/// A response to a peer that decides about access and caching.
pub(super) enum ServedDocument {
    /// A document for everyone.
    Public(Value),
    /// A document for the actor who signed the request.
    ForReader(Value),
    /// 401 with this reason: the signature is missing or invalid.
    Refused(String),
    /// 410 with this Tombstone.
    Gone(Value),
}

impl ServedDocument {
    /// 410 with the Tombstone of an object that was deleted at this time.
    pub(super) fn gone(uri: &str, at: Time) -> Self {
        Self::Gone(write_object::tombstone(uri, Some(at)))
    }

    /// The same, but not cacheable, for a reader who had to authenticate.
    fn for_reader(self) -> Self {
        match self {
            Self::Public(value) => Self::ForReader(value),
            other => other,
        }
    }

    /// The HTTP response; 304 when the client already has this version.
    pub(super) fn into_response(self, request: &HttpRequest) -> HttpResponse {
        let (code, cache, vary, value) = match self {
            Self::Refused(why) => return unauthorized(&why),
            Self::Public(value) => (StatusCode::OK, PUBLIC_CACHE_CONTROL, "Accept", value),
            Self::ForReader(value) => (StatusCode::OK, PRIVATE_CACHE_CONTROL, "Accept, Signature", value),
            Self::Gone(value) => (StatusCode::GONE, PUBLIC_CACHE_CONTROL, "Accept", value),
        };
        let body = value.to_string();
        let tag = EntityTag::new_strong(etag_of(body.as_bytes()));
        let fresh = code != StatusCode::OK || !super::blocking::client_has_version(request, &tag);
        let mut response = HttpResponse::build(if fresh { code } else { StatusCode::NOT_MODIFIED });
        response
            .insert_header(header::ETag(tag))
            .insert_header((header::CACHE_CONTROL, cache))
            .insert_header((header::VARY, vary))
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
        if fresh { response.content_type(ACTIVITY_JSON).body(body) } else { response.finish() }
    }
}

/// A 401 response with the signature we prefer.
fn unauthorized(why: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::UNAUTHORIZED)
        .insert_header(("accept-signature", FETCH_ACCEPT_SIGNATURE))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept, Signature"))
        .json(json!({ "error": why }))
}

fn etag_of(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// A possibly signed request, copied so that it can move to a blocking thread.
pub(super) struct SignedRequest {
    method: String,
    path: String,
    target: String,
    headers: Vec<(String, String)>,
    body: web::Bytes,
    /// The client's address.
    client_address: Option<IpAddr>,
}

impl SignedRequest {
    /// Copies the request; `body` was read from it.
    pub(super) fn of(request: &HttpRequest, body: web::Bytes) -> Self {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let proxies = request.app_data::<web::Data<Node>>().map(|node| node.config.trusted_proxies.as_slice());
        let headers = request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
        Self {
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body,
            client_address: rate_limit::client_address(request, proxies.unwrap_or_default()),
        }
    }

    /// The request for signature verification, with our configured origin: proxy headers are not trusted.
    pub(super) fn as_received<'a>(&'a self, node: &'a Node) -> ReceivedRequest<'a> {
        let origin = &node.facts.origin;
        ReceivedRequest {
            method: &self.method,
            scheme: &origin.scheme,
            host: &origin.host,
            target: &self.target,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// The requested URL without its query, the form in which our URIs are stored.
    pub(super) fn url(&self, node: &Node) -> String {
        node.facts.origin.url(&self.path)
    }

    /// Whether the request has a `Signature` header.
    pub(super) fn is_signed(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "signature")
    }

    /// The signing actor; None without a valid signature. May fetch a key.
    pub(super) fn verified_signer(&self, node: &Node) -> Option<Actor> {
        self.is_signed()
            .then(|| verify::verify_signer(node, &self.as_received(node), self.client_address).ok())
            .flatten()
    }
}

/// Which private objects a reader may see. All of it is looked up every time, so that the response time reveals
/// nothing.
pub(super) struct ReaderAccess {
    blocked: bool,
    follows: bool,
}

impl ReaderAccess {
    /// The access of an actor with a valid signature.
    pub(super) fn of(r: &Read<'_>, reader: &Actor) -> Result<Self> {
        let follows = follows::is_accepted(r, reader.id, node::owner(r)?)?;
        Ok(Self { blocked: block_filter::is_hidden(r, reader)?, follows })
    }

    /// Whether the reader may see an object with this audience; `named` when it addresses them. Blocked actors see no
    /// private object.
    pub(super) fn allows(&self, audience: Audience, named: bool) -> bool {
        match audience {
            Audience::Public | Audience::Quiet => true,
            Audience::Followers => !self.blocked && (named || self.follows),
            Audience::Mentioned => !self.blocked && named,
        }
    }
}
