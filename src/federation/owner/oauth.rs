//! OAuth 2 as Mastodon's clients speak it: app registration, consent, codes, tokens (PKCE with S256 only). Knows no
//! HTTP.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::base::id::AppId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::owner::login::{random_token, token_hash};
use crate::store::access::apps::{self, AccessToken, App, OAuthGrant};

/// How long an authorization code is valid.
const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Maximum length of an app's name.
const MAX_APP_NAME_CHARS: usize = 60;
/// Maximum length of an app's redirect URIs together, and of its website.
const MAX_REDIRECT_BYTES: usize = 2_000;
/// Redirect URI for apps that show the code on a page to be copied.
pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
/// Schemes a redirect URI must not have: they would run in our own page.
const FORBIDDEN_SCHEMES: [&str; 4] = ["javascript", "data", "vbscript", "blob"];

/// Maximum number of scopes of an app or token: more than exist.
const SCOPES: usize = 64;
/// Maximum length of the part of a scope after `read:` or `write:`.
const MAX_SCOPE_CHARS: usize = 30;

/// Whether this looks like a scope. Which parts of `read` and `write` exist is up to the client API; an unknown one
/// grants nothing.
fn is_scope(word: &str) -> bool {
    match word.split_once(':') {
        None => matches!(word, "read" | "write" | "follow" | "push" | "profile"),
        Some(("read" | "write", part)) => {
            (1..=MAX_SCOPE_CHARS).contains(&part.len()) && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        }
        Some(_) => false,
    }
}

/// The known scopes of a text, each once, in order; obsolete ones (`crypto`, `admin:read`) are dropped, because old
/// apps still request them.
pub fn known_scopes(text: &str) -> String {
    let mut scopes: Vec<&str> = Vec::new();
    for word in text.split([' ', '+', ',', '\n']).filter(|word| is_scope(word)) {
        if scopes.len() >= SCOPES {
            break;
        }
        if !scopes.contains(&word) {
            scopes.push(word);
        }
    }
    scopes.join(" ")
}

/// Like [`known_scopes`], for scopes the owner typed: Invalid for an unknown scope, or when there is none.
pub fn exact_scopes(text: &str) -> Result<String> {
    let choice = "read, write, follow, push and profile, or parts like read:lists";
    if let Some(word) = text.split_whitespace().find(|word| !is_scope(word)) {
        return Err(Error::invalid(format!("there is no scope {word:?}: the scopes are {choice}")));
    }
    match known_scopes(text) {
        none if none.is_empty() => Err(Error::invalid(format!("a token needs a scope: some of {choice}"))),
        scopes => Ok(scopes),
    }
}

/// Whether `granted` includes `wanted`: itself, its parent, or the legacy `follow` for follows, blocks and mutes.
pub fn allows(granted: &str, wanted: &str) -> bool {
    let (parent, noun) = wanted.split_once(':').unwrap_or((wanted, ""));
    let by_follow = matches!(noun, "follows" | "blocks" | "mutes");
    granted.split(' ').any(|word| word == wanted || word == parent || (word == "follow" && by_follow))
}

/// An app's registration request.
#[derive(Debug, Clone)]
pub struct AppRegistration {
    /// As shown to the owner.
    pub name: String,
    /// Allowed redirect URIs.
    pub redirects: Vec<String>,
    /// All scopes it may request; empty for `read`.
    pub scopes: String,
    /// Its website.
    pub website: Option<String>,
}

/// Registers an app; returns it and its secret. Invalid says what is wrong.
pub fn register(node: &Node, asked: AppRegistration) -> Result<(App, String)> {
    let name: String = asked.name.chars().filter(|c| !c.is_control()).take(MAX_APP_NAME_CHARS).collect();
    if name.trim().is_empty() {
        return Err(Error::invalid("Validation failed: Application name can't be blank"));
    }
    if asked.redirects.is_empty() || asked.redirects.iter().map(String::len).sum::<usize>() > MAX_REDIRECT_BYTES {
        return Err(Error::invalid("Validation failed: Redirect URI must be given, in at most 2000 characters"));
    }
    if !asked.redirects.iter().all(|uri| is_redirect(uri)) {
        return Err(Error::invalid("Validation failed: Redirect URI must be an absolute URI without a fragment"));
    }
    let website = asked
        .website
        .filter(|url| url.len() <= MAX_REDIRECT_BYTES && (url.starts_with("https://") || url.starts_with("http://")));
    let scopes = known_scopes(if asked.scopes.trim().is_empty() { "read" } else { &asked.scopes });
    if scopes.is_empty() {
        return Err(Error::invalid("Validation failed: Scopes doesn't match configured on the server."));
    }
    let (client_id, secret) = (random_token()?, random_token()?);
    let app = App { id: AppId(0), client_id, name, website, redirects: asked.redirects, scopes };
    let (row, hash) = (app.clone(), token_hash(&secret));
    let id = node.store.write(move |w| apps::add(w, &row, &hash))?;
    Ok((App { id, ..app }, secret))
}

/// An absolute URI of any scheme, including the custom schemes of phone apps (`icecubesapp://`). It is compared as it
/// is, never normalised. A fragment is refused, because it would hide the code (RFC 6749, 3.1.2).
fn is_redirect(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(plain)
        && !FORBIDDEN_SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
        && !rest.is_empty()
        && !uri.contains(|c: char| c == '#' || c.is_whitespace() || c.is_control())
}

/// An app's authorization request.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest {
    /// The app.
    pub app: App,
    /// One of the app's redirect URIs.
    pub redirect: String,
    /// The requested scopes: known ones that the app registered for.
    pub scopes: String,
    /// PKCE challenge.
    pub challenge: Option<String>,
}

/// Checks an authorization request. Invalid for an unknown app or redirect: then the browser must not be sent back
/// there.
pub fn request(node: &Node, client_id: &str, redirect: &str, scopes: &str) -> Result<AuthorizationRequest> {
    let app = node.store.read(|r| apps::by_client(r, client_id))?;
    let app = app.ok_or_else(|| Error::invalid("this app is not registered here: sign in again from the app"))?;
    if !app.redirects.iter().any(|known| known == redirect) {
        return Err(Error::invalid("this app requests a redirect to an address it did not register"));
    }
    let wanted = known_scopes(if scopes.trim().is_empty() { "read" } else { scopes });
    let within = |scope: &&str| app.scopes.split(' ').any(|granted| granted == *scope) || allows(&app.scopes, scope);
    let scopes: Vec<&str> = wanted.split(' ').filter(within).collect();
    let scopes = scopes.join(" ");
    if scopes.is_empty() {
        return Err(Error::invalid("this app requests more scopes than it registered for"));
    }
    Ok(AuthorizationRequest { app, redirect: redirect.to_owned(), scopes, challenge: None })
}

/// Issues a code after the owner agreed. It can be used once, within ten minutes.
pub fn grant(node: &Node, request: &AuthorizationRequest) -> Result<String> {
    let code = random_token()?;
    let hash = token_hash(&code);
    let grant = OAuthGrant {
        app: request.app.id,
        redirect: request.redirect.clone(),
        scopes: request.scopes.clone(),
        challenge: request.challenge.clone(),
        token: None,
    };
    node.store.write(move |w| {
        let expires_at = w.now.plus(CODE_LIFETIME);
        apps::add_grant(w, &hash, &grant, expires_at)
    })?;
    Ok(code)
}

/// How an app authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientProof {
    /// By its secret.
    Secret,
    /// Only by the PKCE verifier: the code must have been requested with a challenge.
    Verifier,
}

/// Exchanges a code. None when it is used, expired, another app's, or its redirect or PKCE verifier (empty for none) do
/// not match; it is used up then, too. A replayed code revokes the token it became (RFC 6749, 4.1.2).
pub fn exchange(
    node: &Node,
    app: &App,
    proof: ClientProof,
    code: &str,
    redirect: &str,
    verifier: &str,
) -> Result<Option<(String, AccessToken)>> {
    let spent = token_hash(code);
    let token = random_token()?;
    let hash = token_hash(&token);
    let bare = row(Some(app), app.name.clone(), "", true, node);
    let (app, redirect, verifier) = (app.id, redirect.to_owned(), verifier.to_owned());
    // One write: of two concurrent exchanges one makes the token and the other revokes it.
    let made = node.store.write(move |w| {
        let Some(grant) = apps::grant(w, &spent)? else { return Ok(None) };
        if let Some(token) = grant.token {
            apps::revoke(w, token)?;
            return Ok(None);
        }
        if grant.app != app || grant.redirect != redirect || !proves(&grant, proof, &verifier) {
            apps::remove_grant(w, &spent)?;
            return Ok(None);
        }
        let row = AccessToken { scopes: grant.scopes, ..bare };
        let id = apps::add_token(w, &hash, &row)?;
        apps::use_grant(w, &spent, id)?;
        Ok(Some(AccessToken { id, ..row }))
    })?;
    Ok(made.map(|row| (token, row)))
}

/// Whether the client that presents a code is the one that requested it.
fn proves(grant: &OAuthGrant, proof: ClientProof, verifier: &str) -> bool {
    match &grant.challenge {
        Some(challenge) => {
            let digest = digest(&SHA256, verifier.as_bytes());
            URL_SAFE_NO_PAD.encode(digest.as_ref()) == challenge.trim_end_matches('=')
        }
        // A verifier without a stored challenge means that the challenge was removed in transit (RFC 9700, 2.1.1).
        None => proof == ClientProof::Secret && verifier.is_empty(),
    }
}

/// A token that speaks for the app alone, for public data.
pub fn app_token(node: &Node, app: &App, scopes: &str) -> Result<(String, AccessToken)> {
    let wanted = known_scopes(if scopes.trim().is_empty() { "read" } else { scopes });
    let scopes: Vec<&str> = wanted.split(' ').filter(|scope| allows(&app.scopes, scope)).collect();
    issue(node, app, &scopes.join(" "))
}

/// A token that the owner created, without an app.
pub fn own_token(node: &Node, name: &str, scopes: &str) -> Result<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_APP_NAME_CHARS).collect();
    let scopes = exact_scopes(scopes)?;
    let token = random_token()?;
    let hash = token_hash(&token);
    let row = row(None, name, &scopes, true, node);
    node.store.write(move |w| apps::add_token(w, &hash, &row))?;
    Ok(token)
}

fn issue(node: &Node, app: &App, scopes: &str) -> Result<(String, AccessToken)> {
    let token = random_token()?;
    let hash = token_hash(&token);
    let row = row(Some(app), app.name.clone(), scopes, false, node);
    let kept = row.clone();
    let id = node.store.write(move |w| apps::add_token(w, &hash, &kept))?;
    Ok((token, AccessToken { id, ..row }))
}

fn row(app: Option<&App>, name: String, scopes: &str, speaks_for_owner: bool, node: &Node) -> AccessToken {
    AccessToken {
        id: crate::base::id::TokenId(0),
        app: app.map(|app| app.id),
        name,
        scopes: scopes.to_owned(),
        speaks_for_owner,
        created_at: node.clock().now(),
        used_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_hold_their_children_and_no_more() {
        for (granted, wanted, held) in [
            ("read", "read:search", true),
            ("read:search", "read:search", true),
            ("read:search", "read:lists", false),
            ("read:search", "read", false),
            ("write", "read:search", false),
            ("follow", "write:follows", true),
            ("follow", "read:mutes", true),
            ("follow", "write:media", false),
            ("read write", "push", false),
            ("", "read", false),
        ] {
            assert_eq!(allows(granted, wanted), held, "{granted:?} {wanted:?}");
        }
        assert_eq!(known_scopes("read+write crypto admin:read read:LISTS read"), "read write");
        assert!(exact_scopes("read everything").is_err() && exact_scopes(" ").is_err());
    }

    #[test]
    fn redirects_of_real_apps_are_taken_and_scripts_are_not() {
        for uri in [
            OUT_OF_BAND,
            "mammoth://addNewInstance",
            "icecubesapp://",
            "com.tapbots.Ivory.10217:/request_token/2C5B",
            "oauth2redirect://com.keylesspalace.tusky/",
            "https://elk.zone/api/host/oauth/https%3A%2F%2Felk.zone",
        ] {
            assert!(is_redirect(uri), "{uri}");
        }
        for uri in ["", "/path", "javascript:alert(1)", "DATA:text/html,x", "https://a b", "x:", "app://cb#x"] {
            assert!(!is_redirect(uri), "{uri}");
        }
    }
}
