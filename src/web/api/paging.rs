//! Pagination: `max_id`, `since_id`, `min_id` and `limit` in, a `Link` header out. Newest first.

use super::call::{ApiRequest, ApiResponse};
use crate::base::id::PostId;
use crate::federation::Node;
use crate::store::cursor::{CursorWindow, WindowEnd};
use crate::store::posts::PostPage;

/// The requested page, over any kind of id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageWindow {
    /// Only ids below.
    pub max: Option<i64>,
    /// Only ids above, still the newest of them.
    pub since: Option<i64>,
    /// Only ids above, the oldest of them.
    pub min: Option<i64>,
    /// Rows at most.
    pub limit: u32,
}

impl PageWindow {
    /// Reads the parameters: `usual` rows by default, at most `most`.
    pub fn of(call: &ApiRequest, usual: u32, most: u32) -> Self {
        let limit = match call.params.given("limit") {
            None => usual,
            // An invalid number is zero, a negative one its absolute value, as in Rails.
            Some(text) => text.trim().parse::<i64>().map_or(0, |n| u32::try_from(n.unsigned_abs()).unwrap_or(u32::MAX)),
        };
        Self {
            max: call.number("max_id"),
            since: call.number("since_id"),
            min: call.number("min_id"),
            limit: limit.min(most),
        }
    }

    /// The page of a list of posts. `since_id` without `min_id` is applied by [`PageWindow::holds`].
    pub fn posts(self) -> PostPage {
        PostPage { before: self.max.map(PostId), after: self.min.map(PostId), limit: self.limit }
    }

    /// The page of a list with row ids.
    pub fn rows(self) -> CursorWindow {
        CursorWindow {
            above: self.min.unwrap_or(0).max(self.since.unwrap_or(0)),
            below: self.max.unwrap_or(i64::MAX),
            keep: if self.min.is_some() { WindowEnd::Oldest } else { WindowEnd::Newest },
            limit: self.limit,
        }
    }

    /// Whether an id is inside.
    pub fn holds(self, id: i64) -> bool {
        self.max.is_none_or(|max| id < max)
            && self.since.is_none_or(|since| id > since)
            && self.min.is_none_or(|min| id > min)
    }
}

/// How a list links to newer rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackwardParameter {
    /// `min_id`, and links whenever there are rows: timelines and notifications.
    Min,
    /// `min_id`; a next link only after a full page: bookmarks, likes, conversations.
    Row,
    /// `since_id`; a next link only after a full page.
    Since,
}

/// Adds the `Link` header of a page whose rows have these ids, newest first. The ids are those of the rows, not of what
/// they show.
pub fn linked(
    node: &Node,
    call: &ApiRequest,
    answer: ApiResponse,
    ids: &[i64],
    window: PageWindow,
    back: BackwardParameter,
) -> ApiResponse {
    let (Some(newest), Some(oldest)) = (ids.first(), ids.last()) else { return answer };
    let kept: Vec<String> = call
        .query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && !matches!(name, "max_id" | "since_id" | "min_id" | "access_token" | "limit")
        })
        // Mammoth splits the header at commas.
        .map(|pair| pair.replace(',', "%2C").replace('>', "%3E"))
        .collect();
    let url = |id: &i64, name: &str| {
        let mut query = vec![format!("limit={}", window.limit)];
        query.extend(kept.iter().cloned());
        query.push(format!("{name}={id}"));
        node.facts.origin.url(&format!("{}?{}", call.path, query.join("&")))
    };
    let mut links = Vec::new();
    if back == BackwardParameter::Min || ids.len() >= window.limit as usize {
        links.push(format!("<{}>; rel=\"next\"", url(oldest, "max_id")));
    }
    let prev = if back == BackwardParameter::Since { "since_id" } else { "min_id" };
    links.push(format!("<{}>; rel=\"prev\"", url(newest, prev)));
    answer.header("link", links.join(", "))
}
