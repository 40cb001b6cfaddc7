//! The API budget.

use crate::rules;
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::budget::{BudgetState, may_ask, may_spend};
use tandem_core::connector::OrgUsage;
use tandem_core::ids::ReservationId;
use tandem_core::link::Lane;
use tandem_core::settings::SyncSettings;

/// What was spent, and the slices taken for requests under way.
#[derive(Debug, Default)]
pub(super) struct Budget {
    spent: BudgetState,
    reservations: BTreeMap<ReservationId, (u32, Timestamp)>,
}

impl Budget {
    pub(super) fn state(&self, now: Timestamp) -> BudgetState {
        let standing = self
            .reservations
            .values()
            .filter(|(_, at)| rules::reservation_stands(*at, now));
        BudgetState {
            reserved: standing.map(|(calls, _)| u64::from(*calls)).sum(),
            ..self.spent.clone()
        }
    }

    pub(super) fn reserve(
        &mut self,
        id: ReservationId,
        calls: u32,
        lane: Lane,
        settings: &SyncSettings,
        now: Timestamp,
    ) -> Result<ReservationId, String> {
        self.reservations
            .retain(|_, (_, at)| rules::reservation_stands(*at, now));
        may_spend(
            &self.state(now),
            calls,
            lane,
            settings.api_threshold_percent,
            settings.live_reserve_percent,
        )?;
        self.reservations.insert(id, (calls, now));
        Ok(id)
    }

    pub(super) fn reserve_question(
        &mut self,
        id: ReservationId,
        now: Timestamp,
    ) -> Option<ReservationId> {
        if !may_ask(&self.spent, now) {
            return None;
        }
        self.spent.asked_at = Some(now);
        self.reservations.insert(id, (1, now));
        Some(id)
    }

    pub(super) fn spend(
        &mut self,
        id: ReservationId,
        calls: u32,
        usage: Option<OrgUsage>,
        now: Timestamp,
    ) {
        self.reservations.remove(&id);
        rules::spend(&mut self.spent, calls, usage, now);
    }
}
