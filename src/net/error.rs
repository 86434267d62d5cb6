//! Errors of outgoing requests, each with a sentence that names the host.

use std::time::Duration;

use crate::base::Error;

/// A failed outgoing request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Refused by our own checks: a private address, a forbidden port or scheme, a malformed URL.
    #[error("{host} may not be reached from here: {why}")]
    Refused {
        /// The host, or the start of what was no URL.
        host: String,
        /// The rule it broke.
        why: &'static str,
    },
    /// This is a trial: nothing leaves the machine.
    #[error("this is a private trial: {host} was not asked")]
    Trial {
        /// The host.
        host: String,
    },
    /// The name does not exist.
    #[error("there is no server called {host}")]
    NoSuchHost {
        /// The host.
        host: String,
    },
    /// It took too long.
    #[error("{host} took too long to {doing}")]
    Timeout {
        /// The host.
        host: String,
        /// What timed out: `answer`, `accept the connection`, …
        doing: &'static str,
    },
    /// It took too long a moment ago, and is left in peace for a while.
    #[error("{host} took too long to answer a moment ago")]
    Slow {
        /// The host.
        host: String,
    },
    /// The connection failed or broke.
    #[error("{host} cannot be reached: {why}")]
    Connect {
        /// The host.
        host: String,
        /// The system's words.
        why: String,
    },
    /// The certificate or the encryption is not acceptable.
    #[error("{host} has no acceptable certificate: {why}")]
    Tls {
        /// The host.
        host: String,
        /// The library's words.
        why: String,
    },
    /// The response is too large.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooBig {
        /// The host.
        host: String,
        /// The limit, in bytes after decompression.
        limit: usize,
    },
    /// The response is not what was expected.
    #[error("the answer of {host} is not usable: {why}")]
    BadContent {
        /// The host.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// A redirect that must not be followed.
    #[error("{host} redirects where we do not follow: {why}")]
    Redirect {
        /// The host that redirected.
        host: String,
        /// The rule it broke.
        why: &'static str,
    },
    /// An HTTP status that is not a success.
    #[error("{host} answered with status {code}")]
    Status {
        /// The host.
        host: String,
        /// The HTTP status.
        code: u16,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Our own fault: signing failed.
    #[error("the request to {host} could not be made: {why}")]
    Ours {
        /// The host.
        host: String,
        /// What failed.
        why: String,
    },
}

impl NetError {
    /// True when the same request may well work later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::NoSuchHost { .. }
            | Self::Timeout { .. }
            | Self::Slow { .. }
            | Self::Connect { .. }
            | Self::Tls { .. } => true,
            Self::Status { code, .. } => matches!(code, 408 | 425 | 429 | 500..=599),
            Self::Ours { .. } => true,
            Self::Refused { .. }
            | Self::Trial { .. }
            | Self::TooBig { .. }
            | Self::BadContent { .. }
            | Self::Redirect { .. } => false,
        }
    }

    /// The HTTP status, when there was an answer with a bad one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// True for 410: it is gone for good.
    pub fn is_gone(&self) -> bool {
        self.code() == Some(410)
    }

    /// True for 404 and 410.
    pub fn is_missing(&self) -> bool {
        matches!(self.code(), Some(404 | 410))
    }
}

impl From<NetError> for Error {
    fn from(error: NetError) -> Self {
        match &error {
            NetError::Ours { .. } => Self::internal(error),
            _ => Self::Remote(error.to_string()),
        }
    }
}
