//! The notification policy in both API forms, and the notification requests.

use serde_json::{Value, json};

use crate::base::id::{NotificationRequestId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::node::{self, Settings};
use crate::store::notifications::notification_policy::{NotificationPolicy, PolicyAction as Rule};
use crate::store::notifications::notification_requests::{self as requests, NotificationRequest};
use crate::store::{Read, Write};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::notification::NotificationContext;
use crate::web::api::entity::request::request;
use crate::web::api::error::ApiError;
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};

/// The rules by Mastodon's names.
fn policy_json(policy: &mut NotificationPolicy) -> [(&'static str, &mut Rule); 6] {
    [
        ("not_following", &mut policy.not_following),
        ("not_followers", &mut policy.not_followers),
        ("new_accounts", &mut policy.new_accounts),
        ("private_mentions", &mut policy.private_mentions),
        ("limited_accounts", &mut policy.limited),
        ("bots", &mut policy.bots),
    ]
}

/// `GET /api/v2/notifications/policy`.
pub fn show(node: &Node, _: &ApiRequest) -> ApiResult {
    policy_action(node, |name, rule| Some((format!("for_{name}"), rule.word().into())))
}

/// `GET /api/v1/notifications/policy`.
pub fn show_v1(node: &Node, _: &ApiRequest) -> ApiResult {
    let filters = |name: &str, rule| Some((format!("filter_{name}"), (rule != Rule::Accept).into()));
    // The old form has no word for limited servers.
    policy_action(node, |name, rule| filters(name, rule).filter(|_| name != "limited_accounts"))
}

fn policy_action(node: &Node, entry: impl Fn(&str, Rule) -> Option<(String, Value)>) -> ApiResult {
    let (mut policy, (people, count)) = node.store.read(|r| Ok((node::settings(r)?.notices, requests::summary(r)?)))?;
    let mut shown: serde_json::Map<String, Value> =
        policy_json(&mut policy).into_iter().filter_map(|(name, rule)| entry(name, *rule)).collect();
    let summary = json!({ "pending_requests_count": people, "pending_notifications_count": count });
    shown.insert("summary".to_owned(), summary);
    Ok(ApiResponse::json(&shown))
}

/// `PATCH /api/v2/notifications/policy`: absent fields stay.
pub fn change(node: &Node, call: &ApiRequest) -> ApiResult {
    store(node, |name| match call.params.given(&format!("for_{name}")) {
        Some(word) => match Rule::of(&word) {
            Some(rule) => Ok(Some(rule)),
            None => Err(ApiError::Refused(format!(
                "Validation failed: For {} is not included in the list",
                name.replace('_', " ")
            ))),
        },
        None => Ok(None),
    })?;
    show(node, call)
}

/// `PATCH /api/v1/notifications/policy`.
pub fn change_v1(node: &Node, call: &ApiRequest) -> ApiResult {
    store(node, |name| {
        let flag = call.params.flag(&format!("filter_{name}"));
        Ok(flag.map(|yes| if yes { Rule::Filter } else { Rule::Accept }))
    })?;
    show_v1(node, call)
}

fn store(node: &Node, said: impl Fn(&str) -> Result<Option<Rule>, ApiError>) -> Result<(), ApiError> {
    let mut changes = Vec::new();
    for (name, _) in policy_json(&mut NotificationPolicy::default()) {
        changes.push(said(name)?);
    }
    node.store.write(move |w| {
        let settings = node::settings(w)?;
        let mut notices = settings.notices;
        for ((_, rule), said) in policy_json(&mut notices).into_iter().zip(changes) {
            *rule = said.unwrap_or(*rule);
        }
        node::set_settings(w, &Settings { notices, ..settings })
    })?;
    Ok(())
}

fn cast(
    r: &Read<'_>,
    call: &ApiRequest,
    view: &ApiViewer<'_>,
    waiting: &[NotificationRequest],
) -> Result<NotificationContext> {
    let posts: Vec<PostId> = waiting.iter().filter_map(|request| request.post_id).collect();
    NotificationContext::load(r, waiting.iter().map(|request| request.actor_id), call.status_cache.of(r, view, &posts)?)
}

/// `GET /api/v1/notifications/requests`.
pub fn list(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 40, 80);
    let (list, ids) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let waiting = requests::page(r, window.rows())?;
        let cast = cast(r, call, &view, &waiting)?;
        let list: Vec<_> = waiting.iter().filter_map(|one| request(&view, one, &cast)).collect();
        Ok((list, waiting.iter().map(|one| one.id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&list), &ids, window, BackwardParameter::Min))
}

/// `GET /api/v1/notifications/requests/{id}`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: NotificationRequestId = call.id()?;
    let one = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let one = requests::by_id(r, id)?;
        request(&view, &one, &cast(r, call, &view, std::slice::from_ref(&one))?).ok_or(Error::NotFound)
    })?;
    Ok(ApiResponse::json(&one))
}

/// `GET /api/v1/notifications/requests/merged`: accepted requests are merged at once.
pub fn merged(_: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::json(&json!({ "merged": true })))
}

type RequestAction = fn(&Write<'_>, NotificationRequestId) -> Result<()>;

fn settle(node: &Node, call: &ApiRequest, act: RequestAction) -> ApiResult {
    let id: NotificationRequestId = call.id()?;
    node.store.write(move |w| act(w, id))?;
    Ok(ApiResponse::empty())
}

/// Many at once; those that are not there are passed over.
fn settle_all(node: &Node, call: &ApiRequest, act: RequestAction) -> ApiResult {
    let ids: Vec<NotificationRequestId> = call.params.list("id").iter().filter_map(|id| id.parse().ok()).collect();
    node.store.write(move |w| {
        for id in &ids {
            match act(w, *id) {
                Ok(()) | Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })?;
    Ok(ApiResponse::empty())
}

/// `POST /api/v1/notifications/requests/{id}/accept`.
pub fn accept(node: &Node, call: &ApiRequest) -> ApiResult {
    settle(node, call, requests::accept)
}

/// `POST /api/v1/notifications/requests/{id}/dismiss`.
pub fn dismiss(node: &Node, call: &ApiRequest) -> ApiResult {
    settle(node, call, requests::dismiss)
}

/// `POST /api/v1/notifications/requests/accept`.
pub fn accept_all(node: &Node, call: &ApiRequest) -> ApiResult {
    settle_all(node, call, requests::accept)
}

/// `POST /api/v1/notifications/requests/dismiss`.
pub fn dismiss_all(node: &Node, call: &ApiRequest) -> ApiResult {
    settle_all(node, call, requests::dismiss)
}
