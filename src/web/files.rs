//! Embedded assets, the owner's media, and the proxy for remote images.

use std::borrow::Cow;

use actix_web::http::header::{self, EntityTag, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;
use tokio::sync::Semaphore;

use super::blocking::{self, PageError};
use super::media_streams::{self, FETCH_QUEUE_TIMEOUT, MEDIA_CSP};
use crate::base::{Error, Result};
pub use crate::federation::remote::media_proxy::path as proxied;
use crate::federation::{Node, media, remote::media_proxy};
use crate::store::media_files::{self, MediaFileName};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// `Cache-Control` of files whose URL changes with their content.
const CACHE_IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// `Cache-Control` of an asset requested without its hash.
const CACHE_ONE_HOUR: &str = "public, max-age=3600";
/// `Cache-Control` of a remote image: its URL may serve another image later.
const CACHE_ONE_WEEK: &str = "public, max-age=604800";
/// `Cache-Control` of the placeholder for an image that cannot be fetched.
const CACHE_FIVE_MINUTES: &str = "public, max-age=300";
/// Placeholder for an image that cannot be fetched.
const PLACEHOLDER_IMAGE: &str =
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="#8884" d="M0 0h8v8H0z"/></svg>"##;

/// Limits concurrent fetches of remote images.
#[derive(Debug)]
pub struct ImageFetchPermits(Semaphore);

impl Default for ImageFetchPermits {
    fn default() -> Self {
        Self(Semaphore::new(media::MAX_CONCURRENT_MEDIA_FETCHES))
    }
}

/// The URL of an asset, with a hash of its content so that it can be cached forever.
pub fn asset_url(path: &str) -> String {
    match Assets::get(path) {
        Some(file) => format!("/assets/{path}?v={}", short_hash(&file)),
        None => format!("/assets/{path}"),
    }
}

fn short_hash(file: &rust_embed::EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /assets/{path}`.
pub async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, PageError> {
    embedded_file(&request, &path)
}

/// `GET /favicon.ico`.
pub async fn favicon(request: HttpRequest) -> Result<HttpResponse, PageError> {
    embedded_file(&request, "cabin.svg")
}

/// `GET /health`, for monitoring.
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("OK")
}

/// `GET /robots.txt`.
pub async fn robots(request: HttpRequest) -> Result<HttpResponse, PageError> {
    embedded_file(&request, "robots.txt")
}

fn embedded_file(request: &HttpRequest, path: &str) -> Result<HttpResponse, PageError> {
    let file = Assets::get(path).ok_or(Error::NotFound)?;
    let hash = short_hash(&file);
    let named = request.query_string() == format!("v={hash}");
    let kept = if named { CACHE_IMMUTABLE } else { CACHE_ONE_HOUR };
    let mime = file.metadata.mimetype();
    let media_type = if mime.starts_with("text/") { Cow::from(format!("{mime}; charset=utf-8")) } else { mime.into() };
    Ok(file_response(request, &hash, &media_type, kept, || file.data.into_owned()))
}

/// `GET /media/{name}`: the owner's images, video and audio.
pub async fn own_file(
    request: HttpRequest,
    node: web::Data<Node>,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let name = MediaFileName::parse(&name)?;
    let asked = name.clone();
    let is_picture = name.media_type().starts_with("image/");
    let bytes =
        blocking::run_blocking(&node, move |node| match node.store.read(|r| media_files::is_public(r, &asked))? {
            true if is_picture => read_media_file(node, &asked).map(Some),
            true => Ok(None),
            false => Err(Error::NotFound),
        });
    match bytes.await? {
        Some(bytes) => Ok(image_response(&request, &name, CACHE_IMMUTABLE, bytes)),
        None => media_streams::own_media(&request, &node, &name, CACHE_IMMUTABLE).await,
    }
}

/// `GET /proxy/{mac}/{url}`: a remote image, resized and re-encoded. Only for URLs signed by us.
pub async fn remote_image(
    request: HttpRequest,
    node: web::Data<Node>,
    turns: web::Data<ImageFetchPermits>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let url = media_proxy::url(&node, &path.0, &path.1)?;
    match fetch_image(&node, &turns, url).await {
        Ok((name, bytes)) => Ok(image_response(&request, &name, CACHE_ONE_WEEK, bytes)),
        Err(Error::NotFound) => Ok(HttpResponse::NotFound()
            .content_type("image/svg+xml")
            .insert_header((header::CACHE_CONTROL, CACHE_FIVE_MINUTES))
            .insert_header((header::CONTENT_SECURITY_POLICY, MEDIA_CSP))
            .body(PLACEHOLDER_IMAGE)),
        Err(error) => Err(error.into()),
    }
}

/// From the cache at once; else fetched after waiting for one of the few permits. Waiting holds no thread.
async fn fetch_image(
    node: &web::Data<Node>,
    turns: &ImageFetchPermits,
    url: String,
) -> Result<(MediaFileName, Vec<u8>)> {
    let asked = url.clone();
    let cached = blocking::run_blocking(node, move |node| {
        media::cached_image(node, &asked)?.map(|name| Ok((name.clone(), read_media_file(node, &name)?))).transpose()
    });
    if let Some(found) = cached.await? {
        return Ok(found);
    }
    let turn = tokio::time::timeout(FETCH_QUEUE_TIMEOUT, turns.0.acquire()).await;
    let _turn = turn.map_err(|_| Error::Busy)?.map_err(Error::internal)?;
    let fresh = blocking::run_blocking(node, move |node| {
        let name = media::fetch_image(node, &url)?;
        let bytes = read_media_file(node, &name)?;
        Ok((name, bytes))
    });
    fresh.await
}

fn read_media_file(node: &Node, name: &MediaFileName) -> Result<Vec<u8>> {
    match std::fs::read(media_files::path(&node.store, name)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::NotFound),
        bytes => Ok(bytes?),
    }
}

fn image_response(request: &HttpRequest, name: &MediaFileName, kept: &'static str, bytes: Vec<u8>) -> HttpResponse {
    let mut response = file_response(request, name.as_str(), name.media_type(), kept, || bytes);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(MEDIA_CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    // Pages on other origins, such as web clients, may read them.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// A file; 304 when the client already has this version.
fn file_response(
    request: &HttpRequest,
    tag: &str,
    media_type: &str,
    kept: &'static str,
    bytes: impl FnOnce() -> Vec<u8>,
) -> HttpResponse {
    let tag = EntityTag::new_strong(tag.to_owned());
    let mut response =
        if blocking::client_has_version(request, &tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(header::ETag(tag.clone())).insert_header((header::CACHE_CONTROL, kept));
    if blocking::client_has_version(request, &tag) {
        response.finish()
    } else {
        response.content_type(media_type).body(bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Cursor;
    use std::net::SocketAddr;

    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::base::Audience;
    use crate::federation::owner::publish;
    use crate::net::test_support::{TestPeer, response};
    use crate::web::test_support::TestServer;

    fn png() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::from_pixel(64, 48, image::Rgb([200, 30, 40]))
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[actix_web::test]
    async fn uploads_are_served_as_pictures_and_nothing_else() {
        let house = TestServer::new();
        let id = media::store_image(&house.node, &png(), " A red door ").unwrap();
        let row = house.node.store.read(|r| crate::store::posts::attachments::by_id(r, id)).unwrap();
        assert_eq!((row.alt.as_str(), row.width), ("A red door", Some(64)));
        let path = format!("/media/{}", row.file.unwrap());
        let reply = house.get(&path, "application/activity+json").await;
        assert_eq!(reply.code, StatusCode::OK);
        assert!(reply.header("content-type").starts_with("image/"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("content-security-policy"), MEDIA_CSP);
        assert_eq!(reply.header("cache-control"), CACHE_IMMUTABLE);
        let again = TestRequest::get().uri(&path).insert_header(("if-none-match", reply.header("etag")));
        assert_eq!(house.call(again).await.code, StatusCode::NOT_MODIFIED);
        for path in ["/media/../hytte.db", "/media/0123456789abcdef0123456789abcdef.png", "/media/x.html"] {
            assert_eq!(house.get(path, "*/*").await.code, StatusCode::NOT_FOUND, "{path}");
        }
        assert!(media::store_image(&house.node, b"<svg/>", "").is_err());
        let draft = publish::NewPost { media: vec![id], ..publish::NewPost::new("Look", Audience::Public) };
        publish::post(&house.node, draft).unwrap();
    }

    #[actix_web::test]
    async fn remote_pictures_are_shown_only_for_our_own_links_and_fetched_once() {
        let peer = TestPeer::start(|seen| match seen.target.as_str() {
            "/good.png" => response(200, &["content-type: text/html"], &png()),
            "/page" => response(200, &["content-type: image/png"], b"<html>hello</html>"),
            _ => response(500, &[], b""),
        });
        let world: [(&str, SocketAddr); 1] = [("pics.example", peer.address)];
        let house = TestServer::with_hosts(&world);
        let good = proxied(&house.node, "http://pics.example/good.png");
        for _ in 0..2 {
            let reply = house.get(&good, "image/*").await;
            assert_eq!(reply.code, StatusCode::OK);
            assert!(reply.header("content-type").starts_with("image/"), "as sniffed, not as declared");
            assert_eq!(reply.header("content-security-policy"), MEDIA_CSP);
        }
        assert_eq!(peer.seen().len(), 1);

        let page = proxied(&house.node, "http://pics.example/page");
        for _ in 0..2 {
            let reply = house.get(&page, "image/*").await;
            assert_eq!((reply.code, reply.header("content-type")), (StatusCode::NOT_FOUND, "image/svg+xml"));
        }
        assert_eq!(peer.seen().len(), 2, "a failure is remembered");
        house.test_store.clock.advance(std::time::Duration::from_secs(3600));
        house.get(&page, "image/*").await;
        assert_eq!(peer.seen().len(), 3, "but not for ever");

        let mac = good.split('/').nth(2).unwrap();
        let forged = format!("/proxy/{mac}/{}", URL_SAFE_NO_PAD.encode("http://pics.example/other"));
        assert_eq!(house.get(&forged, "image/*").await.code, StatusCode::NOT_FOUND);
        assert_eq!(peer.seen().len(), 3);
    }

    #[actix_web::test]
    async fn assets_are_kept_by_browsers_until_they_change() {
        let house = TestServer::new();
        let reply = house.get(&asset_url("page.css"), "*/*").await;
        assert_eq!((reply.code, reply.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
        assert_eq!(reply.header("cache-control"), CACHE_IMMUTABLE);
        assert_eq!(house.get("/assets/page.css?v=old", "*/*").await.header("cache-control"), CACHE_ONE_HOUR);
        assert_eq!(house.get("/assets/../Cargo.toml", "*/*").await.code, StatusCode::NOT_FOUND);
        assert_eq!(house.get("/favicon.ico", "*/*").await.header("content-type"), "image/svg+xml");
        assert!(house.get("/robots.txt", "*/*").await.text().starts_with("User-agent"));
    }
}
