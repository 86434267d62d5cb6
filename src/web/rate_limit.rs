//! The inbox rate limiter, and the client's address behind trusted proxies.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;

use crate::base::Time;
use crate::base::leaky_bucket::LeakyBucket;
use crate::base::rate_limit_key::anonymous_key;

/// Requests per second, from all senders together.
const MAX_REQUESTS_PER_SECOND: f64 = 1_000.0;
/// Requests per second from one address. Big servers send from few addresses.
const MAX_REQUESTS_PER_SECOND_PER_ADDRESS: f64 = 300.0;
/// Size of a burst, in seconds' worth of requests.
const BURST_SECONDS: f64 = 3.0;
/// Rejected requests from one address, as a burst and as a rate per second, before it has to wait.
const REJECTION_BURST: f64 = 60.0;
const REJECTIONS_PER_SECOND: f64 = 0.5;
/// Logged rejections, as a burst and as a rate per second.
const LOGGED_REJECTION_BURST: f64 = 30.0;
const LOGGED_REJECTIONS_PER_SECOND: f64 = 0.5;
/// Maximum number of addresses kept in memory.
const MAX_TRACKED_ADDRESSES: usize = 4_096;
/// Maximum number of `X-Forwarded-For` entries that are read, from the right.
const MAX_FORWARDED_ENTRIES: usize = 16;

/// Limits the requests to the inboxes, per address and in total.
#[derive(Debug, Default)]
pub struct InboxRateLimiter {
    total: Mutex<LeakyBucket>,
    per_address: Mutex<HashMap<IpAddr, CallerState>>,
    logged_rejections: Mutex<LeakyBucket>,
}

#[derive(Debug, Default, Clone, Copy)]
struct CallerState {
    requests: LeakyBucket,
    rejections: LeakyBucket,
}

impl InboxRateLimiter {
    /// Counts a request from this address. False when it exceeds a limit.
    pub fn admit(&self, from: Option<IpAddr>, now: Time) -> bool {
        if let Some(address) = from.and_then(anonymous_key) {
            let mut each = self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
            let caller = caller_state(&mut each, address, now);
            let refused = !caller.rejections.has_room(now, REJECTIONS_PER_SECOND, REJECTION_BURST);
            if refused
                || !caller.requests.add(
                    now,
                    MAX_REQUESTS_PER_SECOND_PER_ADDRESS,
                    MAX_REQUESTS_PER_SECOND_PER_ADDRESS * BURST_SECONDS,
                )
            {
                return false;
            }
        }
        let mut all = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(now, MAX_REQUESTS_PER_SECOND, MAX_REQUESTS_PER_SECOND * BURST_SECONDS)
    }

    /// Counts a log line about a rejected delivery. False when it exceeds the limit: nobody may fill our log.
    pub fn may_log_rejection(&self, now: Time) -> bool {
        let mut logged = self.logged_rejections.lock().unwrap_or_else(PoisonError::into_inner);
        logged.add(now, LOGGED_REJECTIONS_PER_SECOND, LOGGED_REJECTION_BURST)
    }

    /// Counts a rejected request. An address that only sends junk is soon rejected without further work.
    pub fn count_rejection(&self, from: Option<IpAddr>, now: Time) {
        if let Some(address) = from.and_then(anonymous_key) {
            let mut each = self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
            caller_state(&mut each, address, now).rejections.add(now, REJECTIONS_PER_SECOND, REJECTION_BURST);
        }
    }
}

fn caller_state(each: &mut HashMap<IpAddr, CallerState>, address: IpAddr, now: Time) -> &mut CallerState {
    if each.len() >= MAX_TRACKED_ADDRESSES && !each.contains_key(&address) {
        each.retain(|_, caller| {
            caller.requests.level(now, MAX_REQUESTS_PER_SECOND_PER_ADDRESS) > 0.0
                || caller.rejections.level(now, REJECTIONS_PER_SECOND) > 0.0
        });
        if each.len() >= MAX_TRACKED_ADDRESSES {
            each.clear();
        }
    }
    each.entry(address).or_default()
}

/// The client's address. `X-Forwarded-For` is read only as far as its entries were added by trusted proxies.
pub fn client_address(request: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
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
        let from =
            |peer: &str, forwarded: &str| client_address(&request(peer, forwarded), &proxies).unwrap().to_string();
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
        let let_in = (0..2_000).filter(|_| door.admit(loud, now)).count();
        assert_eq!(let_in, 900);
        assert!(door.admit(other, now));
        assert!(door.admit(loud, now.plus(Duration::from_secs(1))));
    }

    #[test]
    fn who_only_sends_junk_is_not_listened_to_for_a_while() {
        let door = InboxRateLimiter::default();
        let now = Time::from_secs(1_000);
        let network = |host: u16| Some(IpAddr::from([0x2a00, 1, 2, 3, 0, 0, 0, host]));
        for host in 0..60 {
            assert!(door.admit(network(host), now));
            door.count_rejection(network(host), now);
        }
        assert!(!door.admit(network(99), now), "one IPv6 network is one caller");
        assert!(door.admit(network(99), now.plus(Duration::from_secs(4))));
        for _ in 0..100 {
            door.count_rejection(Some(ip("127.0.0.1")), now);
        }
        assert!(door.admit(Some(ip("127.0.0.1")), now), "it may be a proxy for all clients");
    }

    #[test]
    fn the_memory_is_bounded() {
        let door = InboxRateLimiter::default();
        for n in 0..20_000_u32 {
            door.count_rejection(Some(IpAddr::from(n.to_be_bytes().map(|b| b ^ 0x55))), Time::from_secs(1));
        }
        assert!(door.per_address.lock().unwrap().len() <= MAX_TRACKED_ADDRESSES);
    }
}
