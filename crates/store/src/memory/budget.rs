//! The API budget.

use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::budget::{BudgetState, HourCalls, Ledger, Pace, Spent, may_ask, may_spend};
use tandem_core::ids::ReservationId;
use tandem_core::link::Lane;
use tandem_core::settings::SyncSettings;

const HOUR_SECONDS: i64 = 3_600;
/// Hours of the org's window.
const WINDOW_HOURS: i64 = 24;

/// The books, and our calls by the hour.
#[derive(Debug, Default)]
pub(super) struct Budget {
    books: Ledger,
    /// By hours since 1970.
    hours: BTreeMap<i64, u64>,
}

impl Budget {
    pub(super) fn state(&self, now: Timestamp) -> BudgetState {
        self.books.state(now)
    }

    pub(super) fn reserve(
        &mut self,
        calls: u32,
        lane: Lane,
        settings: &SyncSettings,
        now: Timestamp,
    ) -> Result<ReservationId, String> {
        may_spend(
            &self.state(now),
            calls,
            lane,
            settings.api_threshold_percent,
            settings.live_reserve_percent,
        )?;
        Ok(self.books.reserve(calls, now))
    }

    pub(super) fn reserve_question(
        &mut self,
        settings: &SyncSettings,
        now: Timestamp,
    ) -> Option<ReservationId> {
        if !may_ask(&self.state(now), settings.api_threshold_percent, now) {
            return None;
        }
        self.books.asked_at = Some(now);
        Some(self.books.reserve(1, now))
    }

    pub(super) fn spend(
        &mut self,
        id: ReservationId,
        spent: Spent,
        now: Timestamp,
    ) -> ReservationId {
        self.books.settle(id, spent, now);
        *self.hours.entry(hour(now)).or_default() += u64::from(spent.calls);
        self.books.last
    }

    pub(super) fn calls_by_hour(&self, now: Timestamp) -> Vec<HourCalls> {
        let known = self.hours.range(hour(now) - WINDOW_HOURS..);
        let known = known.filter(|(_, calls)| **calls > 0);
        let told = known.map(|(hour, calls)| HourCalls {
            hour: Timestamp::from_second(hour * HOUR_SECONDS).unwrap_or_default(),
            calls: *calls,
        });
        told.collect()
    }

    /// `false` if the pace is another one by now.
    pub(super) fn set_pace(&mut self, from: Pace, to: Pace, now: Timestamp) -> bool {
        let stands = self.books.pace == from;
        if stands {
            (self.books.pace, self.books.pace_since) = (to, Some(now));
        }
        stands
    }
}

fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(HOUR_SECONDS)
}
