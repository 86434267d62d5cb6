//! NodeInfo of other servers, for the profile's server card and for peer-specific behaviour. Fetched rarely.

use std::time::Duration;

use serde_json::Value;

use crate::base::{Result, Time};
use crate::federation::Node;
use crate::net::{Expected, Get, Knock, NetError};
use crate::store::peers::hosts;
use crate::text::plain_text;

/// How long a response, or its absence, is cached.
const REFRESH_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);
/// Maximum size of a NodeInfo document.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
/// Maximum length of a software name or version.
const MAX_NAME_CHARS: usize = 60;

/// Fetches the NodeInfo of a server unless that was done within a week. A failure is no error.
pub fn refresh(node: &Node, host: &str) -> Result<()> {
    let now = node.clock().now();
    let known = node.store.read(|r| hosts::get(r, host))?;
    let asked = known.as_ref().and_then(|host| host.software_at);
    if node.config.trial || host == node.facts.origin.host || asked.is_some_and(|at| now.since(at) < REFRESH_INTERVAL) {
        return Ok(());
    }
    let found = fetch_nodeinfo(node, host);
    let host = host.to_owned();
    node.store.write(move |w| match &found {
        Some((name, version)) => hosts::set_software(w, &host, name, version),
        None => hosts::software_checked(w, &host),
    })
}

/// Fetches the NodeInfo of one known server; false when all were fetched within a week.
pub fn step(node: &Node) -> Result<bool> {
    let week_ago: Time = node.clock().now().minus(REFRESH_INTERVAL);
    match node.store.read(|r| hosts::next_without_software(r, week_ago, 1))?.pop() {
        Some(host) => refresh(node, &host).map(|()| true),
        None => Ok(false),
    }
}

fn fetch_nodeinfo(node: &Node, host: &str) -> Option<(String, String)> {
    let index = fetch(node, &format!("{}://{host}/.well-known/nodeinfo", node.facts.origin.scheme)).ok()?;
    let href = newest_version(&index)?;
    let info = fetch(node, &href).ok()?;
    let software = info.get("software")?;
    let word = |key: &str| {
        let text = software.get(key).and_then(Value::as_str).unwrap_or_default();
        plain_text::one_line(text).chars().take(MAX_NAME_CHARS).collect::<String>()
    };
    let name = word("name").to_lowercase();
    (!name.is_empty()).then(|| (name, word("version")))
}

/// The link to the newest version we read.
fn newest_version(index: &Value) -> Option<String> {
    let links = index.get("links")?.as_array()?;
    ["2.1", "2.0", "1.1", "1.0"].iter().find_map(|version| {
        let wanted = format!("http://nodeinfo.diaspora.software/ns/schema/{version}");
        let link = links.iter().take(20).find(|link| link.get("rel").and_then(Value::as_str) == Some(&wanted))?;
        link.get("href")?.as_str().map(str::to_owned)
    })
}

fn fetch(node: &Node, url: &str) -> Result<Value, NetError> {
    let get = Get {
        url,
        accept: Expected::NodeInfo,
        signer: None,
        knock: Knock::Cavage,
        limit: MAX_DOCUMENT_BYTES,
        now: node.clock().now(),
        gate: &|host| node.check_host_fetchable(host),
    };
    Ok(node.net.json(get).inspect_err(|error| node.remember_slow_host(error))?.1)
}
