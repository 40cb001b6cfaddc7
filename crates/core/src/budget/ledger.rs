//! The books of the API budget: slices of calls, and the org's own count that takes their place.
//!
//! A slice is opened before a request and closed after it. A count of the org comes with an answer, and
//! that answer's own reservation says how old it is at least: it holds every call of a slice that was
//! closed before that reservation was made. Exactly these slices are then dropped; all others stay.
//! Reservations are numbered by the store in the order of its transactions, so that no clock decides what
//! came before what.
//!
//! Always true, as long as the org counts exactly: the ledger's sum is at least the org's count of the
//! moment plus whatever of ours may still arrive there. A lost request may be counted late and a dead
//! process may have sent all that it reserved; both stay open until the platform has given up on them.

use super::{BudgetState, Pace};
use crate::connector::OrgUsage;
use crate::ids::ReservationId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long a request whose answer was lost may still arrive and be counted, in seconds: the platform
/// works on none for longer than ten minutes.
pub const LOST_SECONDS: i64 = 600;
/// How long a reservation that nobody settles stays open, in seconds: longer than a request of several
/// calls may take, and [`LOST_SECONDS`] for the last of them. After that its process is dead; its calls
/// count as spent until a count of the org shows how many there were.
pub const RESERVATION_SECONDS: i64 = 1_800;
/// The org's count jumps back and forth by a few calls. One that is lower than our own sum is believed
/// only when the last one believed is older than this, in seconds: then its window has moved on.
pub const BELIEF_SECONDS: i64 = 600;

/// What a request came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    /// Calls made.
    pub calls: u32,
    /// Of them, those whose answer was lost.
    pub lost: u32,
    /// The org's own count, where an answer carried it.
    pub usage: Option<OrgUsage>,
}

/// The org's count that is believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// The count.
    pub usage: OrgUsage,
    /// When it was here.
    pub at: Timestamp,
    /// The reservation of the request that brought it.
    pub by: ReservationId,
}

/// Calls that were reserved together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Calls reserved; once settled, calls made.
    pub calls: u32,
    /// Until when they may still arrive at the org, while the slice is open.
    pub open_until: Timestamp,
    /// The last reservation that had been made when it was closed; `None` while it is open.
    pub closed: Option<ReservationId>,
}

/// The books of one team.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// The org's count, once it was told.
    pub told: Option<Told>,
    /// When the org was last asked for its count and nothing else.
    pub asked_at: Option<Timestamp>,
    /// The last reservation made.
    pub last: ReservationId,
    /// How fast scheduled reading goes.
    pub pace: Pace,
    /// Since when; `None` if it never changed.
    pub pace_since: Option<Timestamp>,
    /// Everything that the count does not surely hold.
    pub slices: BTreeMap<ReservationId, Slice>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            told: None,
            asked_at: None,
            last: ReservationId(0),
            pace: Pace::Full,
            pace_since: None,
            slices: BTreeMap::new(),
        }
    }
}

impl Ledger {
    /// The sum as it stands.
    pub fn state(&self, now: Timestamp) -> BudgetState {
        let sum = |open: bool| -> u64 {
            let slices = self.slices.values();
            let of = slices.filter(|slice| slice.is_open(now) == open);
            of.map(|slice| u64::from(slice.calls)).sum()
        };
        BudgetState {
            org: self.told.map(|told| (told.usage, told.at)),
            spent_since: sum(false),
            reserved: sum(true),
            asked_at: self.asked_at,
            pace: self.pace,
            pace_since: self.pace_since,
        }
    }

    /// Opens a slice. Whether it may be, the caller has decided.
    pub fn reserve(&mut self, calls: u32, now: Timestamp) -> ReservationId {
        self.close_overdue(now);
        self.last = ReservationId(self.last.0 + 1);
        let slice = Slice {
            calls,
            open_until: after(now, RESERVATION_SECONDS),
            closed: None,
        };
        self.slices.insert(self.last, slice);
        self.last
    }

    /// Writes down what became of a reservation. Calls of one that is no longer in the books were made
    /// all the same.
    pub fn settle(&mut self, id: ReservationId, spent: Spent, now: Timestamp) {
        let before = self.slices.remove(&id);
        let known = before.filter(|slice| slice.closed.is_some());
        let slice = Slice {
            calls: spent.calls + known.map_or(0, |slice| slice.calls),
            open_until: after(now, LOST_SECONDS),
            closed: (spent.lost == 0).then_some(self.last),
        };
        if slice.calls > 0 {
            self.slices.insert(id, slice);
        }
        if let Some(usage) = spent.usage {
            self.hear(Told {
                usage,
                at: now,
                by: id,
            });
        }
    }

    /// Takes over the org's count, unless a younger one is known or it is low by chance.
    fn hear(&mut self, told: Told) {
        let holds = |(id, slice): (&ReservationId, &Slice)| match slice.closed {
            Some(_) if *id == told.by => true,
            Some(closed) => closed < told.by,
            None => false,
        };
        let held = self.slices.iter().filter(|(id, slice)| holds((id, slice)));
        let held: u64 = held.map(|(_, slice)| u64::from(slice.calls)).sum();
        let outrun = self.told.is_some_and(|known| {
            let sum = known.usage.used.saturating_add(held);
            let young = told.at.duration_since(known.at).as_secs() < BELIEF_SECONDS;
            let by_chance = known.usage.max == told.usage.max && told.usage.used < sum && young;
            told.by < known.by || by_chance
        });
        if !outrun {
            self.told = Some(told);
            self.slices.retain(|id, slice| !holds((id, slice)));
        }
    }

    /// Nothing of an overdue slice arrives any more: the next reservation's answer counts all of it.
    fn close_overdue(&mut self, now: Timestamp) {
        for slice in self.slices.values_mut() {
            if slice.closed.is_none() && !slice.is_open(now) {
                slice.closed = Some(self.last);
            }
        }
    }
}

impl Slice {
    fn is_open(&self, now: Timestamp) -> bool {
        self.closed.is_none() && now < self.open_until
    }
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
