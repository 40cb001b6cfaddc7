//! Seeded choices.

use jiff::{SignedDuration, Timestamp};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::world::AuditTimes;

const HISTORY_DAYS: i64 = 270;
const HOUR_SECONDS: i64 = 3_600;

/// A generator with the choices invented data needs.
#[derive(Debug)]
pub(super) struct Dice(StdRng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.0.random_range(0..list.len())]
    }

    pub(super) fn number(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most)
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// Created some time in the last months, changed since or not; never within the last hour.
    pub(super) fn history(&mut self, now: Timestamp) -> AuditTimes {
        let age = self
            .0
            .random_range(HOUR_SECONDS..HISTORY_DAYS * 24 * HOUR_SECONDS);
        let since_change = if self.chance(50) {
            age
        } else {
            self.0.random_range(HOUR_SECONDS..=age)
        };
        let ago = |seconds| {
            now.checked_sub(SignedDuration::from_secs(seconds))
                .unwrap_or(now)
        };
        AuditTimes {
            created: ago(age),
            modified: ago(since_change),
        }
    }
}
