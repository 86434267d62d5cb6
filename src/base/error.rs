//! The error type of all modules. Each front end in `web/` maps it to its own response; internal text is logged, never
//! shown.

use std::error::Error as StdError;

/// The errors, by what a caller can do about them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not found, or the caller must not learn that it exists.
    #[error("not found")]
    NotFound,
    /// It existed and was deleted for good (410).
    #[error("gone")]
    Gone,
    /// Not permitted; the text says why.
    #[error("denied: {0}")]
    Denied(String),
    /// Invalid input; the text says what to change.
    #[error("{0}")]
    Invalid(String),
    /// Conflict with existing data.
    #[error("{0}")]
    Conflict(String),
    /// A remote failure; the text names the server and the reason.
    #[error("{0}")]
    Remote(String),
    /// Too much at once: try again in a moment.
    #[error("busy, try again in a moment")]
    Busy,
    /// An internal error: logged in full, shown as one general sentence.
    #[error("internal error: {0}")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// The result type of all modules.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Invalid`] with this sentence.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// An [`Error::Remote`] with this sentence.
    pub fn remote(message: impl Into<String>) -> Self {
        Self::Remote(message.into())
    }

    /// An [`Error::Internal`] from any other error or a sentence.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Self {
        Self::internal(source)
    }
}
