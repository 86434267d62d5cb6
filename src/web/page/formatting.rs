//! Dates, numbers and lists of names as text. Pure functions.

use std::time::Duration;

use maud::{Markup, html};

use crate::base::Time;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Up to this age hours are shown even across midnight: "5 hours ago" is clearer than "yesterday" at one in the
/// morning.
const MAX_HOURS_AGO: u64 = 8 * HOUR;
/// Dates older than this carry their year.
const SHOW_YEAR_AFTER: u64 = 300 * DAY;

/// A relative time, with the full time in its `title`.
pub fn relative_time(at: Time, now: Time) -> Markup {
    html! { time.dt-published datetime=(at.rfc3339()) title=(full_date(at)) { (time_ago(at, now)) } }
}

/// "just now", "5 minutes ago", "yesterday", "3 March", "3 March 2024". What lies ahead is "just now".
pub fn time_ago(at: Time, now: Time) -> String {
    let age = now.since(at).as_secs();
    let (then, today) = (at.civil().date(), now.civil().date());
    let yesterday = today.yesterday().unwrap_or(today);
    match age {
        0..MINUTE => "just now".to_owned(),
        MINUTE..HOUR => format!("{} ago", short_count(age / MINUTE, "minute")),
        _ if then == today || age < MAX_HOURS_AGO => format!("{} ago", short_count(age / HOUR, "hour")),
        _ if then == yesterday => "yesterday".to_owned(),
        _ if age < SHOW_YEAR_AFTER => then.strftime("%-d %B").to_string(),
        _ => then.strftime("%-d %B %Y").to_string(),
    }
}

/// How far ahead a moment is: "now", "in 5 minutes", "in 2 hours", "in 3 days".
pub fn time_until(at: Time, now: Time) -> String {
    match at.since(now).as_secs() {
        0 => "now".to_owned(),
        secs => format!("in {}", duration(Duration::from_secs(secs))),
    }
}

/// A length of time: "30 seconds", "5 minutes", "2 hours", "3 days".
pub fn duration(length: Duration) -> String {
    match length.as_secs() {
        secs @ 0..MINUTE => short_count(secs.max(1), "second"),
        secs @ MINUTE..HOUR => short_count(secs / MINUTE, "minute"),
        secs @ HOUR..DAY => short_count(secs / HOUR, "hour"),
        secs => short_count(secs / DAY, "day"),
    }
}

/// "Monday, 23 November 2026, 08:15 UTC".
pub fn full_date(at: Time) -> String {
    at.civil().strftime("%A, %-d %B %Y, %H:%M UTC").to_string()
}

/// "Saturday, 5 December 2026, 18:00 (UTC+01:00)": a moment as a clock shows it so many minutes east of UTC.
pub fn at_offset(at: Time, minutes: i16) -> String {
    let shift = Duration::from_secs(u64::from(minutes.unsigned_abs()) * MINUTE);
    let there = if minutes < 0 { at.minus(shift) } else { at.plus(shift) };
    let shown = there.civil().strftime("%A, %-d %B %Y, %H:%M");
    let (sign, east) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
    match east {
        0 => format!("{shown} UTC"),
        _ => format!("{shown} (UTC{sign}{:02}:{:02})", east / 60, east % 60),
    }
}

/// "1 post", "3 posts".
pub fn short_count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", number(n)) }
}

/// 12345 as "12,345".
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> Time {
        Time::parse(text).unwrap_or_default()
    }

    #[test]
    fn moments_are_said_as_people_say_them() {
        let now = t("2026-11-23T12:00:00Z");
        for (at, said) in [
            ("2026-11-23T12:00:30Z", "just now"),
            ("2026-11-23T11:59:30Z", "just now"),
            ("2026-11-23T11:59:00Z", "1 minute ago"),
            ("2026-11-23T11:15:00Z", "45 minutes ago"),
            ("2026-11-23T01:00:00Z", "11 hours ago"),
            ("2026-11-22T23:00:00Z", "yesterday"),
            ("2026-11-22T01:00:00Z", "yesterday"),
            ("2026-11-21T23:00:00Z", "21 November"),
            ("2026-03-03T12:00:00Z", "3 March"),
            ("2025-11-30T12:00:00Z", "30 November 2025"),
        ] {
            assert_eq!(time_ago(t(at), now), said, "{at}");
        }
        assert_eq!(time_ago(t("2026-11-22T22:00:00Z"), t("2026-11-23T01:00:00Z")), "3 hours ago");
        assert_eq!(time_until(t("2026-11-23T14:10:00Z"), now), "in 2 hours");
        assert_eq!(time_until(t("2026-11-23T11:00:00Z"), now), "now");
        assert_eq!(full_date(now), "Monday, 23 November 2026, 12:00 UTC");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(7), "7");
        assert_eq!(number(1234), "1,234");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(short_count(1, "post"), "1 post");
        assert_eq!(short_count(0, "post"), "0 posts");
    }
}
