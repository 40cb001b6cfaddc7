//! The database as the engine sees it: every method is one job, one transaction.

use super::error::{DbError, DbResult};
use super::tx::Tx;
use super::{
    SqliteStore, backlog, brake, budget, claim_intents, claim_links, commit, edit, incidents,
    intents, links, log, mirror, mirrors, progress, records, restore, settle, stage, team as teams,
    watch,
};
use async_trait::async_trait;
use std::collections::BTreeSet;
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

impl SqliteStore {
    /// A step of a team that exists.
    pub(super) async fn step<T: Send + 'static>(
        &self,
        team: TeamId,
        job: impl FnOnce(&Tx<'_>) -> DbResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.write(move |tx| {
            teams::require(tx, team)?;
            job(tx)
        })
        .await
    }

    /// A look at a team that exists.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        team: TeamId,
        job: impl FnOnce(&Tx<'_>) -> DbResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.read(move |tx| {
            teams::require(tx, team)?;
            job(tx)
        })
        .await
    }
}

#[async_trait]
impl SyncStore for SqliteStore {
    async fn rules(&self, team: TeamId) -> StoreResult<TeamRules> {
        self.look(team, move |tx| teams::rules(tx, team)).await
    }

    async fn put_rules(&self, team: TeamId, rules: TeamRules, now: Timestamp) -> StoreResult<()> {
        self.step(team, move |tx| teams::put_rules(tx, team, &rules, now))
            .await
    }

    async fn connection_state(&self, team: TeamId) -> StoreResult<ConnectionState> {
        self.look(team, move |tx| teams::connection_state(tx, team))
            .await
    }

    async fn set_connection_state(
        &self,
        team: TeamId,
        state: ConnectionState,
        log: Option<LogDraft>,
    ) -> StoreResult<()> {
        self.step(team, move |tx| {
            teams::set_connection_state(tx, team, &state, log.as_ref())
        })
        .await
    }

    async fn progress(&self, team: TeamId) -> StoreResult<Vec<ObjectProgress>> {
        self.look(team, move |tx| progress::all(tx, team)).await
    }

    async fn pull_failed(
        &self,
        team: TeamId,
        object: &CrmObject,
        not_before: Timestamp,
        log: Option<LogDraft>,
    ) -> StoreResult<()> {
        let object = object.clone();
        self.step(team, move |tx| {
            progress::failed(tx, team, &object, not_before, log.as_ref())
        })
        .await
    }

    async fn drop_page(
        &self,
        team: TeamId,
        object: &CrmObject,
        from: &PullPosition,
    ) -> StoreResult<bool> {
        let (object, from) = (object.clone(), from.clone());
        self.step(team, move |tx| {
            progress::drop_page(tx, team, &object, &from)
        })
        .await
    }

    async fn reset_progress(&self, team: TeamId, object: &CrmObject) -> StoreResult<()> {
        let object = object.clone();
        self.step(team, move |tx| progress::reset(tx, team, &object))
            .await
    }

    async fn end_waits(&self, team: TeamId) -> StoreResult<()> {
        self.step(team, move |tx| progress::end_waits(tx, team))
            .await
    }

    async fn stage(&self, team: TeamId, page: StagePage) -> StoreResult<StageReport> {
        self.step(team, move |tx| stage::stage(tx, team, page))
            .await
    }

    async fn watches(&self, team: TeamId) -> StoreResult<Vec<ObjectWatch>> {
        self.look(team, move |tx| watch::all(tx, team)).await
    }

    async fn save_watch(
        &self,
        team: TeamId,
        watch: ObjectWatch,
        log: Vec<LogDraft>,
    ) -> StoreResult<bool> {
        self.step(team, move |tx| watch::save(tx, team, watch, &log))
            .await
    }

    async fn linked(
        &self,
        team: TeamId,
        object: &CrmObject,
        named: &Named,
    ) -> StoreResult<Vec<Linked>> {
        let (object, named) = (object.clone(), named.clone());
        self.look(team, move |tx| watch::linked(tx, team, &object, &named))
            .await
    }

    async fn claim_links(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<LinkWork>> {
        let claim = claim.clone();
        self.step(team, move |tx| claim_links::claim_links(tx, team, &claim))
            .await
    }

    async fn inquiries(
        &self,
        team: TeamId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Inquiry>> {
        self.look(team, move |tx| mirror::inquiries(tx, team, now, limit))
            .await
    }

    async fn answered(&self, team: TeamId, answered: Answered) -> StoreResult<()> {
        self.step(team, move |tx| mirror::answered(tx, team, answered))
            .await
    }

    async fn commit_decisions(
        &self,
        team: TeamId,
        commits: Vec<DecisionCommit>,
        now: Timestamp,
    ) -> StoreResult<CommitReport> {
        self.step(team, move |tx| {
            commit::commit_decisions(tx, team, commits, now)
        })
        .await
    }

    async fn sendable_objects(
        &self,
        team: TeamId,
        lanes: Lanes,
        now: Timestamp,
    ) -> StoreResult<Vec<Sendable>> {
        self.look(team, move |tx| {
            claim_intents::sendable_objects(tx, team, lanes, now)
        })
        .await
    }

    async fn claim_intents(
        &self,
        team: TeamId,
        object: &CrmObject,
        claim: &Claim,
    ) -> StoreResult<Vec<ClaimedIntent>> {
        let (object, claim) = (object.clone(), claim.clone());
        self.step(team, move |tx| {
            claim_intents::claim_intents(tx, team, &object, &claim)
        })
        .await
    }

    async fn claim_doubtful(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<ClaimedIntent>> {
        let claim = claim.clone();
        self.step(team, move |tx| {
            claim_intents::claim_doubtful(tx, team, &claim)
        })
        .await
    }

    async fn open_creates(
        &self,
        team: TeamId,
        object: &CrmObject,
    ) -> StoreResult<Vec<WriteIntent>> {
        let object = object.clone();
        self.look(team, move |tx| intents::open_creates(tx, team, &object))
            .await
    }

    async fn owned(
        &self,
        team: TeamId,
        object: &CrmObject,
        ids: &[CrmId],
    ) -> StoreResult<BTreeSet<CrmId>> {
        let (object, ids) = (object.clone(), ids.to_vec());
        self.look(team, move |tx| links::owned(tx, team, &object, &ids))
            .await
    }

    async fn settle(
        &self,
        team: TeamId,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> StoreResult<u32> {
        self.step(team, move |tx| settle::settle(tx, team, settlements, now))
            .await
    }

    async fn reserve_calls(
        &self,
        team: TeamId,
        calls: u32,
        lane: Lane,
        now: Timestamp,
    ) -> StoreResult<Result<ReservationId, String>> {
        self.step(team, move |tx| budget::reserve(tx, team, calls, lane, now))
            .await
    }

    async fn reserve_question(
        &self,
        team: TeamId,
        now: Timestamp,
    ) -> StoreResult<Option<ReservationId>> {
        self.step(team, move |tx| budget::reserve_question(tx, team, now))
            .await
    }

    async fn spend_calls(
        &self,
        team: TeamId,
        reservation: ReservationId,
        spent: Spent,
        now: Timestamp,
    ) -> StoreResult<ReservationId> {
        self.step(team, move |tx| {
            budget::spend(tx, team, reservation, spent, now)
        })
        .await
    }

    async fn calls_by_hour(&self, team: TeamId, now: Timestamp) -> StoreResult<Vec<HourCalls>> {
        self.look(team, move |tx| budget::calls_by_hour(tx, team, now))
            .await
    }

    async fn set_pace(
        &self,
        team: TeamId,
        from: Pace,
        to: Pace,
        entry: LogDraft,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.step(team, move |tx| {
            budget::set_pace(tx, team, (from, to), &entry, now)
        })
        .await
    }

    async fn budget(&self, team: TeamId, now: Timestamp) -> StoreResult<BudgetState> {
        self.look(team, move |tx| budget::state(tx, team, now))
            .await
    }

    async fn edit_record(&self, team: TeamId, edit: WorkspaceEdit) -> StoreResult<RecordId> {
        self.step(team, move |tx| edit::edit_record(tx, team, edit))
            .await
    }

    async fn resolve_hold(&self, team: TeamId, resolution: HoldResolution) -> StoreResult<()> {
        self.step(team, move |tx| edit::resolve_hold(tx, team, &resolution))
            .await
    }

    async fn restore(&self, team: TeamId, restores: Vec<Restore>) -> StoreResult<Vec<RecordId>> {
        self.step(team, move |tx| restore::restore(tx, team, &restores))
            .await
    }

    async fn retry_links(
        &self,
        team: TeamId,
        links: &[LinkId],
        now: Timestamp,
    ) -> StoreResult<u32> {
        let links = links.to_vec();
        self.step(team, move |tx| edit::retry_links(tx, team, &links, now))
            .await
    }

    async fn incidents(&self, team: TeamId) -> StoreResult<Vec<Standing>> {
        self.look(team, move |tx| incidents::standings(tx, team))
            .await
    }

    async fn try_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        attempt: Attempt,
    ) -> StoreResult<bool> {
        self.step(team, move |tx| {
            incidents::begin(tx, team, incident, attempt)
        })
        .await
    }

    async fn skip_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        skip: bool,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.step(team, move |tx| {
            incidents::skip(tx, team, incident, skip, now)
        })
        .await
    }

    async fn advance_trials(&self, team: TeamId, now: Timestamp) -> StoreResult<TrialReport> {
        if !self
            .look(team, move |tx| incidents::has_moving(tx, team))
            .await?
        {
            return Ok(TrialReport::default());
        }
        self.step(team, move |tx| incidents::advance(tx, team, now))
            .await
    }

    async fn plans(&self, team: TeamId) -> StoreResult<Vec<Plan>> {
        self.look(team, move |tx| brake::plans(tx, team)).await
    }

    async fn planned_records(
        &self,
        team: TeamId,
        plan: PlanId,
        after: Option<LinkId>,
        limit: usize,
    ) -> StoreResult<Vec<PlannedRecord>> {
        self.look(team, move |tx| {
            brake::planned_records(tx, team, plan, after, limit)
        })
        .await
    }

    async fn decide_plan(
        &self,
        team: TeamId,
        plan: PlanId,
        choice: PlanChoice,
        by: Option<UserId>,
        now: Timestamp,
    ) -> StoreResult<Option<Plan>> {
        self.step(team, move |tx| {
            brake::decide_plan(tx, team, plan, choice, by, now)
        })
        .await
    }

    async fn record(&self, team: TeamId, id: RecordId) -> StoreResult<Option<WorkspaceRecord>> {
        self.look(team, move |tx| records::by_id(tx, team, id))
            .await
    }

    async fn link_of(&self, team: TeamId, record: RecordId) -> StoreResult<Option<RecordLink>> {
        self.look(team, move |tx| {
            Ok(links::of_record(tx, team, record)?.map(|row| row.link))
        })
        .await
    }

    async fn mirrored(
        &self,
        team: TeamId,
        object: &CrmObject,
        id: &CrmId,
    ) -> StoreResult<Option<CrmRecord>> {
        let (object, id) = (object.clone(), id.clone());
        self.look(team, move |tx| {
            Ok::<_, DbError>(mirrors::Mirrors::load(tx, team, &object, &[&id])?.take(&id))
        })
        .await
    }

    async fn append_log(&self, team: TeamId, entry: LogDraft) -> StoreResult<LogId> {
        self.step(team, move |tx| log::append(tx, team, &entry))
            .await
    }

    async fn backlog(&self, team: TeamId, now: Timestamp) -> StoreResult<Backlog> {
        self.look(team, move |tx| backlog::backlog(tx, team, now))
            .await
    }
}
