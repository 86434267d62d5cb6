//! Maps API errors to responses: Mastodon's status codes and texts, always JSON, never internal text.

use serde_json::json;

use super::call::ApiResponse;
use super::error::ApiError;
use crate::base::Error;

impl ApiError {
    /// The response for this error.
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

/// Missing and invisible records get the same response.
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
