//! Web Push subscriptions: one per token, and gone with it.

use serde_json::{Map, Value, json};

use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::outgoing::push_notifications::{self, Wish};
use crate::store::access::apps::Token;
use crate::store::notifications::Kind;
use crate::store::notifications::push::{self as rows, Alerts, Whose};
use crate::web::api::call::{Answer, Call, Reply};
use crate::web::api::entity::notification::word;
use crate::web::api::error::Fault;

/// Kinds that only administrators of large servers have.
const NEVER: [&str; 2] = ["admin.sign_up", "admin.report"];

fn token(call: &Call) -> Result<&Token> {
    call.token.as_ref().ok_or(Error::NotFound)
}

/// What the app wants to hear of, by our word and by its own. Absent ones are off.
fn alerts(call: &Call) -> Alerts {
    let wanted = |kind: Kind| {
        let label = word(kind)?;
        let flag = call.params.flag(&format!("data/alerts/{label}")).unwrap_or(false);
        flag.then(|| (kind.word().to_owned(), label.to_owned()))
    };
    Kind::ALL.into_iter().filter_map(wanted).collect()
}

/// From whom; some clients put it beside `data`.
fn whose(call: &Call) -> Whose {
    let said = call.params.given("data/policy").or_else(|| call.params.given("policy"));
    said.and_then(|word| Whose::of(&word)).unwrap_or_default()
}

/// `POST /api/v1/push/subscription`.
pub fn create(node: &Node, call: &Call) -> Reply {
    if !call.params.has("subscription") {
        return Err(Fault::Missing("subscription"));
    }
    let field = |path: &str| {
        let value = call.params.given(&format!("subscription/{path}"));
        value.ok_or_else(|| Error::invalid(format!("Validation failed: {path} can't be blank")))
    };
    let wish = Wish {
        endpoint: field("endpoint")?,
        p256dh: field("keys/p256dh")?,
        auth: field("keys/auth")?,
        standard: call.params.flag("subscription/standard").unwrap_or(false),
        alerts: alerts(call),
        whose: whose(call),
    };
    let bearer = call.bearer.as_deref().unwrap_or_default();
    push_notifications::subscribe(node, token(call)?.id, bearer, wish)?;
    one(node, call)
}

/// `GET /api/v1/push/subscription`.
pub fn one(node: &Node, call: &Call) -> Reply {
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
    Ok(Answer::json(&shown))
}

fn shown_alerts(on: &Alerts) -> Map<String, Value> {
    let labels = Kind::ALL.into_iter().filter_map(|kind| Some((word(kind)?, on.contains_key(kind.word()))));
    let all = labels.chain(NEVER.map(|label| (label, false)));
    all.map(|(label, on)| (label.to_owned(), on.into())).collect()
}

/// `PUT /api/v1/push/subscription`: other alerts, the same address.
pub fn update(node: &Node, call: &Call) -> Reply {
    let (id, alerts, whose) = (token(call)?.id, alerts(call), whose(call));
    let changed = node.store.write(move |w| rows::change(w, id, &alerts, whose))?;
    if changed { one(node, call) } else { Err(Error::NotFound.into()) }
}

/// `DELETE /api/v1/push/subscription`: `{}` also when there was none, or Mammoth asks ten times.
pub fn delete(node: &Node, call: &Call) -> Reply {
    let id = token(call)?.id;
    node.store.write(move |w| rows::unsubscribe(w, id))?;
    Ok(Answer::done())
}
