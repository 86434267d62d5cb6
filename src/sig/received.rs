//! A received request and what both signature formats check in it: times and digests.

use std::time::Duration;

use super::keys::Algorithm;
use super::{SignatureError, digest};
use crate::base::Time;

/// How far a signature's time may be from ours, both ways, and how long it may outlive its own `expires`: an hour, as
/// Mastodon and Lemmy allow, and five minutes for clocks.
pub const CLOCK_SKEW: Duration = Duration::from_mins(65);
/// The longest key id we follow, in bytes.
pub const MAX_KEY_ID: usize = 2048;

/// A received request. `scheme` and `host` are our own, as fixed at `init`, not what a proxy says.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedRequest<'a> {
    /// The method, upper case.
    pub method: &'a str,
    /// Our scheme.
    pub scheme: &'a str,
    /// Our authority, with a port when it is not the scheme's own.
    pub host: &'a str,
    /// Path and query exactly as received.
    pub target: &'a str,
    /// All headers in order, repeated ones kept, names in lower case.
    pub headers: &'a [(String, String)],
    /// The raw body.
    pub body: &'a [u8],
}

impl ReceivedRequest<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }

    /// All values of a header, trimmed and joined as signatures join them.
    pub(super) fn joined(&self, name: &str) -> Result<String, SignatureError> {
        let values: Vec<&str> = self.headers.iter().filter(|(known, _)| known == name).map(|(_, v)| v.trim()).collect();
        if values.is_empty() { Err(SignatureError::Missing(name.to_owned())) } else { Ok(values.join(", ")) }
    }

    /// The path alone, and the query alone when there is one.
    pub(super) fn path_and_query(&self) -> (&str, Option<&str>) {
        match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.target, None),
        }
    }

    /// True when the digest of the body must be signed.
    pub(super) fn needs_digest(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD") || !self.body.is_empty()
    }

    /// The spellings of our host the sender may have signed: ours, and the one received when it is only spelled
    /// otherwise (upper case, default port).
    pub(super) fn hosts(&self) -> Vec<&str> {
        let mut hosts = vec![self.host];
        let raw = self.headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.trim());
        hosts.extend(raw.filter(|raw| *raw != self.host && self.is_ours(raw)));
        hosts
    }

    /// True when the Host header names another server. Not yet a reason to refuse: proxies rewrite it.
    pub(super) fn host_differs(&self) -> bool {
        self.headers.iter().any(|(name, value)| name == "host" && !self.is_ours(value.trim()))
    }

    fn is_ours(&self, host: &str) -> bool {
        self.plain(host) == self.plain(self.host)
    }

    /// The host in lower case without the scheme's own port.
    fn plain(&self, host: &str) -> String {
        let host = host.to_ascii_lowercase();
        let port = if self.scheme == "https" { ":443" } else { ":80" };
        host.strip_suffix(port).unwrap_or(&host).to_owned()
    }
}

/// A signature that is valid as far as can be checked without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignatureCandidate {
    pub(super) key_id: String,
    /// Possible algorithms, most likely first.
    pub(super) algorithms: Vec<Algorithm>,
    /// Possible signature bases: peers differ about the query, and about the spelling of the host.
    pub(super) bases: Vec<String>,
    pub(super) signature: Vec<u8>,
    /// The headers it covers, lower case.
    pub(super) covered: Vec<String>,
    /// When it was made; covered, too.
    pub(super) signed_at: Time,
}

/// Rejects a time outside the window.
pub(super) fn check_time(what: &'static str, at: Time, now: Time) -> Result<(), SignatureError> {
    if now.since(at) > CLOCK_SKEW {
        return Err(SignatureError::Stale(what, now.since(at)));
    }
    if at.since(now) > CLOCK_SKEW {
        return Err(SignatureError::Future(what, at.since(now)));
    }
    Ok(())
}

/// Rejects a signature whose `expires` has passed by more than the window.
pub(super) fn check_expiry(expires: Option<i64>, now: Time) -> Result<(), SignatureError> {
    let past = expires.map(|secs| now.since(Time::from_secs(secs))).unwrap_or_default();
    if past > CLOCK_SKEW { Err(SignatureError::Expired(past)) } else { Ok(()) }
}

/// Checks each digest header among the covered names, and that there is one where there must be.
pub(super) fn check_digests(
    received: &ReceivedRequest<'_>,
    covered: &[String],
    allowed: &[&str],
) -> Result<(), SignatureError> {
    let mut checked = false;
    for name in covered {
        match name.as_str() {
            "digest" => digest::check(&received.joined(name)?, received.body)?,
            "content-digest" => digest::check_content(&received.joined(name)?, received.body)?,
            _ => continue,
        }
        checked |= allowed.contains(&name.as_str());
    }
    if received.needs_digest() && !checked {
        return Err(SignatureError::NotCovered("the digest of the body"));
    }
    Ok(())
}
