//! WebFinger (RFC 7033) client: from a handle to an actor id, and the check that a handle belongs to an actor. Only the
//! handle's own domain can confirm it.

use serde_json::Value;

use crate::ap::jrd::{self, Jrd};
use crate::ap::json::Uri;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::net::{Expected, Get, HostFilter, JSON_LIMIT, Knock, NetError};
use crate::text::Handle;

/// Maximum size of a host-meta document.
const MAX_HOST_META_BYTES: usize = 64 * 1024;

/// What a domain responds about a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandleLookup {
    /// The handle as its own domain spells it.
    pub subject: Handle,
    /// The actor.
    pub actor: Uri,
    /// Template of the page where an account there confirms a remote follow; contains `{uri}`.
    pub subscribe: Option<String>,
}

/// Looks up a handle at its own domain. When the domain names another subject (split domain), that one is asked once
/// more and must name itself. NotFound when the domain does not know the handle.
pub fn look_up_handle(node: &Node, handle: &Handle) -> Result<HandleLookup> {
    let first = query(node, handle)?;
    if first.subject.same(handle) {
        return Ok(first);
    }
    let second = query(node, &first.subject)?;
    if second.subject.same(&first.subject) && second.actor == first.actor {
        Ok(second)
    } else {
        Err(Error::remote(format!("{} and {} disagree about who {handle} is", host(handle), host(&first.subject))))
    }
}

fn host(handle: &Handle) -> &str {
    handle.host.as_deref().unwrap_or_default()
}

fn query(node: &Node, handle: &Handle) -> Result<HandleLookup> {
    let host = host(handle);
    let scheme = &node.facts.origin.scheme;
    let resource = format!("acct:{}@{host}", handle.name);
    let direct = format!("{scheme}://{host}/.well-known/webfinger?resource={resource}");
    let answer = match fetch(node, &direct) {
        Err(error) if error.code() == Some(404) => {
            let template = lrdd(node, &format!("{scheme}://{host}/.well-known/host-meta")).ok_or(Error::NotFound)?;
            fetch(node, &template.replace("{uri}", &resource)).map_err(missing)?
        }
        other => other.map_err(missing)?,
    };
    let unclear = || Error::remote(format!("the WebFinger response of {host} for {handle} names no actor"));
    let jrd = Jrd::read(&answer)?;
    let subject = jrd.handle().and_then(|(user, domain)| Handle::parse(&format!("{user}@{domain}")));
    Ok(HandleLookup {
        subject: subject.ok_or_else(unclear)?,
        actor: jrd.actor.ok_or_else(unclear)?,
        subscribe: jrd.subscribe,
    })
}

fn missing(error: NetError) -> Error {
    if error.is_missing() || error.code() == Some(400) { Error::NotFound } else { error.into() }
}

fn fetch(node: &Node, url: &str) -> Result<Value, NetError> {
    let gate = |host: &str| node.check_host_fetchable(host);
    let answer = node.net.json(get(node, url, (Expected::Jrd, JSON_LIMIT), &gate));
    Ok(answer.inspect_err(|error| node.remember_slow_host(error))?.1)
}

fn lrdd(node: &Node, url: &str) -> Option<String> {
    let gate = |host: &str| node.check_host_fetchable(host);
    let answer = node.net.get(get(node, url, (Expected::HostMeta, MAX_HOST_META_BYTES), &gate));
    let answer = answer.inspect_err(|error| node.remember_slow_host(error)).ok()?;
    jrd::lrdd_template(&String::from_utf8_lossy(&answer.body))
}

/// WebFinger requests are unsigned: it is open everywhere, Threads included.
fn get<'a>(node: &Node, url: &'a str, (accept, limit): (Expected, usize), gate: HostFilter<'a>) -> Get<'a> {
    Get { url, accept, signer: None, knock: Knock::Cavage, limit, now: node.clock().now(), gate }
}
