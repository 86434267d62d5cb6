//! Whose notifications come through: the policy, in the form of today and in the yes and no of before, and the people whose
//! notifications it keeps back.

use serde_json::{Value, json};

use crate::base::id::{NotificationRequestId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::node::{self, Settings};
use crate::store::notifications::notification_policy::{Answer as Rule, Policy};
use crate::store::notifications::notification_requests::{self as requests, Request};
use crate::store::{Read, Write};
use crate::web::api::call::{Answer, Call, Reply};
use crate::web::api::entity::View;
use crate::web::api::entity::notification::Cast;
use crate::web::api::entity::request::request;
use crate::web::api::error::Fault;
use crate::web::api::paging::{Back, Window, linked};

/// The rules by Mastodon's names.
fn rules(policy: &mut Policy) -> [(&'static str, &mut Rule); 6] {
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
pub fn show(node: &Node, _: &Call) -> Reply {
    answer(node, |name, rule| Some((format!("for_{name}"), rule.word().into())))
}

/// `GET /api/v1/notifications/policy`.
pub fn show_old(node: &Node, _: &Call) -> Reply {
    let filters = |name: &str, rule| Some((format!("filter_{name}"), (rule != Rule::Accept).into()));
    // The old form has no word for limited servers.
    answer(node, |name, rule| filters(name, rule).filter(|_| name != "limited_accounts"))
}

fn answer(node: &Node, entry: impl Fn(&str, Rule) -> Option<(String, Value)>) -> Reply {
    let (mut policy, (people, count)) = node.store.read(|r| Ok((node::settings(r)?.notices, requests::summary(r)?)))?;
    let mut shown: serde_json::Map<String, Value> =
        rules(&mut policy).into_iter().filter_map(|(name, rule)| entry(name, *rule)).collect();
    let summary = json!({ "pending_requests_count": people, "pending_notifications_count": count });
    shown.insert("summary".to_owned(), summary);
    Ok(Answer::json(&shown))
}

/// `PATCH /api/v2/notifications/policy`: what is not said stays.
pub fn change(node: &Node, call: &Call) -> Reply {
    keep(node, |name| match call.params.given(&format!("for_{name}")) {
        Some(word) => match Rule::of(&word) {
            Some(rule) => Ok(Some(rule)),
            None => Err(Fault::Refused(format!(
                "Validation failed: For {} is not included in the list",
                name.replace('_', " ")
            ))),
        },
        None => Ok(None),
    })?;
    show(node, call)
}

/// `PATCH /api/v1/notifications/policy`.
pub fn change_old(node: &Node, call: &Call) -> Reply {
    keep(node, |name| {
        let flag = call.params.flag(&format!("filter_{name}"));
        Ok(flag.map(|yes| if yes { Rule::Filter } else { Rule::Accept }))
    })?;
    show_old(node, call)
}

fn keep(node: &Node, said: impl Fn(&str) -> Result<Option<Rule>, Fault>) -> Result<(), Fault> {
    let mut changes = Vec::new();
    for (name, _) in rules(&mut Policy::default()) {
        changes.push(said(name)?);
    }
    node.store.write(move |w| {
        let settings = node::settings(w)?;
        let mut notices = settings.notices;
        for ((_, rule), said) in rules(&mut notices).into_iter().zip(changes) {
            *rule = said.unwrap_or(*rule);
        }
        node::set_settings(w, &Settings { notices, ..settings })
    })?;
    Ok(())
}

fn cast(r: &Read<'_>, call: &Call, view: &View<'_>, waiting: &[Request]) -> Result<Cast> {
    let posts: Vec<PostId> = waiting.iter().filter_map(|request| request.post_id).collect();
    Cast::load(r, waiting.iter().map(|request| request.actor_id), call.pieces.of(r, view, &posts)?)
}

/// `GET /api/v1/notifications/requests`.
pub fn list(node: &Node, call: &Call) -> Reply {
    let window = Window::of(call, 40, 80);
    let (list, ids) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let waiting = requests::page(r, window.rows())?;
        let cast = cast(r, call, &view, &waiting)?;
        let list: Vec<_> = waiting.iter().filter_map(|one| request(&view, one, &cast)).collect();
        Ok((list, waiting.iter().map(|one| one.id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, Answer::json(&list), &ids, window, Back::Min))
}

/// `GET /api/v1/notifications/requests/{id}`.
pub fn one(node: &Node, call: &Call) -> Reply {
    let id: NotificationRequestId = call.id()?;
    let one = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let one = requests::by_id(r, id)?;
        request(&view, &one, &cast(r, call, &view, std::slice::from_ref(&one))?).ok_or(Error::NotFound)
    })?;
    Ok(Answer::json(&one))
}

/// `GET /api/v1/notifications/requests/merged`: what was let in is there at once.
pub fn merged(_: &Node, _: &Call) -> Reply {
    Ok(Answer::json(&json!({ "merged": true })))
}

type Act = fn(&Write<'_>, NotificationRequestId) -> Result<()>;

fn settle(node: &Node, call: &Call, act: Act) -> Reply {
    let id: NotificationRequestId = call.id()?;
    node.store.write(move |w| act(w, id))?;
    Ok(Answer::done())
}

/// Many at once; those that are not there are passed over.
fn settle_all(node: &Node, call: &Call, act: Act) -> Reply {
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
    Ok(Answer::done())
}

/// `POST /api/v1/notifications/requests/{id}/accept`.
pub fn accept(node: &Node, call: &Call) -> Reply {
    settle(node, call, requests::accept)
}

/// `POST /api/v1/notifications/requests/{id}/dismiss`.
pub fn dismiss(node: &Node, call: &Call) -> Reply {
    settle(node, call, requests::dismiss)
}

/// `POST /api/v1/notifications/requests/accept`.
pub fn accept_all(node: &Node, call: &Call) -> Reply {
    settle_all(node, call, requests::accept)
}

/// `POST /api/v1/notifications/requests/dismiss`.
pub fn dismiss_all(node: &Node, call: &Call) -> Reply {
    settle_all(node, call, requests::dismiss)
}
