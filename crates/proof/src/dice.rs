//! Chance, from a seed alone.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Dice that always fall the same way for the same seed.
pub(crate) struct Dice(StdRng);

impl Dice {
    /// The dice of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number below `bound`; 0 if there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        match bound {
            0 => 0,
            _ => self.0.random_range(0..bound),
        }
    }

    /// Whether something of that probability happens.
    pub(crate) fn percent(&mut self, probability: usize) -> bool {
        self.below(100) < probability
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}
