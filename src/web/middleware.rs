//! Middleware.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Uri, header};
use actix_web::middleware::Next;

use tracing::Instrument as _;

use crate::base::time::Stopwatch;

/// Number of the next request of this process.
static NEXT_REQUEST: AtomicU64 = AtomicU64::new(1);
/// Hashes request numbers to request ids, so that an id does not reveal the number of requests.
static REQUEST_IDS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Gives each request an id and writes the access log at level debug. Log lines of the request carry the id, as does
/// the header `X-Request-Id` of responses with a server error. The paths of one-time login links are secret and not
/// logged.
pub async fn request_log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = format!("{:016x}", REQUEST_IDS.hash_one(NEXT_REQUEST.fetch_add(1, Ordering::Relaxed)));
    let span = tracing::info_span!("request", id);
    let watch = Stopwatch::start();
    let logged = tracing::enabled!(tracing::Level::DEBUG).then(|| {
        let path = match request.path() {
            path if path.starts_with("/login/link/") => "/login/link/…".to_owned(),
            path => path.to_owned(),
        };
        (request.method().clone(), path)
    });
    let mut answered = next.call(request).instrument(span.clone()).await;
    if let Some((method, path)) = logged {
        let status = match &answered {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        let ms = watch.elapsed().as_millis();
        span.in_scope(|| tracing::debug!(%method, path, status = status.as_u16(), ms, "request answered"));
    }
    // Not in other responses: those to a missing and to a private post must be identical to the byte.
    if let (Ok(response), Ok(value)) = (&mut answered, HeaderValue::try_from(id))
        && response.status().is_server_error()
    {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    answered
}

/// Removes `Cross-Origin-Opener-Policy` from the login and consent pages. Web clients open them in a popup and wait for
/// its result; browsers separate the two for good when any page on the way sets this header.
pub async fn remove_opener_policy(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().remove(header::CROSS_ORIGIN_OPENER_POLICY);
    Ok(response)
}

/// Treats `//` as `/` in paths of the client API, because some apps join a base URL that ends with a slash and a path
/// that begins with one. It is no redirect, because many clients would repeat a POST as a GET. Other paths stay as they
/// are, because they are compared and signed.
pub async fn collapse_slashes(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(uri) = with_collapsed_slashes(request.uri()) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

/// The URI with single slashes; None when it does not change.
pub(super) fn with_collapsed_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains("//") {
        return None;
    }
    let mut single = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !single.ends_with('/') {
            single.push(c);
        }
    }
    if !["/api/", "/oauth/"].iter().any(|face| single.starts_with(face)) {
        return None;
    }
    if let Some(query) = uri.query() {
        single = format!("{single}?{query}");
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(single.parse().ok()?);
    Uri::from_parts(parts).ok()
}
