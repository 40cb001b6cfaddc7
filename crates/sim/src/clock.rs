//! The one clock and the one source of chance of a run.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tandem_core::Timestamp;

/// Virtual time, shared by everything in a run. Our machines' clock may be set wrong, the CRM's goes right.
#[derive(Clone, Debug)]
pub struct Clock {
    microseconds: Arc<AtomicI64>,
    /// Seconds that ours is fast.
    wrong: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            microseconds: Arc::new(AtomicI64::new(start.as_microsecond())),
            wrong: Arc::default(),
        }
    }

    /// The time as our machines have it. No two looks at a clock that nobody sets show the same.
    pub fn now(&self) -> Timestamp {
        let wrong = jiff::SignedDuration::from_secs(self.wrong.load(Ordering::Relaxed));
        self.right().checked_add(wrong).unwrap_or(Timestamp::MAX)
    }

    /// The time as the CRM has it.
    pub fn right(&self) -> Timestamp {
        let now = self.microseconds.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_microsecond(now).unwrap_or(Timestamp::MAX)
    }

    /// Sets our clock, so many seconds before the right time or behind it.
    pub fn set_wrong(&self, seconds: i64) {
        self.wrong.store(seconds, Ordering::Relaxed);
    }

    /// Moves on.
    pub fn advance_ms(&self, milliseconds: i64) {
        self.microseconds
            .fetch_add(milliseconds * 1_000, Ordering::Relaxed);
    }
}

/// Chance, from the seed alone.
#[derive(Clone, Debug)]
pub struct Dice(Arc<Mutex<StdRng>>);

impl Dice {
    /// Dice that always fall the same way for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&self, bound: usize) -> usize {
        if bound == 0 {
            return 0;
        }
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random_range(0..bound)
    }

    /// Whether something of that probability happens.
    pub fn percent(&self, probability: usize) -> bool {
        self.below(100) < probability
    }

    /// In `0.0..1.0`.
    pub fn unit(&self) -> f64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random_range(0.0..1.0)
    }

    /// One of these.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}
