//! WebFinger (RFC 7033) as a client: from a handle to an actor id, and the proof that a handle belongs to an actor: only
//! the handle's own domain can say so.

use serde_json::Value;

use super::Node;
use crate::ap::json::{self, Uri};
use crate::base::{Error, Result};
use crate::net::document::is_activity;
use crate::net::{Accept, Get, JSON_LIMIT, Knock, NetError};
use crate::text::handle::Handle;

/// The most bytes of a host-meta document that are looked at.
const HOST_META_LIMIT: usize = 64 * 1024;

/// What a domain says about a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finger {
    /// The handle by its own domain's spelling.
    pub subject: Handle,
    /// The actor it stands for.
    pub actor: Uri,
    /// Where its owner is asked to confirm a follow of somebody elsewhere; has `{uri}` in it.
    pub subscribe: Option<String>,
}

/// Asks a handle's domain which actor it stands for. When the domain names another subject (split domain), that one is
/// asked once more and must name itself. NotFound when the domain knows no such handle.
pub fn finger(node: &Node, handle: &Handle) -> Result<Finger> {
    let first = ask(node, handle)?;
    if first.subject.same(handle) {
        return Ok(first);
    }
    let second = ask(node, &first.subject)?;
    if second.subject.same(&first.subject) && second.actor == first.actor {
        Ok(second)
    } else {
        Err(Error::remote(format!("{} and {} disagree about who {handle} is", host(handle), host(&first.subject))))
    }
}

fn host(handle: &Handle) -> &str {
    handle.host.as_deref().unwrap_or_default()
}

fn ask(node: &Node, handle: &Handle) -> Result<Finger> {
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
    read(&answer).ok_or_else(|| Error::remote(format!("{host} answers WebFinger for {handle} without naming an actor")))
}

fn missing(error: NetError) -> Error {
    if error.is_missing() || error.code() == Some(400) { Error::NotFound } else { error.into() }
}

fn fetch(node: &Node, url: &str) -> Result<Value, NetError> {
    let get = Get {
        url,
        accept: Accept::Jrd,
        signer: None,
        knock: Knock::Cavage,
        limit: JSON_LIMIT,
        now: node.clock().now(),
    };
    Ok(node.net.json(get)?.1)
}

/// Reads a JRD: the subject, and the `self` link with an ActivityPub type.
fn read(jrd: &Value) -> Option<Finger> {
    let subject = Handle::parse(jrd.get("subject")?.as_str()?).filter(|handle| handle.host.is_some())?;
    let links = jrd.get("links")?.as_array()?;
    let has_rel = |link: &&Value, rel: &str| link.get("rel").and_then(Value::as_str) == Some(rel);
    let kind = |link: &&Value| link.get("type").and_then(Value::as_str).is_some_and(is_activity);
    let own = links.iter().find(|link| has_rel(link, "self") && kind(link))?;
    let subscribe = links.iter().find(|link| has_rel(link, "http://ostatus.org/schema/1.0/subscribe"));
    let template = subscribe.and_then(|link| link.get("template")).and_then(Value::as_str);
    Some(Finger {
        subject,
        actor: Uri::parse(own.get("href")?.as_str()?)?,
        subscribe: template.filter(|t| t.contains("{uri}")).and_then(|t| json::cut(t, 2048)),
    })
}

/// The lrdd template of a host-meta document. Only the one attribute is looked for: no XML is interpreted, so no entity
/// ever expands.
fn lrdd(node: &Node, url: &str) -> Option<String> {
    let get = Get {
        url,
        accept: Accept::HostMeta,
        signer: None,
        knock: Knock::Cavage,
        limit: HOST_META_LIMIT,
        now: node.clock().now(),
    };
    let answer = node.net.get(get).ok()?;
    let text = String::from_utf8(answer.body).ok()?;
    let link = text.split('<').find(|tag| tag.starts_with("Link") && tag.contains("lrdd"))?;
    let (_, rest) = link.split_once("template=")?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let template = rest.get(1..)?.split(quote).next()?.replace("&amp;", "&");
    template.contains("{uri}").then_some(template)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn only_a_self_link_of_the_right_type_names_an_actor() {
        let jrd = serde_json::json!({
            "subject": "acct:Ada@Example.org",
            "links": [
                { "rel": "self", "type": "text/html", "href": "https://example.org/wrong" },
                { "rel": "self", "type": "application/activity+json", "href": "https://example.org/users/ada" },
                { "rel": "http://ostatus.org/schema/1.0/subscribe", "template": "https://example.org/f?uri={uri}" },
            ],
        });
        let finger = read(&jrd).unwrap();
        assert_eq!(finger.actor.as_str(), "https://example.org/users/ada");
        assert_eq!(finger.subject.host.as_deref(), Some("example.org"));
        assert_eq!(finger.subscribe.as_deref(), Some("https://example.org/f?uri={uri}"));
        assert!(read(&serde_json::json!({ "subject": "acct:a@b.c", "links": [] })).is_none());
        assert!(read(&serde_json::json!({ "links": jrd["links"] })).is_none(), "Mastodon too wants a subject");
    }
}
