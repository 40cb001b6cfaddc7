//! A process that is stopped for longer than its claims last, and then goes on where it was: a laptop that slept,
//! a virtual machine that was moved. Meanwhile others take up its work.
//!
//! It is never stopped with a request half sent or between a sign-in and the request that needed it: nothing in a
//! process can tell that, and a client's own time-out is what ends it.

use crate::clock::Dice;

/// Which worker is stopped, if any.
#[derive(Debug, Default)]
pub(crate) struct Stall {
    worker: Option<usize>,
    turns: usize,
}

/// The fewest and the most turns of the scheduler that go by meanwhile.
const TURNS: (usize, usize) = (60, 300);

impl Stall {
    /// Stops a worker. Returns whether none was stopped already.
    pub(crate) fn begin(&mut self, dice: &Dice, worker: usize) -> bool {
        if self.worker.is_some() {
            return false;
        }
        self.worker = Some(worker);
        self.turns = TURNS.0 + dice.below(TURNS.1 - TURNS.0);
        true
    }

    /// Whether it is this worker's turn in vain.
    pub(crate) fn holds(&mut self, worker: usize) -> bool {
        self.turns = self.turns.saturating_sub(1);
        if self.turns == 0 {
            self.worker = None;
        }
        self.worker == Some(worker)
    }

    /// All go on.
    pub(crate) fn end(&mut self) {
        self.worker = None;
    }
}
