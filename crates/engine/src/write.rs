//! Write: send intents of one object, settle what comes back. One request per step.

use crate::ask::{self, Asked};
use crate::spend::Receipt;
use crate::{Engine, StepResult, Tick};
use jiff::SignedDuration;
use tandem_core::budget::Spent;
use tandem_core::connector::{WriteOp, WriteOutcome, WriteRequest};
use tandem_core::ids::{CrmObject, ReservationId};
use tandem_core::link::{Lane, Lanes};
use tandem_core::mapping::PairRules;
use tandem_core::settings::{ConnectionState, SyncSettings};
use tandem_core::settle::Settling;
use tandem_core::store::{ClaimedIntent, ObjectProgress, Sendable};
use tandem_core::write::{Settlement, may_still_be_sent};

/// What a write step did.
#[derive(Clone, PartialEq, Debug)]
pub enum WriteStep {
    /// Nothing could be sent now.
    Idle,
    /// This object must be read first: an edit in the CRM that could be seen is never overwritten.
    NeedsPull(CrmObject),
    /// The budget refuses, in words.
    Refused(String),
    /// A request was made; records that the CRM had already were linked instead of sent.
    Sent {
        /// Its object.
        object: CrmObject,
        /// Records in it.
        records: usize,
        /// Records that the CRM took.
        applied: usize,
        /// API calls spent, with those for asking first.
        calls: u32,
    },
}

impl Engine {
    /// Sends one batch.
    pub async fn write(&self, tick: Tick) -> StepResult<WriteStep> {
        self.write_of(self.lanes, tick).await
    }

    /// Sends one batch of these lanes.
    pub(crate) async fn write_of(&self, lanes: Lanes, tick: Tick) -> StepResult<WriteStep> {
        let rules = self.store.rules(self.team).await?;
        let connected = self.store.connection_state(self.team).await? == ConnectionState::Connected;
        if !rules.settings.enabled || !connected {
            return Ok(WriteStep::Idle);
        }
        let progress = self.store.progress(self.team).await?;
        let sendable = self
            .store
            .sendable_objects(self.team, lanes, tick.now)
            .await?;
        for sendable in sendable {
            let Some(pair) = rules.pair(&sendable.object) else {
                continue;
            };
            let limit = match self.gate(&rules.settings, &progress, &sendable, tick) {
                Gate::Open(limit) => limit,
                Gate::NeedsPull => return Ok(WriteStep::NeedsPull(sendable.object)),
                Gate::BacksOff => continue,
            };
            let known = progress.iter().find(|one| one.object == sendable.object);
            let ask = ask::is_partly_known(pair, known);
            let batch = Batch {
                pair,
                lane: sendable.lane,
                limit,
                ask,
            };
            let step = self.write_object(&batch, tick).await?;
            if step != WriteStep::Idle {
                return Ok(step);
            }
        }
        Ok(WriteStep::Idle)
    }

    /// How many records may be sent now. A few updates go at once: each is conditional on the version
    /// that it was decided on. Everything else waits until its object was read.
    fn gate(
        &self,
        settings: &SyncSettings,
        progress: &[ObjectProgress],
        sendable: &Sendable,
        tick: Tick,
    ) -> Gate {
        let capabilities = self.connector.capabilities();
        if sendable.conditional && sendable.records <= capabilities.conditional_records_max {
            return Gate::Open(capabilities.conditional_records_max);
        }
        let progress = progress.iter().find(|p| p.object == sendable.object);
        match freshness(settings, progress, tick) {
            Freshness::Fresh => Gate::Open(capabilities.write_records_max),
            Freshness::Stale => Gate::NeedsPull,
            Freshness::BacksOff => Gate::BacksOff,
        }
    }

    /// Reserves what the request may cost, claims, asks first where it must, and sends what is left.
    async fn write_object(&self, batch: &Batch<'_>, tick: Tick) -> StepResult<WriteStep> {
        let object = &batch.pair.object;
        let reservation = match self
            .reserve(self.calls_max().write, batch.lane, tick)
            .await?
        {
            Ok(reservation) => reservation,
            Err(refused) => return Ok(WriteStep::Refused(refused)),
        };
        let question = match self.reserve_question_first(batch, tick).await? {
            Ok(question) => question,
            Err(refused) => {
                self.give_back(reservation, tick).await?;
                return Ok(WriteStep::Refused(refused));
            }
        };
        let claim = self.claim(Lanes::of(batch.lane), tick, batch.limit);
        let claimed = self.store.claim_intents(self.team, object, &claim).await?;
        let nothing_claimed = claimed.is_empty();
        let asked = match question {
            Some(question) => self.ask_first(batch.pair, claimed, question, tick).await?,
            None => Asked::not(claimed),
        };
        let calls = asked.calls;
        if asked.rest.is_empty() {
            self.give_back(reservation, tick).await?;
            return Ok(match nothing_claimed {
                true => WriteStep::Idle,
                false => sent(object, 0, 0, calls),
            });
        }
        let claimed_at = tick.now;
        let tick = self.answered(tick);
        if !may_still_be_sent(claimed_at, tick.now, self.guards) {
            self.leave(batch.pair, &asked.rest, reservation, tick)
                .await?;
            return Ok(sent(object, 0, 0, calls));
        }
        let step = self
            .send(batch.pair, &asked.rest, reservation, tick)
            .await?;
        Ok(sent(object, asked.rest.len(), step.0, calls + step.1))
    }

    /// A call to ask with, where the CRM may have records that are unknown here.
    async fn reserve_question_first(
        &self,
        batch: &Batch<'_>,
        tick: Tick,
    ) -> StepResult<Result<Option<ReservationId>, String>> {
        match batch.ask {
            true => {
                let calls = self.calls_max().find;
                Ok(self.reserve(calls, batch.lane, tick).await?.map(Some))
            }
            false => Ok(Ok(None)),
        }
    }

    pub(crate) async fn give_back(&self, reservation: ReservationId, tick: Tick) -> StepResult<()> {
        let (store, now) = (&self.store, tick.now);
        store
            .spend_calls(self.team, reservation, Spent::default(), now)
            .await?;
        Ok(())
    }

    /// A batch that is not sent after all: somebody else may be about to take it up.
    async fn leave(
        &self,
        pair: &PairRules,
        claimed: &[ClaimedIntent],
        reservation: ReservationId,
        tick: Tick,
    ) -> StepResult<()> {
        self.give_back(reservation, tick).await?;
        let receipt = Receipt::default();
        let settlements = claimed.iter().map(|claimed| {
            let settling = self.settling(claimed, pair, tick, receipt, 1);
            settling.unsent()
        });
        self.settle(settlements.collect(), tick).await?;
        Ok(())
    }

    /// Sends a batch and settles it; how many the CRM took, and the calls spent.
    async fn send(
        &self,
        pair: &PairRules,
        claimed: &[ClaimedIntent],
        reservation: ReservationId,
        tick: Tick,
    ) -> StepResult<(usize, u32)> {
        let object = &pair.object;
        let requests: Vec<WriteRequest> = claimed.iter().map(request).collect();
        let read_back = read_back(pair, claimed);
        let result = self
            .connector
            .write(object, &requests, &read_back, tick.now)
            .await;
        let tick = self.answered(tick);
        let accounted = self.account(reservation, result, tick).await?;
        let settling =
            |claimed| self.settling(claimed, pair, tick, accounted.receipt, requests.len());
        let (settlements, applied): (Vec<Settlement>, usize) = match &accounted.answer {
            Ok(outcomes) => settle_all(claimed, outcomes, settling),
            Err(failure) => (
                claimed
                    .iter()
                    .map(|c| settling(c).failed(failure))
                    .collect(),
                0,
            ),
        };
        self.settle(settlements, tick).await?;
        Ok((applied, accounted.receipt.calls))
    }

    pub(crate) fn settling<'a>(
        &self,
        claimed: &'a ClaimedIntent,
        pair: &'a PairRules,
        tick: Tick,
        receipt: Receipt,
        shared_by: usize,
    ) -> Settling<'a> {
        Settling {
            intent: &claimed.intent,
            epoch: claimed.epoch,
            rules: pair,
            now: tick.now,
            jitter: tick.jitter,
            look: receipt.look,
            calls_hundredths: receipt.calls * 100
                / u32::try_from(shared_by.max(1)).unwrap_or(u32::MAX),
            create_horizon_seconds: self.connector.capabilities().create_horizon_seconds,
            guards: self.guards,
        }
    }
}

/// What is sent together.
struct Batch<'a> {
    pair: &'a PairRules,
    lane: Lane,
    /// Records at most.
    limit: usize,
    /// Creates are asked about first.
    ask: bool,
}

fn sent(object: &CrmObject, records: usize, applied: usize, calls: u32) -> WriteStep {
    WriteStep::Sent {
        object: object.clone(),
        records,
        applied,
        calls,
    }
}

/// What is mapped and what is written: a field that was unmapped since is known as it stands now, or not at all.
fn read_back(pair: &PairRules, claimed: &[ClaimedIntent]) -> Vec<String> {
    let mut fields = pair.crm_fields();
    let written = claimed.iter().flat_map(|one| &one.intent.draft.fields);
    for field in written {
        if !fields.contains(&field.crm) {
            fields.push(field.crm.clone());
        }
    }
    fields
}

/// An answer with a part missing leaves that part in doubt.
fn settle_all<'a>(
    claimed: &'a [ClaimedIntent],
    outcomes: &[WriteOutcome],
    settling: impl Fn(&'a ClaimedIntent) -> Settling<'a>,
) -> (Vec<Settlement>, usize) {
    let applied = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, WriteOutcome::Applied { .. }))
        .count();
    let settlements = claimed
        .iter()
        .enumerate()
        .map(|(at, claimed)| {
            let outcome = outcomes.get(at).unwrap_or(&WriteOutcome::Unknown);
            settling(claimed).answered(outcome)
        })
        .collect();
    (settlements, applied)
}

fn request(claimed: &ClaimedIntent) -> WriteRequest {
    let intent = &claimed.intent;
    let op = match &intent.draft.op {
        WriteOp::Create { key } => WriteOp::Create { key: key.clone() },
        WriteOp::Update { id } => WriteOp::Update { id: id.clone() },
    };
    WriteRequest {
        intent: intent.id,
        op,
        fields: intent.payload(),
        unmodified_since: intent.draft.unmodified_since,
    }
}

enum Gate {
    /// Send up to so many.
    Open(usize),
    NeedsPull,
    BacksOff,
}

enum Freshness {
    Fresh,
    Stale,
    BacksOff,
}

/// While a long first read is under way the check of each write itself must do: it shows what stood
/// there just before.
fn freshness(settings: &SyncSettings, progress: Option<&ObjectProgress>, tick: Tick) -> Freshness {
    let Some(progress) = progress else {
        return Freshness::Stale;
    };
    if progress.position.page.is_some() {
        return Freshness::Fresh;
    }
    let window = SignedDuration::from_secs(i64::from(settings.write_freshness_seconds));
    let oldest = tick.now.checked_sub(window).unwrap_or(tick.now);
    if progress.complete_at.is_some_and(|at| at >= oldest) {
        return Freshness::Fresh;
    }
    match progress.not_before {
        Some(at) if at > tick.now => Freshness::BacksOff,
        _ => Freshness::Stale,
    }
}
