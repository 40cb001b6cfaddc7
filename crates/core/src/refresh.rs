//! Values that the CRM works out when they are read: formulas and roll-ups.
//!
//! They change with other records, with the formula, or with the day, and their own record's stamp stays: no
//! read of what changed brings them (Salesforce, `SystemModstamp`). So the linked records of an object that
//! has such a field mapped are read again by id, round after round, in the order of ids. What came with the
//! same stamp and other values is news like any other.
//!
//! What it does not do: decide what a round costs too much. It is scheduled work: the budget and the pace slow
//! it down like reading.

use crate::budget::Pace;
use crate::ids::CrmId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Seconds from the beginning of a round to the next one.
pub const REFRESH_EVERY_SECONDS: i64 = 3_600;

/// How far the rounds over an object stand.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Refresh {
    /// When the round under way, or the last one, began, by our clock.
    pub began_at: Option<Timestamp>,
    /// The last record that the round under way read; `None` between two rounds.
    pub after: Option<CrmId>,
    /// All values were read after this moment: the last complete round began then.
    pub known_at: Option<Timestamp>,
    /// Set after a failure: not before.
    pub not_before: Option<Timestamp>,
    /// Failures since the last success.
    pub attempts: u32,
}

impl Refresh {
    /// When the next records are to be read: at once while a round is under way.
    pub fn due_at(&self, pace: Pace) -> Timestamp {
        let wait = SignedDuration::from_secs(REFRESH_EVERY_SECONDS * i64::from(pace.factor()));
        let next = match (&self.after, self.began_at) {
            (None, Some(began)) => began.checked_add(wait).unwrap_or(began),
            _ => Timestamp::UNIX_EPOCH,
        };
        self.not_before.map_or(next, |at| at.max(next))
    }

    /// Records up to `upto` were read; `None` where there are no more.
    pub fn went_on(&mut self, upto: Option<CrmId>, now: Timestamp) {
        let began = match (&self.after, self.began_at) {
            (Some(_), Some(began)) => began,
            _ => now,
        };
        if upto.is_none() {
            self.known_at = Some(began);
        }
        self.began_at = Some(began);
        self.after = upto;
        self.not_before = None;
        self.attempts = 0;
    }

    /// The CRM could not be asked; it is asked again then.
    pub fn failed(&mut self, not_before: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        self.not_before = Some(not_before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap_or_default()
    }

    fn id(name: &str) -> Option<CrmId> {
        Some(CrmId::new(name))
    }

    #[test]
    fn a_round_goes_on_at_once_and_the_next_waits_from_its_beginning() {
        let mut refresh = Refresh::default();
        assert_eq!(refresh.due_at(Pace::Full), Timestamp::UNIX_EPOCH);
        refresh.went_on(id("b"), at(10));
        assert_eq!(refresh.due_at(Pace::Eighth), Timestamp::UNIX_EPOCH);
        assert_eq!(refresh.known_at, None, "not complete yet");
        refresh.went_on(None, at(900));
        assert_eq!(refresh.known_at, Some(at(10)));
        assert_eq!(refresh.due_at(Pace::Full), at(10 + 3_600));
        assert_eq!(refresh.due_at(Pace::Quarter), at(10 + 4 * 3_600));
        refresh.went_on(None, at(4_000));
        assert_eq!(refresh.known_at, Some(at(4_000)), "a round of one step");
    }

    #[test]
    fn a_failure_waits_and_the_round_goes_on_where_it_stood() {
        let mut refresh = Refresh::default();
        refresh.went_on(id("b"), at(10));
        refresh.failed(at(30));
        assert_eq!(refresh.due_at(Pace::Full), at(30));
        assert_eq!((refresh.after.clone(), refresh.attempts), (id("b"), 1));
        refresh.went_on(None, at(31));
        assert_eq!((refresh.attempts, refresh.known_at), (0, Some(at(10))));
    }
}
