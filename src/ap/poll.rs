//! Polls as they stand in a Question.

use serde_json::Value;

use super::json::{self, FromJson, Lossy, Many};
use super::limits;
use crate::base::Time;

/// One answer to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollOption {
    /// The text exactly as given: a vote must repeat it.
    pub name: String,
    /// How many chose it, as its author says.
    pub votes: u64,
}

impl FromJson for PollOption {
    fn from_json(value: &Value) -> Option<Self> {
        let name = json::text(value, "name", limits::OPTION)?;
        let counted = value.get("replies").and_then(|r| Lossy::<u64>::read(r, "totalItems").0);
        // Misskey says it a second time, and its forks sometimes only there.
        let votes = counted.or_else(|| Lossy::read(value, "_misskey_votes").0).unwrap_or(0);
        Some(Self { name, votes })
    }
}

/// A poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// The answers in their order, each text once.
    pub options: Vec<PollOption>,
    /// True when one may choose several (`anyOf`).
    pub multiple: bool,
    /// When voting ends or ended; None for polls without an end.
    pub end: Option<Time>,
    /// True when the document has a `closed`. With an `end` that only counts from then on: Pleroma writes the end of a
    /// running poll there.
    pub closed: bool,
    /// How many people voted, as the author says.
    pub voters: Option<u64>,
}

impl Poll {
    /// When it ended, if it is over; `now` where its author says so without a time.
    pub fn over_at(&self, now: Time) -> Option<Time> {
        match self.end {
            Some(end) => Some(end).filter(|end| *end <= now),
            None => self.closed.then_some(now),
        }
    }
}

/// Reads the poll of a Question; None when there is no option to choose.
pub fn read(doc: &Value) -> Option<Poll> {
    let several = Many::<PollOption>::read(doc, "anyOf", limits::OPTIONS).0;
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
    Some(Poll { options, multiple, end, closed, voters: Lossy::read(doc, "votersCount").0 })
}
