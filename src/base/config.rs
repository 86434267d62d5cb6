//! What must be known before the database opens, and how our own URLs are spelled. Everything else is a setting.

use std::net::IpAddr;
use std::path::PathBuf;

/// The name of the product in User-Agent, NodeInfo and pages.
pub const SOFTWARE: &str = "hytte";
/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where peers find this server: fixed at `init`, never taken from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `https`; `http` only in tests and trials.
    pub scheme: String,
    /// The server's host, with `:port` when it is not the scheme's own.
    pub host: String,
    /// The domain of the owner's handle: the same host, or its parent (split domain).
    pub domain: String,
}

impl Origin {
    /// `scheme://host` + `path` (which starts with `/`).
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{}", self.scheme, self.host, path)
    }

    /// True for a URL on this very server (same scheme, host and port).
    pub fn owns(&self, url: &str) -> bool {
        url.strip_prefix(self.scheme.as_str())
            .and_then(|rest| rest.strip_prefix("://"))
            .and_then(|rest| rest.strip_prefix(self.host.as_str()))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// True for one of the two host names of our handle.
    pub fn is_ours(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.domain) || host.eq_ignore_ascii_case(&self.host)
    }
}

/// How this process runs: flags and their `HYTTE_…` twins.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Lets outgoing requests reach loopback and private addresses on any port (never link-local), for tests.
    pub allow_private: bool,
    /// A trial: nothing leaves the machine.
    pub trial: bool,
    /// Trusted proxies, whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpAddr>,
}
