//! The memory store with pauses around every call: places to crash and to be overtaken. What workers hold and may
//! spend is written down on the way, and a run that does without a guard loses it here.

use crate::claims::{Ledger, Purse};
use crate::clock::Dice;
use crate::executor::pause;
use crate::mutants::store::Mutant;
use crate::mutants::{Guard, Without};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;
use tandem_core::Timestamp;
use tandem_core::brake::{Plan, PlanChoice, PlannedRecord};
use tandem_core::budget::{BudgetState, HourCalls, Pace, Spent};
use tandem_core::ids::{
    CrmId, CrmObject, IncidentId, LinkId, LogId, PlanId, RecordId, ReservationId, TeamId, UserId,
};
use tandem_core::incident::{Attempt, Standing, TrialReport};
use tandem_core::link::{Lane, Lanes, RecordLink};
use tandem_core::record::{CrmRecord, WorkspaceRecord};
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::{
    Answered, Backlog, Claim, ClaimedIntent, CommitReport, DecisionCommit, HoldResolution, Inquiry,
    LinkWork, Named, ObjectProgress, PullPosition, Restore, Sendable, StagePage, StageReport,
    StoreResult, SyncStore, WorkspaceEdit,
};
use tandem_core::sync_log::LogDraft;
use tandem_core::watch::{Linked, ObjectWatch};
use tandem_core::write::{Settlement, WriteIntent};
use tandem_store::memory::MemoryStore;

/// Percent of calls around which the task pauses.
const PAUSE_PERCENT: usize = 40;

/// A store as one worker sees it.
pub(crate) struct SimStore {
    /// The store that all workers share.
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) dice: Dice,
    /// What all workers hold.
    pub(crate) ledger: Ledger,
    /// What this worker may spend.
    pub(crate) purse: Purse,
    pub(crate) without: Without,
}

impl SimStore {
    fn mutant(&self, team: TeamId) -> Mutant<'_> {
        Mutant {
            store: &self.inner,
            team,
            without: self.without,
        }
    }

    async fn maybe_pause(&self) {
        if self.dice.percent(PAUSE_PERCENT) {
            pause().await;
        }
    }
}

macro_rules! forward {
    ($self:ident.$method:ident($($arg:expr),*)) => {{
        $self.maybe_pause().await;
        let result = $self.inner.$method($($arg),*).await;
        $self.maybe_pause().await;
        result
    }};
}

#[async_trait]
impl SyncStore for SimStore {
    async fn rules(&self, team: TeamId) -> StoreResult<TeamRules> {
        let rules = self.inner.rules(team).await?;
        Ok(self.mutant(team).rules(rules))
    }

    async fn put_rules(&self, team: TeamId, rules: TeamRules, now: Timestamp) -> StoreResult<()> {
        forward!(self.put_rules(team, rules, now))
    }

    async fn connection_state(&self, team: TeamId) -> StoreResult<ConnectionState> {
        self.inner.connection_state(team).await
    }

    async fn set_connection_state(
        &self,
        team: TeamId,
        state: ConnectionState,
        log: Option<LogDraft>,
    ) -> StoreResult<()> {
        forward!(self.set_connection_state(team, state, log))
    }

    async fn progress(&self, team: TeamId) -> StoreResult<Vec<ObjectProgress>> {
        forward!(self.progress(team))
    }

    async fn pull_failed(
        &self,
        team: TeamId,
        object: &CrmObject,
        not_before: Timestamp,
        log: Option<LogDraft>,
    ) -> StoreResult<()> {
        forward!(self.pull_failed(team, object, not_before, log))
    }

    async fn drop_page(
        &self,
        team: TeamId,
        object: &CrmObject,
        from: &PullPosition,
    ) -> StoreResult<bool> {
        forward!(self.drop_page(team, object, from))
    }

    async fn reset_progress(&self, team: TeamId, object: &CrmObject) -> StoreResult<()> {
        forward!(self.reset_progress(team, object))
    }

    async fn end_waits(&self, team: TeamId) -> StoreResult<()> {
        forward!(self.end_waits(team))
    }

    async fn stage(&self, team: TeamId, page: StagePage) -> StoreResult<StageReport> {
        if self.without.is(Guard::RowsWithProgress) {
            let rows = page.clone();
            let progress = StagePage {
                records: Vec::new(),
                ..page
            };
            forward!(self.stage(team, progress))?;
            return forward!(self.stage(team, rows));
        }
        forward!(self.stage(team, self.mutant(team).page(page)))
    }

    async fn watches(&self, team: TeamId) -> StoreResult<Vec<ObjectWatch>> {
        forward!(self.watches(team))
    }

    async fn save_watch(
        &self,
        team: TeamId,
        watch: ObjectWatch,
        log: Vec<LogDraft>,
    ) -> StoreResult<bool> {
        forward!(self.save_watch(team, watch, log))
    }

    async fn linked(
        &self,
        team: TeamId,
        object: &CrmObject,
        named: &Named,
    ) -> StoreResult<Vec<Linked>> {
        forward!(self.linked(team, object, named))
    }

    async fn claim_links(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<LinkWork>> {
        self.maybe_pause().await;
        let mutant = self.mutant(team);
        mutant.before_links(claim.now);
        let lease = mutant.claim(claim, Guard::LinkLease);
        let work = self.inner.claim_links(team, &lease).await?;
        self.ledger.links_out(claim, &work);
        let work = mutant.links(work, claim);
        self.maybe_pause().await;
        Ok(work)
    }

    async fn inquiries(
        &self,
        team: TeamId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Inquiry>> {
        self.inner.inquiries(team, now, limit).await
    }

    async fn answered(&self, team: TeamId, answered: Answered) -> StoreResult<()> {
        forward!(self.answered(team, answered))
    }

    async fn commit_decisions(
        &self,
        team: TeamId,
        commits: Vec<DecisionCommit>,
        now: Timestamp,
    ) -> StoreResult<CommitReport> {
        self.maybe_pause().await;
        let commits = self.mutant(team).commits(commits);
        self.ledger.links_in(&commits);
        let report = self.inner.commit_decisions(team, commits, now).await;
        self.maybe_pause().await;
        report
    }

    async fn sendable_objects(
        &self,
        team: TeamId,
        lanes: Lanes,
        now: Timestamp,
    ) -> StoreResult<Vec<Sendable>> {
        forward!(self.sendable_objects(team, lanes, now))
    }

    async fn claim_intents(
        &self,
        team: TeamId,
        object: &CrmObject,
        claim: &Claim,
    ) -> StoreResult<Vec<ClaimedIntent>> {
        self.maybe_pause().await;
        let mutant = self.mutant(team);
        let claimed = if self.without.is(Guard::SendingMark) {
            mutant.unmarked(object, claim.limit)
        } else {
            let lease = mutant.claim(claim, Guard::SendLease);
            self.inner.claim_intents(team, object, &lease).await?
        };
        self.ledger.intents_out(claim, &claimed);
        self.maybe_pause().await;
        Ok(claimed)
    }

    async fn claim_doubtful(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<ClaimedIntent>> {
        self.maybe_pause().await;
        let lease = self.mutant(team).claim(claim, Guard::DoubtLease);
        let claimed = self.inner.claim_doubtful(team, &lease).await?;
        self.ledger.intents_out(claim, &claimed);
        self.maybe_pause().await;
        Ok(claimed)
    }

    async fn open_creates(
        &self,
        team: TeamId,
        object: &CrmObject,
    ) -> StoreResult<Vec<WriteIntent>> {
        self.inner.open_creates(team, object).await
    }

    async fn owned(
        &self,
        team: TeamId,
        object: &CrmObject,
        ids: &[CrmId],
    ) -> StoreResult<BTreeSet<CrmId>> {
        self.inner.owned(team, object, ids).await
    }

    async fn settle(
        &self,
        team: TeamId,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> StoreResult<u32> {
        self.maybe_pause().await;
        let settlements = self.mutant(team).settlements(settlements);
        self.ledger.intents_in(&settlements);
        let settled = self.inner.settle(team, settlements, now).await;
        self.maybe_pause().await;
        settled
    }

    async fn reserve_calls(
        &self,
        team: TeamId,
        calls: u32,
        lane: Lane,
        now: Timestamp,
    ) -> StoreResult<Result<ReservationId, String>> {
        if self.without.is(Guard::Reservation) {
            return Ok(Ok(ReservationId(0)));
        }
        let reserved = forward!(self.reserve_calls(team, calls, lane, now))?;
        if let Ok(slice) = &reserved {
            self.purse.open(*slice, calls);
        }
        Ok(reserved)
    }

    async fn reserve_question(
        &self,
        team: TeamId,
        now: Timestamp,
    ) -> StoreResult<Option<ReservationId>> {
        let reserved = forward!(self.reserve_question(team, now))?;
        if let Some(slice) = reserved {
            self.purse.open(slice, 1);
        }
        Ok(reserved)
    }

    async fn spend_calls(
        &self,
        team: TeamId,
        reservation: ReservationId,
        spent: Spent,
        now: Timestamp,
    ) -> StoreResult<ReservationId> {
        self.purse.close(reservation, spent.calls);
        forward!(self.spend_calls(team, reservation, spent, now))
    }

    async fn calls_by_hour(&self, team: TeamId, now: Timestamp) -> StoreResult<Vec<HourCalls>> {
        self.inner.calls_by_hour(team, now).await
    }

    async fn set_pace(
        &self,
        team: TeamId,
        from: Pace,
        to: Pace,
        entry: LogDraft,
        now: Timestamp,
    ) -> StoreResult<bool> {
        forward!(self.set_pace(team, from, to, entry, now))
    }

    async fn budget(&self, team: TeamId, now: Timestamp) -> StoreResult<BudgetState> {
        self.inner.budget(team, now).await
    }

    async fn edit_record(&self, team: TeamId, edit: WorkspaceEdit) -> StoreResult<RecordId> {
        forward!(self.edit_record(team, edit))
    }

    async fn restore(&self, team: TeamId, restores: Vec<Restore>) -> StoreResult<Vec<RecordId>> {
        forward!(self.restore(team, restores))
    }

    async fn resolve_hold(&self, team: TeamId, resolution: HoldResolution) -> StoreResult<()> {
        forward!(self.resolve_hold(team, resolution))
    }

    async fn retry_links(
        &self,
        team: TeamId,
        links: &[LinkId],
        now: Timestamp,
    ) -> StoreResult<u32> {
        forward!(self.retry_links(team, links, now))
    }

    async fn incidents(&self, team: TeamId) -> StoreResult<Vec<Standing>> {
        self.inner.incidents(team).await
    }

    async fn try_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        attempt: Attempt,
    ) -> StoreResult<bool> {
        forward!(self.try_incident(team, incident, attempt))
    }

    async fn skip_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        skip: bool,
        now: Timestamp,
    ) -> StoreResult<()> {
        forward!(self.skip_incident(team, incident, skip, now))
    }

    async fn advance_trials(&self, team: TeamId, now: Timestamp) -> StoreResult<TrialReport> {
        forward!(self.advance_trials(team, now))
    }

    async fn plans(&self, team: TeamId) -> StoreResult<Vec<Plan>> {
        self.inner.plans(team).await
    }

    async fn planned_records(
        &self,
        team: TeamId,
        plan: PlanId,
        after: Option<LinkId>,
        limit: usize,
    ) -> StoreResult<Vec<PlannedRecord>> {
        self.inner.planned_records(team, plan, after, limit).await
    }

    async fn decide_plan(
        &self,
        team: TeamId,
        plan: PlanId,
        choice: PlanChoice,
        by: Option<UserId>,
        now: Timestamp,
    ) -> StoreResult<Option<Plan>> {
        forward!(self.decide_plan(team, plan, choice, by, now))
    }

    async fn record(&self, team: TeamId, id: RecordId) -> StoreResult<Option<WorkspaceRecord>> {
        self.inner.record(team, id).await
    }

    async fn link_of(&self, team: TeamId, record: RecordId) -> StoreResult<Option<RecordLink>> {
        self.inner.link_of(team, record).await
    }

    async fn mirrored(
        &self,
        team: TeamId,
        object: &CrmObject,
        id: &CrmId,
    ) -> StoreResult<Option<CrmRecord>> {
        self.inner.mirrored(team, object, id).await
    }

    async fn append_log(&self, team: TeamId, entry: LogDraft) -> StoreResult<LogId> {
        forward!(self.append_log(team, entry))
    }

    async fn backlog(&self, team: TeamId, now: Timestamp) -> StoreResult<Backlog> {
        self.inner.backlog(team, now).await
    }
}
