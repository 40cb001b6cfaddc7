//! The memory store with pauses around every call: places to crash and to be overtaken.

use crate::clock::Dice;
use crate::executor::pause;
use async_trait::async_trait;
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
    Backlog, Claim, ClaimedIntent, CommitReport, DecisionCommit, HoldResolution, LinkWork,
    ObjectProgress, PullPosition, Restore, Sendable, StagePage, StageReport, StoreResult,
    SyncStore, WorkspaceEdit,
};
use tandem_core::sync_log::LogDraft;
use tandem_core::write::Settlement;
use tandem_store::memory::MemoryStore;

/// Percent of calls around which the task pauses.
const PAUSE_PERCENT: usize = 40;

/// A store as one worker sees it.
pub struct SimStore {
    inner: Arc<MemoryStore>,
    dice: Dice,
}

impl SimStore {
    /// Wraps the store that all workers share.
    pub fn new(inner: Arc<MemoryStore>, dice: Dice) -> Self {
        Self { inner, dice }
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
        self.inner.rules(team).await
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
        forward!(self.stage(team, page))
    }

    async fn claim_links(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<LinkWork>> {
        forward!(self.claim_links(team, claim))
    }

    async fn commit_decisions(
        &self,
        team: TeamId,
        commits: Vec<DecisionCommit>,
        now: Timestamp,
    ) -> StoreResult<CommitReport> {
        forward!(self.commit_decisions(team, commits, now))
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
        forward!(self.claim_intents(team, object, claim))
    }

    async fn claim_doubtful(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<ClaimedIntent>> {
        forward!(self.claim_doubtful(team, claim))
    }

    async fn settle(
        &self,
        team: TeamId,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> StoreResult<u32> {
        forward!(self.settle(team, settlements, now))
    }

    async fn reserve_calls(
        &self,
        team: TeamId,
        calls: u32,
        lane: Lane,
        now: Timestamp,
    ) -> StoreResult<Result<ReservationId, String>> {
        forward!(self.reserve_calls(team, calls, lane, now))
    }

    async fn reserve_question(
        &self,
        team: TeamId,
        now: Timestamp,
    ) -> StoreResult<Option<ReservationId>> {
        forward!(self.reserve_question(team, now))
    }

    async fn spend_calls(
        &self,
        team: TeamId,
        reservation: ReservationId,
        spent: Spent,
        now: Timestamp,
    ) -> StoreResult<()> {
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
