//! The error type of all modules. Each front end in `web/` maps it to its own response; internal text is logged, never
//! shown.

use std::error::Error as StdError;

/// What can go wrong, in the words a caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the asker must not learn that there is one.
    #[error("not found")]
    NotFound,
    /// It existed and was deleted for good (410).
    #[error("gone")]
    Gone,
    /// The asker is known and may not do this; the text says why.
    #[error("denied: {0}")]
    Denied(String),
    /// The input is wrong; the text says what to change.
    #[error("{0}")]
    Invalid(String),
    /// It clashes with what is already there.
    #[error("{0}")]
    Conflict(String),
    /// Another server failed us; the text names it and says how.
    #[error("{0}")]
    Remote(String),
    /// Too much at once: try again in a moment.
    #[error("busy, try again in a moment")]
    Busy,
    /// Our fault or the disk's: logged in full, shown as one sentence.
    #[error("internal error: {0}")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// The result every room returns.
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

    /// An [`Error::Internal`] round any other error or a sentence.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Self {
        Self::internal(source)
    }
}
