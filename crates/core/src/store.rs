//! What the engine needs from the database: methods named after the steps they finish.
//!
//! The contract, for every method:
//! - One method is one transaction: after a crash at any point it happened wholly or not at all.
//! - No method waits for anything but the database; none is open during a network call.
//! - Every method may be called by several workers at once, and again with the same argument: the
//!   fences ([`RecordLink::version`], [`ClaimedIntent::epoch`], [`PullPosition`]) make a late or
//!   repeated call harmless, and the report says that it was.
//! - Leases only save work. Whoever comes with a valid fence wins.
//! - Batches keep their order; parts are independent unless said otherwise.
//! - A link whose intent is being sent or whose answer is in doubt is not given out for reconcile; its
//!   due work waits and is given out after the settle.

pub use crate::backlog::Backlog;
use crate::brake::{Impacts, Plan, PlanChoice, PlannedRecord};
use crate::budget::{BudgetState, HourCalls, Pace, Spent};
use crate::connector::{Next, PageToken, Watermark};
use crate::coverage::Coverage;
use crate::horizon::Horizon;
use crate::ids::{
    CrmId, CrmObject, IncidentId, LinkId, LogId, PlanId, RecordId, ReservationId, TeamId, UserId,
};
use crate::incident::{Attempt, Standing, TrialReport};
pub use crate::inquiry::{Answered, Inquiry};
use crate::link::{Lane, Lanes, RecordLink};
use crate::reconcile::{Decision, Kin};
use crate::record::{CrmRecord, Origin, WorkspaceRecord};
use crate::settings::{ConnectionState, TeamRules};
use crate::sync_log::LogDraft;
pub use crate::undo::Restore;
use crate::value::{Fields, Value};
use crate::watch::{Linked, ObjectWatch};
use crate::workspace::Kind;
use crate::write::{Settlement, WriteIntent};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full; nothing was changed.
    #[error(
        "the disk that holds the database is full: free some space, then Tandem goes on by itself"
    )]
    DiskFull,
    /// The file is not a healthy database.
    #[error("the database is damaged ({0}): restore the last backup")]
    Corrupt(String),
    /// The file was written by a newer Tandem.
    #[error(
        "the database has schema version {found}, this Tandem knows {known}: start the newer Tandem, or restore a backup made before the upgrade"
    )]
    Newer {
        /// Version in the file.
        found: u32,
        /// Newest version known here.
        known: u32,
    },
    /// Another process holds the database.
    #[error("the database is in use by another process")]
    Busy,
    /// The named thing does not exist in this team.
    #[error("there is no {0}")]
    NotFound(String),
    /// The record is archived, in words for people.
    #[error("{0}")]
    Archived(String),
    /// Anything else, with its source in the text.
    #[error("the database failed: {0}")]
    Other(String),
}

/// The result of a store's method.
pub type StoreResult<T> = Result<T, StoreError>;

/// Where reading of one object stands: the fence of [`SyncStore::stage`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PullPosition {
    /// How often everything was begun again: a page asked for before that is outrun, though both began
    /// at the beginning.
    pub round: u32,
    /// End of the last complete pull.
    pub watermark: Option<Watermark>,
    /// Set while a pull is under way.
    pub page: Option<PageToken>,
}

/// Progress of reading one object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectProgress {
    /// The object.
    pub object: CrmObject,
    /// Where to go on.
    pub position: PullPosition,
    /// When the last complete pull began, by our clock.
    pub complete_at: Option<Timestamp>,
    /// When the pull under way began.
    pub started_at: Option<Timestamp>,
    /// Set after a failure: not before.
    pub not_before: Option<Timestamp>,
    /// Failures since the last success.
    pub attempts: u32,
    /// Rows read by the pull under way, or by the last one.
    pub rows: u64,
    /// How late rows arrive, and so how far the next read goes back.
    pub horizon: Horizon,
    /// What was read since reading began at the beginning.
    #[serde(default)]
    pub coverage: Coverage,
}

/// A pulled page on its way into the store.
#[derive(Clone, PartialEq, Debug)]
pub struct StagePage {
    /// The object.
    pub object: CrmObject,
    /// The kind its records become.
    pub kind: Kind,
    /// Unknown records become half links; otherwise they are dropped.
    pub import: bool,
    /// CRM field that may hold our key: a record with the key of a link's create *is* that link's record.
    pub external_id: Option<String>,
    /// The records.
    pub records: Vec<CrmRecord>,
    /// The position this page was asked from; progress moves only if it still stands there.
    pub from: PullPosition,
    /// What follows; `None` where the records come from elsewhere than from a pull: then they are evidence
    /// only, and progress stays.
    pub next: Option<Next>,
    /// See [`PulledPage::behind_seconds`](crate::connector::PulledPage::behind_seconds).
    pub behind_seconds: BTreeMap<CrmId, u32>,
    /// See [`PulledPage::begins`](crate::connector::PulledPage::begins).
    pub begins: bool,
    /// This pull goes back over the long horizon. Of its pages the first decides.
    pub settling: bool,
    /// Lane of the work that this makes.
    pub lane: Lane,
    /// When the request was sent.
    pub now: Timestamp,
    /// Off only in the simulation: every row counts as a change, also our own write coming back.
    pub echo_guard: bool,
}

/// Which linked records to name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Named {
    /// Those among these.
    Among(Vec<CrmId>),
    /// Those after the first id, up to and with the last one, in the order of ids.
    Between(Option<CrmId>, Option<CrmId>),
    /// The first so many after an id, in the order of ids.
    Following(Option<CrmId>, usize),
}

/// What staging did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StageReport {
    /// Records without a link until now.
    pub new: u32,
    /// Records that differ from what was known.
    pub changed: u32,
    /// Records already known like this: overlap and echoes.
    pub unchanged: u32,
    /// Records older than what is known, dropped.
    pub stale: u32,
    /// How late the latest record came that the pull before went past, in seconds. It is remembered in
    /// [`ObjectProgress::horizon`].
    pub late_seconds: u32,
    /// Progress did not move: somebody else had moved it.
    pub outrun: bool,
    /// CRM fields that changed though their record's stamp did not ([`crate::refresh::unstamped`]).
    pub unstamped: BTreeSet<String>,
}

/// Asks for work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Who asks; a free name, for people.
    pub worker: String,
    /// Our clock.
    pub now: Timestamp,
    /// How long nobody else is given the same work.
    pub lease_seconds: u32,
    /// At most so many.
    pub limit: usize,
    /// Of these lanes only.
    pub lanes: Lanes,
}

/// A link that is due, with both sides as they stand.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkWork {
    /// The link; its `version` is the fence of the commit.
    pub link: RecordLink,
    /// The CRM side as last read.
    pub crm: Option<CrmRecord>,
    /// Our side, with references resolved to CRM ids where the target is linked.
    pub workspace: Option<WorkspaceRecord>,
    /// For a CRM half link: for each of its match keys, strongest first, the workspace records that
    /// carry it and are not linked.
    pub candidates: Vec<Vec<RecordId>>,
    /// CRM records that took each other's place, where the link's is among them.
    pub kin: Kin,
    /// The lane it is due in.
    pub lane: Lane,
}

/// A decision on its way into the store.
#[derive(Clone, PartialEq, Debug)]
pub struct DecisionCommit {
    /// The link.
    pub link: LinkId,
    /// The version decided on; if the link has moved on, nothing happens and it stays due.
    pub version: i64,
    /// What was decided.
    pub decision: Decision,
    /// Lane of the write that it makes.
    pub lane: Lane,
    /// What the decision does to records that somebody may miss: the brake may hold it.
    pub impacts: Impacts,
}

/// What committing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CommitReport {
    /// Decisions carried out.
    pub committed: u32,
    /// Decisions overtaken by a newer state; their links stay due.
    pub overtaken: u32,
    /// Write intents made.
    pub intents: u32,
    /// Decisions that the brake held.
    pub held: u32,
}

/// Most plans that [`SyncStore::plans`] names.
pub const PLANS_MAX: usize = 100;

/// Most intents that [`SyncStore::sendable_objects`] counts of one object.
pub const SENDABLE_COUNT_MAX: usize = 1_000;

/// Intents of one object that could be sent now: those of people, or all others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sendable {
    /// The object.
    pub object: CrmObject,
    /// The best lane among them.
    pub lane: Lane,
    /// How many.
    pub records: usize,
    /// Every one of them is an update that can be made conditional.
    pub conditional: bool,
}

/// An intent given out for sending or resolving.
#[derive(Clone, PartialEq, Debug)]
pub struct ClaimedIntent {
    /// The promise.
    pub intent: WriteIntent,
    /// Fence: a settle with another epoch does nothing.
    pub epoch: i64,
}

/// A new or changed workspace record, by a person or a program.
#[derive(Clone, PartialEq, Debug)]
pub struct WorkspaceEdit {
    /// Which record; `None` makes a new one.
    pub record: Option<RecordId>,
    /// Its kind.
    pub kind: Kind,
    /// Fields to set; [`Value::Null`] clears.
    pub patch: Fields,
    /// Through whom.
    pub origin: Origin,
    /// When.
    pub now: Timestamp,
    /// For a new record: the CRM object to create it as, if any.
    pub create_as: Option<CrmObject>,
}

/// How a person settles a held field.
#[derive(Clone, PartialEq, Debug)]
pub struct HoldResolution {
    /// The link.
    pub link: LinkId,
    /// The workspace field.
    pub field: String,
    /// The value that both sides shall have.
    pub value: Value,
    /// The CRM's value that this decision was made on.
    pub seen_crm: Value,
    /// Through whom.
    pub origin: Origin,
    /// When.
    pub now: Timestamp,
}

/// The steps, as the database sees them.
#[async_trait]
pub trait SyncStore: Send + Sync {
    /// The rules in force.
    async fn rules(&self, team: TeamId) -> StoreResult<TeamRules>;

    /// Publishes rules. Links of a pair whose mapping version changed become due. An object of which more
    /// shall come in than was read so far (another field, one of another type, or records that nobody linked)
    /// is read again from the beginning.
    async fn put_rules(&self, team: TeamId, rules: TeamRules, now: Timestamp) -> StoreResult<()>;

    /// The main connection's state.
    async fn connection_state(&self, team: TeamId) -> StoreResult<ConnectionState>;

    /// Changes the main connection's state, with the entry that tells it.
    async fn set_connection_state(
        &self,
        team: TeamId,
        state: ConnectionState,
        log: Option<LogDraft>,
    ) -> StoreResult<()>;

    /// Progress of every object that was ever read.
    async fn progress(&self, team: TeamId) -> StoreResult<Vec<ObjectProgress>>;

    /// Notes that reading an object failed and when to try again.
    async fn pull_failed(
        &self,
        team: TeamId,
        object: &CrmObject,
        not_before: Timestamp,
        log: Option<LogDraft>,
    ) -> StoreResult<()>;

    /// Gives up the pull under way that stands at `from`, because the CRM forgot its page: the next one
    /// begins again after the last complete pull. Back-off, watermark and all records stay. `false` if
    /// the pull stands elsewhere by now, or none is under way: then nothing happens.
    async fn drop_page(
        &self,
        team: TeamId,
        object: &CrmObject,
        from: &PullPosition,
    ) -> StoreResult<bool>;

    /// Forgets an object's position, so that everything is read again. Nothing else changes.
    async fn reset_progress(&self, team: TeamId, object: &CrmObject) -> StoreResult<()>;

    /// Ends the waits after failures, of reads and of writes: somebody wants to see it tried now. What
    /// failed how often is not forgotten.
    async fn end_waits(&self, team: TeamId) -> StoreResult<()>;

    /// Stores pulled records that are news, makes their links due, and moves the progress: all in one
    /// transaction. A record is news if its revision is newer than the known one, or equal with other
    /// values and of a later look. Records that were deleted before we knew them are dropped.
    async fn stage(&self, team: TeamId, page: StagePage) -> StoreResult<StageReport>;

    /// How far each object is watched beside reading it.
    async fn watches(&self, team: TeamId) -> StoreResult<Vec<ObjectWatch>>;

    /// Saves a watch, with the entries that tell it. `false` and nothing if its version is not the one that
    /// is stored (0 where none is): somebody else went on. What it covers was staged before.
    async fn save_watch(
        &self,
        team: TeamId,
        watch: ObjectWatch,
        log: Vec<LogDraft>,
    ) -> StoreResult<bool>;

    /// The CRM records of an object that are linked or to be imported, and not known to be deleted.
    async fn linked(
        &self,
        team: TeamId,
        object: &CrmObject,
        named: &Named,
    ) -> StoreResult<Vec<Linked>>;

    /// Gives out due links, best lane first, then longest due. Half links that came from the CRM wait
    /// while a create of their object is being sent or in doubt: they may be that create, or what became of it.
    async fn claim_links(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<LinkWork>>;

    /// Due inquiries about records of one object. They are read-only and not leased: two workers that ask
    /// the same waste a call and do no harm.
    async fn inquiries(
        &self,
        team: TeamId,
        now: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<Inquiry>>;

    /// Takes in the answer: what was found is evidence like any other, whether it is linked or not; the
    /// links that asked are due. A link that asked for a record that can't be seen is set aside.
    async fn answered(&self, team: TeamId, answered: Answered) -> StoreResult<()>;

    /// Carries out decisions: workspace changes, link, intent and log of each in one transaction. An
    /// intent that was not sent yet is replaced.
    ///
    /// A new workspace record is made only while nobody matches: if, as the batch begins, a record
    /// without a CRM record carries one of the link's match keys, it came after the claim, and the
    /// decision is overtaken. The keys are those of [`LinkWork::candidates`].
    ///
    /// A decision whose impacts the brake holds ([`crate::brake`]) is not carried out: its link joins a
    /// plan, an unsent intent is withdrawn, and it is not due. What passes is counted in the same transaction.
    ///
    /// A record goes over to another link, or takes in another record, only while that link and that record
    /// stand as the decision saw them: the link is free, or has the record that is taken in, and no write of
    /// it is under way; the survivor is not archived.
    async fn commit_decisions(
        &self,
        team: TeamId,
        commits: Vec<DecisionCommit>,
        now: Timestamp,
    ) -> StoreResult<CommitReport>;

    /// Objects with intents of these lanes that [`claim_intents`](Self::claim_intents) could give out now, in the order they should be: those of
    /// people first, then parents before children, then best lane, then oldest. An object with intents of
    /// people and others is there twice. Counting stops at [`SENDABLE_COUNT_MAX`].
    async fn sendable_objects(
        &self,
        team: TeamId,
        lanes: Lanes,
        now: Timestamp,
    ) -> StoreResult<Vec<Sendable>>;

    /// Gives out unsent intents of one object and marks them as being sent. Never two for one link, none
    /// whose lock key is held by one that somebody else is sending, and none whose link is due: what is known by now
    /// is decided first, and that decision replaces the intent.
    async fn claim_intents(
        &self,
        team: TeamId,
        object: &CrmObject,
        claim: &Claim,
    ) -> StoreResult<Vec<ClaimedIntent>>;

    /// Gives out intents in doubt that are due, and those whose sender's lease ran out: all of one
    /// object.
    async fn claim_doubtful(&self, team: TeamId, claim: &Claim) -> StoreResult<Vec<ClaimedIntent>>;

    /// The creates of an object that are being sent or in doubt, whoever has them, in the order of their ids.
    async fn open_creates(&self, team: TeamId, object: &CrmObject)
    -> StoreResult<Vec<WriteIntent>>;

    /// Those of these CRM records that have a workspace record, or had one that went over to another.
    async fn owned(
        &self,
        team: TeamId,
        object: &CrmObject,
        ids: &[CrmId],
    ) -> StoreResult<BTreeSet<CrmId>>;

    /// Turns outcomes into base, link, mirror, workspace patch and log: one transaction for the batch.
    /// Returns how many were not stale. A create that settles absorbs the half link that a pull may
    /// have made of the same CRM record.
    async fn settle(
        &self,
        team: TeamId,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> StoreResult<u32>;

    /// Takes a slice of the API budget before sending, or says why not. One that nobody settles counts as
    /// spent, until a count of the org that was asked for later than [`RESERVATION_SECONDS`] after.
    ///
    /// [`RESERVATION_SECONDS`]: crate::budget::RESERVATION_SECONDS
    async fn reserve_calls(
        &self,
        team: TeamId,
        calls: u32,
        lane: Lane,
        now: Timestamp,
    ) -> StoreResult<Result<ReservationId, String>>;

    /// Takes one call to ask the org for its count, where [`may_ask`] lets it: out of the calls that are set aside for
    /// it, and at most once in [`ASK_AFTER_SECONDS`] however many workers come.
    ///
    /// [`may_ask`]: crate::budget::may_ask
    /// [`ASK_AFTER_SECONDS`]: crate::budget::ASK_AFTER_SECONDS
    async fn reserve_question(
        &self,
        team: TeamId,
        now: Timestamp,
    ) -> StoreResult<Option<ReservationId>>;

    /// Replaces a reservation by what was really spent and what the org said about its use. Returns the last
    /// reservation of anybody so far; a team's are numbered in the order of their transactions, whatever clocks show.
    async fn spend_calls(
        &self,
        team: TeamId,
        reservation: ReservationId,
        spent: Spent,
        now: Timestamp,
    ) -> StoreResult<ReservationId>;

    /// Our calls in each of the last 24 hours and in the one under way; idle hours may be missing.
    async fn calls_by_hour(&self, team: TeamId, now: Timestamp) -> StoreResult<Vec<HourCalls>>;

    /// Changes the pace of scheduled reading, with the entry that tells it. `false`, and nothing happens,
    /// if it is no longer `from`: somebody else changed it.
    async fn set_pace(
        &self,
        team: TeamId,
        from: Pace,
        to: Pace,
        entry: LogDraft,
        now: Timestamp,
    ) -> StoreResult<bool>;

    /// The budget as it stands.
    async fn budget(&self, team: TeamId, now: Timestamp) -> StoreResult<BudgetState>;

    /// Stores a workspace edit and makes its link due, in the live lane for people, in one
    /// transaction. A new record with `create_as` gets a half link.
    async fn edit_record(&self, team: TeamId, edit: WorkspaceEdit) -> StoreResult<RecordId>;

    /// Settles a held field as a person decided.
    async fn resolve_hold(&self, team: TeamId, resolution: HoldResolution) -> StoreResult<()>;

    /// Puts values back as edits of the workspace, each record with its entry, and makes their links due:
    /// one transaction for the batch. A record that is not as it was seen is left as it is, and so is one whose
    /// home is another's by then, or is being written. What is archived stays as it is unless it goes home.
    ///
    /// The link that a record leaves for its home is a half link from then on, with nothing agreed, and is due.
    /// Returns those that were put back.
    async fn restore(&self, team: TeamId, restores: Vec<Restore>) -> StoreResult<Vec<RecordId>>;

    /// Takes parked fields and records of these links up again and makes them due.
    async fn retry_links(&self, team: TeamId, links: &[LinkId], now: Timestamp)
    -> StoreResult<u32>;

    /// Incidents of which records wait, or whose trial is under way; most records first.
    async fn incidents(&self, team: TeamId) -> StoreResult<Vec<Standing>>;

    /// Begins to try a fix: takes up one record of the incident, in the live lane. One that is skipped is so
    /// no longer. `false` if none of its records waits, or one is being tried already: then nothing happens.
    async fn try_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        attempt: Attempt,
    ) -> StoreResult<bool>;

    /// Leaves an incident's records alone (`true`) or not any more: new rules do not take them up, and nobody
    /// is told of them.
    async fn skip_incident(
        &self,
        team: TeamId,
        incident: IncidentId,
        skip: bool,
        now: Timestamp,
    ) -> StoreResult<()>;

    /// Carries trials on: reads what became of the record that is being tried, and where the fix helps takes up
    /// [`RELEASE_MAX`] more of its incident's records, as mass work. Each record once in a trial.
    ///
    /// [`RELEASE_MAX`]: crate::incident::RELEASE_MAX
    async fn advance_trials(&self, team: TeamId, now: Timestamp) -> StoreResult<TrialReport>;

    /// The plans of the brake, newest first; at most [`PLANS_MAX`].
    async fn plans(&self, team: TeamId) -> StoreResult<Vec<Plan>>;

    /// The records that wait in a plan, by link, after the one named.
    async fn planned_records(
        &self,
        team: TeamId,
        plan: PlanId,
        after: Option<LinkId>,
        limit: usize,
    ) -> StoreResult<Vec<PlannedRecord>>;

    /// Decides a plan, with its entry: an approved one makes its links due, as mass work. `None`, and
    /// nothing happens, where there is nothing to choose any more ([`PlanState::chosen`]).
    ///
    /// [`PlanState::chosen`]: crate::brake::PlanState::chosen
    async fn decide_plan(
        &self,
        team: TeamId,
        plan: PlanId,
        choice: PlanChoice,
        by: Option<UserId>,
        now: Timestamp,
    ) -> StoreResult<Option<Plan>>;

    /// One workspace record.
    async fn record(&self, team: TeamId, id: RecordId) -> StoreResult<Option<WorkspaceRecord>>;

    /// The link of a workspace record.
    async fn link_of(&self, team: TeamId, record: RecordId) -> StoreResult<Option<RecordLink>>;

    /// The CRM record as last read.
    async fn mirrored(
        &self,
        team: TeamId,
        object: &CrmObject,
        id: &CrmId,
    ) -> StoreResult<Option<CrmRecord>>;

    /// Appends an entry.
    async fn append_log(&self, team: TeamId, entry: LogDraft) -> StoreResult<LogId>;

    /// How much is waiting.
    async fn backlog(&self, team: TeamId, now: Timestamp) -> StoreResult<Backlog>;
}
