//! Reads the type-specific metadata of videos, events and reviews, in the shapes of PeerTube, Mobilizon, Friendica,
//! BookWyrm and others.

use serde_json::Value;

use super::json::{self, Many, Uri};
use super::limits;
use crate::base::Time;

/// Type-specific metadata as received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedMetadata {
    /// How long a video or audio is.
    pub seconds: Option<u32>,
    /// When it takes place.
    pub starts: Option<Time>,
    /// When that ends.
    pub ends: Option<Time>,
    /// Minutes east of UTC in which the author wrote `starts`; None when the text names no zone.
    pub offset: Option<i16>,
    /// Where it takes place: name and address.
    pub place: Option<String>,
    /// It was called off.
    pub cancelled: bool,
    /// Half stars given to a book, 1 to 10 (BookWyrm).
    pub half_stars: Option<u8>,
    /// The book it is about (BookWyrm).
    pub about: Option<Uri>,
    /// The passage quoted from the book, raw (BookWyrm's Quotation; not a quoted post).
    pub passage: Option<String>,
}

/// The longest video believed: a week.
const MAX_DURATION_SECONDS: u64 = 7 * 24 * 3600;
/// Whole stars of the best book.
const STARS: f64 = 5.0;

/// The facts of `doc`.
pub fn read(doc: &Value) -> ReceivedMetadata {
    let start = doc.get("startTime").and_then(Value::as_str);
    let time = |key: &str| json::Lossy::<Time>::read(doc, key).0;
    // A plain post may carry times, too (Castopod, polls with an endTime): only events have a beginning.
    let starts = time("startTime");
    let book = json::id_of(doc, "inReplyToBook");
    ReceivedMetadata {
        seconds: duration(doc),
        starts,
        ends: starts.and(time("endTime")).filter(|end| starts.is_some_and(|start| *end > start)),
        offset: starts.and(start).and_then(offset),
        place: place(doc),
        cancelled: doc.get("ical:status").and_then(Value::as_str).is_some_and(|word| word == "CANCELLED"),
        half_stars: book.is_some().then(|| half_stars(doc)).flatten(),
        passage: book.is_some().then(|| json::text(doc, "quote", limits::SUMMARY)).flatten(),
        about: book,
    }
}

/// `duration` in seconds: ISO 8601 (`PT1H2M3S`), or a bare number of seconds. None for zero (PeerTube's live streams).
pub fn duration(doc: &Value) -> Option<u32> {
    let seconds = match doc.get("duration")? {
        Value::Number(n) => n.as_f64()?.max(0.0) as u64,
        Value::String(text) => iso_seconds(text.trim())?,
        _ => return None,
    };
    u32::try_from(seconds.min(MAX_DURATION_SECONDS)).ok().filter(|n| *n > 0)
}

/// Days, hours, minutes and seconds of an ISO 8601 duration; parts of a second are dropped.
fn iso_seconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P').filter(|rest| rest.len() <= 32)?;
    let (mut total, mut digits, mut in_time) = (0u64, String::new(), false);
    for c in rest.chars() {
        let unit = match c {
            '0'..='9' | '.' => {
                digits.push(c);
                continue;
            }
            'T' => {
                in_time = true;
                continue;
            }
            'W' => 7 * 86_400,
            'D' => 86_400,
            'H' => 3_600,
            'M' if in_time => 60,
            'S' => 1,
            _ => return None,
        };
        let whole: u64 = digits.split('.').next()?.parse().ok()?;
        total = total.saturating_add(whole.saturating_mul(unit));
        digits.clear();
    }
    digits.is_empty().then_some(total)
}

/// Minutes east of UTC at the end of an RFC 3339 time.
fn offset(text: &str) -> Option<i16> {
    let text = text.trim();
    if text.ends_with(['Z', 'z']) {
        return Some(0);
    }
    let tail = text.get(text.len().checked_sub(6)?..)?;
    let (sign, rest) = (tail.get(..1)?, tail.get(1..)?);
    let (hours, minutes) = rest.split_once(':')?;
    let east =
        hours.parse::<i16>().ok().filter(|h| *h <= 14)? * 60 + minutes.parse::<i16>().ok().filter(|m| *m < 60)?;
    match sign {
        "+" => Some(east),
        "-" => Some(-east),
        _ => None,
    }
}

/// The name and address of `location`, whether it is a text, a Place, or a Place with a postal address in parts.
fn place(doc: &Value) -> Option<String> {
    let found = Many::<Value>::read(doc, "location", limits::ALTERNATIVES).0;
    let first = found.iter().find_map(|one| match one {
        Value::String(text) => json::cut(text, limits::NAME),
        _ => {
            let mut parts: Vec<String> = json::text(one, "name", limits::NAME).into_iter().collect();
            for part in address(one) {
                if !parts.iter().any(|known| known.contains(&part)) {
                    parts.push(part);
                }
            }
            (!parts.is_empty()).then(|| parts.join(", "))
        }
    });
    first.and_then(|text| json::cut(&text, limits::NAME))
}

fn address(place: &Value) -> Vec<String> {
    match place.get("address") {
        Some(Value::String(text)) => json::cut(text, limits::NAME).into_iter().collect(),
        Some(parts @ Value::Object(_)) => ["streetAddress", "postalCode", "addressLocality", "addressCountry"]
            .into_iter()
            .filter_map(|key| json::text(parts, key, limits::WORD))
            .collect(),
        _ => Vec::new(),
    }
}

/// BookWyrm's `rating`, a number or a decimal text, in half stars.
fn half_stars(doc: &Value) -> Option<u8> {
    let stars = match doc.get("rating")? {
        Value::Number(n) => n.as_f64()?,
        Value::String(text) => text.parse::<f64>().ok().filter(|n| n.is_finite())?,
        _ => return None,
    };
    // Within 1 to 10 after the clamp.
    (stars > 0.0).then(|| (stars.min(STARS) * 2.0).round().max(1.0) as u8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn lengths_of_films_in_every_shape() {
        let said = |v: Value| duration(&json!({"duration": v}));
        assert_eq!(said(json!("PT3723S")), Some(3723));
        assert_eq!(said(json!("PT1H2M3S")), Some(3723));
        assert_eq!(said(json!("PT12.5S")), Some(12));
        assert_eq!(said(json!("P1DT1S")), Some(86_401));
        assert_eq!(said(json!(90.7)), Some(90));
        for nothing in [
            json!("PT0S"),
            json!("P1M"),
            json!("1:30"),
            json!("PT"),
            json!("P99999999999999999999D"),
            json!([]),
            json!(-1),
        ] {
            assert_eq!(said(nothing.clone()), None, "{nothing}");
        }
    }

    #[test]
    fn an_event_says_when_and_where() {
        let event = json!({"type": "Event", "startTime": "2026-12-05T18:00:00+01:00", "endTime": "2026-12-05T21:30:00+01:00",
            "ical:status": "CANCELLED", "location": {"type": "Place", "name": "Kulturhuset",
            "address": {"type": "PostalAddress", "streetAddress": "Youngs gate 6", "addressLocality": "Oslo"}}});
        let facts = read(&event);
        assert_eq!(facts.starts.map(Time::rfc3339).as_deref(), Some("2026-12-05T17:00:00Z"));
        assert_eq!(facts.ends.map(Time::rfc3339).as_deref(), Some("2026-12-05T20:30:00Z"));
        assert_eq!((facts.offset, facts.cancelled), (Some(60), true));
        assert_eq!(facts.place.as_deref(), Some("Kulturhuset, Youngs gate 6, Oslo"));
        let place = |v: Value| read(&json!({"location": v})).place;
        assert_eq!(place(json!("The barn")).as_deref(), Some("The barn"));
        assert_eq!(place(json!([{"name": "Barn", "address": "Barn, Hill 3"}])).as_deref(), Some("Barn, Barn, Hill 3"));
        assert_eq!(place(json!({"type": "Place"})), None);
        let poll = read(&json!({"type": "Question", "endTime": "2026-12-05T21:30:00Z"}));
        assert_eq!((poll.starts, poll.ends), (None, None));
        let odd = read(&json!({"startTime": "2026-12-05T18:00:00-03:30", "endTime": "2020-01-01T00:00:00Z"}));
        assert_eq!((odd.offset, odd.ends), (Some(-210), None), "nothing ends before it begins");
    }

    #[test]
    fn a_word_about_a_book() {
        let book = "https://books.example/book/7";
        let quotation = read(&json!({"type": "Quotation", "inReplyToBook": book, "quote": "<p>Call me Ishmael.</p>"}));
        assert_eq!(quotation.about.unwrap().as_str(), book);
        assert_eq!(quotation.passage.as_deref(), Some("<p>Call me Ishmael.</p>"));
        let stars = |v: Value| read(&json!({"inReplyToBook": book, "rating": v})).half_stars;
        assert_eq!(stars(json!(3.5)), Some(7));
        assert_eq!(stars(json!("4.00")), Some(8));
        assert_eq!(stars(json!(99)), Some(10));
        assert_eq!((stars(json!(0)), stars(json!("x")), stars(json!(null))), (None, None, None));
        let note = read(&json!({"type": "Note", "quote": "https://a.example/1", "rating": 3}));
        assert_eq!((note.passage, note.half_stars), (None, None), "a quoted post is no passage");
    }
}
