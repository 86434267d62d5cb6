//! Block lists of servers: Mastodon's CSV in and out, and published lists that are fetched daily. A list is previewed
//! before it takes effect.

use std::time::Duration;

use crate::base::id::HostListId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::net::{Expected, Get};
use crate::sig::Knock;
use crate::social::moderation::host_block::{self, FollowChanges};
use crate::store::moderation::host_blocks::{self, HostBlockRule, MANUAL_LIST, Severity};
use crate::store::{Read, moderation::host_block_lists};
use crate::text::handle::normal_host;
use crate::text::{csv, cut, plain_text};

/// Maximum size of a list.
pub const MAX_LIST_BYTES: usize = 4 << 20;
/// Maximum number of rules in a list (the same limit as in Mastodon's import).
pub const MAX_LIST_RULES: usize = 20_000;
/// Maximum length of a comment.
const MAX_COMMENT_BYTES: usize = 500;
/// How often a list is fetched.
const FETCH_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// Delay of the next fetch after a failed one.
const RETRY_INTERVAL: Duration = Duration::from_secs(3 * 3600);
/// Header line of Mastodon's CSV.
const CSV_HEADER: [&str; 6] =
    ["#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate"];

/// A host name in the form rules use: lower case, punycode, without `*.` or port. Invalid when it is not a host name.
pub fn parse_host_name(text: &str) -> Result<String> {
    let text = text.trim().trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    let name = normal_host(text.trim_start_matches("*.")).map(|host| host.split(':').next().unwrap_or("").to_owned());
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| Error::invalid(format!("{} is not a server name", cut(text, 100))))
}

/// Reads a CSV in Mastodon's format, or a plain list of names. Names obfuscated with `*` are skipped. Invalid when the
/// text contains no host name.
pub fn parse_list(text: &str) -> Result<Vec<HostBlockRule>> {
    let mut rows = csv::rows(text, MAX_LIST_RULES + 1);
    let named = |row: &Vec<String>| row.first().is_some_and(|cell| cell.starts_with('#') || cell.trim() == "domain");
    let header: Option<Vec<String>> = rows.first().filter(|row| named(row)).cloned();
    if header.is_some() {
        rows.remove(0);
    }
    let column = |name: &str| -> Option<usize> {
        header.as_ref()?.iter().position(|cell| cell.trim().trim_start_matches('#').eq_ignore_ascii_case(name))
    };
    let (domain, severity) = (column("domain").unwrap_or(0), column("severity"));
    let (media, reports) = (column("reject_media"), column("reject_reports"));
    let (comment, obfuscate) = (column("public_comment"), column("obfuscate"));
    let cell = |row: &[String], at: Option<usize>| at.and_then(|at| row.get(at)).cloned().unwrap_or_default();
    let flag = |row: &[String], at| matches!(cell(row, at).trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes");
    let rule = |row: &Vec<String>| {
        let host = parse_host_name(row.get(domain)?).ok()?;
        let severity = match severity {
            Some(_) => Severity::from_word(&cell(row, severity))?,
            None => Severity::Block,
        };
        let words = plain_text::one_line(&cell(row, comment));
        let rule = HostBlockRule {
            no_media: flag(row, media),
            no_reports: flag(row, reports),
            obfuscate: flag(row, obfuscate),
            ..HostBlockRule::manual(&host, severity, cut(&words, MAX_COMMENT_BYTES))
        };
        (severity != Severity::Allow || rule.no_media || rule.no_reports).then_some(rule)
    };
    let rules: Vec<HostBlockRule> = rows.iter().filter_map(rule).take(MAX_LIST_RULES).collect();
    if rules.is_empty() { Err(Error::invalid("this list contains no server names")) } else { Ok(rules) }
}

/// The owner's own rules in Mastodon's format.
pub fn export_csv(r: &Read<'_>) -> Result<String> {
    let mut text = csv::line(&CSV_HEADER);
    let mut after = String::new();
    loop {
        let rules = host_blocks::of_list(r, MANUAL_LIST, &after, 1000)?;
        let Some(last) = rules.last() else { return Ok(text) };
        after.clone_from(&last.host);
        for rule in rules {
            let severity = match rule.severity {
                Severity::Allow => "noop",
                Severity::Limit => "silence",
                Severity::Block => "suspend",
            };
            let word = |flag| if flag { "true" } else { "false" };
            let (media, reports) = (word(rule.no_media), word(rule.no_reports));
            text.push_str(&csv::line(&[&rule.host, severity, media, reports, &rule.comment, word(rule.obfuscate)]));
        }
    }
}

/// Fetches a list for a preview; it does not take effect yet. Repeating fetches it again.
pub fn subscribe(node: &Node, url: &str, name: &str) -> Result<HostListId> {
    let url = crate::ap::json::Uri::parse(url.trim()).ok_or_else(|| Error::invalid("that is not a URL"))?;
    let lists = node.store.read(host_block_lists::all)?;
    if lists.len() >= host_block_lists::MAX_LISTS as usize && !lists.iter().any(|list| list.url == url.as_str()) {
        return Err(Error::invalid(format!("you can have at most {} lists", host_block_lists::MAX_LISTS)));
    }
    let rules = fetch_list(node, url.as_str())?;
    let name = plain_text::one_line(name);
    let name = if name.is_empty() { url.host() } else { name };
    store_list(node, url.as_str().to_owned(), name, rules)
}

/// Stores a file for a preview; when it is applied its rules become the owner's own.
pub fn upload(node: &Node, text: &str) -> Result<HostListId> {
    if text.len() > MAX_LIST_BYTES {
        return Err(Error::invalid(format!("a list can have at most {} MB", MAX_LIST_BYTES >> 20)));
    }
    let url = format!("{FILE_URL_PREFIX}{}", node.clock().now().ms());
    store_list(node, url, "your file".to_owned(), parse_list(text)?)
}

/// Prefix of the URL of a list that was uploaded as a file.
const FILE_URL_PREFIX: &str = "file:";

fn store_list(node: &Node, url: String, name: String, rules: Vec<HostBlockRule>) -> Result<HostListId> {
    let rules = without_own_host(node, rules);
    node.store.write(move |w| {
        let id = host_block_lists::add(w, &url, &name)?;
        host_block::replace_list_rules(w, id, &rules)?;
        Ok(id)
    })
}

fn without_own_host(node: &Node, mut rules: Vec<HostBlockRule>) -> Vec<HostBlockRule> {
    let origin = &node.facts.origin;
    let ours: Vec<String> =
        [&origin.host, &origin.domain].iter().flat_map(|host| host_blocks::covering(host)).collect();
    rules.retain(|rule| !ours.contains(&rule.host));
    rules
}

/// Sets one of the owner's rules. Invalid for our own host.
pub fn set_rule(node: &Node, rule: HostBlockRule) -> Result<FollowChanges> {
    match without_own_host(node, vec![rule]).pop() {
        Some(rule) => node.store.write(move |w| host_block::set(w, &rule)),
        None => Err(Error::invalid("that is this server itself")),
    }
}

/// Applies a list, except for these hosts. The rules of an uploaded file become the owner's own rules; own rules that
/// exist already are kept.
pub fn apply_list(node: &Node, id: HostListId, except: Vec<String>) -> Result<FollowChanges> {
    node.store.write(move |w| {
        if !host_block_lists::get(w, id)?.url.starts_with(FILE_URL_PREFIX) {
            return host_block::apply_list(w, id, &except);
        }
        let mut rules = host_blocks::of_list(w, id, "", u32::try_from(MAX_LIST_RULES).unwrap_or(u32::MAX))?;
        rules.retain(|rule| !except.contains(&rule.host));
        let mut new = Vec::with_capacity(rules.len());
        for rule in rules {
            if host_blocks::get(w, MANUAL_LIST, &rule.host)?.is_none() {
                new.push(HostBlockRule { list_id: MANUAL_LIST, held: false, ..rule });
            }
        }
        host_block_lists::remove(w, id)?;
        host_block::set_all(w, &new)
    })
}

/// Removes a list: what only it blocked is restored.
pub fn remove_list(node: &Node, id: HostListId) -> Result<FollowChanges> {
    node.store.write(move |w| host_block::delete_list(w, id))
}

fn fetch_list(node: &Node, url: &str) -> Result<Vec<HostBlockRule>> {
    let get = Get {
        url,
        accept: Expected::Csv,
        signer: None,
        knock: Knock::default(),
        limit: MAX_LIST_BYTES,
        now: node.clock().now(),
        gate: &|host| node.check_host_allowed(host),
    };
    let answer = node.net.get(get)?;
    if answer.media_type() == "text/html" {
        return Err(Error::remote("that address shows a web page, not a list: look for its CSV file"));
    }
    parse_list(&String::from_utf8_lossy(&answer.body))
}

/// Fetches one list that is due; false when there is none. A list that cannot be fetched stays unchanged.
pub fn fetch_next_due(node: &Node) -> Result<bool> {
    let now = node.clock().now();
    let lists = node.store.read(host_block_lists::all)?;
    let is_due = |list: &&host_block_lists::HostList| {
        list.applied_at.is_some()
            && list.fetched_at.is_none_or(|at| now.since(at) >= FETCH_INTERVAL)
            && list.failed_at.is_none_or(|at| now.since(at) >= RETRY_INTERVAL)
    };
    let Some(list) = lists.iter().find(is_due) else { return Ok(false) };
    let (id, fetched) = (list.id, fetch_list(node, &list.url));
    match fetched {
        Ok(rules) => {
            let rules = without_own_host(node, rules);
            node.store.write(move |w| host_block::replace_list_rules(w, id, &rules)).map(|_| true)
        }
        Err(error @ Error::Internal(_)) => Err(error),
        Err(error) => {
            let why = error.to_string();
            node.store.write(move |w| host_block_lists::failed(w, id, &why)).map(|()| true)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn lists_are_read_as_mastodon_writes_them_and_as_plain_names() {
        let text = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n\
            Bad.Example,suspend,TRUE,false,\"spam, lots\",false\nquiet.example,silence,false,false,,\n\
            media.example,noop,true,false,,\nnothing.example,noop,false,false,,\nhid***.example,suspend,,,,true\n";
        let rules = parse_list(text).unwrap();
        let said: Vec<_> =
            rules.iter().map(|r| (r.host.as_str(), r.severity, r.no_media, r.comment.as_str())).collect();
        assert_eq!(
            said,
            [
                ("bad.example", Severity::Block, true, "spam, lots"),
                ("quiet.example", Severity::Limit, false, ""),
                ("media.example", Severity::Allow, true, ""),
            ]
        );
        let plain = parse_list("bad.example\n*.worse.example\nhttps://bücher.example/\n").unwrap();
        let hosts: Vec<_> = plain.iter().map(|r| (r.host.as_str(), r.severity)).collect();
        assert_eq!(hosts[0], ("bad.example", Severity::Block));
        assert_eq!((hosts[1].0, hosts[2].0), ("worse.example", "xn--bcher-kva.example"));
        for bad in ["", "#domain,#severity\n", "<html><body>no list</body></html>"] {
            assert!(matches!(parse_list(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
    }
}
