//! How often clients may call: counted in memory, by token or by address, each in windows of a fixed length. Remembers only
//! so many callers, because strangers choose their addresses.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::call::Answer;
use super::routes::Route;
use crate::base::Time;
use crate::base::id::TokenId;

/// Callers remembered at most, for each kind of act.
const CALLERS: usize = 4_096;

/// What is counted apart from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    /// Any call.
    Call,
    /// An app introduces itself.
    Register,
    /// A file comes in.
    Upload,
    /// A post is deleted; with redrafts in mind.
    Delete,
}

impl Act {
    fn of(route: &Route) -> Self {
        match (route.method, route.path) {
            ("POST", "/api/v1/apps") => Self::Register,
            ("POST", "/api/v1/media" | "/api/v2/media") => Self::Upload,
            ("DELETE", "/api/v1/statuses/{}") => Self::Delete,
            _ => Self::Call,
        }
    }

    /// So many in so long a time.
    fn limit(self) -> (u32, Duration) {
        match self {
            Self::Call => (3_000, Duration::from_mins(1)),
            Self::Register => (30, Duration::from_mins(10)),
            Self::Upload | Self::Delete => (300, Duration::from_mins(30)),
        }
    }
}

/// Calls a minute of a program on this machine.
const HERE: u32 = 1_000_000;
/// Registrations in a window, all addresses together.
const REGISTRATIONS: u32 = 300;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Somebody with a token.
    Token(TokenId),
    /// A program on this very machine with a token: it has the machine's strength anyway.
    Here(TokenId),
    /// Somebody without.
    Address(IpAddr),
    /// Everybody together.
    All,
}

/// How a caller stands after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    limit: u32,
    /// None: this was one too many.
    remaining: Option<u32>,
    reset: Time,
}

impl Standing {
    /// One call too many.
    pub fn is_over(self) -> bool {
        self.remaining.is_none()
    }

    /// Tells the caller; Mastodon.py waits by these.
    pub fn told(self, answer: Answer, now: Time) -> Answer {
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

/// What was counted lately: in a window, since when, how many.
type Counted = HashMap<(Act, Caller), (Time, u32)>;

/// The counts of one server.
#[derive(Debug, Default)]
pub struct Rates(Mutex<Counted>);

impl Rates {
    /// Counts a call and says how its caller stands.
    pub fn count(&self, route: &Route, caller: Caller, now: Time) -> Standing {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let act = Act::of(route);
        let (most, window) = Act::Call.limit();
        let most = if matches!(caller, Caller::Here(_)) { HERE } else { most };
        let usual = add(&mut counted, (Act::Call, caller), most, window, now);
        if act == Act::Call || usual.is_over() {
            return usual;
        }
        let (most, window) = act.limit();
        let mut standing = add(&mut counted, (act, caller), most, window, now);
        if act == Act::Register && !standing.is_over() {
            let all = add(&mut counted, (act, Caller::All), REGISTRATIONS, window, now);
            standing = if all.is_over() { all } else { standing };
        }
        standing
    }
}

fn add(counted: &mut Counted, key: (Act, Caller), most: u32, window: Duration, now: Time) -> Standing {
    let is_over = |(act, _): &(Act, Caller), since: Time| now.since(since) >= act.limit().1 || since > now;
    if counted.len() >= CALLERS && !counted.contains_key(&key) {
        counted.retain(|key, (since, _)| !is_over(key, *since));
        if counted.len() >= CALLERS {
            counted.retain(|(_, caller), _| !matches!(caller, Caller::Address(_)));
        }
    }
    let (since, number) = counted.entry(key).or_insert((now, 0));
    if is_over(&key, *since) {
        (*since, *number) = (now, 0);
    }
    *number = number.saturating_add(1);
    Standing { limit: most, remaining: most.checked_sub(*number), reset: since.plus(window) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::web::api::routes::find;

    fn stands(rates: &Rates, method: &str, path: &str, caller: Caller, now: Time) -> Option<u32> {
        rates.count(find(method, path).unwrap().0, caller, now).remaining
    }

    #[test]
    fn a_token_has_its_calls_each_minute_and_no_more() {
        let (rates, token) = (Rates::default(), Caller::Token(TokenId(1)));
        let call = |caller, at: i64| stands(&rates, "GET", "/api/v1/timelines/home", caller, Time::from_ms(at));
        for n in (0..3_000).rev() {
            assert_eq!(call(token, 1_000), Some(n));
        }
        assert_eq!(call(token, 60_999), None);
        assert_eq!(call(Caller::Token(TokenId(2)), 60_999), Some(2_999), "each has its own");
        assert_eq!(call(Caller::Here(TokenId(1)), 60_999), Some(HERE - 1), "a program at home may do more");
        assert_eq!(call(token, 61_000), Some(2_999));
        assert_eq!(call(token, 5), Some(2_999), "a clock put back shuts nobody out");
    }

    #[test]
    fn one_address_registers_few_apps_and_all_together_not_many() {
        let rates = Rates::default();
        let from = |n: u32| Caller::Address(IpAddr::from(n.to_be_bytes()));
        let at = Time::from_ms(1_000_000);
        let register = |n| stands(&rates, "POST", "/api/v1/apps", from(n), at);
        assert_eq!((0..30).filter_map(|_| register(1)).count(), 30);
        assert_eq!(register(1), None);
        let others = (2..2_000).filter(|n| register(*n).is_some()).count();
        assert_eq!(others, 270);
        let later = at.plus(Duration::from_mins(10));
        assert!(stands(&rates, "POST", "/api/v1/apps", from(1), later).is_some());
    }

    #[test]
    fn a_crowd_of_addresses_takes_no_room() {
        let rates = Rates::default();
        let at = Time::from_ms(1_000_000);
        let (v2, token) = (find("GET", "/api/v2/instance").unwrap().0, Caller::Token(TokenId(1)));
        rates.count(v2, token, at);
        for n in 0..20_000_u32 {
            rates.count(v2, Caller::Address(IpAddr::from(n.to_be_bytes())), at);
        }
        assert!(rates.0.lock().unwrap().len() <= CALLERS);
        assert_eq!(rates.count(v2, token, at).remaining, Some(2_998), "who has a token is not forgotten for them");
    }
}
