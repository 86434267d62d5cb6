//! Browser sessions and one-time login links. Only SHA-256 hashes are stored: a stolen backup opens nothing.

use std::time::Duration;

use rusqlite::params;

use crate::base::{Error, Result, Time};
use crate::store::{Read, Write, column};

/// Lifetime of a browser session.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long a login link waits to be used.
pub const LOGIN_LINK_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// "Last seen" is written at most this often: a write per page would wear an SD card out.
const LAST_SEEN_WRITE_INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// Stored length of a user agent.
const MAX_USER_AGENT_CHARS: usize = 200;

/// A signed-in browser, for the owner to see and end.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// SHA-256 of the cookie.
    pub hash: Vec<u8>,
    /// User agent.
    pub agent: String,
    /// Since when.
    pub created_at: Time,
    /// Last seen.
    pub used_at: Time,
}

/// Opens a session.
pub fn open(w: &Write<'_>, hash: &[u8], agent: &str) -> Result<()> {
    let agent: String = agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT_CHARS).collect();
    w.conn.execute("DELETE FROM session WHERE expires_at < ?1", [w.now])?;
    w.conn.execute(
        "INSERT INTO session (hash, agent, created_at, used_at, expires_at) VALUES (?1, ?2, ?3, ?3, ?4)",
        params![hash, agent, w.now, w.now.plus(SESSION_LIFETIME)],
    )?;
    Ok(())
}

/// Whether this cookie's session is open.
pub fn is_open(r: &Read<'_>, hash: &[u8]) -> Result<bool> {
    Ok(r.conn
        .prepare_cached("SELECT 1 FROM session WHERE hash = ?1 AND expires_at > ?2")?
        .exists(params![hash, r.now])?)
}

/// Whether the session's "last seen" is due to be written again.
pub fn is_stale(r: &Read<'_>, hash: &[u8]) -> Result<bool> {
    Ok(r.conn
        .prepare_cached("SELECT 1 FROM session WHERE hash = ?1 AND used_at < ?2")?
        .exists(params![hash, r.now.minus(LAST_SEEN_WRITE_INTERVAL)])?)
}

/// Notes that a session was seen now.
pub fn touch(w: &Write<'_>, hash: &[u8]) -> Result<()> {
    w.conn.execute("UPDATE session SET used_at = ?2 WHERE hash = ?1", params![hash, w.now])?;
    Ok(())
}

/// Ends a session.
pub fn close(w: &Write<'_>, hash: &[u8]) -> Result<()> {
    w.conn.execute("DELETE FROM session WHERE hash = ?1", [hash])?;
    Ok(())
}

/// Ends all sessions but this one (a new password).
pub fn close_others(w: &Write<'_>, hash: &[u8]) -> Result<()> {
    w.conn.execute("DELETE FROM session WHERE hash <> ?1", [hash])?;
    Ok(())
}

/// All open sessions, newest first.
pub fn all(r: &Read<'_>) -> Result<Vec<BrowserSession>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT hash, agent, created_at, used_at FROM session WHERE expires_at > ?1 ORDER BY created_at DESC LIMIT 100",
    )?;
    let rows = statement.query_map([r.now], |row| {
        Ok(BrowserSession {
            hash: column(row, "hash")?,
            agent: column(row, "agent")?,
            created_at: column(row, "created_at")?,
            used_at: column(row, "used_at")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a one-time login link.
pub fn add_link(w: &Write<'_>, hash: &[u8]) -> Result<()> {
    w.conn.execute("DELETE FROM login_link WHERE expires_at < ?1", [w.now])?;
    w.conn.execute(
        "INSERT INTO login_link (hash, expires_at) VALUES (?1, ?2)",
        params![hash, w.now.plus(LOGIN_LINK_LIFETIME)],
    )?;
    Ok(())
}

/// Uses a login link up. Denied when it was used, is too old or never was.
pub fn use_link(w: &Write<'_>, hash: &[u8]) -> Result<()> {
    let gone = w.conn.execute("DELETE FROM login_link WHERE hash = ?1 AND expires_at > ?2", params![hash, w.now])?;
    if gone == 0 {
        return Err(Error::Denied(
            "this login link was used or is too old; make a new one with `hytte login-link`".into(),
        ));
    }
    Ok(())
}
