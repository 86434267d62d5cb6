//! Timestamps and the clock. The only file that asks the system for the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::fmt::{rfc2822, temporal};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// A timestamp: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

/// The last moment that can be written in every form and time zone, 9999-12-30T22:00:00Z: later dates are clamped to it.
const LATEST_MS: i64 = 253_402_207_200_000;

impl Time {
    /// A moment from milliseconds, clamped to the years 1970 to 9999.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(0, LATEST_MS))
    }

    /// A moment from whole seconds.
    pub fn from_secs(secs: i64) -> Self {
        Self::from_ms(secs.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `2026-11-23T08:15:00Z`, as ActivityStreams wants it.
    pub fn rfc3339(self) -> String {
        Timestamp::from_second(self.secs()).map_or_else(|_| String::new(), |t| t.to_string())
    }

    /// `2026-11-23T08:15:00.000Z`, as client apps want it.
    pub fn rfc3339_millis(self) -> String {
        Timestamp::from_millisecond(self.0).map_or_else(|_| String::new(), |t| format!("{t:.3}"))
    }

    /// `Mon, 23 Nov 2026 08:15:00 GMT`, the form of the HTTP `Date` header.
    pub fn http_date(self) -> String {
        Timestamp::from_second(self.secs())
            .ok()
            .and_then(|t| rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&t).ok())
            .unwrap_or_default()
    }

    /// The civil date and time in UTC.
    pub fn civil(self) -> civil::DateTime {
        Timestamp::from_millisecond(self.0).unwrap_or_default().to_zoned(TimeZone::UTC).datetime()
    }

    /// Reads the dates real peers write: RFC 3339 with any offset, without a zone (WordPress; taken as UTC), or a
    /// bare date. None for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let parser = temporal::DateTimeParser::new();
        if let Ok(t) = parser.parse_timestamp(text) {
            return Some(Self::from_ms(t.as_millisecond()));
        }
        let civil = parser.parse_datetime(text).ok()?;
        let stamp = TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Self::from_ms(stamp.as_millisecond()))
    }

    /// Reads an HTTP date (RFC 9110, lenient about the weekday). None when malformed.
    pub fn parse_http(text: &str) -> Option<Self> {
        let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
        let t = parser.parse_timestamp(text.trim()).ok()?;
        Some(Self::from_ms(t.as_millisecond()))
    }

    /// This moment moved forward.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self::from_ms(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment moved back.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self::from_ms(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

/// The source of time: the system, or a manual clock in tests.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { hand: None }
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual(start: Time) -> Self {
        Self { hand: Some(Arc::new(AtomicI64::new(start.ms()))) }
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        match &self.hand {
            Some(hand) => Time::from_ms(hand.load(Ordering::SeqCst)),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(0))
            }
        }
    }

    /// Moves a manual clock forward; does nothing to the system's.
    pub fn advance(&self, by: Duration) {
        if let Some(hand) = &self.hand {
            hand.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
        }
    }
}

/// Measures how long something takes, untouched by any change of the clock. For limits only: no record keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has been running.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_dates_peers_use() {
        let t = Time::from_secs(1_763_884_800);
        assert_eq!(t.rfc3339(), "2025-11-23T08:00:00Z");
        assert_eq!(t.rfc3339_millis(), "2025-11-23T08:00:00.000Z");
        assert_eq!(t.http_date(), "Sun, 23 Nov 2025 08:00:00 GMT");
        assert_eq!(Time::parse("2025-11-23T09:00:00+01:00"), Some(t));
        assert_eq!(Time::parse("2025-11-23T08:00:00"), Some(t), "WordPress writes no zone");
        assert_eq!(Time::parse("2025-11-23").map(Time::rfc3339).as_deref(), Some("2025-11-23T00:00:00Z"));
        assert_eq!(Time::parse_http("Sun, 23 Nov 2025 08:00:00 GMT"), Some(t));
        assert_eq!(Time::parse_http("next tuesday"), None);
        assert_eq!(Time::parse("tomorrow"), None);
    }

    #[test]
    fn the_last_moment_can_be_written_in_every_form() {
        let last = Time::from_ms(i64::MAX);
        assert_eq!(last.rfc3339_millis(), "9999-12-30T22:00:00.000Z");
        assert!(last.rfc3339().starts_with("9999-") && last.http_date().contains("9999"));
        assert_eq!(Time::parse(&last.rfc3339_millis()), Some(last));
    }
}
