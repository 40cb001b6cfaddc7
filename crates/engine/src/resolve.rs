//! Resolve: find out what became of writes whose answer was lost. Reading only.

use crate::spend::Receipt;
use crate::{Engine, StepResult, Tick};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::connector::{CreateProbe, Failure, ProbeAnswer, WriteOp};
use tandem_core::ids::{CrmId, IntentId};
use tandem_core::mapping::PairRules;
use tandem_core::settings::ConnectionState;
use tandem_core::store::ClaimedIntent;
use tandem_core::write::{IntentNext, IntentState, Settlement, WriteIntent};

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
        let asked = self.with_rivals(pair, claimed).await?;
        let probes = probes(&asked, claimed, tick);
        let fields = pair.crm_fields();
        let result = self
            .connector
            .probe(&pair.object, &probes, &fields, tick.now)
            .await;
        let tick = self.answered(tick);
        let accounted = self.account(reservation, result, tick).await?;
        outcome.calls += accounted.receipt.calls;
        let answers = match accounted.answer {
            Ok(answers) => Ok(self.ours(pair, &asked, answers).await?),
            Err(failure) => Err(failure),
        };
        Ok(claimed
            .iter()
            .map(|claimed_one| {
                let settling =
                    self.settling(claimed_one, pair, tick, accounted.receipt, claimed.len());
                match &answers {
                    Ok(answers) => {
                        let answer = answers.get(&claimed_one.intent.id);
                        settling.probed(answer.unwrap_or(&ProbeAnswer::Absent))
                    }
                    Err(failure) => in_doubt(settling.failed(failure)),
                }
            })
            .collect())
    }

    /// The creates to ask about. What was sent without a key is known by its values alone, and those may fit a
    /// record that another create made: all that are under way are asked about together. Those that are being sent
    /// come first: of two that look the same, their answer tells.
    async fn with_rivals(
        &self,
        pair: &PairRules,
        claimed: &[ClaimedIntent],
    ) -> StepResult<Vec<WriteIntent>> {
        let mut asked: Vec<WriteIntent> = claimed.iter().map(|c| c.intent.clone()).collect();
        if asked.iter().any(is_bare) {
            let open = self.store.open_creates(self.team, &pair.object).await?;
            let is_claimed = |one: &WriteIntent| claimed.iter().any(|c| c.intent.id == one.id);
            let rivals = open.into_iter().filter(is_bare);
            asked.extend(rivals.filter(|one| !is_claimed(one)));
        }
        asked.sort_by_key(|intent| (intent.state != IntentState::Sending, intent.id));
        Ok(asked)
    }

    /// What the answers say of each create. A record that has a workspace record already is none that was made
    /// without a key, however much it looks like it.
    async fn ours(
        &self,
        pair: &PairRules,
        asked: &[WriteIntent],
        answers: Vec<ProbeAnswer>,
    ) -> StepResult<BTreeMap<IntentId, ProbeAnswer>> {
        let answered = || asked.iter().zip(&answers);
        let bare = answered().filter(|(intent, _)| is_bare(intent));
        let records = bare.flat_map(|(_, answer)| answer.records());
        let ids: Vec<CrmId> = records.map(|record| record.id.clone()).collect();
        let others = match ids.as_slice() {
            [] => BTreeSet::new(),
            ids => self.store.owned(self.team, &pair.object, ids).await?,
        };
        let of_whom = asked.iter().zip(answers);
        Ok(of_whom
            .map(|(intent, answer)| match is_bare(intent) {
                true => (intent.id, answer.without(&others)),
                false => (intent.id, answer),
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

/// Whether it is a create without a key.
fn is_bare(intent: &WriteIntent) -> bool {
    matches!(intent.draft.op, WriteOp::Create { key: None })
}

/// What was made before the first of the claimed ones was sent is none of them, whoever made it.
fn probes(asked: &[WriteIntent], claimed: &[ClaimedIntent], tick: Tick) -> Vec<CreateProbe> {
    let sent = |intent: &WriteIntent| intent.sent_at.unwrap_or(tick.now);
    let first = claimed.iter().map(|claimed| sent(&claimed.intent)).min();
    let probe = |intent: &WriteIntent| CreateProbe {
        key: match &intent.draft.op {
            WriteOp::Create { key } => key.clone(),
            WriteOp::Update { .. } => None,
        },
        sent_at: first.map_or(sent(intent), |first| first.max(sent(intent))),
        fields: intent.payload(),
    };
    asked.iter().map(probe).collect()
}
