//! Limits key fetches from unknown hosts. The sender of an unverified request chooses which host we contact
//! (amplification), so the limits count per sender and per host.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::leaky_bucket::LeakyBucket;
use crate::base::{Time, rate_limit_key};

/// Unknown hosts one caller may name within [`COUNT_WINDOW`]. Some hosts send for hundreds of servers, but few are new.
const MAX_UNKNOWN_HOSTS_PER_CALLER: u32 = 60;
/// The same, for hosts below one registrable domain: its owner can create any number of names.
const MAX_UNKNOWN_HOSTS_PER_DOMAIN: u32 = 30;
/// Key fetches per caller and host: the first valid key makes the host a known one.
const MAX_KEYS_PER_CALLER_AND_HOST: u32 = 10;
/// The period over which these are counted.
const COUNT_WINDOW: Duration = Duration::from_secs(3600);
/// Key fetches per host, whoever names it: a burst, and a rate per second.
const HOST_BURST: f64 = 40.0;
const HOST_RATE_PER_SECOND: f64 = 0.1;
/// Key fetches from all unknown hosts together. A widely shared post or an account move brings thousands within
/// minutes.
const TOTAL_BURST: f64 = 3_000.0;
const TOTAL_RATE_PER_SECOND: f64 = 0.5;
/// Maximum number of counters, more than the total rate allows to accumulate within the window.
const MAX_REMEMBERED_COUNTS: usize = 30_000;
/// Second-level labels below which countries let anybody register a name.
const SHARED_SUFFIXES: [&str; 14] =
    ["ac", "co", "com", "edu", "gen", "go", "gob", "gov", "id", "ne", "net", "nom", "or", "org"];

/// Which callers named which hosts recently; one per node.
#[derive(Debug, Default)]
pub struct KeyFetchLimits(Mutex<KeyFetchCounts>);

#[derive(Debug, Default)]
struct KeyFetchCounts {
    /// By caller, by caller and server, by caller and domain.
    counts: HashMap<String, KeyFetchCount>,
    servers: HashMap<String, LeakyBucket>,
    all: LeakyBucket,
}

#[derive(Debug, Default, Clone, Copy)]
struct KeyFetchCount {
    since: Time,
    count: u32,
}

impl KeyFetchLimits {
    /// Whether a key may be fetched from this host (with a port if unusual) because of a request from this address; if
    /// so, it is counted. Callers behind a proxy we do not know of count as one, who may name any number of hosts.
    pub fn allows(&self, server: &str, from: Option<IpAddr>, now: Time) -> bool {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.forget(now);
        let stranger = from.and_then(rate_limit_key::anonymous_key);
        let who = stranger.map(|address| address.to_string()).unwrap_or_default();
        let (pair, domain) = (format!("{who} {server}"), format!("{who} *.{}", registrable_domain(server)));
        let named = tallies.count(&pair, now);
        let may_name = match (named, stranger) {
            (0, Some(_)) => {
                tallies.count(&domain, now) < MAX_UNKNOWN_HOSTS_PER_DOMAIN
                    && tallies.count(&who, now) < MAX_UNKNOWN_HOSTS_PER_CALLER
            }
            (0, None) => tallies.count(&domain, now) < MAX_UNKNOWN_HOSTS_PER_DOMAIN,
            (_, Some(_)) => named < MAX_KEYS_PER_CALLER_AND_HOST,
            (_, None) => true,
        };
        let at_one = tallies.servers.get(server).copied().unwrap_or_default();
        let has_room = at_one.has_room(now, HOST_RATE_PER_SECOND, HOST_BURST)
            && tallies.all.has_room(now, TOTAL_RATE_PER_SECOND, TOTAL_BURST);
        if !may_name || !has_room {
            return false;
        }
        let new = [&domain, &who];
        for key in std::iter::once(&pair).chain(new.into_iter().filter(|_| named == 0)) {
            tallies.add(key, now);
        }
        tallies.servers.entry(server.to_owned()).or_default().add(now, HOST_RATE_PER_SECOND, HOST_BURST);
        tallies.all.add(now, TOTAL_RATE_PER_SECOND, TOTAL_BURST)
    }
}

impl KeyFetchCounts {
    fn count(&self, key: &str, now: Time) -> u32 {
        self.counts.get(key).filter(|tally| now.since(tally.since) < COUNT_WINDOW).map_or(0, |tally| tally.count)
    }

    fn add(&mut self, key: &str, now: Time) {
        let before = self.count(key, now);
        let tally = self.counts.entry(key.to_owned()).or_default();
        *tally = KeyFetchCount { since: if before == 0 { now } else { tally.since }, count: before + 1 };
    }

    /// Removes expired counters when there are many; if that is not enough, all of them.
    fn forget(&mut self, now: Time) {
        if self.counts.len() + self.servers.len() < MAX_REMEMBERED_COUNTS {
            return;
        }
        self.counts.retain(|_, tally| now.since(tally.since) < COUNT_WINDOW);
        self.servers.retain(|_, bucket| bucket.level(now, HOST_RATE_PER_SECOND) > 0.0);
        if self.counts.len() + self.servers.len() >= MAX_REMEMBERED_COUNTS {
            self.counts.clear();
            self.servers.clear();
        }
    }
}

/// The registrable domain of a host, as far as the name shows it.
fn registrable_domain(host: &str) -> String {
    let name = host.split(':').next().unwrap_or_default();
    if host.starts_with('[') || name.parse::<IpAddr>().is_ok() {
        return "an address".to_owned();
    }
    let labels: Vec<&str> = name.rsplit('.').collect();
    let shared =
        matches!(labels.as_slice(), [country, second, _, ..] if country.len() == 2 && SHARED_SUFFIXES.contains(second));
    let mut own: Vec<&str> = labels.into_iter().take(if shared { 3 } else { 2 }).collect();
    own.reverse();
    own.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        Time::from_secs(1_000_000)
    }

    fn from(n: u8) -> Option<IpAddr> {
        Some(IpAddr::from([203, 0, 113, n]))
    }

    #[test]
    fn what_a_stranger_names_is_held_against_nobody_else() {
        let newcomers = KeyFetchLimits::default();
        let asked = (0..100).filter(|_| newcomers.allows("victim.example", from(1), now())).count();
        assert_eq!(asked, 10, "nobody has it asked more often");
        assert!(newcomers.allows("victim.example", from(2), now()), "its own first letter");
        let named = (0..100).filter(|n| newcomers.allows(&format!("s{n}.co.uk"), from(1), now())).count();
        assert_eq!(named, 59, "one caller names so many");
        assert!(newcomers.allows("nice.co.uk", from(2), now()));
        let network = |host: u16| Some(IpAddr::from([0x2a00, 1, 2, 3, 0, 0, 0, host]));
        let named = (0..100).filter(|n| newcomers.allows(&format!("t{n}.example"), network(*n), now())).count();
        assert_eq!(named, 60, "one IPv6 network is one caller");
        assert!(newcomers.allows("victim.example", from(1), now().plus(COUNT_WINDOW)));
    }

    #[test]
    fn names_below_one_domain_are_counted_together() {
        let newcomers = KeyFetchLimits::default();
        for caller in [from(1), None] {
            let named = (0..100).filter(|n| newcomers.allows(&format!("s{n}.flood.example"), caller, now())).count();
            assert_eq!(named, 30);
        }
        // Without a caller address, country-code second levels are not mistaken for domains.
        let named = (0..100).filter(|n| newcomers.allows(&format!("s{n}.com.br"), None, now())).count();
        assert_eq!(named, 100);
        for (host, is) in [
            ("a.b.example", "b.example"),
            ("example", "example"),
            ("b.example:8080", "b.example"),
            ("a.b.co.uk", "b.co.uk"),
            ("co.uk", "co.uk"),
            ("social.kth.se", "kth.se"),
            ("192.0.2.1:80", "an address"),
            ("[2001:db8::1]:80", "an address"),
        ] {
            assert_eq!(registrable_domain(host), is, "{host}");
        }
    }

    #[test]
    fn many_callers_together_hammer_no_server_and_do_not_fill_the_memory() {
        let newcomers = KeyFetchLimits::default();
        let asked =
            |from: u8, now: Time| newcomers.allows("victim.example", Some(IpAddr::from([203, 0, 114, from])), now);
        assert_eq!((0..=255).filter(|n| asked(*n, now())).count(), 40);
        let later = now().plus(Duration::from_secs(10));
        assert!(asked(1, later), "a little later");
        let named = (0..20_000_u32)
            .filter(|n| {
                newcomers.allows(&format!("n{n}.example{n}"), Some(IpAddr::from((n + (1 << 26)).to_be_bytes())), later)
            })
            .count();
        assert_eq!(named, 2964, "and all together so many");
        let mut late = later;
        for n in 0..40_000_u32 {
            late = late.plus(Duration::from_secs(2));
            newcomers.allows(&format!("m{n}.example{n}"), Some(IpAddr::from((n + (1 << 27)).to_be_bytes())), late);
        }
        let tallies = newcomers.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(tallies.counts.len() + tallies.servers.len() <= MAX_REMEMBERED_COUNTS + 4);
    }
}
