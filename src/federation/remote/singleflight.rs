//! Single-flight (one fetch per URI at a time, with a limit on all fetches) and a bounded TTL cache. Both are bounded
//! because peers choose the keys.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::base::{Error, Result, Time};
use crate::net::NetError;

/// How long a follower waits for the leader's fetch.
const FOLLOWER_TIMEOUT: Duration = Duration::from_secs(35);

/// Fetches in progress.
#[derive(Debug, Default)]
pub struct SingleFlight {
    under_way: Mutex<HashSet<String>>,
    waiting: AtomicUsize,
    landed: Condvar,
    most: usize,
    /// Maximum from one host: a host that hangs must not occupy all slots.
    most_per_host: usize,
}

/// Whether this caller fetches, or another caller has just fetched.
pub enum FlightRole<'f> {
    /// Fetch, and drop this when the result is stored.
    Leader(LeaderGuard<'f>),
    /// Another caller has fetched it meanwhile: read the store again.
    Follower,
}

/// A fetch in progress; followers wait until it is dropped.
pub struct LeaderGuard<'f> {
    flights: &'f SingleFlight,
    uri: String,
}

impl SingleFlight {
    /// At most `most` at once.
    pub fn new(most: usize) -> Self {
        Self { most, most_per_host: most, ..Self::default() }
    }

    /// At most `most` at once, and half of these from one host.
    pub fn with_fair_share(most: usize) -> Self {
        Self { most_per_host: most.div_ceil(2), ..Self::new(most) }
    }

    /// Enters the fetch of `uri`. Busy when too many others are being fetched.
    pub fn enter(&self, uri: &str) -> Result<FlightRole<'_>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.contains(uri) {
            // Each follower holds a thread, and one slow server can make them wait long: most threads stay free.
            if self.waiting.load(Ordering::SeqCst) >= self.most {
                return Err(Error::Busy);
            }
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let (guard, wait) = self
                .landed
                .wait_timeout_while(under_way, FOLLOWER_TIMEOUT, |set| set.contains(uri))
                .unwrap_or_else(PoisonError::into_inner);
            drop(guard);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return if wait.timed_out() { Err(Error::Busy) } else { Ok(FlightRole::Follower) };
        }
        let host = crate::federation::host_of(uri);
        let same_host = under_way.iter().filter(|other| crate::federation::host_of(other) == host).count();
        if under_way.len() >= self.most || same_host >= self.most_per_host {
            return Err(Error::Busy);
        }
        under_way.insert(uri.to_owned());
        Ok(FlightRole::Leader(LeaderGuard { flights: self, uri: uri.to_owned() }))
    }
}

impl Drop for LeaderGuard<'_> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.uri);
        self.flights.landed.notify_all();
    }
}

/// Why a document is not available; remembered for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CachedFailure {
    /// Its owner is gone for good (410).
    Gone,
    /// Missing, unusable, or not its owner's.
    Permanent(String),
    /// The server did not respond.
    Temporary(String),
}

impl CachedFailure {
    /// What an error means for the next attempt.
    pub fn of(error: &NetError) -> Self {
        match error {
            error if error.is_gone() => Self::Gone,
            // 401 and 403 are often two servers waiting for each other because both require signed fetches.
            error if error.is_temporary() || matches!(error.code(), Some(401 | 403)) => {
                Self::Temporary(error.to_string())
            }
            error => Self::Permanent(error.to_string()),
        }
    }
}

/// A bounded cache with a time to live per entry.
#[derive(Debug, Default)]
pub struct TtlCache<T> {
    entries: Mutex<HashMap<String, (Time, T)>>,
    most: usize,
}

impl<T: Clone> TtlCache<T> {
    /// At most `most` entries; when it is full, expired ones are removed first, then any.
    pub fn new(most: usize) -> Self {
        Self { entries: Mutex::new(HashMap::new()), most }
    }

    /// Stores `what` under `uri` until `until`.
    pub fn insert(&self, uri: &str, until: Time, now: Time, what: T) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            entries.retain(|_, (end, _)| *end > now);
        }
        if entries.len() >= self.most
            && let Some(any) = entries.keys().next().cloned()
        {
            entries.remove(&any);
        }
        entries.insert(uri.to_owned(), (until, what));
    }

    /// The entry of `uri`.
    pub fn get(&self, uri: &str, now: Time) -> Option<T> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(uri).filter(|(until, _)| *until > now).map(|(_, what)| what.clone())
    }

    /// Forgets `uri`.
    pub fn remove(&self, uri: &str) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(uri);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_fetch_per_uri_and_so_many_at_once() {
        let flights = SingleFlight::new(1);
        let FlightRole::Leader(first) = flights.enter("a").unwrap() else { panic!("nobody else fetches") };
        assert!(matches!(flights.enter("b"), Err(Error::Busy)), "too many");
        std::thread::scope(|scope| {
            let second = scope.spawn(|| matches!(flights.enter("a"), Ok(FlightRole::Follower)));
            drop(first);
            // Either it waited for the first to land, or it came after and fetches itself.
            second.join().unwrap();
        });
        assert!(flights.enter("b").is_ok());
    }

    #[test]
    fn one_host_does_not_hold_all_places() {
        let flights = SingleFlight::with_fair_share(4);
        let held: Vec<_> = (0..2).map(|n| flights.enter(&format!("https://slow.example/{n}")).unwrap()).collect();
        assert!(matches!(flights.enter("https://slow.example/3"), Err(Error::Busy)));
        assert!(matches!(flights.enter("https://quick.example/1"), Ok(FlightRole::Leader(_))));
        drop(held);
        assert!(flights.enter("https://slow.example/3").is_ok());
    }

    #[test]
    fn only_so_many_wait_for_one_slow_server() {
        let flights = SingleFlight::new(1);
        let FlightRole::Leader(first) = flights.enter("a").unwrap() else { panic!("nobody else fetches") };
        std::thread::scope(|scope| {
            let second = scope.spawn(|| flights.enter("a").is_ok());
            while flights.waiting.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            assert!(matches!(flights.enter("a"), Err(Error::Busy)), "one waits already");
            drop(first);
            assert!(second.join().unwrap());
        });
        assert!(flights.enter("a").is_ok(), "nobody waits any more");
    }

    #[test]
    fn a_memo_forgets_in_time_and_stays_small() {
        let memo = TtlCache::new(2);
        let at = Time::from_secs;
        memo.insert("a", at(10), at(0), "no");
        assert_eq!(memo.get("a", at(9)), Some("no"));
        assert_eq!(memo.get("a", at(10)), None);
        for uri in ["b", "c", "d"] {
            memo.insert(uri, at(100), at(20), "no");
        }
        assert_eq!(["a", "b", "c", "d"].iter().filter(|uri| memo.get(uri, at(50)).is_some()).count(), 2);
    }
}
