//! Outgoing HTTP. Every request to another machine goes through here: checked, limited and signed.

pub mod range;
#[cfg(test)]
pub(crate) mod test_support;

pub mod address;
mod client;
pub mod dns;
pub mod document;
pub mod error;
pub mod fetch;
pub mod send;
#[cfg(test)]
mod tests;
mod tls;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use address::AddressPolicy;
pub use dns::{NameSource, TestHosts};
pub use document::{Document, IdRule};
pub use error::NetError;
pub use fetch::{Expected, FetchResponse, Get, HostFilter};
pub use range::{ByteRange, MAX_RANGE_BYTES};
pub use send::{PostMessage, PostResponse};

pub use crate::sig::{Knock, Signer};

use crate::base::Result;

/// The most bytes of a JSON document.
pub const JSON_LIMIT: usize = 1024 * 1024;
/// The most bytes of an HTML page.
pub const HTML_LIMIT: usize = 1024 * 1024;
/// How long a whole request may take, with all its redirects, both knocks and the body.
pub const WHOLE_LIMIT: Duration = Duration::from_secs(30);
/// How long a connection may take to open, and as long again for TLS.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How this server reaches others.
#[derive(Debug, Clone)]
pub struct NetConfig {
    /// The User-Agent: product, version and `+https://host/`. BookWyrm blocks by the host in it.
    pub user_agent: String,
    /// Opens loopback and private networks, and http on any port.
    pub allow_private: bool,
    /// A trial: every request fails.
    pub trial: bool,
    /// Where names are looked up; a made-up world also opens loopback.
    pub names: NameSource,
}

/// Time limits; tests make them short.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimits {
    connect: Duration,
    whole: Duration,
}

/// Outgoing HTTP. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Net {
    agent: ureq::Agent,
    reach: AddressPolicy,
    trial: bool,
    limits: TimeLimits,
}

impl Net {
    /// Sets up outgoing HTTP. Trusts the certificates of `SSL_CERT_FILE` besides the compiled-in ones; an unreadable
    /// file is an error.
    pub fn new(config: NetConfig) -> Result<Self> {
        let more_roots = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::with(config, more_roots.as_deref(), TimeLimits { connect: CONNECT_LIMIT, whole: WHOLE_LIMIT })
    }

    pub(crate) fn with(config: NetConfig, more_roots: Option<&Path>, limits: TimeLimits) -> Result<Self> {
        let world = matches!(config.names, NameSource::Test(_));
        let reach = if config.allow_private || world { AddressPolicy::Private } else { AddressPolicy::Public };
        let dns = dns::GuardedDns::new(config.names, reach);
        let agent = client::agent(&config.user_agent, dns, more_roots, limits)?;
        Ok(Self { agent, reach, trial: config.trial, limits })
    }

    /// Parses a URL and checks that it may be requested.
    fn check(&self, url: &str) -> Result<url::Url, NetError> {
        self.check_not_trial(address::check_url(url, self.reach)?)
    }

    fn check_not_trial(&self, url: url::Url) -> Result<url::Url, NetError> {
        if self.trial {
            return Err(NetError::Trial { host: url.host_str().unwrap_or_default().to_owned() });
        }
        Ok(url)
    }
}
