//! Rules for servers: the owner's own and those of lists, and their combined effect on a host or an actor.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::HostListId;
use crate::base::{Result, Time};
use crate::store::actors::Actor;
use crate::store::{Read, Write, column};

/// Maximum number of rules returned.
const MAX_RULES: u32 = 200_000;
/// The list that stands for the owner's own rules.
pub const MANUAL_LIST: HostListId = HostListId(0);

/// How far a server is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Lists do not count for it.
    Allow,
    /// Only its followed people are shown; its images are not.
    Limit,
    /// Nothing comes from there, nothing goes there.
    Block,
}

impl Severity {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Limit => "limit",
            Self::Block => "block",
        }
    }

    /// The severity of a stored or typed word, Mastodon's (`silence`, `suspend`) too.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "allow" | "noop" | "none" => Some(Self::Allow),
            "limit" | "silence" => Some(Self::Limit),
            "block" | "suspend" => Some(Self::Block),
            _ => None,
        }
    }
}

/// A row of `host_block`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostBlockRule {
    /// Lower case, punycode, no port.
    pub host: String,
    /// The list of the rule.
    pub list_id: HostListId,
    /// How far.
    pub severity: Severity,
    /// Its images are not shown.
    pub no_media: bool,
    /// Its reports are not taken.
    pub no_reports: bool,
    /// Why, for everyone to read.
    pub comment: String,
    /// The name is obfuscated in the public list (kept for the export).
    pub obfuscate: bool,
    /// New on a list, and would cut a follow: waits for the owner.
    pub held: bool,
    /// Since when.
    pub created_at: Time,
}

impl HostBlockRule {
    /// An own rule.
    pub fn manual(host: &str, severity: Severity, comment: &str) -> Self {
        Self {
            host: host.to_owned(),
            list_id: MANUAL_LIST,
            severity,
            no_media: false,
            no_reports: false,
            comment: comment.to_owned(),
            obfuscate: false,
            held: false,
            created_at: Time::default(),
        }
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<HostBlockRule> {
    let severity: String = column(row, "severity")?;
    Ok(HostBlockRule {
        host: column(row, "host")?,
        list_id: column(row, "list_id")?,
        severity: Severity::from_word(&severity).unwrap_or(Severity::Limit),
        no_media: column(row, "no_media")?,
        no_reports: column(row, "no_reports")?,
        comment: column(row, "comment")?,
        obfuscate: column(row, "obfuscate")?,
        held: column(row, "held")?,
        created_at: column(row, "created_at")?,
    })
}

/// The combined effect of all rules on a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPolicy {
    /// None: nothing.
    pub severity: Option<Severity>,
    /// Its images are not shown.
    pub no_media: bool,
    /// Its reports are not taken.
    pub no_reports: bool,
    /// The rule that decided.
    pub rule: Option<(String, HostListId)>,
}

impl HostPolicy {
    /// Nothing comes from there, nothing goes there.
    pub fn is_blocked(&self) -> bool {
        self.severity == Some(Severity::Block)
    }

    /// Only the followed are shown.
    pub fn is_limited(&self) -> bool {
        self.severity == Some(Severity::Limit)
    }
}

/// A host and its parents, without the port: the names a rule for it can have.
pub fn covering(host: &str) -> Vec<String> {
    let name = match host.strip_prefix('[') {
        Some(_) => host.split_inclusive(']').next().unwrap_or(host),
        None => host.split(':').next().unwrap_or(host),
    };
    let name = name.to_ascii_lowercase();
    let parents = name.char_indices().filter(|(_, c)| *c == '.').filter_map(|(at, _)| name.get(at + 1..));
    std::iter::once(name.as_str()).chain(parents).filter(|n| !n.is_empty()).map(str::to_owned).collect()
}

/// The hosts that speak for a person: their handle's, and their server's.
pub fn hosts_of(actor: &Actor) -> [String; 2] {
    [actor.host.clone(), host_of(&actor.uri)]
}

/// The host of a URL, as written.
pub(in crate::store) fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

/// Rules for some hosts, ready to judge by.
#[derive(Debug, Default)]
pub struct HostBlockRules {
    rules: HashMap<String, Vec<HostBlockRule>>,
}

impl HostBlockRules {
    /// One rule alone.
    pub fn single(rule: HostBlockRule) -> Self {
        Self { rules: HashMap::from([(rule.host.clone(), vec![rule])]) }
    }

    /// The effect on a host. The owner's own rule for the nearest name decides; without one, the strictest of the
    /// lists.
    pub fn judge(&self, host: &str) -> HostPolicy {
        if self.rules.is_empty() {
            return HostPolicy::default();
        }
        let names = covering(host);
        let matching = || names.iter().filter_map(|name| self.rules.get(name)).flatten();
        let chosen = match matching().find(|rule| rule.list_id == MANUAL_LIST) {
            Some(own) => Some(own),
            None => matching().max_by_key(|rule| rule.severity),
        };
        let Some(rule) = chosen else { return HostPolicy::default() };
        let limited = rule.severity == Severity::Limit;
        HostPolicy {
            severity: Some(rule.severity).filter(|severity| *severity != Severity::Allow),
            no_media: rule.no_media || limited,
            no_reports: rule.no_reports,
            rule: Some((rule.host.clone(), rule.list_id)),
        }
    }

    /// The effect on an actor: the stricter of the handle's host and the server.
    pub fn judge_actor(&self, actor: &Actor) -> HostPolicy {
        let [handle, server] = hosts_of(actor).map(|host| self.judge(&host));
        if server.severity > handle.severity || (server.severity == handle.severity && server.no_media) {
            server
        } else {
            handle
        }
    }
}

/// True when there is any rule: most servers have none, and need no further query.
pub fn any(r: &Read<'_>) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM host_block LIMIT 1")?.exists([])?)
}

/// The rules that may concern these hosts; including those of `also`, whether in effect or not.
pub fn rules_for(
    r: &Read<'_>,
    hosts: impl Iterator<Item = String>,
    also: Option<HostListId>,
) -> Result<HostBlockRules> {
    if !any(r)? {
        return Ok(HostBlockRules::default());
    }
    let names: BTreeSet<String> = hosts.flat_map(|host| covering(&host)).collect();
    let mut statement = r.conn.prepare_cached(
        "SELECT b.* FROM json_each(?1) j CROSS JOIN host_block b ON b.host = j.value
         WHERE b.list_id = ?2 OR b.held = 0
           AND (b.list_id = 0 OR b.list_id IN (SELECT id FROM host_list WHERE applied_at IS NOT NULL)) LIMIT ?3",
    )?;
    let rows = statement
        .query_map(params![crate::store::to_json(&names)?, also.unwrap_or(HostListId(-1)), MAX_RULES], from_row)?;
    let mut rules: HashMap<String, Vec<HostBlockRule>> = HashMap::new();
    for rule in rows {
        let rule = rule?;
        rules.entry(rule.host.clone()).or_default().push(rule);
    }
    Ok(HostBlockRules { rules })
}

/// The effect on one host (with or without a port).
pub fn of_host(r: &Read<'_>, host: &str) -> Result<HostPolicy> {
    Ok(rules_for(r, std::iter::once(host.to_owned()), None)?.judge(host))
}

/// The effect on one actor.
pub fn of_actor(r: &Read<'_>, actor: &Actor) -> Result<HostPolicy> {
    Ok(rules_for(r, hosts_of(actor).into_iter(), None)?.judge_actor(actor))
}

/// Sets a rule, in place of the one of the same host and list.
pub fn set(w: &Write<'_>, rule: &HostBlockRule) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO host_block (host, list_id, severity, no_media, no_reports, comment, obfuscate, held, created_at,
           number)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, CASE WHEN ?2 = 0 THEN (SELECT ifnull(max(number), 0) + 1 FROM host_block
           WHERE number IS NOT NULL) END) ON CONFLICT DO UPDATE SET severity = excluded.severity,
           no_media = excluded.no_media, no_reports = excluded.no_reports, comment = excluded.comment,
           obfuscate = excluded.obfuscate, held = excluded.held",
    )?;
    statement.execute(params![
        rule.host,
        rule.list_id,
        rule.severity.word(),
        rule.no_media,
        rule.no_reports,
        rule.comment,
        rule.obfuscate,
        rule.held,
        w.now,
    ])?;
    Ok(())
}

/// The rule of a list for exactly this host.
pub fn get(r: &Read<'_>, list: HostListId, host: &str) -> Result<Option<HostBlockRule>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM host_block WHERE host = ?1 AND list_id = ?2")?;
    Ok(statement.query_one(params![host, list], from_row).optional()?)
}

/// Takes a rule back; false when there was none.
pub fn remove(w: &Write<'_>, list: HostListId, host: &str) -> Result<bool> {
    Ok(w.conn.execute("DELETE FROM host_block WHERE host = ?1 AND list_id = ?2", params![host, list])? > 0)
}

/// The rules of a list by name, after `after`; at most `limit`.
pub fn of_list(r: &Read<'_>, list: HostListId, after: &str, limit: u32) -> Result<Vec<HostBlockRule>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM host_block WHERE list_id = ?1 AND host > ?2 ORDER BY host LIMIT ?3")?;
    let rows = statement.query_map(params![list, after, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A window of the owner's own rules, newest first: (row id, host).
pub fn newest(r: &Read<'_>, max: Option<i64>, min: Option<i64>, limit: u32) -> Result<Vec<(i64, String)>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT number, host FROM host_block WHERE number IS NOT NULL AND number < ?1 AND number > ?2
           AND severity = 'block' ORDER BY number DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![max.unwrap_or(i64::MAX), min.unwrap_or(0), limit], |row| {
        Ok((column(row, "number")?, column(row, "host")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many rules a list has, and how many of them wait for the owner.
pub fn count(r: &Read<'_>, list: HostListId) -> Result<(u32, u32)> {
    let mut statement =
        r.conn.prepare_cached("SELECT count(*), ifnull(sum(held), 0) FROM host_block WHERE list_id = ?1")?;
    Ok(statement.query_one([list], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Lets the held rules of a list count.
pub fn detach_list(w: &Write<'_>, list: HostListId) -> Result<usize> {
    Ok(w.conn.execute("UPDATE host_block SET held = 0 WHERE list_id = ?1 AND held = 1", [list])?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::moderation::host_block_lists;
    use crate::store::test_support::TestStore;

    fn severity(s: &TestStore, host: &str) -> Option<Severity> {
        s.store.read(|r| of_host(r, host)).unwrap().severity
    }

    #[test]
    fn a_host_is_covered_with_its_subdomains_on_every_port() {
        assert_eq!(covering("a.B.example:8080"), ["a.b.example", "b.example", "example"]);
        assert_eq!(covering("[::1]:80"), ["[::1]"]);
        let s = TestStore::new();
        assert_eq!(severity(&s, "x.example"), None);
        s.store.write(|w| set(w, &HostBlockRule::manual("bad.example", Severity::Block, ""))).unwrap();
        for (host, expected) in [
            ("bad.example", Some(Severity::Block)),
            ("very.bad.example:444", Some(Severity::Block)),
            ("notbad.example", None),
            ("example", None),
        ] {
            assert_eq!(severity(&s, host), expected, "{host}");
        }
    }

    #[test]
    fn the_owners_word_counts_more_than_lists_and_of_lists_the_strictest() {
        let s = TestStore::new();
        let lists = s.store.write(|w| {
            let add = |n: u32| host_block_lists::add(w, &format!("https://lists.example/{n}.csv"), "a list");
            let lists = [add(1)?, add(2)?];
            for (list, host, severity) in [
                (lists[0], "x.example", Severity::Limit),
                (lists[1], "x.example", Severity::Block),
                (lists[1], "y.example", Severity::Block),
                (lists[1], "z.example", Severity::Block),
            ] {
                set(w, &HostBlockRule { list_id: list, ..HostBlockRule::manual(host, severity, "") })?;
            }
            set(w, &HostBlockRule::manual("y.example", Severity::Limit, ""))?;
            set(w, &HostBlockRule::manual("good.z.example", Severity::Allow, ""))?;
            Ok(lists)
        });
        let lists = lists.unwrap();
        assert_eq!(severity(&s, "x.example"), None, "nothing of a list counts before it is applied");
        s.store.write(move |w| lists.iter().try_for_each(|list| host_block_lists::apply(w, *list))).unwrap();
        assert_eq!(severity(&s, "x.example"), Some(Severity::Block));
        assert_eq!(severity(&s, "y.example"), Some(Severity::Limit));
        assert_eq!(severity(&s, "z.example"), Some(Severity::Block));
        assert_eq!(severity(&s, "very.good.z.example"), None);
        s.store.write(move |w| host_block_lists::remove(w, lists[1])).unwrap();
        assert_eq!((severity(&s, "x.example"), severity(&s, "z.example")), (Some(Severity::Limit), None));
    }
}
