//! Files over HTTP: our embedded assets and the addresses of remote pictures led through this server. Never serves what
//! a peer named.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use rust_embed::Embed;

use super::edge::PageError;
use crate::base::Error;
use crate::federation::Node;

#[derive(Embed)]
#[folder = "assets/"]
struct Assets;

/// `GET /assets/{path}`.
pub async fn asset(path: web::Path<String>) -> Result<HttpResponse, PageError> {
    let file = Assets::get(&path).ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(file.metadata.mimetype())
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(file.data.into_owned()))
}

/// The address on this server that shows a remote picture.
pub fn proxied(node: &Node, url: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &node.facts.secret);
    let mac = hmac::sign(&key, url.as_bytes());
    format!("/proxy/{}/{}", URL_SAFE_NO_PAD.encode(mac), URL_SAFE_NO_PAD.encode(url))
}
