//! Rate limits of API clients by token or network, in fixed windows. Bounded memory, because strangers choose the keys.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::call::ApiResponse;
use super::routes::Route;
use crate::base::Time;
use crate::base::id::TokenId;
use crate::base::rate_limit_key::{anonymous_key, network_key};

/// Callers remembered at most, for each kind of act.
const MAX_REMEMBERED_CALLERS: usize = 4_096;

/// Actions with limits of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum LimitedAction {
    /// Any call.
    Call,
    /// An app introduces itself.
    Register,
    /// A file comes in.
    Upload,
    /// A post is deleted; with redrafts in mind.
    Delete,
}

impl LimitedAction {
    fn of(route: &Route) -> Self {
        match (route.method, route.path) {
            ("POST", "/api/v1/apps") => Self::Register,
            ("POST", "/api/v1/media" | "/api/v2/media") => Self::Upload,
            ("DELETE", "/api/v1/statuses/{}") => Self::Delete,
            _ => Self::Call,
        }
    }

    /// The number of calls and the window.
    fn limit(self) -> (u32, Duration) {
        match self {
            Self::Call => (3_000, Duration::from_mins(1)),
            Self::Register => (10, Duration::from_mins(10)),
            Self::Upload | Self::Delete => (300, Duration::from_mins(30)),
        }
    }
}

/// Calls a minute of a program on this machine.
const LOOPBACK_CALLS_PER_MINUTE: u32 = 1_000_000;
/// App registrations in a window, in total, below which no per-network limit applies.
const CROWD_REGISTRATIONS: u32 = 300;
/// Registrations in a window from one wide network, counted while there is a crowd.
const REGISTRATIONS_IN_A_CROWD: u32 = 3;

/// A caller, the key of the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateLimitCaller {
    /// A token.
    Token(TokenId),
    /// A program on this very machine with a token: it has the machine's strength anyway.
    Loopback(TokenId),
    /// Without a token: an IPv4 address or an IPv6 /64.
    Address(IpAddr),
    /// A network one person may control: the neighbourhood of an IPv4 address, or an IPv6 /48.
    WideNetwork(IpAddr),
    /// Everybody together.
    Everyone,
}

impl RateLimitCaller {
    /// The caller without a token at this address.
    pub fn at(address: IpAddr) -> Self {
        Self::Address(network_key(address))
    }

    fn wide_network(address: IpAddr) -> Self {
        Self::WideNetwork(match address {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() >> 8 << 8).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
        })
    }
}

/// The state of a caller's limit after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitStatus {
    limit: u32,
    /// None: this was one too many.
    remaining: Option<u32>,
    reset: Time,
}

impl RateLimitStatus {
    /// One call too many.
    pub fn is_over(self) -> bool {
        self.remaining.is_none()
    }

    /// Adds the rate limit headers; Mastodon.py waits by them.
    pub fn headers(self, answer: ApiResponse, now: Time) -> ApiResponse {
        let answer = answer
            .header("x-ratelimit-limit", self.limit.to_string())
            .header("x-ratelimit-remaining", self.remaining.unwrap_or(0).to_string())
            .header("x-ratelimit-reset", self.reset.rfc3339_millis());
        match self.remaining {
            Some(_) => answer,
            None => answer.header("retry-after", self.reset.since(now).as_secs().max(1).to_string()),
        }
    }
}

/// Counters by action and caller: start of the window, number.
type WindowCounts = HashMap<(LimitedAction, RateLimitCaller), (Time, u32)>;

/// The counts of one server.
#[derive(Debug, Default)]
pub struct ApiRateLimits(Mutex<WindowCounts>);

impl ApiRateLimits {
    /// Counts a call and returns the state of the limit.
    pub fn count(&self, route: &Route, caller: RateLimitCaller, now: Time) -> RateLimitStatus {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let act = LimitedAction::of(route);
        let (most, window) = LimitedAction::Call.limit();
        let most = if matches!(caller, RateLimitCaller::Loopback(_)) { LOOPBACK_CALLS_PER_MINUTE } else { most };
        let usual = add(&mut counted, (LimitedAction::Call, caller), most, window, now);
        if act == LimitedAction::Call || usual.is_over() {
            return usual;
        }
        if let (LimitedAction::Register, RateLimitCaller::Address(address)) = (act, caller) {
            return registers(&mut counted, address, now);
        }
        let (most, window) = act.limit();
        add(&mut counted, (act, caller), most, window, now)
    }
}

/// Counts an app registration. In a crowd each wide network still has a few, so that one network cannot shut the others
/// out.
fn registers(counted: &mut WindowCounts, address: IpAddr, now: Time) -> RateLimitStatus {
    let (most, window) = LimitedAction::Register.limit();
    let mut add = |caller, most| add(counted, (LimitedAction::Register, caller), most, window, now);
    // Behind an unknown proxy everybody has one address.
    if anonymous_key(address).is_none() {
        return add(RateLimitCaller::Everyone, CROWD_REGISTRATIONS);
    }
    let own = add(RateLimitCaller::Address(address), most);
    if own.is_over() {
        return own;
    }
    let wide = add(RateLimitCaller::wide_network(address), REGISTRATIONS_IN_A_CROWD);
    let crowd = add(RateLimitCaller::Everyone, CROWD_REGISTRATIONS).is_over();
    if crowd && wide.is_over() { wide } else { own }
}

fn add(
    counted: &mut WindowCounts,
    key: (LimitedAction, RateLimitCaller),
    most: u32,
    window: Duration,
    now: Time,
) -> RateLimitStatus {
    let is_over =
        |(act, _): &(LimitedAction, RateLimitCaller), since: Time| now.since(since) >= act.limit().1 || since > now;
    if counted.len() >= MAX_REMEMBERED_CALLERS && !counted.contains_key(&key) {
        counted.retain(|key, (since, _)| !is_over(key, *since));
        if counted.len() >= MAX_REMEMBERED_CALLERS {
            counted.retain(|(_, caller), _| {
                !matches!(caller, RateLimitCaller::Address(_) | RateLimitCaller::WideNetwork(_))
            });
        }
    }
    let (since, number) = counted.entry(key).or_insert((now, 0));
    if is_over(&key, *since) {
        (*since, *number) = (now, 0);
    }
    *number = number.saturating_add(1);
    RateLimitStatus { limit: most, remaining: most.checked_sub(*number), reset: since.plus(window) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::web::api::routes::find;

    fn stands(rates: &ApiRateLimits, method: &str, path: &str, caller: RateLimitCaller, now: Time) -> Option<u32> {
        rates.count(find(method, path).unwrap().0, caller, now).remaining
    }

    #[test]
    fn a_token_has_its_calls_each_minute_and_no_more() {
        let (rates, token) = (ApiRateLimits::default(), RateLimitCaller::Token(TokenId(1)));
        let call = |caller, at: i64| stands(&rates, "GET", "/api/v1/timelines/home", caller, Time::from_ms(at));
        for n in (0..3_000).rev() {
            assert_eq!(call(token, 1_000), Some(n));
        }
        assert_eq!(call(token, 60_999), None);
        assert_eq!(call(RateLimitCaller::Token(TokenId(2)), 60_999), Some(2_999), "each has its own");
        assert_eq!(
            call(RateLimitCaller::Loopback(TokenId(1)), 60_999),
            Some(LOOPBACK_CALLS_PER_MINUTE - 1),
            "a program at home may do more"
        );
        assert_eq!(call(token, 61_000), Some(2_999));
        assert_eq!(call(token, 5), Some(2_999), "a clock put back shuts nobody out");
    }

    #[test]
    fn one_network_registers_few_apps_and_shuts_no_other_out() {
        let rates = ApiRateLimits::default();
        let at = Time::from_ms(1_000_000);
        let from = |address: IpAddr| stands(&rates, "POST", "/api/v1/apps", RateLimitCaller::at(address), at).is_some();
        let home = |host: u16| from([0x2a00, 1, 2, 3, 0, 0, 0, host].into());
        assert_eq!((0..100).filter(|host| home(*host)).count(), 10, "64 bits are one home");
        // One hand with a network of 48 bits takes all it can get.
        let taken = (0..1_500).filter(|net| from([0x2a00, 2, 3, *net, 0, 0, 0, 1].into())).count();
        assert_eq!(taken, 300 - 10);
        for other in ["198.51.100.7", "2a00:3::1"] {
            let other: IpAddr = other.parse().unwrap();
            assert_eq!((0..9).filter(|_| from(other)).count(), 3, "{other} is let in all the same");
        }
        assert_eq!((0..99).filter(|n| from([198, 51, 100, *n].into())).count(), 0, "its neighbours are one with it");
        let later = at.plus(Duration::from_mins(10));
        assert!(stands(&rates, "POST", "/api/v1/apps", RateLimitCaller::at([198, 51, 100, 7].into()), later).is_some());
        // Behind a proxy we were not told about, all are one.
        let rates = ApiRateLimits::default();
        let here =
            |_: &u32| stands(&rates, "POST", "/api/v1/apps", RateLimitCaller::at([127, 0, 0, 1].into()), at).is_some();
        assert_eq!((0..400).filter(here).count(), 300);
    }

    #[test]
    fn a_network_of_64_bits_is_one_caller() {
        let rates = ApiRateLimits::default();
        let at = Time::from_ms(1_000_000);
        let from = |host| RateLimitCaller::at([0x2a00, 1, 2, 3, 0, 0, 0, host].into());
        let left = (0..5).map(|host| stands(&rates, "GET", "/api/v2/instance", from(host), at).unwrap());
        assert_eq!(left.collect::<Vec<_>>(), [2_999, 2_998, 2_997, 2_996, 2_995]);
    }

    #[test]
    fn a_crowd_of_addresses_takes_no_room() {
        let rates = ApiRateLimits::default();
        let at = Time::from_ms(1_000_000);
        let (v2, token) = (find("GET", "/api/v2/instance").unwrap().0, RateLimitCaller::Token(TokenId(1)));
        rates.count(v2, token, at);
        for n in 0..20_000_u32 {
            rates.count(v2, RateLimitCaller::at(n.to_be_bytes().into()), at);
        }
        assert!(rates.0.lock().unwrap().len() <= MAX_REMEMBERED_CALLERS);
        assert_eq!(rates.count(v2, token, at).remaining, Some(2_998), "who has a token is not forgotten for them");
    }
}
