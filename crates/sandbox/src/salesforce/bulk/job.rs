//! A job and its batches: what was asked, how far it is, and what it says of itself.
//!
//! Both versions of the API share one model. A job has batches of work; one of Bulk 2.0 has a single batch, the upload
//! or the query. States are derived from the batches, never set: a job cannot say it is complete while work is left.

use bytes::Bytes;
use jiff::Timestamp;

use super::{extract::Extract, load::Load, task::Task};
use crate::{salesforce::Site, world::SfId};

/// What a batch does.
#[derive(Debug)]
pub(super) enum Work {
    Load(Load),
    Extract(Extract),
}

/// How far a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing is done yet.
    Queued,
    Running,
    Completed,
    /// It broke, with the vendor's sentence.
    Failed(String),
    /// The job was aborted before it was done.
    NotProcessed,
}

/// A piece of work and how far it is.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) id: SfId,
    pub(super) work: Work,
    pub(super) progress: Progress,
    /// What the client sent.
    pub(super) request: Bytes,
    pub(super) created_at: Timestamp,
    pub(super) changed_at: Timestamp,
    /// From when on it may be completed; none while it is not handed over.
    pub(super) due: Option<Timestamp>,
    began_at: Option<Timestamp>,
    /// All its records are done; it only waits for its time.
    exhausted: bool,
}

impl Batch {
    pub(super) fn new(id: SfId, work: Work, request: Bytes, now: Timestamp) -> Self {
        Self {
            id,
            work,
            request,
            progress: Progress::Queued,
            created_at: now,
            changed_at: now,
            due: None,
            began_at: None,
            exhausted: false,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.due.is_some() && matches!(self.progress, Progress::Queued | Progress::Running)
    }

    /// Records taken, and how many of them failed.
    pub(super) fn records(&self) -> (usize, usize) {
        match &self.work {
            Work::Load(load) => (load.outcomes.len(), load.failed),
            Work::Extract(extract) => (extract.rows, 0),
        }
    }

    fn bytes(&self) -> usize {
        let result = match &self.work {
            Work::Load(_) => 0,
            Work::Extract(extract) => extract.bytes,
        };
        self.request.len() + result
    }

    /// Time from begin to end, or to the last step, on the org's clock.
    pub(super) fn milliseconds(&self) -> i64 {
        let began = self.began_at.unwrap_or(self.changed_at);
        (self.changed_at.as_millisecond() - began.as_millisecond()).max(0)
    }

    /// Does up to so many records; true when anything happened.
    fn step(&mut self, site: &mut Site<'_>, task: &Task, records: usize) -> bool {
        let now = site.world.now();
        let Some(due) = self.due.filter(|_| self.is_waiting()) else {
            return false;
        };
        if self.exhausted && now < due {
            return false;
        }
        self.began_at.get_or_insert(now);
        self.changed_at = now;
        self.progress = Progress::Running;
        let stepped = match &mut self.work {
            _ if self.exhausted => Ok(true),
            Work::Load(load) => load.step(site, task, records),
            Work::Extract(extract) => extract.step(site.world, records),
        };
        match stepped {
            Err(reason) => self.progress = Progress::Failed(reason),
            Ok(done) => {
                self.exhausted = done;
                if done && now >= due {
                    self.progress = Progress::Completed;
                }
            }
        }
        true
    }
}

/// Which part of the API a job belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    V2Ingest,
    V2Query,
    Classic,
}

impl Kind {
    /// The `jobType` of job infos.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V2Ingest => "V2Ingest",
            Self::V2Query => "V2Query",
            Self::Classic => "Classic",
        }
    }
}

/// What the client has done with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Closed,
    Aborted,
}

/// The states of Bulk 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) enum State {
    Open,
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: SfId,
    pub(super) kind: Kind,
    pub(super) task: Task,
    pub(super) form: super::Form,
    /// Bulk 1.0 only: the client asked for one batch after another.
    pub(super) serial: bool,
    pub(super) phase: Phase,
    pub(super) created_at: Timestamp,
    /// When the client changed it last; see [`Job::changed_at`].
    pub(super) touched_at: Timestamp,
    pub(super) batches: Vec<Batch>,
}

impl Job {
    pub(super) fn state(&self) -> State {
        let all = |is: fn(&Progress) -> bool| self.batches.iter().all(|batch| is(&batch.progress));
        match self.phase {
            Phase::Open => State::Open,
            Phase::Aborted => State::Aborted,
            Phase::Closed if self.error().is_some() => State::Failed,
            Phase::Closed if all(|progress| *progress == Progress::Completed) => State::JobComplete,
            Phase::Closed if all(|progress| *progress == Progress::Queued) => State::UploadComplete,
            Phase::Closed => State::InProgress,
        }
    }

    /// Why it failed.
    pub(super) fn error(&self) -> Option<&str> {
        self.batches.iter().find_map(|batch| match &batch.progress {
            Progress::Failed(reason) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Whether there is work that was handed over.
    pub(super) fn is_waiting(&self) -> bool {
        self.batches.iter().any(Batch::is_waiting)
    }

    /// Nothing more can happen to it.
    pub(super) fn is_over(&self) -> bool {
        self.phase != Phase::Open && !self.is_waiting()
    }

    pub(super) fn changed_at(&self) -> Timestamp {
        let batches = self.batches.iter().map(|batch| batch.changed_at);
        batches.fold(self.touched_at, Timestamp::max)
    }

    /// Records taken, and how many of them failed.
    pub(super) fn records(&self) -> (usize, usize) {
        let records = self.batches.iter().map(Batch::records);
        records.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    pub(super) fn milliseconds(&self) -> i64 {
        self.batches.iter().map(Batch::milliseconds).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.batches.iter().map(Batch::bytes).sum()
    }

    /// What of the daily allowances is used up so far: batches of records loaded, bytes of results.
    pub(super) fn charge(&self) -> (u64, u64) {
        let charges = self.batches.iter().map(|batch| match &batch.work {
            Work::Load(load) => (load.batches(), 0),
            Work::Extract(extract) => (0, extract.bytes as u64),
        });
        charges.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Hands the work over; it is completed no earlier than `due`.
    pub(super) fn close(&mut self, now: Timestamp, due: Timestamp) {
        (self.phase, self.touched_at) = (Phase::Closed, now);
        for batch in &mut self.batches {
            batch.due.get_or_insert(due);
        }
    }

    /// Ends the work where it is; what is done stays done.
    pub(super) fn abort(&mut self, now: Timestamp) {
        (self.phase, self.touched_at) = (Phase::Aborted, now);
        for batch in &mut self.batches {
            if matches!(batch.progress, Progress::Queued | Progress::Running) {
                batch.progress = Progress::NotProcessed;
            }
        }
    }

    /// Does up to so many records of its batches, one batch after another; true when anything happened.
    pub(super) fn step(&mut self, site: &mut Site<'_>, records: usize) -> bool {
        let done = self.records().0;
        let mut stepped = false;
        for batch in 0..self.batches.len() {
            let left = records.saturating_sub(self.records().0 - done);
            if left == 0 {
                break;
            }
            stepped |= self.batches[batch].step(site, &self.task, left);
        }
        stepped
    }
}
