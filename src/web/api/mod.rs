//! The Mastodon client API, the only place that uses Mastodon's vocabulary. [`serve`] handles every request the same
//! way: route from [`routes::ROUTES`], caller, scope, parameters, endpoint.

pub(super) mod access;
mod error;
mod error_response;
pub(super) mod moderation;
pub(super) mod people;
pub(super) mod post;
mod rate_limits;
mod rendered_statuses;
mod response_cache;
mod status_cache;
mod stubs;
pub(super) mod timeline;

mod call;
mod compose;
mod entity;
mod instance;
mod notifications;
mod oembed;
mod paging;
mod params;
mod routes;
pub mod streaming;
#[cfg(test)]
mod tests;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use std::net::IpAddr;

use call::{ApiRequest, ApiResponse};
use error::ApiError;
use params::RequestParams;
pub use rate_limits::ApiRateLimits;
use rate_limits::{RateLimitCaller, RateLimitStatus};
pub use response_cache::ResponseCache;
use routes::{RequiredAccess, Route};

use super::auth;
use super::blocking::run_blocking;
use super::request_body::{self, BodySender};
use crate::federation::owner::login::token_hash;
use crate::federation::{Node, owner::oauth};
use crate::store::access::apps::{self as tokens, AccessToken};

/// Headers a browser's script may read.
const EXPOSED_HEADERS: &str =
    "Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id, Mastodon-Async-Refresh";
/// Seconds a browser may cache a CORS preflight.
const PREFLIGHT_SECONDS: &str = "86400";

/// Where a call comes from.
#[derive(Clone, Copy)]
struct RequestSource {
    /// Behind our proxies.
    address: IpAddr,
    /// This machine itself, and no proxy on it.
    is_here: bool,
}

/// Whether a program on this machine calls, and not a proxy for another actor.
fn is_here(request: &HttpRequest) -> bool {
    let passed_on = ["x-forwarded-for", "forwarded", "via", "x-real-ip", "x-forwarded-proto"];
    request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !passed_on.iter().any(|name| request.headers().contains_key(*name))
}

/// Handles every request of the client API, `OPTIONS` included.
pub async fn serve(
    node: web::Data<Node>,
    rates: web::Data<ApiRateLimits>,
    again: web::Data<ResponseCache>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    if request.method() == Method::OPTIONS {
        return preflight(&request);
    }
    let from = RequestSource {
        address: auth::client_address_or_unspecified(&request, &node.config.trusted_proxies),
        is_here: is_here(&request),
    };
    let answer = answered(&node, (&rates, &again), from, &request, payload).await;
    error_response(answer, request.method() == Method::HEAD)
}

/// Finds the route, reads the parameters and runs it. A token in the headers is checked before the body is read, and a
/// bad one ends the request.
async fn answered(
    node: &web::Data<Node>,
    (rates, again): (&web::Data<ApiRateLimits>, &web::Data<ResponseCache>),
    from: RequestSource,
    request: &HttpRequest,
    payload: web::Payload,
) -> ApiResponse {
    let (route, mut call) = match begin(request, again) {
        Ok(begun) => begun,
        Err(fault) => return fault.answer(),
    };
    let mut standing = None;
    if request_body::has_body(request) && call.bearer.is_some() {
        let rates = rates.clone();
        match run_blocking(node, move |node| Ok(authenticate(node, &rates, from, route, call))).await {
            Ok(Ok((known, stands))) => (call, standing) = (known, Some(stands)),
            Ok(Err(refused)) => return refused,
            Err(error) => return ApiError::from(error).answer(),
        }
    }
    if let Err(fault) = read(node, route, &mut call, request, payload).await {
        let answer = fault.answer();
        return match standing {
            Some(standing) => standing.headers(answer, node.clock().now()),
            None => answer,
        };
    }
    let (rates, again) = (rates.clone(), again.clone());
    let done = run_blocking(node, move |node| {
        Ok(match standing {
            Some(standing) => run(node, &again, route, &call, standing),
            None => match authenticate(node, &rates, from, route, call) {
                Ok((call, standing)) => run(node, &again, route, &call, standing),
                Err(refused) => refused,
            },
        })
    });
    done.await.unwrap_or_else(|error| ApiError::from(error).answer())
}

/// Finds the route and reads the headers; the token is checked later on a thread that may read the disk.
fn begin(request: &HttpRequest, again: &ResponseCache) -> Result<(&'static Route, ApiRequest), ApiError> {
    let path = request.path();
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    if ["/api/v1/admin/", "/api/v2/admin/"].iter().any(|admin| path.starts_with(admin)) {
        return Err(ApiError::NotAllowed);
    }
    let (route, captured) = routes::find(method.as_str(), path).ok_or(ApiError::NoRoute)?;
    let params = RequestParams::from_query(request)?;
    let (bearer, basic) = credentials(request, &params);
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let call = ApiRequest {
        captured,
        token: None,
        path: path.trim_end_matches('/').to_owned(),
        query: request.query_string().to_owned(),
        idempotency: text("idempotency-key"),
        basic,
        bearer,
        params,
        status_cache: again.status_cache.clone(),
    };
    Ok((route, call))
}

/// Reads the body. It may contain the token itself: until that is read, the body counts as a stranger's.
async fn read(
    node: &web::Data<Node>,
    route: &Route,
    call: &mut ApiRequest,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(), ApiError> {
    let sender = if call.is_owner() { BodySender::Owner } else { BodySender::Stranger };
    let body = request_body::of(request, payload.into_inner(), sender)?;
    let is_owners = async |text: String| {
        let token = run_blocking(node, move |node| Ok(bearer(node, &text))).await??;
        Ok(token.speaks_for_owner)
    };
    match call.params.read(request, body, is_owners).await {
        Err(ApiError::TooLarge) if call.bearer.is_none() && route.need.asks_for_token() => {
            return Err(ApiError::NoToken);
        }
        done => done?,
    }
    if call.bearer.is_none() {
        (call.bearer, _) = credentials(request, &call.params);
    }
    Ok(())
}

/// The bearer's token, by header or parameter, and the client of `Basic`.
fn credentials(request: &HttpRequest, params: &RequestParams) -> (Option<String>, Option<(String, String)>) {
    let said = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, rest) = said.split_once(' ').unwrap_or((said, ""));
    let basic = scheme.eq_ignore_ascii_case("basic").then(|| {
        let text = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
    });
    let bearer = match scheme.eq_ignore_ascii_case("bearer") {
        true => Some(rest.trim().to_owned()),
        false => params.given("access_token"),
    };
    (bearer.filter(|token| !token.is_empty()), basic.flatten())
}

/// Authenticates the call and applies the rate limit; a response when it ends here.
fn authenticate(
    node: &Node,
    rates: &ApiRateLimits,
    from: RequestSource,
    route: &Route,
    mut call: ApiRequest,
) -> Result<(ApiRequest, RateLimitStatus), ApiResponse> {
    let now = node.clock().now();
    let token = known_token(node, route, &call);
    let caller = match &token {
        Ok(Some(token)) if from.is_here => RateLimitCaller::Loopback(token.id),
        Ok(Some(token)) => RateLimitCaller::Token(token.id),
        _ => RateLimitCaller::at(from.address),
    };
    let standing = rates.count(route, caller, now);
    if standing.is_over() {
        return Err(standing.headers(ApiError::TooMany.answer(), now));
    }
    match token {
        Ok(token) => {
            call.token = token;
            Ok((call, standing))
        }
        Err(fault) => Err(standing.headers(fault.answer(), now)),
    }
}

/// Runs a call if its token permits the route.
fn run(node: &Node, again: &ResponseCache, route: &Route, call: &ApiRequest, standing: RateLimitStatus) -> ApiResponse {
    let answer = check_access(route.need, call).and_then(|()| match route.again {
        true => again.answer(node, call, || (route.run)(node, call)),
        false => (route.run)(node, call),
    });
    standing.headers(answer.unwrap_or_else(ApiError::answer), node.clock().now())
}

/// The token's owner. A bad token is an error unless the route needs none: apps send theirs with everything, also after
/// it was revoked.
fn known_token(node: &Node, route: &Route, call: &ApiRequest) -> Result<Option<AccessToken>, ApiError> {
    match call.bearer.as_deref().map(|text| bearer(node, text)).transpose() {
        Err(ApiError::NoToken) if matches!(route.need, RequiredAccess::Nothing) => Ok(None),
        known => known,
    }
}

/// The access token of a bearer.
fn bearer(node: &Node, text: &str) -> Result<AccessToken, ApiError> {
    let token = node.store.read(|r| tokens::token(r, &token_hash(text)))?.ok_or(ApiError::NoToken)?;
    if tokens::is_stale(&token, node.clock().now()) {
        let id = token.id;
        drop(node.store.submit(move |w| tokens::touch_token(w, id)));
    }
    Ok(token)
}

/// Whether the token permits the route.
fn check_access(need: RequiredAccess, call: &ApiRequest) -> Result<(), ApiError> {
    let holds = |wanted: &[&str]| {
        let granted = call.token.as_ref().map_or("", |token| token.scopes.as_str());
        if wanted.iter().any(|scope| oauth::scopes_allow(granted, scope)) { Ok(()) } else { Err(ApiError::Scope) }
    };
    match (need, &call.token) {
        (RequiredAccess::Nothing, _) | (RequiredAccess::Optional(_), None) => Ok(()),
        (RequiredAccess::Optional(scope), Some(_)) => holds(&[scope]),
        (_, None) => Err(ApiError::NoToken),
        (RequiredAccess::Any, Some(_)) => Ok(()),
        (RequiredAccess::Owner | RequiredAccess::Scope(_) | RequiredAccess::Scopes(_), Some(token))
            if !token.speaks_for_owner =>
        {
            Err(ApiError::NoUser(422))
        }
        (RequiredAccess::Owner, Some(_)) => Ok(()),
        (RequiredAccess::Scope(scope), Some(_)) => holds(&[scope]),
        (RequiredAccess::Scopes(scopes), Some(_)) => holds(scopes),
    }
}

fn error_response(answer: ApiResponse, head: bool) -> HttpResponse {
    let code = StatusCode::from_u16(answer.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(code);
    response.insert_header((header::CONTENT_TYPE, "application/json; charset=utf-8"));
    response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    response.insert_header((header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS));
    response.insert_header((header::CACHE_CONTROL, "private, no-store"));
    response.insert_header((header::VARY, "Authorization, Origin"));
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    if head { response.finish() } else { response.body(answer.body) }
}

/// `OPTIONS` of other paths that browser clients read.
pub async fn allowed(request: HttpRequest) -> HttpResponse {
    preflight(&request)
}

/// CORS preflight.
fn preflight(request: &HttpRequest) -> HttpResponse {
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|value| value.to_str().ok());
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE, OPTIONS"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            asked.unwrap_or("Authorization, Content-Type, Idempotency-Key").to_owned(),
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS))
        .finish()
}
