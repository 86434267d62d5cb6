//! What peers read and post: documents, collections, discovery and the inbox. Parses nothing it does not have to, and
//! never shows a stranger that a private thing exists.

pub mod activities;
pub mod actor;
pub mod collections;
pub mod discovery;
pub mod inbox;
pub mod posts;
pub mod synchronisation;
#[cfg(test)]
mod tests;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, EntityTag, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::ap::write_object;
use crate::base::{Audience, Result, Time};
use crate::federation::{Node, verify};
use crate::sig::Received;
use crate::store::actors::Actor;
use crate::store::{Read, follows, node, shield};

/// The type of every document we serve; Lemmy and Mastodon compare it letter by letter.
pub const ACTIVITY_JSON: &str = "application/activity+json";
/// How long others may keep what everyone may read: long enough for the herd that follows a popular post.
const PUBLIC_CACHE: &str = "max-age=180, public";
/// What only the asker may read, nobody in between may keep.
const PRIVATE_CACHE: &str = "max-age=0, private";

/// A document for a peer, and how far it may travel.
pub(super) enum Document {
    /// For everyone.
    Open(Value),
    /// For who signed the request.
    Asker(Value),
    /// Deleted for good: the Tombstone.
    Gone(Value),
}

impl Document {
    /// The Tombstone of something deleted then.
    pub(super) fn gone(uri: &str, at: Time) -> Self {
        Self::Gone(write_object::tombstone(uri, Some(at)))
    }

    /// The answer, or 304 when the asker has it.
    pub(super) fn answer(self, request: &HttpRequest) -> HttpResponse {
        let (code, cache, vary, value) = match self {
            Self::Open(value) => (StatusCode::OK, PUBLIC_CACHE, "Accept", value),
            Self::Asker(value) => (StatusCode::OK, PRIVATE_CACHE, "Accept, Signature", value),
            Self::Gone(value) => (StatusCode::GONE, PUBLIC_CACHE, "Accept", value),
        };
        let body = value.to_string();
        let tag = EntityTag::new_strong(hash(body.as_bytes()));
        let fresh = code != StatusCode::OK || !super::edge::has(request, &tag);
        let mut response = HttpResponse::build(if fresh { code } else { StatusCode::NOT_MODIFIED });
        response
            .insert_header(header::ETag(tag))
            .insert_header((header::CACHE_CONTROL, cache))
            .insert_header((header::VARY, vary))
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
        if fresh { response.content_type(ACTIVITY_JSON).body(body) } else { response.finish() }
    }
}

fn hash(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// A request as it came, without the connection.
pub(super) struct Letter {
    method: String,
    path: String,
    target: String,
    headers: Vec<(String, String)>,
    body: web::Bytes,
}

impl Letter {
    /// The request with the body that was read from it.
    pub(super) fn of(request: &HttpRequest, body: web::Bytes) -> Self {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
        Self {
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body,
        }
    }

    /// The same for the signature room: judged by the origin we know, not by what a proxy says.
    pub(super) fn received<'a>(&'a self, node: &'a Node) -> Received<'a> {
        let origin = &node.facts.origin;
        Received {
            method: &self.method,
            scheme: &origin.scheme,
            host: &origin.host,
            target: &self.target,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// The URL that was asked for, without its query: our own URIs are stored in this form.
    pub(super) fn url(&self, node: &Node) -> String {
        node.facts.origin.url(&self.path)
    }

    /// Who signed the request; None for a stranger. May fetch a key.
    pub(super) fn reader(&self, node: &Node) -> Option<Actor> {
        let signed = self.headers.iter().any(|(name, _)| name == "signature");
        signed.then(|| verify::signer(node, &self.received(node)).ok()).flatten()
    }
}

/// Whether `reader` may see something of the owner's with this audience; `named` are the actor ids it addresses.
pub(super) fn may_read(r: &Read<'_>, reader: Option<&Actor>, audience: Audience, named: &[String]) -> Result<bool> {
    let Some(reader) = reader else { return Ok(audience.is_open()) };
    // To the blocked a private thing is as good as none.
    if !audience.is_open() && shield::hides(r, reader)? {
        return Ok(false);
    }
    let follows = || follows::is_accepted(r, reader.id, node::owner(r)?);
    Ok(match audience {
        Audience::Public | Audience::Quiet => true,
        Audience::Followers => named.contains(&reader.uri) || follows()?,
        Audience::Mentioned => named.contains(&reader.uri),
    })
}
