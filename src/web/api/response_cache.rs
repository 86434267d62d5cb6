//! Response cache: responses to the same caller and request while nothing was written since. Apps ask for the same
//! pages repeatedly, and several at once at startup.

use std::sync::{Arc, Mutex, PoisonError};

use super::call::{ApiRequest, ApiResponse, ApiResult};
use super::status_cache::{SnapshotKey, StatusCache};
use crate::base::id::TokenId;
use crate::federation::Node;

/// Maximum number of cached responses.
const MAX_RESPONSES: usize = 16;
/// Maximum size of a cached response.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;
/// Key of a cached response.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ResponseKey {
    token: Option<TokenId>,
    path: String,
    query: String,
}

/// A cached response and the snapshot it was made from.
#[derive(Debug)]
struct CachedResponse {
    asked: ResponseKey,
    made: SnapshotKey,
    answer: ApiResponse,
}

/// The response cache of one server.
#[derive(Debug, Default)]
pub struct ResponseCache {
    answers: Mutex<Vec<CachedResponse>>,
    /// Cache of rendered statuses.
    pub(super) status_cache: Arc<StatusCache>,
}

impl ResponseCache {
    /// The response to a call: a cached one, if still valid, or the one `make` makes. Requests with body parameters are
    /// not cached.
    pub fn answer(&self, node: &Node, call: &ApiRequest, make: impl FnOnce() -> ApiResult) -> ApiResult {
        if call.params.is_from_body() {
            return make();
        }
        let asked = ResponseKey {
            token: call.token.as_ref().map(|token| token.id),
            path: call.path.clone(),
            query: call.query.clone(),
        };
        let now = SnapshotKey::now(node);
        if let Some(answer) = self.cached(&asked, now) {
            return Ok(answer);
        }
        let answer = make()?;
        if answer.code == 200 && answer.body.len() <= MAX_RESPONSE_BYTES {
            self.insert(CachedResponse { asked, made: now, answer: answer.clone() });
        }
        Ok(answer)
    }

    fn cached(&self, asked: &ResponseKey, now: SnapshotKey) -> Option<ApiResponse> {
        let mut all = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.made.is_valid(now));
        all.iter().find(|kept| kept.asked == *asked).map(|kept| kept.answer.clone())
    }

    fn insert(&self, new: CachedResponse) {
        let mut all = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.asked != new.asked);
        if all.len() >= MAX_RESPONSES {
            all.remove(0);
        }
        all.push(new);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::cell::Cell;

    use super::*;
    use crate::base::Audience;
    use crate::web::api::params::RequestParams;
    use crate::web::api::status_cache::RESPONSE_TTL;
    use crate::web::test_support::TestServer;

    fn call(query: &str) -> ApiRequest {
        ApiRequest {
            params: RequestParams::of(query),
            captured: Vec::new(),
            token: None,
            path: "/api/v1/timelines/home".to_owned(),
            query: query.to_owned(),
            idempotency: None,
            basic: None,
            bearer: None,
            status_cache: Arc::default(),
        }
    }

    #[test]
    fn an_answer_holds_for_a_moment_until_something_is_written_and_for_the_same_question_alone() {
        let house = TestServer::new();
        let (again, made) = (ResponseCache::default(), Cell::new(0));
        let ask = |query: &str| {
            let answer = again.answer(&house.node, &call(query), || {
                made.set(made.get() + 1);
                Ok(ApiResponse::json(&made.get()))
            });
            String::from_utf8(answer.unwrap().body.to_vec()).unwrap()
        };
        assert_eq!((ask("limit=40").as_str(), ask("limit=40").as_str()), ("1", "1"));
        assert_eq!((ask("limit=20").as_str(), ask("limit=40").as_str()), ("2", "1"));
        house.post("news", Audience::Public);
        assert_eq!((ask("limit=40").as_str(), ask("limit=40").as_str()), ("3", "3"), "nothing outlives a write");
        house.node.clock().advance(RESPONSE_TTL);
        assert_eq!(ask("limit=40"), "4", "nor a second");
        for n in 0..=MAX_RESPONSES {
            ask(&format!("max_id={n}"));
        }
        assert_eq!(ask("limit=40"), "22", "only so many are kept");
    }

    #[test]
    fn errors_and_large_answers_are_made_each_time() {
        let house = TestServer::new();
        let again = ResponseCache::default();
        let made = Cell::new(0);
        let ask = |answer: &dyn Fn() -> ApiResult| {
            drop(again.answer(&house.node, &call(""), || {
                made.set(made.get() + 1);
                answer()
            }));
        };
        for _ in 0..2 {
            ask(&|| Err(crate::base::Error::NotFound.into()));
            ask(&|| Ok(ApiResponse::json(&"x".repeat(MAX_RESPONSE_BYTES))));
        }
        assert_eq!(made.get(), 4);
    }
}
