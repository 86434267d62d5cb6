//! API errors: Mastodon's status codes and texts, always JSON, never internal text.

use crate::base::Error;
use crate::web::request_body::BodyError;

/// An API error.
#[derive(Debug)]
pub enum ApiError {
    /// Any error of the modules below.
    Error(Error),
    /// No token, or an invalid one (401).
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
    /// An OAuth error: status, error code and description.
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
