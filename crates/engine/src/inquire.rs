//! Inquire: read by id what links must see before they can be decided. Reading only.

use crate::{Engine, StepResult, Tick};
use std::collections::BTreeSet;
use tandem_core::ids::CrmId;
use tandem_core::link::Lane;
use tandem_core::retry::next_attempt;
use tandem_core::settings::ConnectionState;
use tandem_core::store::Answered;

/// What an inquire step did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct InquireOutcome {
    /// Records asked for.
    pub asked: usize,
    /// Those that can be seen.
    pub found: usize,
    /// API calls spent.
    pub calls: u32,
    /// Why nothing could be asked: the budget, in words.
    pub refused: Option<String>,
}

impl Engine {
    /// Reads one batch of records of one object that links asked to see.
    pub async fn inquire(&self, tick: Tick) -> StepResult<InquireOutcome> {
        let rules = self.store.rules(self.team).await?;
        let connected = self.store.connection_state(self.team).await? == ConnectionState::Connected;
        if !rules.settings.enabled || !connected {
            return Ok(InquireOutcome::default());
        }
        let limit = self.connector.capabilities().read_ids_max;
        let inquiries = self.store.inquiries(self.team, tick.now, limit).await?;
        let Some(object) = inquiries.first().map(|inquiry| inquiry.object.clone()) else {
            return Ok(InquireOutcome::default());
        };
        let reservation = match self
            .reserve(self.calls_max().read, Lane::Normal, tick)
            .await?
        {
            Ok(reservation) => reservation,
            Err(refused) => {
                return Ok(InquireOutcome {
                    refused: Some(refused),
                    ..InquireOutcome::default()
                });
            }
        };
        let ids: BTreeSet<CrmId> = inquiries.iter().map(|inquiry| inquiry.id.clone()).collect();
        let ids: Vec<CrmId> = ids.into_iter().collect();
        let fields = rules.pair(&object).map(|pair| pair.crm_fields());
        let fields = fields.unwrap_or_default();
        let result = self.connector.read(&object, &ids, &fields, tick.now).await;
        let tick = self.answered(tick);
        let accounted = self.account(reservation, result, tick).await?;
        let (found, again_at) = match accounted.answer {
            Ok(found) => (accounted.receipt.seen(found), None),
            Err(failure) => {
                let asked = failure.retry_after_seconds;
                let again = next_attempt(tick.now, 1, asked, tick.jitter);
                (Vec::new(), Some(again))
            }
        };
        let outcome = InquireOutcome {
            asked: ids.len(),
            found: found.len(),
            calls: accounted.receipt.calls,
            refused: None,
        };
        let answered = Answered {
            inquiries,
            found,
            again_at,
            now: tick.now,
        };
        self.store.answered(self.team, answered).await?;
        Ok(outcome)
    }
}
