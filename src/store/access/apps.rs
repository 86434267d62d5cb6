//! OAuth apps, grants and tokens. Secrets, codes and tokens are stored as SHA-256 only.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{AppId, PostId, TokenId};
use crate::base::{Error, Result, Time};
use crate::store::{Read, Write, events};

/// Apps without any grant that are kept once they are older than [`UNUSED_APP_GRACE`]: anyone may register one.
const MAX_UNUSED_APPS: u32 = 200;
/// How long a new app may wait for its authorization.
const UNUSED_APP_GRACE: std::time::Duration = std::time::Duration::from_mins(15);
/// Apps that were let do nothing, young ones and all.
const MAX_UNAUTHORIZED_APPS: u32 = 2_000;
/// Client-credential tokens kept per app, the newest: anyone may request one.
const MAX_APP_TOKENS: u32 = 10;
/// "Last used" is written at most this often: a write per request would wear an SD card out.
const LAST_USED_WRITE_INTERVAL: std::time::Duration = std::time::Duration::from_secs(6 * 3600);

/// How long the key of a request is remembered.
pub const IDEMPOTENCY_KEY_LIFETIME: std::time::Duration = std::time::Duration::from_secs(3600);

/// A registered app.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// Our id.
    pub id: AppId,
    /// OAuth `client_id`.
    pub client_id: String,
    /// As shown to the owner.
    pub name: String,
    /// Its page.
    pub website: Option<String>,
    /// Where it may be sent back to, byte for byte.
    pub redirects: Vec<String>,
    /// All scopes it may request, space-separated.
    pub scopes: String,
}

/// An access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// Our id.
    pub id: TokenId,
    /// The app it was given to; None for one of `hytte token`.
    pub app: Option<AppId>,
    /// The app's name.
    pub name: String,
    /// Space-separated.
    pub scopes: String,
    /// False: the app's own, for public things only.
    pub speaks_for_owner: bool,
    /// Since when.
    pub created_at: Time,
    /// Last seen, to some hours.
    pub used_at: Option<Time>,
}

/// An authorization by the owner, before its code is exchanged.
#[derive(Debug, Clone)]
pub struct OAuthGrant {
    /// The app.
    pub app: AppId,
    /// Where the code was sent.
    pub redirect: String,
    /// Space-separated.
    pub scopes: String,
    /// PKCE challenge (S256), base64url.
    pub challenge: Option<String>,
    /// The token the code was exchanged for.
    pub token: Option<TokenId>,
}

impl OAuthApp {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let redirects: String = row.get("redirects")?;
        Ok(Self {
            id: row.get("id")?,
            client_id: row.get("client_id")?,
            name: row.get("name")?,
            website: row.get("website")?,
            redirects: redirects.lines().map(str::to_owned).collect(),
            scopes: row.get("scopes")?,
        })
    }
}

impl AccessToken {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            app: row.get("app_id")?,
            name: row.get("name")?,
            scopes: row.get("scopes")?,
            speaks_for_owner: row.get("speaks_for_owner")?,
            created_at: row.get("created_at")?,
            used_at: row.get("used_at")?,
        })
    }
}

/// Stores a new app (its id is ignored) and removes the oldest apps without a grant, with their client-credential
/// tokens; but not one that may just be asking.
pub fn add(w: &Write<'_>, app: &OAuthApp, secret: &[u8]) -> Result<AppId> {
    w.conn.execute(
        "INSERT INTO app (client_id, secret, name, website, redirects, scopes, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![app.client_id, secret, app.name, app.website, app.redirects.join("\n"), app.scopes, w.now],
    )?;
    let id = AppId(w.conn.last_insert_rowid());
    for (before, most) in
        [(w.now.minus(UNUSED_APP_GRACE), MAX_UNUSED_APPS), (Time::from_ms(i64::MAX), MAX_UNAUTHORIZED_APPS)]
    {
        w.conn.execute(
            "DELETE FROM app WHERE id IN (SELECT id FROM app WHERE created_at <= ?1 AND id NOT IN (
                 SELECT app_id FROM token WHERE app_id NOTNULL AND speaks_for_owner = 1 UNION SELECT app_id FROM grant_code)
               ORDER BY id DESC LIMIT -1 OFFSET ?2)",
            params![before, most],
        )?;
    }
    Ok(id)
}

/// The app that calls itself this.
pub fn by_client(r: &Read<'_>, client_id: &str) -> Result<Option<OAuthApp>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM app WHERE client_id = ?1")?;
    Ok(statement.query_one([client_id], OAuthApp::from_row).optional()?)
}

/// The app with this id.
pub fn by_id(r: &Read<'_>, id: AppId) -> Result<OAuthApp> {
    Ok(r.conn.prepare_cached("SELECT * FROM app WHERE id = ?1")?.query_one([id], OAuthApp::from_row)?)
}

/// Whether this is the app's secret.
pub fn has_secret(r: &Read<'_>, id: AppId, secret: &[u8]) -> Result<bool> {
    Ok(r.conn.prepare_cached("SELECT 1 FROM app WHERE id = ?1 AND secret = ?2")?.exists(params![id, secret])?)
}

/// Keeps a grant behind a new code, and forgets those too old to be used.
pub fn add_grant(w: &Write<'_>, hash: &[u8], grant: &OAuthGrant, expires_at: Time) -> Result<()> {
    w.conn.execute("DELETE FROM grant_code WHERE expires_at < ?1", [w.now])?;
    w.conn.execute(
        "INSERT INTO grant_code (hash, app_id, redirect, scopes, challenge, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![hash, grant.app, grant.redirect, grant.scopes, grant.challenge, expires_at],
    )?;
    Ok(())
}

/// The grant of a code. None when it is expired or unknown.
pub fn grant(r: &Read<'_>, hash: &[u8]) -> Result<Option<OAuthGrant>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM grant_code WHERE hash = ?1 AND expires_at > ?2")?;
    let row = statement.query_one(params![hash, r.now], |row| {
        Ok(OAuthGrant {
            app: row.get("app_id")?,
            redirect: row.get("redirect")?,
            scopes: row.get("scopes")?,
            challenge: row.get("challenge")?,
            token: row.get("token_id")?,
        })
    });
    Ok(row.optional()?)
}

/// Records the token a code was exchanged for.
pub fn use_grant(w: &Write<'_>, hash: &[u8], token: TokenId) -> Result<()> {
    w.conn.execute("UPDATE grant_code SET token_id = ?2 WHERE hash = ?1", params![hash, token])?;
    Ok(())
}

/// A code is worth nothing any more.
pub fn remove_grant(w: &Write<'_>, hash: &[u8]) -> Result<()> {
    w.conn.execute("DELETE FROM grant_code WHERE hash = ?1", [hash])?;
    Ok(())
}

/// Keeps a token (its id, times and use are not read). Of an app's own only the newest stay.
pub fn add_token(w: &Write<'_>, hash: &[u8], token: &AccessToken) -> Result<TokenId> {
    w.conn.execute(
        "INSERT INTO token (hash, app_id, name, scopes, speaks_for_owner, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![hash, token.app, token.name, token.scopes, token.speaks_for_owner, w.now],
    )?;
    let id = TokenId(w.conn.last_insert_rowid());
    if !token.speaks_for_owner {
        w.conn.execute(
            "DELETE FROM token WHERE id IN (SELECT id FROM token WHERE app_id = ?1 AND speaks_for_owner = 0
               ORDER BY id DESC LIMIT -1 OFFSET ?2)",
            params![token.app, MAX_APP_TOKENS],
        )?;
    }
    Ok(id)
}

/// The token with this hash.
pub fn token(r: &Read<'_>, hash: &[u8]) -> Result<Option<AccessToken>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM token WHERE hash = ?1")?;
    Ok(statement.query_one([hash], AccessToken::from_row).optional()?)
}

/// Whether a token's "last used" is due to be written again.
pub fn is_stale(token: &AccessToken, now: Time) -> bool {
    token.used_at.is_none_or(|at| now.since(at) >= LAST_USED_WRITE_INTERVAL)
}

/// Notes that a token was used now.
pub fn touch_token(w: &Write<'_>, id: TokenId) -> Result<()> {
    w.conn.execute("UPDATE token SET used_at = ?2 WHERE id = ?1", params![id, w.now])?;
    Ok(())
}

/// Ends a token; NotFound when there is none.
pub fn revoke(w: &Write<'_>, id: TokenId) -> Result<()> {
    match w.conn.execute("DELETE FROM token WHERE id = ?1", [id])? {
        0 => Err(Error::NotFound),
        _ => events::note(w, events::EventKind::Token, id.0),
    }
}

/// The post made under this key within the hour, if there is one.
pub fn idempotent_result(r: &Read<'_>, key: &str) -> Result<Option<PostId>> {
    let mut statement = r.conn.prepare_cached("SELECT post_id FROM post_once WHERE key = ?1 AND created_at > ?2")?;
    Ok(statement.query_one(params![key, r.now.minus(IDEMPOTENCY_KEY_LIFETIME)], |row| row.get("post_id")).optional()?)
}

/// Remembers under which key a post was made, and forgets the old ones.
pub fn store_idempotent_result(w: &Write<'_>, key: &str, post: PostId) -> Result<()> {
    w.conn.execute("DELETE FROM post_once WHERE created_at <= ?1", [w.now.minus(IDEMPOTENCY_KEY_LIFETIME)])?;
    w.conn.execute(
        "INSERT OR REPLACE INTO post_once (key, post_id, created_at) VALUES (?1, ?2, ?3)",
        params![key, post, w.now],
    )?;
    Ok(())
}

/// Rows of a table, for tests.
#[cfg(test)]
pub fn count_all(r: &Read<'_>, table: &str) -> Result<u32> {
    Ok(r.conn.query_one(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?)
}

/// The tokens that speak for the owner, newest first, from before this one on.
pub fn tokens(r: &Read<'_>, before: Option<TokenId>, limit: u32) -> Result<Vec<AccessToken>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT * FROM token WHERE speaks_for_owner = 1 AND id < ?1 ORDER BY id DESC LIMIT ?2")?;
    let rows = statement.query_map(params![before.unwrap_or(TokenId(i64::MAX)), limit], AccessToken::from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
