//! Answers given again: what a caller asked for a moment ago, while nothing was written since. Apps ask for the same pages over
//! and over, and several at once when the owner picks up their phone. Forgets within a second, because some of what an answer
//! says ends with time alone (mutes, filters, polls); never keeps an answer past a commit, or for somebody else.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::call::{Answer, Call, Reply};
use crate::base::Time;
use crate::base::id::TokenId;
use crate::federation::Node;

/// Answers kept at once.
const MOST: usize = 16;
/// Bytes of an answer that is kept.
const BYTES: usize = 256 * 1024;
/// How long one is kept.
const FRESH: Duration = Duration::from_secs(1);

/// Who asked for what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    token: Option<TokenId>,
    path: String,
    query: String,
}

/// One answer, how often the store had been written to before it was made, and when.
#[derive(Debug)]
struct Kept {
    asked: Asked,
    rung: u64,
    at: Time,
    answer: Answer,
}

/// The last answers of one server.
#[derive(Debug, Default)]
pub struct Again(Mutex<Vec<Kept>>);

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
        // Before anything is read: whatever is written meanwhile ends the answer.
        let (rung, at) = (node.store.bell().rung(), node.clock().now());
        if let Some(answer) = self.kept(&asked, rung, at) {
            return Ok(answer);
        }
        let answer = make()?;
        if answer.code == 200 && answer.body.len() <= BYTES {
            self.keep(Kept { asked, rung, at, answer: answer.clone() });
        }
        Ok(answer)
    }

    fn kept(&self, asked: &Asked, rung: u64, now: Time) -> Option<Answer> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.rung == rung && kept.at <= now && now.since(kept.at) < FRESH);
        all.iter().find(|kept| kept.asked == *asked).map(|kept| kept.answer.clone())
    }

    fn keep(&self, new: Kept) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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

    use actix_web::web::Data;

    use super::*;
    use crate::base::Audience;
    use crate::web::api::params::Params;
    use crate::web::scratch::House;

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
            pieces: Data::default(),
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
