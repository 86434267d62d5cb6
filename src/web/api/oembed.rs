//! `GET /api/oembed` for the owner's public posts.

use maud::{PreEscaped, html};
use serde_json::json;

use super::call::{ApiRequest, ApiResponse, ApiResult};
use super::entity::UrlBuilder;
use crate::base::Error;
use crate::base::id::PostId;
use crate::federation::Node;
use crate::store::{actors, node, posts};

/// Default width in pixels.
const DEFAULT_WIDTH: u32 = 400;
/// Cache lifetime in seconds.
const CACHE_SECONDS: u32 = 86_400;

/// The post of one of our URLs. NotFound for anything else, and for what is not public.
pub fn show(node: &Node, call: &ApiRequest) -> ApiResult {
    let url = call.params.required("url")?;
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let id: PostId = path.rsplit('/').next().unwrap_or_default().parse().map_err(|_| Error::NotFound)?;
    let (post, owner) = node.store.read(|r| Ok((posts::by_id(r, id)?, actors::by_id(r, node::owner(r)?)?)))?;
    let is_ours = post.actor_id == owner.id && (post.uri == path || post.html_url() == path);
    if !is_ours || post.boost_of.is_some() || !post.audience.is_open() {
        return Err(Error::NotFound.into());
    }
    let width = call
        .number("maxwidth")
        .and_then(|n| u32::try_from(n).ok())
        .map_or(DEFAULT_WIDTH, |most| most.min(DEFAULT_WIDTH));
    let quote = html! {
        blockquote cite=(post.html_url()) {
            @if let Some(warning) = &post.warning { p { (warning) } } @else { (PreEscaped(&post.content)) }
            p { a href=(post.html_url()) target="_blank" { (owner.name) " (@" (owner.handle()) ")" } }
        }
    };
    Ok(ApiResponse::json(&json!({
        "type": "rich",
        "version": "1.0",
        "title": format!("New status by {}", owner.name),
        "author_name": owner.name,
        "author_url": owner.url,
        "provider_name": node.facts.origin.host,
        "provider_url": UrlBuilder::of(node).here("/"),
        "cache_age": CACHE_SECONDS,
        "html": quote.into_string(),
        "width": width,
        "height": null,
    })))
}
