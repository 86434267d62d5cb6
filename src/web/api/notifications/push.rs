//! Web Push subscriptions: one per token, deleted with it.

use serde_json::{Map, Value, json};

use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::outgoing::push_notifications::{self, SubscriptionRequest};
use crate::store::access::apps::AccessToken;
use crate::store::notifications::NotificationKind;
use crate::store::notifications::push::{self as rows, PushAlerts, PushPolicy};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::notification::word;
use crate::web::api::error::ApiError;

/// Kinds that only administrators of large servers have.
const ADMIN_ALERTS: [&str; 2] = ["admin.sign_up", "admin.report"];

fn token(call: &ApiRequest) -> Result<&AccessToken> {
    call.token.as_ref().ok_or(Error::NotFound)
}

/// Wanted notification kinds, by our word and the app's. Absent ones are off.
fn alerts(call: &ApiRequest) -> PushAlerts {
    let wanted = |kind: NotificationKind| {
        let label = word(kind)?;
        let flag = call.params.flag(&format!("data/alerts/{label}")).unwrap_or(false);
        flag.then(|| (kind.word().to_owned(), label.to_owned()))
    };
    NotificationKind::ALL.into_iter().filter_map(wanted).collect()
}

/// Wanted senders; some clients send it beside `data`.
fn push_policy(call: &ApiRequest) -> PushPolicy {
    let said = call.params.given("data/policy").or_else(|| call.params.given("policy"));
    said.and_then(|word| PushPolicy::of(&word)).unwrap_or_default()
}

/// `POST /api/v1/push/subscription`.
pub fn create(node: &Node, call: &ApiRequest) -> ApiResult {
    if !call.params.has("subscription") {
        return Err(ApiError::Missing("subscription"));
    }
    let field = |path: &str| {
        let value = call.params.given(&format!("subscription/{path}"));
        value.ok_or_else(|| Error::invalid(format!("Validation failed: {path} can't be blank")))
    };
    let wish = SubscriptionRequest {
        endpoint: field("endpoint")?,
        p256dh: field("keys/p256dh")?,
        auth: field("keys/auth")?,
        is_rfc8291: call.params.flag("subscription/standard").unwrap_or(false),
        alerts: alerts(call),
        policy: push_policy(call),
    };
    let bearer = call.bearer.as_deref().unwrap_or_default();
    push_notifications::subscribe(node, token(call)?.id, bearer, wish)?;
    one(node, call)
}

/// `GET /api/v1/push/subscription`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = token(call)?.id;
    let shown = node.store.read(|r| {
        let found = rows::of_token(r, id)?.ok_or(Error::NotFound)?;
        Ok(json!({
            // Tusky and Mastodon's Android app read a number.
            "id": found.id.0,
            "endpoint": found.endpoint,
            "standard": found.standard,
            "alerts": shown_alerts(&found.alerts),
            "server_key": push_notifications::public_key(r)?,
            "policy": found.whose.word(),
        }))
    })?;
    Ok(ApiResponse::json(&shown))
}

fn shown_alerts(on: &PushAlerts) -> Map<String, Value> {
    let labels = NotificationKind::ALL.into_iter().filter_map(|kind| Some((word(kind)?, on.contains_key(kind.word()))));
    let all = labels.chain(ADMIN_ALERTS.map(|label| (label, false)));
    all.map(|(label, on)| (label.to_owned(), on.into())).collect()
}

/// `PUT /api/v1/push/subscription`: other alerts, the same address.
pub fn update(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, alerts, whose) = (token(call)?.id, alerts(call), push_policy(call));
    let changed = node.store.write(move |w| rows::change(w, id, &alerts, whose))?;
    if changed { one(node, call) } else { Err(Error::NotFound.into()) }
}

/// `DELETE /api/v1/push/subscription`: `{}` also when there was none, or Mammoth asks ten times.
pub fn delete(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = token(call)?.id;
    node.store.write(move |w| rows::unsubscribe(w, id))?;
    Ok(ApiResponse::empty())
}
