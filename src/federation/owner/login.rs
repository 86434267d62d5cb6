//! Signing in: the owner's password, one-time links, browser sessions. Only hashes are stored, and one password is
//! hashed at a time (argon2 takes 19 MiB).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::base::config::Origin;
use crate::base::rate_limit_key::network_key;
use crate::base::{Error, Result, Time};
use crate::store::{self, Store};

/// Minimum password length.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Maximum password length: hashing takes time proportional to it.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// Maximum wrong passwords from one address (or IPv6 /64) within [`WRONG_PASSWORD_WINDOW`].
const MAX_WRONG_PER_ADDRESS: u32 = 6;
/// Maximum wrong passwords from all addresses within [`WRONG_PASSWORD_WINDOW`]; a login link still works then.
const MAX_WRONG_TOTAL: u32 = 100;
/// How long wrong passwords are remembered.
const WRONG_PASSWORD_WINDOW: Duration = Duration::from_secs(15 * 60);
/// Maximum number of remembered addresses; the oldest is forgotten first.
const MAX_REMEMBERED_ADDRESSES: usize = 1_000;
/// Random bytes in a session cookie or login link.
const TOKEN_BYTES: usize = 32;

/// Counts wrong passwords and allows one hash at a time. One per server.
#[derive(Default)]
pub struct LoginGuard {
    hashing: Mutex<()>,
    wrong: Mutex<WrongPasswords>,
}

#[derive(Default)]
struct WrongPasswords {
    everywhere: WrongPasswordCount,
    from: HashMap<IpAddr, WrongPasswordCount>,
}

/// Wrong passwords since a moment.
#[derive(Default, Clone, Copy)]
struct WrongPasswordCount {
    since: Time,
    count: u32,
}

impl WrongPasswordCount {
    fn count_at(self, now: Time) -> u32 {
        if now.since(self.since) < WRONG_PASSWORD_WINDOW { self.count } else { 0 }
    }

    fn add(&mut self, now: Time) {
        if now.since(self.since) >= WRONG_PASSWORD_WINDOW {
            *self = Self { since: now, count: 0 };
        }
        self.count += 1;
    }
}

impl LoginGuard {
    /// Denied when this address, or all addresses together, had too many wrong passwords.
    fn admit(&self, from: IpAddr, now: Time) -> Result<()> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let here = wrong.from.get(&network_key(from)).map_or(0, |tally| tally.count_at(now));
        if here >= MAX_WRONG_PER_ADDRESS || wrong.everywhere.count_at(now) >= MAX_WRONG_TOTAL {
            return Err(Error::Denied(
                "too many wrong passwords; wait a quarter of an hour, or make a link with `hytte login-link`".into(),
            ));
        }
        Ok(())
    }

    fn remember_wrong(&self, from: IpAddr, now: Time) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.everywhere.add(now);
        if wrong.from.len() >= MAX_REMEMBERED_ADDRESSES && !wrong.from.contains_key(&network_key(from)) {
            let oldest = wrong.from.iter().min_by_key(|(_, tally)| tally.since).map(|(address, _)| *address);
            oldest.map(|address| wrong.from.remove(&address));
        }
        wrong.from.entry(network_key(from)).or_default().add(now);
    }

    fn forget_wrong(&self, from: IpAddr) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).from.remove(&network_key(from));
    }
}

/// Checks the password and opens a session; returns the cookie's value. Denied says what was wrong.
pub fn sign_in(gate: &LoginGuard, store: &Store, password: &str, from: IpAddr, agent: &str) -> Result<String> {
    check(gate, store, password, from)?;
    open_session(store, agent)
}

/// Checks the password, one at a time and rate limited. Denied says what was wrong.
pub fn check(gate: &LoginGuard, store: &Store, password: &str, from: IpAddr) -> Result<()> {
    let now = store.clock().now();
    gate.admit(from, now)?;
    let known = store.read(store::node::password)?;
    let _one = gate.hashing.lock().unwrap_or_else(PoisonError::into_inner);
    // The limit may have been reached while this request waited for its turn.
    gate.admit(from, now)?;
    if !matches(password, known.as_deref()) {
        gate.remember_wrong(from, now);
        // fail2ban reads this line (`packaging/fail2ban/`); the limits above bound how often it is written.
        tracing::info!(address = %from, "failed login");
        return Err(Error::Denied("that is not the password".into()));
    }
    gate.forget_wrong(from);
    Ok(())
}

/// Compares with the stored hash. Without one it does the same work, so that the response time reveals nothing.
fn matches(password: &str, known: Option<&str>) -> bool {
    if password.len() > MAX_PASSWORD_BYTES {
        return false;
    }
    let Some(known) = known.and_then(|text| PasswordHash::new(text).ok()) else {
        drop(hash(password));
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &known).is_ok()
}

fn hash(password: &str) -> Result<String> {
    let mut salt = [0u8; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| Error::internal("no randomness"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| Error::internal(error.to_string()))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
}

/// Sets the owner's password and ends all browser sessions. Invalid when it is too short or too long.
pub fn set_password(store: &Store, password: &str) -> Result<()> {
    change_password(store, password, &[])
}

/// Like [`set_password`], but keeps the session of this browser (`kept` is the hash of its cookie).
pub fn change_password(store: &Store, password: &str, kept: &[u8]) -> Result<()> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(Error::invalid(format!("a password needs at least {MIN_PASSWORD_CHARS} characters")));
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(Error::invalid("that password is too long"));
    }
    let hash = hash(password)?;
    let kept = kept.to_vec();
    store.write(move |w| {
        store::node::set_password(w, &hash)?;
        store::access::sessions::close_others(w, &kept)
    })
}

/// Opens a session; returns its cookie's value.
pub fn open_session(store: &Store, agent: &str) -> Result<String> {
    let (token, agent) = (random_token()?, agent.to_owned());
    let hash = token_hash(&token);
    store.write(move |w| store::access::sessions::open(w, &hash, &agent))?;
    Ok(token)
}

/// Makes a one-time login link, good for a day.
pub fn make_link(store: &Store, origin: &Origin) -> Result<String> {
    let token = random_token()?;
    let hash = token_hash(&token);
    store.write(move |w| store::access::sessions::add_link(w, &hash))?;
    Ok(origin.url(&format!("/login/link/{token}")))
}

/// Consumes a login link and opens a session; returns its cookie's value. Denied when the link is used or expired.
pub fn sign_in_by_link(store: &Store, link: &str, agent: &str) -> Result<String> {
    let (token, agent) = (random_token()?, agent.to_owned());
    let (spent, hash) = (token_hash(link), token_hash(&token));
    store.write(move |w| {
        store::access::sessions::use_link(w, &spent)?;
        store::access::sessions::open(w, &hash, &agent)
    })?;
    Ok(token)
}

/// SHA-256 of a cookie, link or API token: the store keeps only this.
pub fn token_hash(token: &str) -> [u8; 32] {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

/// 32 random bytes as base64url.
pub fn random_token() -> Result<String> {
    let mut bytes = [0u8; TOKEN_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::federation::test_support::TestNode;
    use crate::store::access::sessions;

    #[test]
    fn an_address_that_guesses_is_kept_out_and_forgotten_later() {
        let gate = LoginGuard::default();
        let now = Time::from_secs(1_000_000);
        let (guesser, neighbour) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        let other = "2001:db8:0:1::1".parse().unwrap();
        for _ in 0..MAX_WRONG_PER_ADDRESS {
            gate.admit(guesser, now).unwrap();
            gate.remember_wrong(guesser, now);
        }
        assert!(gate.admit(guesser, now).is_err());
        assert!(gate.admit(neighbour, now).is_err(), "the same /64");
        gate.admit(other, now).unwrap();
        gate.admit(guesser, now.plus(WRONG_PASSWORD_WINDOW)).unwrap();
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let gate = LoginGuard::default();
        for n in 0..3_000u32 {
            gate.remember_wrong(IpAddr::V4(n.into()), Time::from_secs(i64::from(n) * 1_000));
        }
        assert_eq!(gate.wrong.lock().unwrap().from.len(), MAX_REMEMBERED_ADDRESSES);
    }

    #[test]
    fn a_new_password_ends_all_sessions_but_the_one_it_is_set_in() {
        let home = TestNode::new(&[], ([127, 0, 0, 1], 9).into(), Duration::from_secs(1));
        let store = &home.node.store;
        let open = || token_hash(&open_session(store, "a browser").unwrap());
        let (mine, stolen) = (open(), open());
        let is_open = |hash: [u8; 32]| store.read(|r| sessions::is_open(r, &hash)).unwrap();
        assert!(change_password(store, "short", &mine).is_err() && is_open(stolen));
        change_password(store, "korrekt hest", &mine).unwrap();
        assert_eq!([is_open(mine), is_open(stolen)], [true, false]);
        // The command line has no browser session to keep.
        set_password(store, "batteri og stift").unwrap();
        assert!(!is_open(mine));
    }

    #[test]
    fn a_password_matches_itself_only() {
        let known = hash("korrekt hest").unwrap();
        assert!(matches("korrekt hest", Some(&known)));
        assert!(!matches("korrekt hes", Some(&known)));
        assert!(!matches("korrekt hest", None));
    }
}
