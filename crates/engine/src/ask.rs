//! Ask first: before a record is created in an object that is not wholly mirrored here, the CRM is asked
//! whether it has one with the same match key already.
//!
//! Where everything of an object is read (import is on and a first read was complete) the mirror knows, and
//! nothing is asked. What the CRM gets between the question and the create is left to its own duplicate
//! rules; a create whose answer was lost is found by its key or its values, as ever.

use crate::{Engine, StepResult, Tick};
use tandem_core::connector::WriteOp;
use tandem_core::ids::ReservationId;
use tandem_core::mapping::PairRules;
use tandem_core::matching;
use tandem_core::store::{ClaimedIntent, ObjectProgress};
use tandem_core::value::Fields;
use tandem_core::write::Settlement;

/// What asking left of a batch.
pub(crate) struct Asked {
    /// What is to be sent.
    pub(crate) rest: Vec<ClaimedIntent>,
    /// API calls spent.
    pub(crate) calls: u32,
}

impl Asked {
    /// Nothing was asked.
    pub(crate) fn not(rest: Vec<ClaimedIntent>) -> Self {
        Self { rest, calls: 0 }
    }
}

/// Whether the CRM may have records of this object that are unknown here.
pub(crate) fn is_partly_known(pair: &PairRules, progress: Option<&ObjectProgress>) -> bool {
    !pair.import || progress.is_none_or(|progress| progress.complete_at.is_none())
}

impl Engine {
    /// Asks about the creates of a batch, in one call, and settles those that are there already.
    pub(crate) async fn ask_first(
        &self,
        pair: &PairRules,
        claimed: Vec<ClaimedIntent>,
        reservation: ReservationId,
        tick: Tick,
    ) -> StepResult<Asked> {
        let about = claimed.iter().filter(|claimed| creates(claimed));
        let payloads: Vec<Fields> = about.map(|claimed| claimed.intent.payload()).collect();
        let lookups = matching::lookups(pair, &payloads);
        if lookups.is_empty() {
            self.give_back(reservation, tick).await?;
            return Ok(Asked::not(claimed));
        }
        let (object, fields) = (&pair.object, pair.crm_fields());
        let found = self.connector.find(object, &lookups, &fields, tick.now);
        let found = found.await;
        let tick = self.answered(tick);
        let accounted = self.account(reservation, found, tick).await?;
        let settled = |claimed: &ClaimedIntent| -> Option<Settlement> {
            if !creates(claimed) {
                return None;
            }
            let settling = self.settling(claimed, pair, tick, accounted.receipt, payloads.len());
            match &accounted.answer {
                Ok(records) => {
                    let payload = claimed.intent.payload();
                    settling.matched(&matching::found(pair, &payload, records))
                }
                Err(failure) => Some(settling.not_asked(failure)),
            }
        };
        let (mut rest, mut settlements) = (Vec::new(), Vec::new());
        for claimed in claimed {
            match settled(&claimed) {
                Some(settlement) => settlements.push(settlement),
                None => rest.push(claimed),
            }
        }
        self.settle(settlements, tick).await?;
        Ok(Asked {
            rest,
            calls: accounted.receipt.calls,
        })
    }
}

fn creates(claimed: &ClaimedIntent) -> bool {
    matches!(claimed.intent.draft.op, WriteOp::Create { .. })
}
