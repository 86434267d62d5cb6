//! The inbox rate limiter, and the client's address behind trusted proxies.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;

use crate::base::Time;
use crate::base::leaky_bucket::LeakyBucket;
use crate::base::rate_limit_key::anonymous_key;

/// Requests per second, from all senders together.
const MAX_PER_SECOND: f64 = 1_000.0;
/// Requests per second from one address. Big servers send from few addresses.
const MAX_PER_SECOND_PER_ADDRESS: f64 = 300.0;
/// Size of a burst, in seconds' worth of requests.
const BURST_SECONDS: f64 = 3.0;
/// Rejected requests from one address, as a burst and as a rate per second, before it has to wait.
const MAX_REFUSALS_IN_A_ROW: f64 = 60.0;
const REFUSALS_PER_SECOND: f64 = 0.5;
/// Logged rejections, as a burst and as a rate per second.
const LOGGED_BURST: f64 = 30.0;
const LOGGED_PER_SECOND: f64 = 0.5;
/// Maximum number of addresses kept in memory.
const MAX_ADDRESSES: usize = 4_096;
/// Maximum number of `X-Forwarded-For` entries that are read, from the right.
const MAX_FORWARDED_ENTRIES: usize = 16;

/// Limits the requests to the inboxes, per address and in total.
#[derive(Debug, Default)]
pub struct InboxRateLimiter {
    all: Mutex<LeakyBucket>,
    each: Mutex<HashMap<IpAddr, CallerState>>,
    logged: Mutex<LeakyBucket>,
}

#[derive(Debug, Default, Clone, Copy)]
struct CallerState {
    visits: LeakyBucket,
    refusals: LeakyBucket,
}

impl InboxRateLimiter {
    /// Counts a request from this address. False when it exceeds a limit.
    pub fn allows(&self, from: Option<IpAddr>, now: Time) -> bool {
        if let Some(address) = from.and_then(anonymous_key) {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            let caller = entry(&mut each, address, now);
            let refused = !caller.refusals.has_room(now, REFUSALS_PER_SECOND, MAX_REFUSALS_IN_A_ROW);
            if refused
                || !caller.visits.add(now, MAX_PER_SECOND_PER_ADDRESS, MAX_PER_SECOND_PER_ADDRESS * BURST_SECONDS)
            {
                return false;
            }
        }
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(now, MAX_PER_SECOND, MAX_PER_SECOND * BURST_SECONDS)
    }

    /// Counts a log line about a rejected delivery. False when it exceeds the limit: nobody may fill our log.
    pub fn may_log_rejection(&self, now: Time) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        logged.add(now, LOGGED_PER_SECOND, LOGGED_BURST)
    }

    /// Counts a rejected request. An address that only sends junk is soon rejected without further work.
    pub fn note_refused(&self, from: Option<IpAddr>, now: Time) {
        if let Some(address) = from.and_then(anonymous_key) {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            entry(&mut each, address, now).refusals.add(now, REFUSALS_PER_SECOND, MAX_REFUSALS_IN_A_ROW);
        }
    }
}

fn entry(each: &mut HashMap<IpAddr, CallerState>, address: IpAddr, now: Time) -> &mut CallerState {
    if each.len() >= MAX_ADDRESSES && !each.contains_key(&address) {
        each.retain(|_, caller| {
            caller.visits.level(now, MAX_PER_SECOND_PER_ADDRESS) > 0.0
                || caller.refusals.level(now, REFUSALS_PER_SECOND) > 0.0
        });
        if each.len() >= MAX_ADDRESSES {
            each.clear();
        }
    }
    each.entry(address).or_default()
}

/// The client's address. `X-Forwarded-For` is read only as far as its entries were added by trusted proxies.
pub fn caller(request: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let mut address = request.peer_addr()?.ip().to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == *address);
    let lines = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    for entry in entries.iter().rev().take(MAX_FORWARDED_ENTRIES) {
        if !is_trusted(&address) {
            break;
        }
        match entry.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(next) => address = next.to_canonical(),
            Err(_) => break,
        }
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use actix_web::test::TestRequest;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_told_proxies_are_believed() {
        let request = |peer: &str, forwarded: &str| {
            let peer = format!("{peer}:443").parse().unwrap();
            TestRequest::default().peer_addr(peer).insert_header(("x-forwarded-for", forwarded)).to_http_request()
        };
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        let from = |peer: &str, forwarded: &str| caller(&request(peer, forwarded), &proxies).unwrap().to_string();
        assert_eq!(from("203.0.113.9", "198.51.100.1"), "203.0.113.9", "anyone can write the header");
        assert_eq!(from("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(from("10.0.0.1", "1.2.3.4, 198.51.100.1"), "198.51.100.1", "the client may have begun the list");
        assert_eq!(from("10.0.0.1", "198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(from("10.0.0.1", "nonsense"), "10.0.0.1");
        assert_eq!(from("10.0.0.1", "2001:db8::1"), "2001:db8::1");
    }

    #[test]
    fn one_loud_address_does_not_shut_out_the_others() {
        let door = InboxRateLimiter::default();
        let now = Time::from_secs(1_000);
        let (loud, other) = (Some(ip("203.0.113.9")), Some(ip("203.0.113.10")));
        let let_in = (0..2_000).filter(|_| door.allows(loud, now)).count();
        assert_eq!(let_in, 900);
        assert!(door.allows(other, now));
        assert!(door.allows(loud, now.plus(Duration::from_secs(1))));
    }

    #[test]
    fn who_only_sends_junk_is_not_listened_to_for_a_while() {
        let door = InboxRateLimiter::default();
        let now = Time::from_secs(1_000);
        let network = |host: u16| Some(IpAddr::from([0x2a00, 1, 2, 3, 0, 0, 0, host]));
        for host in 0..60 {
            assert!(door.allows(network(host), now));
            door.note_refused(network(host), now);
        }
        assert!(!door.allows(network(99), now), "one IPv6 network is one caller");
        assert!(door.allows(network(99), now.plus(Duration::from_secs(4))));
        for _ in 0..100 {
            door.note_refused(Some(ip("127.0.0.1")), now);
        }
        assert!(door.allows(Some(ip("127.0.0.1")), now), "behind it may be the whole world");
    }

    #[test]
    fn the_memory_is_bounded() {
        let door = InboxRateLimiter::default();
        for n in 0..20_000_u32 {
            door.note_refused(Some(IpAddr::from(n.to_be_bytes().map(|b| b ^ 0x55))), Time::from_secs(1));
        }
        assert!(door.each.lock().unwrap().len() <= MAX_ADDRESSES);
    }
}
