//! Resolve: find out what became of writes whose answer was lost. Reading only.

use crate::spend::Receipt;
use crate::{Engine, StepResult, Tick};
use tandem_core::connector::{CreateProbe, Failure, ProbeAnswer, WriteOp};
use tandem_core::ids::CrmId;
use tandem_core::mapping::PairRules;
use tandem_core::settings::ConnectionState;
use tandem_core::store::ClaimedIntent;
use tandem_core::write::{IntentNext, Settlement};

/// What a resolve step did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ResolveOutcome {
    /// Intents looked into.
    pub claimed: usize,
    /// Intents whose fate is known now.
    pub settled: usize,
    /// API calls spent.
    pub calls: u32,
    /// Why nothing could be asked: the budget, in words.
    pub refused: Option<String>,
}

impl Engine {
    /// Looks into one batch of doubtful intents of one object.
    pub async fn resolve(&self, tick: Tick) -> StepResult<ResolveOutcome> {
        let rules = self.store.rules(self.team).await?;
        let connected = self.store.connection_state(self.team).await? == ConnectionState::Connected;
        if !rules.settings.enabled || !connected {
            return Ok(ResolveOutcome::default());
        }
        let limit = self.connector.capabilities().write_records_max;
        let claimed = self
            .store
            .claim_doubtful(self.team, &self.claim(self.lanes, tick, limit))
            .await?;
        let Some(pair) = claimed.first().and_then(|c| rules.pair(&c.intent.object)) else {
            return Ok(ResolveOutcome::default());
        };
        let mut outcome = ResolveOutcome {
            claimed: claimed.len(),
            ..Default::default()
        };
        let (creates, updates): (Vec<_>, Vec<_>) = claimed
            .into_iter()
            .partition(|c| matches!(c.intent.draft.op, WriteOp::Create { .. }));
        let mut settlements = self
            .read_updates(pair, &updates, tick, &mut outcome)
            .await?;
        settlements.extend(
            self.probe_creates(pair, &creates, tick, &mut outcome)
                .await?,
        );
        outcome.settled = settlements
            .iter()
            .filter(|settlement| !matches!(settlement.next, IntentNext::Resolve(_)))
            .count();
        self.settle(settlements, tick).await?;
        Ok(outcome)
    }

    async fn read_updates(
        &self,
        pair: &PairRules,
        claimed: &[ClaimedIntent],
        tick: Tick,
        outcome: &mut ResolveOutcome,
    ) -> StepResult<Vec<Settlement>> {
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<CrmId> = claimed
            .iter()
            .filter_map(|c| c.intent.crm_id().cloned())
            .collect();
        let reservation = match self
            .reserve(self.calls_max().read, claimed[0].intent.lane, tick)
            .await?
        {
            Ok(reservation) => reservation,
            Err(refused) => return Ok(self.put_off(pair, claimed, refused, tick, outcome)),
        };
        let fields = pair.crm_fields();
        let result = self
            .connector
            .read(&pair.object, &ids, &fields, tick.now)
            .await;
        let tick = self.answered(tick);
        let accounted = self.account(reservation, result, tick).await?;
        outcome.calls += accounted.receipt.calls;
        Ok(claimed
            .iter()
            .map(|claimed_one| {
                let settling =
                    self.settling(claimed_one, pair, tick, accounted.receipt, claimed.len());
                match &accounted.answer {
                    Ok(records) => {
                        let id = claimed_one.intent.crm_id();
                        settling.read(records.iter().find(|record| Some(&record.id) == id))
                    }
                    Err(failure) => in_doubt(settling.failed(failure)),
                }
            })
            .collect())
    }

    async fn probe_creates(
        &self,
        pair: &PairRules,
        claimed: &[ClaimedIntent],
        tick: Tick,
        outcome: &mut ResolveOutcome,
    ) -> StepResult<Vec<Settlement>> {
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let reservation = match self
            .reserve(self.calls_max().probe, claimed[0].intent.lane, tick)
            .await?
        {
            Ok(reservation) => reservation,
            Err(refused) => return Ok(self.put_off(pair, claimed, refused, tick, outcome)),
        };
        let probes: Vec<CreateProbe> = claimed.iter().map(|c| probe(c, tick)).collect();
        let fields = pair.crm_fields();
        let result = self
            .connector
            .probe(&pair.object, &probes, &fields, tick.now)
            .await;
        let tick = self.answered(tick);
        let accounted = self.account(reservation, result, tick).await?;
        outcome.calls += accounted.receipt.calls;
        Ok(claimed
            .iter()
            .enumerate()
            .map(|(at, claimed_one)| {
                let settling =
                    self.settling(claimed_one, pair, tick, accounted.receipt, claimed.len());
                match &accounted.answer {
                    Ok(answers) => settling.probed(answers.get(at).unwrap_or(&ProbeAnswer::Absent)),
                    Err(failure) => in_doubt(settling.failed(failure)),
                }
            })
            .collect())
    }

    fn put_off(
        &self,
        pair: &PairRules,
        claimed: &[ClaimedIntent],
        refused: String,
        tick: Tick,
        outcome: &mut ResolveOutcome,
    ) -> Vec<Settlement> {
        outcome.refused = Some(refused.clone());
        let failure = Failure::new(tandem_core::error::ErrorClass::ApiLimit, refused);
        claimed
            .iter()
            .map(|c| {
                let settling = self.settling(c, pair, tick, Receipt::default(), 1);
                in_doubt(settling.failed(&failure))
            })
            .collect()
    }
}

/// A look that failed leaves the intent as doubtful as it was.
fn in_doubt(mut settlement: Settlement) -> Settlement {
    if let IntentNext::Retry(at) = settlement.next {
        settlement.next = IntentNext::Resolve(at);
    }
    settlement
}

fn probe(claimed: &ClaimedIntent, tick: Tick) -> CreateProbe {
    let key = match &claimed.intent.draft.op {
        WriteOp::Create { key } => key.clone(),
        WriteOp::Update { .. } => None,
    };
    CreateProbe {
        key,
        sent_at: claimed.intent.sent_at.unwrap_or(tick.now),
        fields: claimed.intent.payload(),
    }
}
