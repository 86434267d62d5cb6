//! `POST /api/v1/apps` and `verify_credentials`.

use serde_json::{Value, json};

use crate::base::Error;
use crate::federation::Node;
use crate::federation::outgoing::push_notifications;
use crate::federation::owner::oauth::{self, AppRegistration};
use crate::store::access::apps::{self, OAuthApp};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};

/// `POST /api/v1/apps`.
pub fn register(node: &Node, call: &ApiRequest) -> ApiResult {
    let name = call.params.given("client_name").ok_or_else(|| refused("client_name"))?;
    let redirects = call.params.list("redirect_uris");
    let redirects = redirects.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect();
    let scopes = call.params.list("scopes").join(" ");
    let asked = AppRegistration { name, redirects, scopes, website: call.params.given("website") };
    let (app, secret) = oauth::register_app(node, asked)?;
    let mut shown = application(node, &app);
    if let Value::Object(fields) = &mut shown {
        fields.insert("client_id".to_owned(), json!(app.client_id));
        fields.insert("client_secret".to_owned(), json!(secret));
        fields.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    Ok(ApiResponse::json(&shown))
}

fn refused(name: &str) -> Error {
    Error::invalid(format!("Validation failed: {name} can't be blank"))
}

/// `GET /api/v1/apps/verify_credentials`.
pub fn verify(node: &Node, call: &ApiRequest) -> ApiResult {
    let token = call.token.as_ref().ok_or(Error::NotFound)?;
    let app = match token.app {
        Some(id) => node.store.read(|r| apps::by_id(r, id))?,
        // A token the owner made for themselves. 0 would be no id to any client.
        None => OAuthApp {
            id: crate::base::id::AppId(i64::from(i32::MAX)),
            client_id: String::new(),
            name: token.name.clone(),
            website: None,
            redirects: vec![oauth::OUT_OF_BAND_REDIRECT.to_owned()],
            scopes: token.scopes.clone(),
        },
    };
    Ok(ApiResponse::json(&application(node, &app)))
}

/// `redirect_uri` is needed by Mammoth and Ice Cubes, `vapid_key` by Elk.
fn application(node: &Node, app: &OAuthApp) -> Value {
    json!({
        "id": app.id.to_string(),
        "name": app.name,
        "website": app.website,
        "scopes": app.scopes.split(' ').collect::<Vec<_>>(),
        "redirect_uris": app.redirects,
        "redirect_uri": app.redirects.join("\n"),
        "vapid_key": node.store.read(push_notifications::public_key).unwrap_or_default(),
    })
}
