//! What a job of Bulk 2.0 says of itself, in the recorded order of its keys.
//!
//! The same job shows different keys to who creates, changes, lists and asks about it; all follow recordings except the
//! list, which follows the documents.

use serde::Serialize;

use super::{
    LISTED_JOBS,
    dialect::{ColumnDelimiter, LineEnding},
    job::{Job, Kind, State},
    task::Operation,
};
use crate::{
    salesforce::{
        Site,
        answer::{self, Answer},
        error::ApiError,
        request::Call,
    },
    world::{SfId, datetime_text},
};

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Created,
    Changed,
    Listed,
    Asked,
}

/// See the module documentation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobInfo<'j> {
    id: SfId,
    operation: Operation,
    object: &'j str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignment_rule_id: Option<&'j str>,
    created_by_id: SfId,
    created_date: String,
    system_modstamp: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id_field_name: Option<&'j str>,
    concurrency_mode: &'static str,
    content_type: &'static str,
    api_version: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_ending: Option<LineEnding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column_delimiter: Option<ColumnDelimiter>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    figures: Option<Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'j str>,
}

/// How far it is; times are in milliseconds of the org's clock.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    number_records_processed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_records_failed: Option<usize>,
    retries: u32,
    total_processing_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_active_processing_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apex_processing_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_pk_chunking_supported: Option<bool>,
}

impl<'j> JobInfo<'j> {
    pub(super) fn new(job: &'j Job, told: Told) -> Self {
        let form = (told != Told::Changed).then(|| job.form.dialect());
        let open = job.kind == Kind::V2Ingest && job.state() == State::Open;
        let version = job.task.version;
        Self {
            id: job.id,
            operation: job.task.operation,
            object: &job.task.object,
            assignment_rule_id: job.task.assignment_rule.as_deref(),
            created_by_id: job.task.actor.user,
            created_date: datetime_text(job.created_at),
            system_modstamp: datetime_text(job.changed_at()),
            state: job.state(),
            external_id_field_name: job.task.key.as_deref(),
            concurrency_mode: "Parallel",
            content_type: "CSV",
            api_version: f64::from(version),
            job_type: matches!(told, Told::Listed | Told::Asked).then(|| job.kind.name()),
            // Recorded without a slash in front.
            content_url: (open && form.is_some())
                .then(|| format!("services/data/v{version}.0/jobs/ingest/{}/batches", job.id)),
            line_ending: form.map(|form| form.line_ending),
            column_delimiter: form.map(|form| form.delimiter),
            figures: (told == Told::Asked).then(|| Figures::of(job)),
            error_message: job.error().filter(|_| told == Told::Asked),
        }
    }
}

impl Figures {
    fn of(job: &Job) -> Self {
        let ingest = job.kind == Kind::V2Ingest;
        let (processed, failed) = match job.error() {
            // Recorded: a job that failed as a whole has processed nothing.
            Some(_) => (0, 0),
            None => job.records(),
        };
        let milliseconds = job.milliseconds();
        Self {
            number_records_processed: processed,
            number_records_failed: ingest.then_some(failed),
            retries: 0,
            total_processing_time: milliseconds,
            api_active_processing_time: ingest.then_some(milliseconds),
            apex_processing_time: ingest.then_some(0),
            is_pk_chunking_supported: (!ingest).then_some(true),
        }
    }
}

/// One page of a list of jobs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'j> {
    done: bool,
    records: Vec<JobInfo<'j>>,
    next_records_url: Option<String>,
}

/// The jobs a resource lists: those of both its kinds, or of the `jobType` asked for. The locator is the id of the
/// last job of the page before.
pub(super) fn list(site: &mut Site<'_>, call: &Call, own: Kind) -> Result<Answer, ApiError> {
    site.desk.jobs.expire(site.world.now());
    let kinds = match call.parameters.get("jobType") {
        None => vec![own, Kind::Classic],
        Some(name) => [Kind::V2Ingest, Kind::V2Query, Kind::Classic]
            .into_iter()
            .filter(|kind| kind.name() == name)
            .collect(),
    };
    let after = match call.parameters.get("queryLocator") {
        None => SfId::MIN,
        Some(locator) => locator
            .parse()
            .map_err(|_| ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator"))?,
    };
    // Chunking by primary key is asked for in Bulk 1.0 only, and never on here.
    let none = call.flag("isPkChunkingEnabled");
    let jobs = site
        .desk
        .jobs
        .jobs
        .range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
    let mut jobs = jobs
        .map(|(_, job)| job)
        .filter(|job| !none && kinds.contains(&job.kind));
    let page: Vec<&Job> = jobs.by_ref().take(LISTED_JOBS).collect();
    let done = jobs.next().is_none();
    let resource = call.segments.join("/");
    let next = page
        .last()
        .filter(|_| !done)
        .map(|job| format!("{}/{resource}?queryLocator={}", call.base(), job.id));
    Ok(answer::ok(&Listed {
        done,
        records: page
            .into_iter()
            .map(|job| JobInfo::new(job, Told::Listed))
            .collect(),
        next_records_url: next,
    }))
}
