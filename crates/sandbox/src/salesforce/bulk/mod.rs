//! Bulk API: jobs that load many records or read them out, beside the calls that ask about them.
//!
//! The one idea: a job is work in a queue, and the queue is worked on in steps. A step takes up to
//! [`POLL_RECORDS`] records of a job when a client asks about that job, before it gets its answer; or
//! [`IDLE_RECORDS`] when the shell has nothing else to do, so that other calls are not held up. Setting the clock
//! does all work there is. A job is complete when all its records are done and [`BulkSettings::delay_seconds`] has passed since
//! it was handed over. So what a job says depends on the calls and the org's clock alone.
//!
//! `route` answers `/jobs/ingest` and `/jobs/query` (Bulk 2.0): `ingest` and `query` are the calls, `job` is what both
//! share, `load` and `extract` are the work, `dialect`, `columns` and `rows` know how
//! records are written, `apply` saves one. `classic` is Bulk 1.0, an older spelling of the same jobs.
//!
//! Jobs end seven days after they were created (documented) and with the process: their volume does not belong in the
//! state file. Records a job has saved are as lasting as any. A job in parallel mode is worked on in order, too: the
//! platform promises no order, so any will do.

mod apply;
mod classic;
mod columns;
mod dialect;
mod extract;
mod info;
mod ingest;
mod job;
mod load;
mod multipart;
mod query;
mod quota;
mod rows;
mod task;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::{
    dialect::Dialect,
    job::{Batch, Job, Kind, Phase, Work},
    quota::Quotas,
    task::{Refusal, Task},
};
use super::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
};
use crate::world::SfId;

pub(crate) use quota::Allowance;

/// Records taken when a client asks about a job.
const POLL_RECORDS: usize = 10_000;
/// Records taken between other calls.
const IDLE_RECORDS: usize = 1_000;
/// How long jobs and results are kept (documented).
const JOB_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a job may stay open (documented).
const OPEN_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Jobs kept; the oldest that is over makes room.
const MAX_JOBS: usize = 10_000;
/// Uploads and results kept, in bytes; the oldest job that is over makes room.
const MAX_KEPT_BYTES: usize = 1 << 30;
/// Jobs in one answer of a list (documented).
const LISTED_JOBS: usize = 1_000;

/// How the org treats bulk jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BulkSettings {
    /// Least time between handing a job over and its completion, in seconds.
    pub delay_seconds: u32,
    /// Users may delete records past the recycle bin. On the platform a right nobody has until it is given.
    pub hard_delete: bool,
}

impl Default for BulkSettings {
    fn default() -> Self {
        Self {
            delay_seconds: 0,
            hard_delete: true,
        }
    }
}

/// How the data of a job is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv(Dialect),
    /// Bulk 1.0 only.
    Json,
    /// Bulk 1.0 only.
    Xml,
}

impl Form {
    fn dialect(self) -> Dialect {
        match self {
            Self::Csv(dialect) => dialect,
            Self::Json | Self::Xml => Dialect::default(),
        }
    }
}

/// All jobs of the org.
#[derive(Debug)]
pub(crate) struct Jobs {
    pub(crate) settings: BulkSettings,
    jobs: BTreeMap<SfId, Job>,
    /// Jobs with work, the next one first.
    waiting: VecDeque<SfId>,
    created: u64,
    batches: u64,
    quotas: Quotas,
}

impl Jobs {
    pub(crate) fn new(settings: BulkSettings) -> Self {
        Self {
            settings,
            jobs: BTreeMap::new(),
            waiting: VecDeque::new(),
            created: 0,
            batches: 0,
            quotas: Quotas::default(),
        }
    }

    /// What is left of the daily allowances.
    pub(crate) fn allowances(&mut self, now: Timestamp) -> [Allowance; 3] {
        self.quotas.allowances(now)
    }

    /// Earliest completion of what is handed over now.
    fn due(&self, now: Timestamp) -> Timestamp {
        let delay = SignedDuration::from_secs(self.settings.delay_seconds.into());
        now.checked_add(delay).unwrap_or(Timestamp::MAX)
    }

    /// Opens a job.
    fn open(
        &mut self,
        kind: Kind,
        task: Task,
        form: Form,
        now: Timestamp,
    ) -> Result<&mut Job, Refusal> {
        self.expire(now);
        self.make_room();
        if self.jobs.len() >= MAX_JOBS {
            let message = format!("There are already {MAX_JOBS} jobs that are not over");
            return Err(Refusal::new("ExceededQuota", message));
        }
        self.created += 1;
        let id = SfId::from_counter(*b"750", *b"Td0", self.created);
        let job = Job {
            id,
            kind,
            task,
            form,
            serial: false,
            phase: Phase::Open,
            created_at: now,
            touched_at: now,
            batches: Vec::new(),
        };
        Ok(self.jobs.entry(id).or_insert(job))
    }

    /// A batch, not yet part of a job.
    fn batch(&mut self, work: Work, request: Bytes, now: Timestamp) -> Batch {
        self.batches += 1;
        let id = SfId::from_counter(*b"751", *b"Td0", self.batches);
        Batch::new(id, work, request, now)
    }

    fn find(&mut self, id: &str, kinds: &[Kind], now: Timestamp) -> Option<&mut Job> {
        self.expire(now);
        let job = self.jobs.get_mut(&id.parse().ok()?)?;
        kinds.contains(&job.kind).then_some(job)
    }

    /// Puts a job with work into the queue, and takes one without out.
    fn queue(&mut self, id: SfId) {
        self.waiting.retain(|other| *other != id);
        if self.jobs.get(&id).is_some_and(Job::is_waiting) {
            self.waiting.push_back(id);
        }
    }

    fn remove(&mut self, id: SfId) {
        self.jobs.remove(&id);
        self.queue(id);
    }

    /// Forgets jobs whose time is over, and aborts those that were open for too long.
    fn expire(&mut self, now: Timestamp) {
        let age = |job: &Job| now.duration_since(job.created_at);
        let dead = |job: &&Job| age(job) >= JOB_LIFE && !job.is_waiting();
        let dead: Vec<SfId> = self.jobs.values().filter(dead).map(|job| job.id).collect();
        dead.into_iter().for_each(|id| self.remove(id));
        let open = self
            .jobs
            .values_mut()
            .filter(|job| job.phase == Phase::Open);
        open.filter(|job| now.duration_since(job.created_at) >= OPEN_LIFE)
            .for_each(|job| job.abort(now));
    }

    /// Forgets the oldest jobs that are over while there are too many, or they keep too much.
    fn make_room(&mut self) {
        let mut kept_bytes: usize = self.jobs.values().map(Job::bytes).sum();
        while self.jobs.len() >= MAX_JOBS || kept_bytes > MAX_KEPT_BYTES {
            let Some(oldest) = self.jobs.values().find(|job| job.is_over()) else {
                return;
            };
            kept_bytes -= oldest.bytes();
            let id = oldest.id;
            self.remove(id);
        }
    }
}

/// Does one step of a job; true when anything happened.
fn step(site: &mut Site<'_>, id: SfId, records: usize) -> bool {
    // The job is taken out meanwhile, since it works on the site it is a part of.
    let Some(mut job) = site.desk.jobs.jobs.remove(&id) else {
        return false;
    };
    let before = job.charge();
    let stepped = job.step(site, records);
    let (after, now) = (job.charge(), site.world.now());
    let jobs = &mut site.desk.jobs;
    jobs.quotas
        .charge(after.0 - before.0, after.1 - before.1, now);
    jobs.jobs.insert(id, job);
    jobs.queue(id);
    stepped
}

/// Does a step of the job that waits longest; false when there is nothing to do now.
pub(super) fn work(site: &mut Site<'_>) -> bool {
    let waiting: Vec<SfId> = site.desk.jobs.waiting.iter().copied().collect();
    waiting.into_iter().any(|id| step(site, id, IDLE_RECORDS))
}

/// Does all the work there is now.
pub(super) fn work_off(site: &mut Site<'_>) {
    let mut waiting: Vec<SfId> = site.desk.jobs.waiting.iter().copied().collect();
    while !waiting.is_empty() {
        waiting.retain(|id| step(site, *id, IDLE_RECORDS));
    }
}

/// Whether a request may be as large as an upload.
pub(super) fn is_upload(target: &str) -> bool {
    target.contains("/jobs/ingest/") && target.ends_with("/batches")
}

/// Serves `/jobs/…`.
pub(super) fn route(site: &mut Site<'_>, call: &Call, rest: &[&str]) -> Result<Answer, ApiError> {
    let method = &call.method;
    match rest {
        ["ingest", rest @ ..] if call.version >= ingest::FIRST_VERSION => match (rest, method) {
            ([], &Method::POST) => ingest::create(site, call),
            ([], &Method::GET) => ingest::list(site, call),
            ([id], &Method::GET) => ingest::info(site, id),
            ([id], &Method::PATCH) => ingest::change(site, call, id),
            ([id], &Method::DELETE) => delete(site, id, Kind::V2Ingest),
            ([id, "batches"], &Method::PUT) => ingest::upload(site, call, id),
            ([id, part], &Method::GET) => ingest::results(site, call, id, part),
            _ => Err(not_allowed(call, rest.len(), "PUT")),
        },
        ["query", rest @ ..] if call.version >= query::FIRST_VERSION => match (rest, method) {
            ([], &Method::POST) => query::create(site, call),
            ([], &Method::GET) => query::list(site, call),
            ([id], &Method::GET) => query::info(site, id),
            ([id], &Method::PATCH) => query::change(site, call, id),
            ([id], &Method::DELETE) => delete(site, id, Kind::V2Query),
            ([id, "results"], &Method::GET) => query::results(site, call, id),
            ([id, "resultPages"], &Method::GET) if call.version >= query::FIRST_PAGES_VERSION => {
                query::pages(site, call, id)
            }
            _ => Err(not_allowed(call, rest.len(), "GET,HEAD")),
        },
        _ => Err(ApiError::not_found()),
    }
}

fn not_allowed(call: &Call, segments: usize, below: &str) -> ApiError {
    let allowed = match segments {
        0 => "GET,HEAD,POST",
        1 => "DELETE,GET,HEAD,PATCH",
        2 if call.method != Method::GET => below,
        _ => return ApiError::not_found(),
    };
    ApiError::method_not_allowed(call.method.as_str(), allowed)
}

/// Finds a job.
fn found<'s>(site: &'s mut Site<'_>, id: &str, kind: Kind) -> Result<&'s mut Job, ApiError> {
    let now = site.world.now();
    let job = site.desk.jobs.find(id, &[kind], now);
    job.ok_or_else(ApiError::not_found)
}

/// Finds a job after a step of its work, since somebody asks about it.
fn polled<'s>(site: &'s mut Site<'_>, id: &str, kind: Kind) -> Result<&'s mut Job, ApiError> {
    let job = found(site, id, kind)?.id;
    step(site, job, POLL_RECORDS);
    found(site, id, kind)
}

/// Removes a job that is over.
fn delete(site: &mut Site<'_>, id: &str, kind: Kind) -> Result<Answer, ApiError> {
    let job = found(site, id, kind)?;
    if !job.is_over() {
        return Err(Refusal::state("Deleting not Closed Job not allowed").into());
    }
    let id = job.id;
    site.desk.jobs.remove(id);
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// Aborts a job; one that is over says so in the recorded words.
fn abort(job: &mut Job, now: Timestamp) -> Result<(), Refusal> {
    match (job.phase, job.is_over()) {
        (Phase::Aborted, _) => Err(Refusal::state("Aborting already Aborted Job not allowed")),
        (_, true) => Err(Refusal::state("Aborting already Completed Job not allowed")),
        _ => {
            job.abort(now);
            Ok(())
        }
    }
}
