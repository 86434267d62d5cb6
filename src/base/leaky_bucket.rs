//! A leaky bucket: a burst, and a rate per second.

use super::Time;

/// Level and time of the last update.
#[derive(Debug, Default, Clone, Copy)]
pub struct LeakyBucket {
    level: f64,
    at: Time,
}

impl LeakyBucket {
    /// The level now, leaking at this rate.
    pub fn level(&self, now: Time, per_second: f64) -> f64 {
        (self.level - now.since(self.at).as_secs_f64() * per_second).max(0.0)
    }

    /// Whether one more fits.
    pub fn has_room(&self, now: Time, per_second: f64, most: f64) -> bool {
        self.level(now, per_second) + 1.0 <= most
    }

    /// Adds one; false when it does not fit.
    pub fn add(&mut self, now: Time, per_second: f64, most: f64) -> bool {
        if !self.has_room(now, per_second, most) {
            return false;
        }
        *self = Self { level: self.level(now, per_second) + 1.0, at: now };
        true
    }
}
