//! Runs handlers on blocking threads, and maps [`Error`] to responses of the pages and of ActivityPub.

use std::fmt;
use std::time::Duration;

use actix_web::http::header::{EntityTag, Header as _};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError, web};
use serde_json::json;
use tokio::sync::Semaphore;

use super::page;
use crate::base::{Error, Result};
use crate::federation::Node;

/// Maximum number of jobs on blocking threads, slightly more than there are threads. Other jobs wait here, which is
/// cheaper than in actix's queue.
const MAX_BLOCKING_JOBS: usize = 48;
/// How long a job waits for a thread before the caller gets Busy.
const JOB_QUEUE_TIMEOUT: Duration = Duration::from_secs(10);
/// `Retry-After` of a busy server, in seconds.
pub const RETRY_AFTER_SECONDS: &str = "5";
/// Maximum number of media ranges of an `Accept` header that are parsed.
const MAX_ACCEPT_RANGES: usize = 32;

static JOB_PERMITS: Semaphore = Semaphore::const_new(MAX_BLOCKING_JOBS);

/// Runs `job`, which may wait for disk or network, on a blocking thread. Busy when none becomes free in time.
pub async fn run_blocking<T: Send + 'static>(
    node: &web::Data<Node>,
    job: impl FnOnce(&Node) -> Result<T> + Send + 'static,
) -> Result<T> {
    let turn = tokio::time::timeout(JOB_QUEUE_TIMEOUT, JOB_PERMITS.acquire()).await;
    let place = turn.ok().and_then(Result::ok).ok_or(Error::Busy)?;
    let node = node.clone();
    // Log lines of the job carry the request id.
    let span = tracing::Span::current();
    let done = web::block(move || {
        let _in = span.enter();
        // Held by the job, not by the request: a job keeps running after its client has disconnected.
        let _place = place;
        job(&node)
    });
    done.await.map_err(|_| Error::internal("a blocking job panicked"))?
}

/// An error as an HTML page with one sentence.
#[derive(Debug)]
pub struct PageError(pub Error);

/// An error for peers: `{"error": "…"}`.
#[derive(Debug)]
pub struct ApError(pub Error);

macro_rules! error_wrappers {
    ($($name:ident),*) => {$(
        impl From<Error> for $name {
            fn from(error: Error) -> Self {
                Self(error)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

error_wrappers!(PageError, ApError);

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        status_of(&self.0)
    }

    fn error_response(&self) -> HttpResponse {
        log_internal_error(&self.0);
        let body = page::error_page(self.status_code(), &error_sentence(&self.0)).into_string();
        let mut response = start_error_response(&self.0);
        page::error_with_security_headers(&mut response);
        response.body(body)
    }
}

impl ResponseError for ApError {
    fn status_code(&self) -> StatusCode {
        status_of(&self.0)
    }

    fn error_response(&self) -> HttpResponse {
        log_internal_error(&self.0);
        start_error_response(&self.0).json(json!({ "error": error_sentence(&self.0) }))
    }
}

fn start_error_response(error: &Error) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status_of(error));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if matches!(error, Error::Busy) {
        response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
    }
    response
}

/// Response to a path whose parameter cannot be parsed.
pub fn unreadable_path(request: &HttpRequest) -> actix_web::Error {
    early_error(Error::NotFound, request)
}

/// Response to a query string that cannot be parsed.
pub fn unreadable_query(request: &HttpRequest) -> actix_web::Error {
    let why = "invalid query string: a parameter is repeated or malformed";
    early_error(Error::invalid(why), request)
}

/// An error before a handler was reached, in a format the client accepts: JSON for peers, else a page.
fn early_error(error: Error, request: &HttpRequest) -> actix_web::Error {
    let mut accepts = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    if accepts.any(|text| text.contains("json")) { ApError(error).into() } else { PageError(error).into() }
}

/// The HTTP status code of an error, the same for all front ends.
pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Gone => StatusCode::GONE,
        Error::Denied(_) => StatusCode::FORBIDDEN,
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Remote(_) => StatusCode::BAD_GATEWAY,
        Error::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The sentence shown to a client; internal errors are not revealed.
pub fn error_sentence(error: &Error) -> String {
    match error {
        Error::NotFound => "There is nothing here.".to_owned(),
        Error::Gone => "This was deleted.".to_owned(),
        Error::Busy => "The server is busy; please try again in a moment.".to_owned(),
        Error::Internal(_) => "Something went wrong here; it has been noted.".to_owned(),
        Error::Denied(text) | Error::Invalid(text) | Error::Conflict(text) | Error::Remote(text) => text.clone(),
    }
}

fn log_internal_error(error: &Error) {
    if let Error::Internal(source) = error {
        tracing::error!(%source, "a request failed because of an internal error");
    }
}

/// Whether the client already has this version (`If-None-Match`).
pub fn client_has_version(request: &HttpRequest, tag: &EntityTag) -> bool {
    match header::IfNoneMatch::parse(request) {
        Ok(header::IfNoneMatch::Any) => true,
        Ok(header::IfNoneMatch::Items(tags)) => tags.iter().any(|one| one.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Whether an `Accept` header prefers ActivityPub to HTML. `application/ld+json` counts as ActivityPub with or without
/// a profile, because Mastodon sends it without. At equal weights ActivityPub wins, as Mastodon's search requests
/// expect.
pub fn prefers_activity<'h>(accepts: impl Iterator<Item = &'h str>) -> bool {
    let (mut activity, mut html) = (0.0_f32, 0.0_f32);
    for range in accepts.flat_map(|value| split_outside_quotes(value, ',')).take(MAX_ACCEPT_RANGES) {
        let mut parts = split_outside_quotes(range, ';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.filter_map(quality_value).next().unwrap_or(1.0);
        match name.as_str() {
            "application/activity+json" | "application/ld+json" => activity = activity.max(weight),
            "text/html" | "application/xhtml+xml" => html = html.max(weight),
            _ => {}
        }
    }
    activity > 0.0 && activity >= html
}

fn quality_value(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    let weight: f32 = name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().ok())??;
    weight.is_finite().then_some(weight.clamp(0.0, 1.0))
}

/// Splits at `at` except inside double quotes: the JSON-LD profile is a quoted URL.
fn split_outside_quotes(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == at && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_get_documents_and_browsers_pages() {
        let yes = [
            "application/activity+json",
            "application/activity+json, application/ld+json",
            "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
            "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\", application/activity+json, text/html;q=0.1",
            "application/ld+json;profile=\"a,b;q=0\",text/html; q=0.5",
            "text/html;q=0.8, application/activity+json;q=0.9",
            "application/activity+json, */*;q=0.1",
            "Application/Activity+JSON",
        ];
        for accept in yes {
            assert!(prefers_activity(std::iter::once(accept)), "{accept}");
        }
        let no = [
            "",
            "*/*",
            "text/html",
            "application/json",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html, application/activity+json;q=0.9",
            "application/activity+json;q=0",
        ];
        for accept in no {
            assert!(!prefers_activity(std::iter::once(accept)), "{accept}");
        }
    }
}
