//! Authentication of page requests: the session cookie, and the CSRF and origin checks of forms.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::error::InternalError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::blocking::{PageError, run_blocking};
use super::rate_limit;
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::{Node, owner::login};
use crate::store;
use crate::store::access::sessions::SESSION_LIFETIME;
use crate::store::posts::Viewer;

/// The name of the session cookie.
pub const SESSION_COOKIE: &str = "hytte_session";

/// A browser with an open session. A server without an owner yet (a fresh trial) has sessions, too.
#[derive(Debug, Clone)]
pub struct SignedInSession {
    /// SHA-256 of the session token in the cookie.
    pub hash: [u8; 32],
    /// The CSRF token for every form.
    pub csrf: String,
    /// The owner, if one is named already.
    pub owner: Option<ActorId>,
}

/// Extractor: the signed-in owner. Others are redirected to `/login`, or to `/welcome` while no owner is named.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The owner's actor.
    pub actor: ActorId,
    /// SHA-256 of the session token in the cookie.
    pub hash: [u8; 32],
    /// The CSRF token for every form.
    pub csrf: String,
}

/// Extractor: the owner, or None for a visitor.
#[derive(Debug, Clone)]
pub struct MaybeOwner(pub Option<Owner>);

/// Extractor: the session, or None for a visitor.
#[derive(Debug, Clone)]
pub struct MaybeSession(pub Option<SignedInSession>);

impl MaybeOwner {
    /// Whose view of posts this is.
    pub fn viewer(&self) -> Viewer {
        if self.0.is_some() { Viewer::Owner } else { Viewer::Stranger }
    }
}

type ExtractorFuture<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

impl FromRequest for MaybeSession {
    type Error = actix_web::Error;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(load_session(&request).await?)) })
    }
}

impl FromRequest for MaybeOwner {
    type Error = actix_web::Error;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(load_session(&request).await?.and_then(owner_with_name))) })
    }
}

impl FromRequest for Owner {
    type Error = actix_web::Error;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match load_session(&request).await? {
                None => Err(redirect(&login_path(&request))),
                Some(session) => owner_with_name(session).ok_or_else(|| redirect("/welcome")),
            }
        })
    }
}

fn owner_with_name(session: SignedInSession) -> Option<Owner> {
    let SignedInSession { hash, csrf, owner } = session;
    owner.map(|actor| Owner { actor, hash, csrf })
}

/// The login page, which redirects back here afterwards. After a POST it redirects to `/`, because the form's content
/// is lost.
fn login_path(request: &HttpRequest) -> String {
    match (request.method().as_str(), request.uri().path_and_query()) {
        ("GET", Some(here)) if here.as_str() != "/" => {
            let next: String = url::form_urlencoded::byte_serialize(here.as_str().as_bytes()).collect();
            format!("/login?next={next}")
        }
        _ => "/login".to_owned(),
    }
}

fn redirect(to: &str) -> actix_web::Error {
    InternalError::from_response("", see_other(to)).into()
}

/// 303 to a path on this server.
pub fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .finish()
}

/// The path to redirect to, if it stays on this server; else `/`.
pub fn local_path(path: &str) -> &str {
    let stays = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace());
    if stays { path } else { "/" }
}

async fn load_session(request: &HttpRequest) -> Result<Option<SignedInSession>, PageError> {
    let Some(cookie) = request.cookie(SESSION_COOKIE) else { return Ok(None) };
    let node = request.app_data::<web::Data<Node>>().ok_or_else(|| Error::internal("no node"))?;
    let hash = login::token_hash(cookie.value());
    let found = run_blocking(node, move |node| {
        let now = node.store.read(|r| {
            if !store::access::sessions::is_open(r, &hash)? {
                return Ok(None);
            }
            Ok(Some((store::node::get(r)?.owner, store::access::sessions::is_stale(r, &hash)?)))
        })?;
        let Some((owner, stale)) = now else { return Ok(None) };
        if stale {
            node.store.write(move |w| store::access::sessions::touch(w, &hash))?;
        }
        Ok(Some(SignedInSession { hash, csrf: csrf_token(node, &hash), owner }))
    });
    Ok(found.await?)
}

/// The CSRF token of this session.
pub fn csrf_token(node: &Node, hash: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&csrf_key(node), &csrf_message(hash)))
}

/// Denied unless `token` is the CSRF token of this session.
pub fn check_csrf(node: &Node, hash: &[u8], token: &str) -> Result<()> {
    let tag = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    hmac::verify(&csrf_key(node), &csrf_message(hash), &tag)
        .map_err(|_| Error::Denied("this form has expired: go back, reload the page and send it again".into()))
}

fn csrf_key(node: &Node) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &node.facts.secret)
}

fn csrf_message(hash: &[u8]) -> Vec<u8> {
    [b"csrf:".as_slice(), hash].concat()
}

/// Denied when the browser reports that the form was sent from another site. Text browsers report nothing; there only
/// the CSRF token protects.
pub fn check_origin(request: &HttpRequest, node: &Node) -> Result<()> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let elsewhere = || Err(Error::Denied("this form was sent from another site".into()));
    if header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return elsewhere();
    }
    let Some(origin) = header("origin") else { return Ok(()) };
    let from = origin.split_once("://").map_or("", |(_, host)| host);
    if Some(from) == header("host") || from == node.facts.origin.host { Ok(()) } else { elsewhere() }
}

/// The cookie of a new session; Secure when the server is reached by https.
pub fn session_cookie(node: &Node, value: String) -> Cookie<'static> {
    let age = time::Duration::seconds(i64::try_from(SESSION_LIFETIME.as_secs()).unwrap_or(i64::MAX));
    build_cookie(node, value, age)
}

/// A cookie that deletes the session cookie.
pub fn expired_cookie(node: &Node) -> Cookie<'static> {
    build_cookie(node, String::new(), time::Duration::ZERO)
}

fn build_cookie(node: &Node, value: String, age: time::Duration) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(node.facts.origin.scheme == "https")
        .max_age(age)
        .finish()
}

/// The client's address, as found by [`rate_limit::caller`]; 0.0.0.0 when it is unknown.
pub fn client_address_or_unspecified(request: &HttpRequest, trusted: &[IpAddr]) -> IpAddr {
    rate_limit::client_address(request, trusted).unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

/// The user agent of the client.
pub fn user_agent(request: &HttpRequest) -> &str {
    request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("an unnamed browser")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_form_never_leads_to_another_server() {
        for path in ["/", "/post/7#p7", "/find?q=a%20b"] {
            assert_eq!(local_path(path), path);
        }
        for path in
            ["", "https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:x"]
        {
            assert_eq!(local_path(path), "/", "{path}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_says_who_asks() {
        let proxy: IpAddr = [10, 0, 0, 1].into();
        let request = |header: &'static str| {
            let peer = std::net::SocketAddr::from((proxy, 1234));
            TestRequest::get().peer_addr(peer).insert_header(("X-Forwarded-For", header)).to_http_request()
        };
        let client = IpAddr::from([203, 0, 113, 9]);
        assert_eq!(client_address_or_unspecified(&request("203.0.113.9"), &[]), proxy);
        assert_eq!(
            client_address_or_unspecified(&request("1.1.1.1, 203.0.113.9, 10.0.0.1"), &[proxy]),
            client,
            "the rest may be made up"
        );
        assert_eq!(client_address_or_unspecified(&request("nonsense"), &[proxy]), proxy);
    }
}
