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
    /// Somebody is about to be stopped, as soon as something is being written.
    is_near: bool,
}

/// The fewest and the most turns of the scheduler that go by meanwhile.
const TURNS: (usize, usize) = (60, 300);

impl Stall {
    /// The next one that is at a write is stopped.
    pub(crate) fn announce(&mut self) {
        self.is_near = self.worker.is_none();
    }

    /// Whether a worker at a write is to be stopped.
    pub(crate) fn is_near(&self) -> bool {
        self.is_near
    }

    /// Stops a worker.
    pub(crate) fn begin(&mut self, dice: &Dice, worker: usize) {
        self.is_near = false;
        self.worker = Some(worker);
        self.turns = TURNS.0 + dice.below(TURNS.1 - TURNS.0);
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
        *self = Self::default();
    }
}
