//! Reads the poll of a Question.

use serde_json::Value;

use super::json::{self, FromJson, Lossy, Many};
use super::limits;
use crate::base::Time;

/// One poll option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedPollOption {
    /// The text exactly as given: a vote must repeat it.
    pub name: String,
    /// Number of votes, as its author's server claims.
    pub votes: u64,
}

impl FromJson for ReceivedPollOption {
    fn from_json(value: &Value) -> Option<Self> {
        let name = json::text(value, "name", limits::OPTION)?;
        let counted = value.get("replies").and_then(|r| Lossy::<u64>::read(r, "totalItems").0);
        // Misskey repeats the count here; its forks sometimes send only this one.
        let votes = counted.or_else(|| Lossy::read(value, "_misskey_votes").0).unwrap_or(0);
        Some(Self { name, votes })
    }
}

/// A poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedPoll {
    /// The options in their order, each text once.
    pub options: Vec<ReceivedPollOption>,
    /// True when several options may be chosen (`anyOf`).
    pub multiple: bool,
    /// When voting ends or ended; None for polls without an end.
    pub end: Option<Time>,
    /// True when the document has `closed`. If there is also an `end`, the poll is closed only from then on: Pleroma
    /// writes the end of a running poll into `closed`.
    pub closed: bool,
    /// Number of voters, as the author's server claims.
    pub voters: Option<u64>,
}

impl ReceivedPoll {
    /// When the poll ended, if it has; `now` when it is closed without a time.
    pub fn over_at(&self, now: Time) -> Option<Time> {
        match self.end {
            Some(end) => Some(end).filter(|end| *end <= now),
            None => self.closed.then_some(now),
        }
    }
}

/// Reads the poll of a Question; None when it has no options.
pub fn read(doc: &Value) -> Option<ReceivedPoll> {
    let several = Many::<ReceivedPollOption>::read(doc, "anyOf", limits::OPTIONS).0;
    let multiple = !several.is_empty();
    let mut options = if multiple { several } else { Many::read(doc, "oneOf", limits::OPTIONS).0 };
    let mut seen = std::collections::HashSet::new();
    options.retain(|option| seen.insert(option.name.clone()));
    if options.is_empty() {
        return None;
    }
    let closed_at = Lossy::<Time>::read(doc, "closed").0;
    let closed_now = closed_at.is_none() && Lossy::<bool>::read(doc, "closed").0.unwrap_or(false);
    let end = closed_at.or_else(|| Lossy::read(doc, "endTime").0.filter(|_| !closed_now));
    let closed = closed_now || closed_at.is_some();
    Some(ReceivedPoll { options, multiple, end, closed, voters: Lossy::read(doc, "votersCount").0 })
}
