//! `/oauth/token`, `revoke`, `userinfo` and the server metadata. The consent page is `page/authorize.rs`.

use serde_json::json;

use crate::federation::owner::login::token_hash;
use crate::federation::owner::oauth::ClientProof;
use crate::federation::{Node, owner::oauth};
use crate::store::access::apps::{self, OAuthApp};
use crate::store::{actors, node};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::error::ApiError;

/// Parts with separate scopes for reading and writing: `read:statuses`.
const READ_WRITE_SCOPES: &str =
    "accounts blocks bookmarks collections favourites filters follows lists mutes notifications statuses";
/// Parts that can only be written.
const WRITE_ONLY_SCOPES: &str = "conversations media reports";

/// Every scope there is.
fn scopes() -> Vec<String> {
    let whole = ["read", "write", "follow", "push", "profile"].into_iter().map(str::to_owned);
    let both = READ_WRITE_SCOPES.split(' ').flat_map(|part| [format!("read:{part}"), format!("write:{part}")]);
    let written = WRITE_ONLY_SCOPES.split(' ').map(|part| format!("write:{part}"));
    whole.chain(both).chain(written).chain(["read:search".to_owned()]).collect()
}

/// `POST /oauth/token`.
pub fn token(node: &Node, call: &ApiRequest) -> ApiResult {
    let (app, proof) = client(node, call)?;
    let params = &call.params;
    let issued = match params.given("grant_type").as_deref() {
        Some("authorization_code") => {
            let code = params.given("code").unwrap_or_default();
            let redirect = params.text("redirect_uri").unwrap_or_default();
            let verifier = params.given("code_verifier").unwrap_or_default();
            oauth::exchange_code(node, &app, proof, &code, &redirect, &verifier)?.ok_or(ApiError::OAuth(
                400,
                "invalid_grant",
                "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used \
                 in the authorization request, or was issued to another client.",
            ))?
        }
        Some("client_credentials") if proof == ClientProof::Verifier => return Err(app_token()),
        Some("client_credentials") => oauth::issue_app_token(node, &app, &params.text("scope").unwrap_or_default())?,
        Some(_) => {
            let sentence = "The authorization grant type is not supported by the authorization server.";
            return Err(ApiError::OAuth(400, "unsupported_grant_type", sentence));
        }
        None => return Err(ApiError::OAuth(400, "invalid_request", "Missing required parameter: grant_type.")),
    };
    let (token, row) = issued;
    let body = json!({
        "access_token": token,
        "token_type": "Bearer",
        "scope": row.scopes,
        "created_at": row.created_at.secs(),
    });
    Ok(ApiResponse::json(&body).header("cache-control", "no-store".to_owned()))
}

/// The client, authenticated by `Basic` or parameters. The secret may be missing with PKCE.
fn client(node: &Node, call: &ApiRequest) -> Result<(OAuthApp, ClientProof), ApiError> {
    let (id, secret) = match &call.basic {
        Some((id, secret)) => (id.clone(), Some(secret.clone())),
        None => (call.params.given("client_id").ok_or_else(app_token)?, call.params.given("client_secret")),
    };
    let app = node.store.read(|r| apps::by_client(r, &id))?.ok_or_else(app_token)?;
    match secret {
        Some(secret) if node.store.read(|r| apps::has_secret(r, app.id, &token_hash(&secret)))? => {
            Ok((app, ClientProof::Secret))
        }
        None if call.params.given("code_verifier").is_some() => Ok((app, ClientProof::Verifier)),
        _ => Err(app_token()),
    }
}

fn app_token() -> ApiError {
    let sentence = "Client authentication failed due to unknown client, no client authentication included, or \
                    unsupported authentication method.";
    ApiError::OAuth(401, "invalid_client", sentence)
}

/// `POST /oauth/revoke`: idempotent; a token of another app stays.
pub fn revoke(node: &Node, call: &ApiRequest) -> ApiResult {
    let (app, proof) = client(node, call)?;
    if proof == ClientProof::Verifier {
        return Err(app_token());
    }
    let text = call.params.given("token").unwrap_or_default();
    let Some(token) = node.store.read(|r| apps::token(r, &token_hash(&text)))? else { return Ok(ApiResponse::empty()) };
    if token.app != Some(app.id) {
        return Err(ApiError::OAuth(403, "unauthorized_client", "You are not authorized to revoke this token"));
    }
    node.store.write(move |w| apps::revoke(w, token.id))?;
    Ok(ApiResponse::empty())
}

/// `/oauth/userinfo`: OpenID's claims about the owner.
pub fn userinfo(node: &Node, _: &ApiRequest) -> ApiResult {
    let owner = node.store.read(|r| actors::by_id(r, node::owner(r)?))?;
    let picture = crate::web::api::entity::account::avatar(&owner, &crate::web::api::entity::UrlBuilder::of(node));
    Ok(ApiResponse::json(&json!({
        "iss": node.facts.origin.url("/"),
        "sub": owner.uri,
        "name": owner.name,
        "preferred_username": owner.username,
        "profile": owner.url,
        "picture": picture,
    })))
}

/// `/.well-known/oauth-authorization-server` (RFC 8414).
pub fn metadata(node: &Node, _: &ApiRequest) -> ApiResult {
    let url = |path: &str| node.facts.origin.url(path);
    Ok(ApiResponse::json(&json!({
        "issuer": url("/"),
        "service_documentation": url("/about"),
        "authorization_endpoint": url("/oauth/authorize"),
        "token_endpoint": url("/oauth/token"),
        "revocation_endpoint": url("/oauth/revoke"),
        "userinfo_endpoint": url("/oauth/userinfo"),
        "app_registration_endpoint": url("/api/v1/apps"),
        "scopes_supported": scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    })))
}
