//! Read markers.

use serde_json::{Map, Value, json};

use crate::federation::Node;
use crate::store::timelines::markers::{self, MarkerTimeline, ReadMarker};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::error::ApiError;

/// `GET /api/v1/markers?timeline[]=…`: the requested ones that were ever set.
pub fn show(node: &Node, call: &ApiRequest) -> ApiResult {
    let asked = call.params.list("timeline");
    let wanted: Vec<MarkerTimeline> =
        MarkerTimeline::ALL.into_iter().filter(|list| asked.iter().any(|name| name == list.word())).collect();
    answer(node, &wanted)
}

/// `POST /api/v1/markers`: returns those that were sent. Writes are serialized, so Mastodon's conflict (409) cannot
/// occur.
pub fn set(node: &Node, call: &ApiRequest) -> ApiResult {
    let mut sent = Vec::new();
    for list in MarkerTimeline::ALL {
        let Some(text) = call.params.given(&format!("{}/last_read_id", list.word())) else { continue };
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ApiError::Refused("Validation failed: Last read is not a number".to_owned()));
        }
        sent.push((list, text.parse().unwrap_or(i64::MAX)));
    }
    let lists: Vec<MarkerTimeline> = sent.iter().map(|(list, _)| *list).collect();
    node.store.write(move |w| sent.iter().try_for_each(|(list, last)| markers::set(w, *list, *last)))?;
    answer(node, &lists)
}

fn answer(node: &Node, lists: &[MarkerTimeline]) -> ApiResult {
    let shown = node.store.read(|r| {
        let mut shown = Map::new();
        for list in lists {
            if let Some(marker) = markers::get(r, *list)? {
                shown.insert(list.word().to_owned(), entity(&marker));
            }
        }
        Ok(shown)
    })?;
    Ok(ApiResponse::json(&shown))
}

fn entity(marker: &ReadMarker) -> Value {
    json!({
        "last_read_id": marker.last_id.to_string(),
        "version": marker.version,
        "updated_at": marker.updated_at.rfc3339_millis(),
    })
}
