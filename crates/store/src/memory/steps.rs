//! The memory store as the engine sees it.

use super::MemoryStore;
use crate::rules;
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

#[async_trait]
impl SyncStore for MemoryStore {
    async fn rules(&self, team: TeamId) -> StoreResult<TeamRules> {
        self.with(team, |team| Ok(team.rules.clone()))
    }

    async fn put_rules(&self, team: TeamId, rules: TeamRules, now: Timestamp) -> StoreResult<()> {
        self.with(team, |team| {
            team.put_rules(rules, now);
            Ok(())
        })
    }

    async fn connection_state(&self, team: TeamId) -> StoreResult<ConnectionState> {
        self.with(team, |team| Ok(team.connection.clone()))
    }

    async fn set_connection_state(
        &self,
        team: TeamId,
        state: ConnectionState,
        log: Option<LogDraft>,
    ) -> StoreResult<()> {
        self.with(team, |team| {
            team.connection = state;
            log.map(|entry| team.append_log(entry));
            Ok(())
        })
    }

    async fn progress(&self, team: TeamId) -> StoreResult<Vec<ObjectProgress>> {
        self.with(team, |team| Ok(team.progress.values().cloned().collect()))
    }

    async fn pull_failed(
        &self,
        team: TeamId,
        object: &CrmObject,
        not_before: Timestamp,
        log: Option<LogDraft>,
    ) -> StoreResult<()> {
        self.with(team, |team| {
            rules::note_failure(team.progress_of(object), not_before);
            log.map(|entry| team.append_log(entry));
            Ok(())
        })
    }

    async fn drop_page(
        &self,
        team: TeamId,
        object: &CrmObject,
        from: &PullPosition,
    ) -> StoreResult<bool> {
        self.with(team, |team| {
            let progress = team.progress.get_mut(object);
            Ok(progress.is_some_and(|progress| rules::drop_page(progress, from)))
        })
    }

    async fn reset_progress(&self, team: TeamId, object: &CrmObject) -> StoreResult<()> {
        self.with(team, |team| {
            rules::forget_position(team.progress_of(object));
            Ok(())
        })
    }

    async fn end_waits(&self, team: TeamId) -> StoreResult<()> {
        self.with(team, |team| {
            team.end_waits();
            Ok(())
        })
    }

    async fn stage(&self, team: TeamId, page: StagePage) -> StoreResult<StageReport> {
        self.with(team, |team| Ok(team.stage(page)))
    }

    async fn watches(&self, team: TeamId) -> StoreResult<Vec<ObjectWatch>> {
        self.with(team, |team| Ok(team.watches.values().cloned().collect()))
    }

    async fn save_watch(
        &self,
        team: TeamId,
        watch: ObjectWatch,
        log: Vec<LogDraft>,
    ) -> StoreResult<bool> {
        self.with(team, |team| Ok(team.save_watch(watch, log)))
    }

    async fn linked(
        &self,
        team: TeamId,
        object: &CrmObject,
        named: &Named,
    ) -> StoreResult<Vec<Linked>> {
        self.with(team, |team| Ok(team.linked(object, named)))
    }

    async fn claim_links(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<LinkWork>> {
        self.with(team, |team| Ok(team.claim_links(claim)))
    }

    async fn inquiries(
        &self,
        team: TeamId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Inquiry>> {
        self.with(team, |team| Ok(team.due_inquiries(now, limit)))
    }

    async fn answered(&self, team: TeamId, answered: Answered) -> StoreResult<()> {
        self.with(team, |team| {
            team.take_answer(answered);
            Ok(())
        })
    }

    async fn commit_decisions(
        &self,
        team: TeamId,
        commits: Vec<DecisionCommit>,
        now: Timestamp,
    ) -> StoreResult<CommitReport> {
        self.with(team, |team| team.commit_decisions(commits, now))
    }

    async fn sendable_objects(
        &self,
        team: TeamId,
        lanes: Lanes,
        now: Timestamp,
    ) -> StoreResult<Vec<Sendable>> {
        self.with(team, |team| Ok(team.sendable_objects(lanes, now)))
    }

    async fn claim_intents(
        &self,
        team: TeamId,
        object: &CrmObject,
        claim: &Claim,
    ) -> StoreResult<Vec<ClaimedIntent>> {
        self.with(team, |team| Ok(team.claim_intents(object, claim)))
    }

    async fn claim_doubtful(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<ClaimedIntent>> {
        self.with(team, |team| Ok(team.claim_doubtful(claim)))
    }

    async fn open_creates(
        &self,
        team: TeamId,
        object: &CrmObject,
    ) -> StoreResult<Vec<WriteIntent>> {
        self.with(team, |team| Ok(team.open_creates(object)))
    }

    async fn owned(
        &self,
        team: TeamId,
        object: &CrmObject,
        ids: &[CrmId],
    ) -> StoreResult<BTreeSet<CrmId>> {
        self.with(team, |team| Ok(team.owned(object, ids)))
    }

    async fn settle(
        &self,
        team: TeamId,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> StoreResult<u32> {
        self.with(team, |team| Ok(team.settle(settlements, now)))
    }

    async fn reserve_calls(
        &self,
        team: TeamId,
        calls: u32,
        lane: Lane,
        now: Timestamp,
    ) -> StoreResult<Result<ReservationId, String>> {
        self.with(team, |team| {
            let settings = &team.rules.settings;
            Ok(team.budget.reserve(calls, lane, settings, now))
        })
    }

    async fn reserve_question(
        &self,
        team: TeamId,
        now: Timestamp,
    ) -> StoreResult<Option<ReservationId>> {
        self.with(team, |team| {
            let settings = &team.rules.settings;
            Ok(team.budget.reserve_question(settings, now))
        })
    }

    async fn spend_calls(
        &self,
        team: TeamId,
        reservation: ReservationId,
        spent: Spent,
        now: Timestamp,
    ) -> StoreResult<ReservationId> {
        self.with(team, |team| Ok(team.budget.spend(reservation, spent, now)))
    }

    async fn calls_by_hour(&self, team: TeamId, now: Timestamp) -> StoreResult<Vec<HourCalls>> {
        self.with(team, |team| Ok(team.budget.calls_by_hour(now)))
    }

    async fn set_pace(
        &self,
        team: TeamId,
        from: Pace,
        to: Pace,
        entry: LogDraft,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.with(team, |team| {
            let changed = team.budget.set_pace(from, to, now);
            if changed {
                team.append_log(entry);
            }
            Ok(changed)
        })
    }

    async fn budget(&self, team: TeamId, now: Timestamp) -> StoreResult<BudgetState> {
        self.with(team, |team| Ok(team.budget.state(now)))
    }

    async fn edit_record(&self, team: TeamId, edit: WorkspaceEdit) -> StoreResult<RecordId> {
        self.with(team, |team| team.edit_record(edit))
    }

    async fn resolve_hold(&self, team: TeamId, resolution: HoldResolution) -> StoreResult<()> {
        self.with(team, |team| team.resolve_hold(&resolution))
    }

    async fn restore(&self, team: TeamId, restores: Vec<Restore>) -> StoreResult<Vec<RecordId>> {
        self.with(team, |team| Ok(team.restore(&restores)))
    }

    async fn retry_links(
        &self,
        team: TeamId,
        links: &[LinkId],
        now: Timestamp,
    ) -> StoreResult<u32> {
        self.with(team, |team| Ok(team.retry_links(links, now)))
    }

    async fn incidents(&self, team: TeamId) -> StoreResult<Vec<Standing>> {
        self.with(team, |team| Ok(team.standings()))
    }

    async fn try_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        attempt: Attempt,
    ) -> StoreResult<bool> {
        self.with(team, |team| team.try_incident(incident, attempt))
    }

    async fn skip_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        skip: bool,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.with(team, |team| team.skip_incident(incident, skip, now))
    }

    async fn advance_trials(&self, team: TeamId, now: Timestamp) -> StoreResult<TrialReport> {
        self.with(team, |team| Ok(team.advance_trials(now)))
    }

    async fn plans(&self, team: TeamId) -> StoreResult<Vec<Plan>> {
        self.with(team, |team| Ok(team.plans()))
    }

    async fn planned_records(
        &self,
        team: TeamId,
        plan: PlanId,
        after: Option<LinkId>,
        limit: usize,
    ) -> StoreResult<Vec<PlannedRecord>> {
        self.with(team, |team| Ok(team.planned_records(plan, after, limit)))
    }

    async fn decide_plan(
        &self,
        team: TeamId,
        plan: PlanId,
        choice: PlanChoice,
        by: Option<UserId>,
        now: Timestamp,
    ) -> StoreResult<Option<Plan>> {
        self.with(team, |team| team.decide_plan(plan, choice, by, now))
    }

    async fn record(&self, team: TeamId, id: RecordId) -> StoreResult<Option<WorkspaceRecord>> {
        self.with(team, |team| Ok(team.records.get(id).cloned()))
    }

    async fn link_of(&self, team: TeamId, record: RecordId) -> StoreResult<Option<RecordLink>> {
        self.with(team, |team| {
            Ok(team.links.of_record(record).map(|row| row.link.clone()))
        })
    }

    async fn mirrored(
        &self,
        team: TeamId,
        object: &CrmObject,
        id: &CrmId,
    ) -> StoreResult<Option<CrmRecord>> {
        self.with(team, |team| Ok(team.mirrors.get(object, id).cloned()))
    }

    async fn append_log(&self, team: TeamId, entry: LogDraft) -> StoreResult<LogId> {
        self.with(team, |team| Ok(team.append_log(entry)))
    }

    async fn backlog(&self, team: TeamId, now: Timestamp) -> StoreResult<Backlog> {
        self.with(team, |team| Ok(team.backlog(now)))
    }
}
