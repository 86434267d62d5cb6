//! WebFinger, host-meta and NodeInfo.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::Value;

use crate::ap::discovery::{self, NodeInfo, NodeInfoVersion, WebFingerIdentity, WebFingerResource};
use crate::ap::write_actor::OwnImage;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::document;
use crate::store::actors::{self, Actor};
use crate::store::media_files::MediaFileName;
use crate::store::{Read, actors::own_counts, node};
use crate::text::plain_text;
use crate::web::blocking::{ApError, run_blocking};

/// `Cache-Control` of these responses.
const CACHE_CONTROL: &str = "max-age=600, public";
/// Maximum length of the bio in NodeInfo.
const MAX_NODEINFO_DESCRIPTION_CHARS: usize = 200;
const JRD_TYPE: &str = "application/jrd+json";
const JSON_TYPE: &str = "application/json";

fn respond(media_type: &str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .body(body)
}

/// The query of a WebFinger request; `rel` is ignored, as RFC 7033 permits.
#[derive(Debug, serde::Deserialize)]
pub struct WebFingerQuery {
    resource: Option<String>,
}

/// `GET /.well-known/webfinger?resource=…`
pub async fn webfinger(node: web::Data<Node>, question: web::Query<WebFingerQuery>) -> Result<HttpResponse, ApError> {
    let text = question.into_inner().resource.unwrap_or_default();
    if text.is_empty() {
        return Err(Error::invalid("a resource is missing: request ?resource=acct:name@domain").into());
    }
    let found = run_blocking(&node, move |node| {
        let resource = WebFingerResource::parse(text.trim()).ok_or(Error::NotFound)?;
        node.store.read(|r| find(r, &resource))
    });
    Ok(respond(JRD_TYPE, found.await?.to_string()))
}

fn find(r: &Read<'_>, resource: &WebFingerResource) -> Result<Value> {
    let facts = node::get(r)?;
    let origin = &facts.origin;
    let service = actors::by_id(r, facts.service)?;
    let owner = facts.owner.map(|id| actors::by_id(r, id)).transpose()?;
    let is_owner = |owner: &Actor| match resource {
        WebFingerResource::Handle { user, host } => origin.is_ours(host) && user.eq_ignore_ascii_case(&owner.username),
        WebFingerResource::Url(url) => [&owner.uri, &owner.url].iter().any(|known| same_url(known, url)),
    };
    if let Some(owner) = owner.filter(is_owner) {
        return if owner.gone_at.is_some() { Err(Error::Gone) } else { Ok(owner_jrd(&facts, &owner)) };
    }
    match resource {
        WebFingerResource::Handle { user, host } if origin.is_ours(host) && origin.is_ours(user) => {
            Ok(instance_actor_jrd(&service))
        }
        WebFingerResource::Url(url) if same_url(&service.uri, url) => Ok(instance_actor_jrd(&service)),
        WebFingerResource::Url(url) if same_url(&origin.url(""), url) => {
            Ok(discovery::webfinger_of_server(&origin.url("/"), &service.uri))
        }
        _ => Err(Error::NotFound),
    }
}

/// Whether two URLs are the same, ignoring case and a trailing slash of `asked`.
fn same_url(known: &str, asked: &str) -> bool {
    known.eq_ignore_ascii_case(asked.strip_suffix('/').unwrap_or(asked))
}

fn owner_jrd(facts: &node::NodeFacts, owner: &Actor) -> Value {
    let origin = &facts.origin;
    let icon = owner.icon.as_deref().and_then(|file| MediaFileName::parse(file).ok());
    discovery::webfinger(&WebFingerIdentity {
        handle: owner.handle(),
        actor: owner.uri.clone(),
        page: owner.url.clone(),
        icon: icon.map(|name| OwnImage {
            url: document::media_url(origin, name.as_str()),
            media_type: name.media_type().to_owned(),
            alt: String::new(),
        }),
        subscribe: Some(origin.url("/authorize_interaction?uri={uri}")),
        create: None,
        object: Some(origin.url("/authorize_interaction?uri={object}")),
    })
}

fn instance_actor_jrd(service: &Actor) -> Value {
    discovery::webfinger(&WebFingerIdentity {
        handle: service.handle(),
        actor: service.uri.clone(),
        page: service.url.clone(),
        ..WebFingerIdentity::default()
    })
}

/// `GET /.well-known/host-meta`
pub async fn host_meta(node: web::Data<Node>) -> HttpResponse {
    respond("application/xrd+xml; charset=utf-8", discovery::host_meta_xml(&node.facts.origin.url("")))
}

/// `GET /.well-known/host-meta.json`
pub async fn host_meta_json(node: web::Data<Node>) -> HttpResponse {
    respond(JSON_TYPE, discovery::host_meta_json(&node.facts.origin.url("")).to_string())
}

/// `GET /.well-known/nodeinfo`
pub async fn nodeinfo(node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    let service = run_blocking(&node, |node| node.store.read(|r| actors::by_id(r, node.facts.service))).await?;
    Ok(respond(JSON_TYPE, discovery::nodeinfo_index(&node.facts.origin.url(""), &service.uri).to_string()))
}

/// `GET /nodeinfo/2.0` and `/nodeinfo/2.1`
pub async fn nodeinfo_document(node: web::Data<Node>, version: web::Path<String>) -> Result<HttpResponse, ApError> {
    let version = match version.as_str() {
        "2.0" => NodeInfoVersion::V2_0,
        "2.1" => NodeInfoVersion::V2_1,
        _ => return Err(Error::NotFound.into()),
    };
    let word = if version == NodeInfoVersion::V2_0 { "2.0" } else { "2.1" };
    let media_type = format!("{JSON_TYPE}; profile=\"http://nodeinfo.diaspora.software/ns/schema/{word}#\"");
    let info = run_blocking(&node, |node| node.store.read(load_nodeinfo)).await?;
    Ok(respond(&media_type, discovery::nodeinfo(version, &info).to_string()))
}

fn load_nodeinfo(r: &Read<'_>) -> Result<NodeInfo> {
    let facts = node::get(r)?;
    let (rules, privacy) = (facts.origin.url("/about#rules"), facts.origin.url("/privacy-policy"));
    let Some(owner) = facts.owner else {
        return Ok(NodeInfo { name: facts.origin.host, rules, privacy, ..NodeInfo::default() });
    };
    let contact = node::settings(r)?.contact;
    let local_posts = own_counts::get(r)?.posts.into();
    let owner = actors::by_id(r, owner)?;
    Ok(NodeInfo {
        description: plain_text::excerpt(&plain_text::from_html(&owner.bio), MAX_NODEINFO_DESCRIPTION_CHARS),
        name: owner.name,
        owner: owner.uri,
        repository: String::new(),
        local_posts,
        active: true,
        contact: if contact.contains('@') { contact.trim().to_owned() } else { String::new() },
        rules,
        privacy,
    })
}
