//! API errors: Mastodon's status codes and texts, always JSON, never internal text.

use serde_json::json;

use super::call::ApiResponse;
use crate::base::Error;
use crate::web::request_body::BodyError;

/// What can go wrong with a call.
#[derive(Debug)]
pub enum ApiError {
    /// Any error of the modules below.
    Error(Error),
    /// No token, or one that is not good (401).
    NoToken,
    /// A token without the scope (403).
    Scope,
    /// An app's own token where the owner's is needed, or none on a half-public method.
    NoUser(u16),
    /// A parameter must be there (400).
    Missing(&'static str),
    /// The request itself is malformed (400).
    BadRequest(String),
    /// The request did not arrive within its time (408).
    Slow,
    /// Too often (429).
    TooMany,
    /// Over a limit (413).
    TooLarge,
    /// The input is understood and refused (422).
    Refused(String),
    /// An OAuth error: its code, its word and a sentence.
    OAuth(u16, &'static str, &'static str),
    /// Something the request names is not there (404), and which.
    Lacking(&'static str),
    /// No such route (404).
    NoRoute,
    /// Nothing we do: 403 for administration, closed registrations.
    NotAllowed,
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<BodyError> for ApiError {
    fn from(stopped: BodyError) -> Self {
        match stopped {
            BodyError::Slow => Self::Slow,
            BodyError::Full => Self::Error(Error::Busy),
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Broken => Self::BadRequest("the request did not arrive whole".into()),
        }
    }
}

impl ApiError {
    /// As the client hears it.
    pub fn answer(self) -> ApiResponse {
        let (code, text) = match self {
            Self::Error(error) => of(error),
            Self::NoToken => (401, "The access token is invalid".to_owned()),
            Self::Scope => (403, "This action is outside the authorized scopes".to_owned()),
            Self::NoUser(code) => (code, "This method requires an authenticated user".to_owned()),
            Self::Missing(name) => (400, format!("param is missing or the value is empty: {name}")),
            Self::BadRequest(text) => (400, text),
            Self::Slow => (408, "The request took too long to arrive".to_owned()),
            Self::TooMany => (429, "Too many requests".to_owned()),
            Self::TooLarge => (413, "Request body is too large".to_owned()),
            Self::Refused(text) => (422, text),
            Self::Lacking(text) => (404, text.to_owned()),
            Self::NoRoute => (404, "Not Found".to_owned()),
            Self::NotAllowed => (403, "This action is not allowed".to_owned()),
            Self::OAuth(code, error, sentence) => {
                let answer = ApiResponse::with(code, &json!({ "error": error, "error_description": sentence }));
                let answer = answer.header("cache-control", "no-store".to_owned());
                return if code == 401 { challenge(answer) } else { answer };
            }
        };
        tracing::debug!(code, text, "API error");
        let answer = ApiResponse::with(code, &json!({ "error": text }));
        match code {
            401 => challenge(answer),
            503 => answer.header("retry-after", "5".to_owned()),
            _ => answer,
        }
    }
}

fn challenge(answer: ApiResponse) -> ApiResponse {
    let words = "Bearer realm=\"hytte\", error=\"invalid_token\"";
    answer.header("www-authenticate", words.to_owned())
}

/// What is not there and what may not be seen are the same.
fn of(error: Error) -> (u16, String) {
    match error {
        Error::NotFound | Error::Gone => (404, "Record not found".to_owned()),
        Error::Denied(text) => (403, text),
        Error::Invalid(text) if text.starts_with("Validation failed") => (422, text),
        Error::Invalid(text) => (422, format!("Validation failed: {text}")),
        Error::Conflict(_) => (422, "Duplicate record".to_owned()),
        Error::Remote(_) => (503, "Remote data could not be fetched".to_owned()),
        Error::Busy => (503, "Too much at once; please try again in a moment".to_owned()),
        Error::Internal(source) => {
            tracing::error!(%source, "an API call failed");
            (500, "Something went wrong here; it has been noted".to_owned())
        }
    }
}
