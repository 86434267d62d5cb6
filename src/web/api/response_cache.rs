//! Answers given again: what a caller asked for a moment ago, while nothing was written since. Apps ask for the same pages over
//! and over, and several at once when the owner picks up their phone. Forgets within a second, because some of what an answer
//! says ends with time alone (mutes, filters, polls); never keeps an answer past a commit, or for somebody else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::call::{Answer, Call, Reply};
use super::status_cache::Pieces;
use crate::base::Time;
use crate::base::id::TokenId;
use crate::federation::Node;
use crate::store::Read;

/// Answers kept at once.
const MOST: usize = 16;
/// Bytes of an answer that is kept.
const BYTES: usize = 256 * 1024;
/// How long anything is kept.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// A state of the store, and when it was looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment {
    /// How often the store had been written to before.
    rung: u64,
    at: Time,
}

impl Moment {
    /// The one of now: taken before anything is read, so that whatever is written meanwhile ends it.
    fn now(node: &Node) -> Self {
        Self { rung: node.store.bell().rung(), at: node.clock().now() }
    }

    /// The one this act looks at; None for one that writes, whose view nobody else may ever share.
    pub(super) fn of(r: &Read<'_>) -> Option<Self> {
        r.rung.map(|rung| Self { rung, at: r.now })
    }

    /// Whether what was made of it is good `now`: nothing was written since, and no more than a moment has passed.
    pub(super) fn holds(self, now: Self) -> bool {
        self.rung == now.rung && self.at <= now.at && now.at.since(self.at) < FRESH
    }
}

/// Who asked for what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    token: Option<TokenId>,
    path: String,
    query: String,
}

/// One answer, and of what it was made.
#[derive(Debug)]
struct Kept {
    asked: Asked,
    made: Moment,
    answer: Answer,
}

/// The last answers of one server.
#[derive(Debug, Default)]
pub struct Again {
    answers: Mutex<Vec<Kept>>,
    /// What answers are made of.
    pub(super) pieces: Arc<Pieces>,
}

impl Again {
    /// The answer to a call: the one that was given a moment ago, if it still holds, or the one `make` makes. What has
    /// parameters in its body is made each time.
    pub fn answer(&self, node: &Node, call: &Call, make: impl FnOnce() -> Reply) -> Reply {
        if call.params.is_from_body() {
            return make();
        }
        let asked = Asked {
            token: call.token.as_ref().map(|token| token.id),
            path: call.path.clone(),
            query: call.query.clone(),
        };
        let now = Moment::now(node);
        if let Some(answer) = self.kept(&asked, now) {
            return Ok(answer);
        }
        let answer = make()?;
        if answer.code == 200 && answer.body.len() <= BYTES {
            self.keep(Kept { asked, made: now, answer: answer.clone() });
        }
        Ok(answer)
    }

    fn kept(&self, asked: &Asked, now: Moment) -> Option<Answer> {
        let mut all = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.made.holds(now));
        all.iter().find(|kept| kept.asked == *asked).map(|kept| kept.answer.clone())
    }

    fn keep(&self, new: Kept) {
        let mut all = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.asked != new.asked);
        if all.len() >= MOST {
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
    use crate::web::api::params::Params;
    use crate::web::test_support::House;

    fn call(query: &str) -> Call {
        Call {
            params: Params::of(query),
            captured: Vec::new(),
            token: None,
            path: "/api/v1/timelines/home".to_owned(),
            query: query.to_owned(),
            idempotency: None,
            basic: None,
            bearer: None,
            pieces: Arc::default(),
        }
    }

    #[test]
    fn an_answer_holds_for_a_moment_until_something_is_written_and_for_the_same_question_alone() {
        let house = House::new();
        let (again, made) = (Again::default(), Cell::new(0));
        let ask = |query: &str| {
            let answer = again.answer(&house.node, &call(query), || {
                made.set(made.get() + 1);
                Ok(Answer::json(&made.get()))
            });
            String::from_utf8(answer.unwrap().body.to_vec()).unwrap()
        };
        assert_eq!((ask("limit=40").as_str(), ask("limit=40").as_str()), ("1", "1"));
        assert_eq!((ask("limit=20").as_str(), ask("limit=40").as_str()), ("2", "1"));
        house.post("news", Audience::Public);
        assert_eq!((ask("limit=40").as_str(), ask("limit=40").as_str()), ("3", "3"), "nothing outlives a write");
        house.node.clock().advance(FRESH);
        assert_eq!(ask("limit=40"), "4", "nor a second");
        for n in 0..=MOST {
            ask(&format!("max_id={n}"));
        }
        assert_eq!(ask("limit=40"), "22", "only so many are kept");
    }

    #[test]
    fn errors_and_large_answers_are_made_each_time() {
        let house = House::new();
        let again = Again::default();
        let made = Cell::new(0);
        let ask = |answer: &dyn Fn() -> Reply| {
            drop(again.answer(&house.node, &call(""), || {
                made.set(made.get() + 1);
                answer()
            }));
        };
        for _ in 0..2 {
            ask(&|| Err(crate::base::Error::NotFound.into()));
            ask(&|| Ok(Answer::json(&"x".repeat(BYTES))));
        }
        assert_eq!(made.get(), 4);
    }
}
