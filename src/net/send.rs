//! POST: one delivery to one inbox or push service. Follows no redirect; tries the second signature format only where
//! the first was refused.

use std::time::Duration;

use ureq::http::Method;
use url::Url;

use super::address::check_push_url;
use super::client::{ClientRequest, ClientResponse, exchange};
use super::fetch::{refused_for_signature, signed};
use super::{Knock, Net, NetError, Signer};
use crate::base::Time;
use crate::base::time::Stopwatch;

/// How much of a delivery response is read.
const MAX_RESPONSE_BYTES: usize = 16 * 1024;
/// How much of it is stored for the owner, in characters.
const BODY_START: usize = 300;

/// A POST request.
#[derive(Debug, Clone, Copy)]
pub struct PostMessage<'a> {
    /// The inbox.
    pub url: &'a str,
    /// The bytes.
    pub body: &'a [u8],
    /// Their type: `application/activity+json` for every inbox.
    pub content_type: &'a str,
    /// The signer; None for push services.
    pub signer: Option<&'a Signer>,
    /// The signature format that worked last time.
    pub knock: Knock,
    /// More headers, names in lower case; signed too when there is a signer.
    pub extra: &'a [(String, String)],
    /// The time to sign with.
    pub now: Time,
}

/// The response, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostResponse {
    /// The HTTP status. 2xx means accepted, though not that anyone will see it.
    pub code: u16,
    /// The signature format that brought this answer.
    pub knock: Knock,
    /// `Retry-After`, at most a day.
    pub retry_after: Option<Duration>,
    /// The beginning of the response, for the owner.
    pub body_start: String,
}

impl PostResponse {
    /// True for 2xx.
    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

impl Net {
    /// Delivers. Any response is `Ok`, redirects included; an error means there was none.
    pub fn post(&self, post: PostMessage<'_>) -> Result<PostResponse, NetError> {
        self.send(&self.check(post.url)?, post)
    }

    /// Delivers to a push service, which may stand on any port.
    pub fn push(&self, post: PostMessage<'_>) -> Result<PostResponse, NetError> {
        self.send(&self.check_not_trial(check_push_url(post.url, self.reach)?)?, post)
    }

    fn send(&self, url: &Url, post: PostMessage<'_>) -> Result<PostResponse, NetError> {
        let watch = Stopwatch::start();
        let first = self.send_once(url, post, post.knock, watch)?;
        if post.signer.is_none() || !refused_for_signature(url, first.code) {
            return Ok(sent(first, post.knock, post.now));
        }
        match self.send_once(url, post, post.knock.other(), watch) {
            Ok(second) if second.code < 400 => Ok(sent(second, post.knock.other(), post.now)),
            _ => Ok(sent(first, post.knock, post.now)),
        }
    }

    fn send_once(
        &self,
        url: &Url,
        post: PostMessage<'_>,
        knock: Knock,
        watch: Stopwatch,
    ) -> Result<ClientResponse, NetError> {
        let headers = match post.signer {
            Some(signer) => {
                signed(url, signer, knock, "POST", Some((post.content_type, post.body)), post.extra, post.now)?
            }
            None => {
                let mut headers = post.extra.to_vec();
                headers.push(("content-type".to_owned(), post.content_type.to_owned()));
                headers
            }
        };
        let ask =
            ClientRequest { method: Method::POST, url, headers, body: Some(post.body), limit: MAX_RESPONSE_BYTES };
        match exchange(&self.agent, ask, watch, self.limits) {
            // who accepts with a long page has accepted
            Err(NetError::TooBig { .. }) => Ok(ClientResponse::accepted()),
            other => other,
        }
    }
}

fn sent(reply: ClientResponse, knock: Knock, now: Time) -> PostResponse {
    let text = String::from_utf8_lossy(&reply.body);
    let body_start = text.chars().filter(|c| !c.is_control() || *c == '\n').take(BODY_START).collect();
    PostResponse { code: reply.code, knock, retry_after: reply.retry_after(now), body_start }
}
