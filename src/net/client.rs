//! One HTTP exchange: check, connect, send, read within limits. The only file that uses ureq's requests; follows no
//! redirect.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector as _, NextTimeout, TcpConnector};
use ureq::{Agent, Timeout, http};
use url::Url;

use super::dns::GuardedDns;
use super::tls::TlsConnector;
use super::{NetError, TimeLimits};
use crate::base::Result;
use crate::base::time::{Stopwatch, Time};

/// Idle connections kept, in total and per host. Each costs about 60 KB with TLS.
const MAX_IDLE: usize = 12;
const MAX_IDLE_PER_HOST: usize = 2;
/// How long an idle connection is believed to be open.
const MAX_IDLE_AGE: Duration = Duration::from_secs(15);
/// Maximum size of a response head.
const MAX_HEAD: usize = 15 * 1024;
/// Buffer sizes per connection and layer; ureq's own are 128 KB each. The first must hold more than a head.
const INPUT_BUFFER: usize = 16 * 1024;
const OUTPUT_BUFFER: usize = 8 * 1024;
/// How much of an error response is read.
const ERROR_BODY: usize = 4096;
/// The longest Retry-After we believe.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// A request.
pub(super) struct ClientRequest<'a> {
    pub(super) method: http::Method,
    pub(super) url: &'a Url,
    pub(super) headers: Vec<(String, String)>,
    /// The bytes of a POST.
    pub(super) body: Option<&'a [u8]>,
    /// Maximum size of a successful response, after decompression.
    pub(super) limit: usize,
}

/// A response.
#[derive(Debug)]
pub(super) struct ClientResponse {
    pub(super) code: u16,
    headers: http::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl ClientResponse {
    /// Placeholder for a successful response that was too long to read.
    pub(super) fn accepted() -> Self {
        Self { code: 200, headers: http::HeaderMap::new(), body: Vec::new() }
    }

    /// The values of a header, joined by commas; None when absent or not text.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// `Retry-After`: seconds or a date, at most a day.
    pub(super) fn retry_after(&self, now: Time) -> Option<Duration> {
        let text = self.header("retry-after")?;
        let wait = match text.trim().parse::<u64>() {
            Ok(secs) => Duration::from_secs(secs),
            Err(_) => Time::parse_http(&text)?.since(now),
        };
        Some(wait.min(MAX_RETRY_AFTER))
    }
}

/// The agent all requests go through.
pub(super) fn agent(user_agent: &str, dns: GuardedDns, more_roots: Option<&Path>, limits: TimeLimits) -> Result<Agent> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // a proxy of the environment would look names up behind our guard's back
        .proxy(None)
        .user_agent(user_agent)
        .max_idle_connections(MAX_IDLE)
        .max_idle_connections_per_host(MAX_IDLE_PER_HOST)
        .max_idle_age(MAX_IDLE_AGE)
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .max_response_header_size(MAX_HEAD)
        .timeout_connect(Some(limits.connect))
        .build();
    let connector = ().chain(TcpConnector::default()).chain(TlsConnector::new(more_roots)?);
    Ok(Agent::with_parts(config, connector, GuardedResolver { dns }))
}

/// The resolver for ureq: it connects to exactly what this returns, there is no second lookup.
#[derive(Debug)]
struct GuardedResolver {
    dns: GuardedDns,
}

impl Resolver for GuardedResolver {
    fn resolve(
        &self,
        uri: &http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let own_port = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let found = self.dns.resolve(host, uri.port_u16().unwrap_or(own_port));
        let mut addresses = self.empty();
        for address in found.map_err(|error| ureq::Error::Other(Box::new(error)))? {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// Sends one request. `watch` started at the first hop: all hops and knocks share one time limit.
pub(super) fn exchange(
    agent: &Agent,
    ask: ClientRequest<'_>,
    watch: Stopwatch,
    limits: TimeLimits,
) -> Result<ClientResponse, NetError> {
    let host = ask.url.host_str().unwrap_or_default().to_owned();
    let left = limits.whole.saturating_sub(watch.elapsed());
    if left.is_zero() {
        return Err(NetError::Timeout { host, doing: "answer" });
    }
    let mut builder = http::Request::builder().method(ask.method).uri(ask.url.as_str());
    for (name, value) in &ask.headers {
        builder = builder.header(name, value);
    }
    let answer = match ask.body {
        Some(body) => builder
            .body(body)
            .map_err(ureq::Error::from)
            .and_then(|request| agent.run(agent.configure_request(request).timeout_global(Some(left)).build())),
        None => builder
            .body(())
            .map_err(ureq::Error::from)
            .and_then(|request| agent.run(agent.configure_request(request).timeout_global(Some(left)).build())),
    };
    let (head, body) = answer.map_err(|error| net_error(&host, error))?.into_parts();
    let code = head.status.as_u16();
    let limit = if head.status.is_success() { ask.limit } else { ERROR_BODY };
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    body.into_reader().take(room).read_to_end(&mut bytes).map_err(|error| net_error(&host, error.into()))?;
    if bytes.len() > limit {
        if head.status.is_success() {
            return Err(NetError::TooBig { host, limit });
        }
        bytes.truncate(limit);
    }
    Ok(ClientResponse { code, headers: head.headers, body: bytes })
}

/// Maps ureq's error.
fn net_error(host: &str, error: ureq::Error) -> NetError {
    let host = host.to_owned();
    match error {
        ureq::Error::Other(inner) => match inner.downcast::<NetError>() {
            Ok(ours) => *ours,
            Err(other) => NetError::Connect { host, why: other.to_string() },
        },
        ureq::Error::Timeout(reason) => {
            let doing = match reason {
                Timeout::Resolve => "be looked up",
                Timeout::Connect => "accept the connection",
                _ => "answer",
            };
            NetError::Timeout { host, doing }
        }
        ureq::Error::HostNotFound => NetError::NoSuchHost { host },
        ureq::Error::Rustls(error) => NetError::Tls { host, why: error.to_string() },
        ureq::Error::Tls(why) => NetError::Tls { host, why: why.to_owned() },
        ureq::Error::Io(error) => match error.get_ref() {
            Some(inner) if inner.is::<rustls::Error>() => NetError::Tls { host, why: inner.to_string() },
            _ => NetError::Connect { host, why: error.to_string() },
        },
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            NetError::Refused { host, why: "the request cannot be written" }
        }
        ureq::Error::ConnectionFailed => NetError::Connect { host, why: "no connection could be made".into() },
        other => NetError::BadContent { host, why: other.to_string() },
    }
}
