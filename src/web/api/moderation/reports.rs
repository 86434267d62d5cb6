//! `POST /api/v1/reports`: stored here; forwarded to the other server if wanted.

use serde_json::json;

use crate::base::Error;
use crate::base::id::{ActorId, PostId};
use crate::federation::{Node, owner::publish};
use crate::social::moderation::report::{MAX_REPORTED_POSTS, NewReport, ReportCategory, ReportRecipient};
use crate::store::{actors, moderation::reports, node, posts};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::account::account;
use crate::web::api::entity::rfc3339;
use crate::web::api::error::ApiError;

/// Rules one report can name.
const MAX_REPORTED_RULES: usize = 100;

/// `POST /api/v1/reports`. NotFound for unknown accounts and posts, or posts of others.
pub fn send(node: &Node, call: &ApiRequest) -> ApiResult {
    let params = &call.params;
    let who: ActorId = params.required("account_id")?.parse()?;
    let ids = params.list("status_ids");
    if ids.len() > MAX_REPORTED_POSTS {
        return Err(ApiError::Refused(format!(
            "Validation failed: Statuses are too many (maximum is {MAX_REPORTED_POSTS})"
        )));
    }
    let ids = ids.iter().map(|id| id.parse()).collect::<Result<Vec<PostId>, Error>>()?;
    let theirs = node.store.read(|r| {
        actors::by_id(r, who)?;
        ids.iter().try_fold(node::owner(r)? != who, |so_far, id| Ok(so_far && posts::by_id(r, *id)?.actor_id == who))
    })?;
    if !theirs {
        return Err(if node.owner()? == who { ApiError::NotAllowed } else { Error::NotFound.into() });
    }
    let category = match params.given("category") {
        None if params.list("rule_ids").is_empty() => ReportCategory::Other,
        None => ReportCategory::Violation,
        Some(word) => ReportCategory::from_word(&word)
            .ok_or_else(|| ApiError::Refused("Validation failed: Category is not included in the list".to_owned()))?,
    };
    let rules: Vec<String> = params.list("rule_ids").into_iter().take(MAX_REPORTED_RULES).collect();
    let complaint = NewReport {
        posts: ids.clone(),
        comment: params.text("comment").unwrap_or_default(),
        category,
        rules: rules.into_iter().filter(|id| id.len() < 8 && id.bytes().all(|b| b.is_ascii_digit())).collect(),
        recipient: if params.flag("forward") == Some(true) {
            ReportRecipient::Forwarded
        } else {
            ReportRecipient::LocalOnly
        },
    };
    let id = publish::report_actor(node, who, complaint)?;
    let shown = node.store.read(|r| {
        let (report, view) = (reports::by_id(r, id)?, ApiViewer::load(node, r, call)?);
        Ok(json!({
            "id": report.id.to_string(),
            "action_taken": false,
            "action_taken_at": null,
            "category": report.category,
            "comment": report.comment,
            "forwarded": report.forwarded,
            "created_at": rfc3339(report.created_at),
            "status_ids": ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "rule_ids": report.rules,
            "collection_ids": [],
            "target_account": account(&view, &actors::by_id(r, who)?),
        }))
    })?;
    Ok(ApiResponse::json(&shown))
}
