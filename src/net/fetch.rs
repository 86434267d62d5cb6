//! GET: follows redirects itself, every hop checked and signed again, with the second signature format where the first
//! was refused.

use std::time::Duration;

use ureq::http::Method;
use url::Url;

use super::client::{ClientRequest, ClientResponse, exchange};
use super::{Knock, Net, NetError, Signer, address};
use crate::base::Time;
use crate::base::time::Stopwatch;
use crate::sig::{self, OutgoingRequest};

/// How many redirects are followed, and how many for WebFinger and host-meta, where domains often point elsewhere.
const MAX_HOPS: usize = 3;
const MAX_DISCOVERY_HOPS: usize = 5;

/// The expected type of response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An ActivityStreams document.
    Activity,
    /// An ActivityStreams document, or the HTML page that points to it (a pasted URL).
    ActivityOrHtml,
    /// WebFinger.
    Jrd,
    /// host-meta, in XML.
    HostMeta,
    /// NodeInfo, or other plain JSON.
    NodeInfo,
    /// A web page.
    Html,
    /// An image or other file.
    Media,
    /// A list of servers to block.
    Csv,
}

impl Expected {
    /// The Accept header. The specification's own type first: some peers know only one of the two.
    fn header(self) -> &'static str {
        match self {
            Self::Activity => {
                "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\", application/activity+json"
            }
            Self::ActivityOrHtml => {
                "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\", application/activity+json, \
                 text/html;q=0.1"
            }
            Self::Jrd => "application/jrd+json, application/json",
            Self::HostMeta => "application/xrd+xml, application/xml, text/xml",
            Self::NodeInfo => "application/json",
            Self::Html => "text/html, application/xhtml+xml;q=0.9",
            Self::Csv => "text/csv, text/plain;q=0.9, */*;q=0.1",
            Self::Media => "image/*, video/*, audio/*, */*;q=0.1",
        }
    }

    fn hops(self) -> usize {
        match self {
            Self::Jrd | Self::HostMeta => MAX_DISCOVERY_HOPS,
            _ => MAX_HOPS,
        }
    }
}

/// Whether a host, without its port, may be contacted at all.
pub type HostFilter<'a> = &'a dyn Fn(&str) -> Result<(), NetError>;

/// A GET request.
#[derive(Clone, Copy)]
pub struct Get<'a> {
    /// The URL; a fragment is left out.
    pub url: &'a str,
    /// What is wanted.
    pub accept: Expected,
    /// The signer; peers with authorized fetch require one.
    pub signer: Option<&'a Signer>,
    /// The signature format that worked last time.
    pub knock: Knock,
    /// Maximum size of the response, after decompression.
    pub limit: usize,
    /// The time to sign with.
    pub now: Time,
    /// A check for every hop.
    pub gate: HostFilter<'a>,
}

/// One fetch with all its hops. They share one time limit: when it is over, whoever took most of it is to blame, and not
/// the last one, to whom anybody can send us a moment before the end.
pub(super) struct FetchState {
    watch: Stopwatch,
    slowest: (Duration, String),
}

impl FetchState {
    pub(super) fn start() -> Self {
        Self { watch: Stopwatch::start(), slowest: (Duration::ZERO, String::new()) }
    }

    /// Takes one hop.
    pub(super) fn hop<T>(
        &mut self,
        url: &Url,
        gate: HostFilter<'_>,
        ask: impl FnOnce(Stopwatch) -> Result<T, NetError>,
    ) -> Result<T, NetError> {
        let host = url.host_str().unwrap_or_default();
        gate(host)?;
        let before = self.watch.elapsed();
        let answer = ask(self.watch);
        let took = self.watch.elapsed().saturating_sub(before);
        if took >= self.slowest.0 {
            self.slowest = (took, host.to_owned());
        }
        answer.map_err(|error| match error {
            NetError::Timeout { doing, .. } => NetError::Timeout { host: self.slowest.1.clone(), doing },
            other => other,
        })
    }
}

/// A successful answer (2xx).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchResponse {
    /// Where it came from, after all redirects; no fragment.
    pub url: String,
    /// The HTTP status.
    pub code: u16,
    /// The Content-Type header as sent, or empty.
    pub content_type: String,
    /// The bytes, decompressed.
    pub body: Vec<u8>,
    /// The signature format that worked; what was asked for when nobody signed.
    pub knock: Knock,
    /// The ETag header.
    pub etag: Option<String>,
    /// The Link headers, joined by commas.
    pub link: Option<String>,
}

impl FetchResponse {
    /// The media type in lower case without parameters.
    pub fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

impl Net {
    /// Fetches a URL. Redirects are followed a few times, each hop checked and signed anew; only to the same scheme or from
    /// http to https. Anything but 2xx is [`NetError::Status`].
    pub fn get(&self, get: Get<'_>) -> Result<FetchResponse, NetError> {
        self.get_within(get, &mut FetchState::start())
    }

    pub(super) fn get_within(&self, get: Get<'_>, trip: &mut FetchState) -> Result<FetchResponse, NetError> {
        let mut url = self.check(get.url)?;
        let mut knock = get.knock;
        let mut seen: Vec<Url> = Vec::new();
        loop {
            let (reply, worked) = trip.hop(&url, get.gate, |watch| self.send_signed(&url, get, knock, watch))?;
            knock = worked;
            let host = url.host_str().unwrap_or_default().to_owned();
            match reply.code {
                200..=299 => {
                    let content_type = reply.header("content-type").unwrap_or_default();
                    let (etag, link) = (reply.header("etag"), reply.header("link"));
                    let (url, code) = (url.into(), reply.code);
                    return Ok(FetchResponse { url, code, content_type, body: reply.body, knock, etag, link });
                }
                301 | 302 | 303 | 307 | 308 => url = self.hop(url, &reply, &mut seen, get.accept.hops())?,
                code => return Err(NetError::Status { host, code, retry_after: reply.retry_after(get.now) }),
            }
        }
    }

    /// The target of a redirect, checked like a first URL; `seen` gains the previous hop.
    pub(super) fn hop(
        &self,
        from: Url,
        reply: &ClientResponse,
        seen: &mut Vec<Url>,
        most: usize,
    ) -> Result<Url, NetError> {
        let stop = |why| NetError::Redirect { host: from.host_str().unwrap_or_default().to_owned(), why };
        if seen.len() >= most {
            return Err(stop("too many redirects"));
        }
        let place = reply.header("location").ok_or_else(|| stop("it does not say where"))?;
        let next = from.join(place.trim()).map_err(|_| stop("it does not say where"))?;
        if from.scheme() == "https" && next.scheme() != "https" {
            return Err(stop("from https to something less"));
        }
        let next = self.check(next.as_str())?;
        if next == from || seen.contains(&next) {
            return Err(stop("in a circle"));
        }
        seen.push(from);
        Ok(next)
    }

    /// Requests one hop, and once more in the other signature format if the signature may have been refused.
    fn send_signed(
        &self,
        url: &Url,
        get: Get<'_>,
        knock: Knock,
        watch: Stopwatch,
    ) -> Result<(ClientResponse, Knock), NetError> {
        let first = self.request(url, get, knock, watch)?;
        if get.signer.is_none() || !refused_for_signature(url, first.code) {
            return Ok((first, knock));
        }
        match self.request(url, get, knock.other(), watch) {
            Ok(second) if second.code < 400 => Ok((second, knock.other())),
            _ => Ok((first, knock)),
        }
    }

    fn request(&self, url: &Url, get: Get<'_>, knock: Knock, watch: Stopwatch) -> Result<ClientResponse, NetError> {
        let mut headers = vec![("accept".to_owned(), get.accept.header().to_owned())];
        if let Some(signer) = get.signer {
            headers.extend(signed(url, signer, knock, "GET", None, &[], get.now)?);
        }
        let ask = ClientRequest { method: Method::GET, url, headers, body: None, limit: get.limit };
        exchange(&self.agent, ask, watch, self.limits)
    }
}

/// The headers of a signed request to this URL.
pub(super) fn signed(
    url: &Url,
    signer: &Signer,
    knock: Knock,
    method: &str,
    body: Option<(&str, &[u8])>,
    extra: &[(String, String)],
    now: Time,
) -> Result<Vec<(String, String)>, NetError> {
    let (host, target) = (address::authority(url), address::target(url));
    let outgoing = OutgoingRequest { method, scheme: url.scheme(), host: &host, target: &target, body, extra };
    sig::sign(signer, knock, &outgoing, now).map_err(|error| NetError::Ours { host, why: error.to_string() })
}

/// True for answers that may mean "I do not read this kind of signature". Threads hides behind 404 and 410.
pub(super) fn refused_for_signature(url: &Url, code: u16) -> bool {
    let host = url.host_str().unwrap_or_default();
    let threads = ["threads.net", "threads.com"].iter().any(|d| host == *d || host.ends_with(&format!(".{d}")));
    matches!(code, 400 | 401 | 403 | 404) || (threads && code == 410)
}
