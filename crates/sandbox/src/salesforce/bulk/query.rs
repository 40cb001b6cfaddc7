//! `/jobs/query`: jobs that read the rows of a query out as CSV.
//!
//! The query is checked when the job is created; a page of its result is cut out of text that does not change any more.
//! A locator is the number of the next row, in the base 64 the vendor shows.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    Form, abort,
    dialect::{ColumnDelimiter, Dialect, LineEnding},
    extract::{self, Extract},
    found,
    info::{self, JobInfo, Told},
    job::{Job, Kind, State, Work},
    polled,
    task::{Operation, Order, Refusal, Task, echo},
};
use crate::salesforce::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
};

/// Query jobs exist since this version (documented).
pub(super) const FIRST_VERSION: u32 = 47;
/// Result pages exist since this version (documented).
pub(super) const FIRST_PAGES_VERSION: u32 = 58;
/// Rows of a page when the client does not say; the documents leave it open.
const PAGE_ROWS: usize = 100_000;
/// Addresses in one answer of result pages (documented).
const LISTED_PAGES: usize = 5;
const LOCATOR: HeaderName = HeaderName::from_static("sforce-locator");
const ROWS: HeaderName = HeaderName::from_static("sforce-numberofrecords");
const CSV: HeaderValue = HeaderValue::from_static("text/csv");

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewJob {
    #[serde(default)]
    operation: String,
    #[serde(default)]
    query: String,
    content_type: Option<String>,
    #[serde(default)]
    line_ending: LineEnding,
    #[serde(default)]
    column_delimiter: ColumnDelimiter,
}

/// `POST /jobs/query`
pub(super) fn create(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let new: NewJob = call.json()?;
    let operation = Operation::named(&new.operation)
        .and_then(|operation| Some((operation, operation.scope()?)));
    let (operation, scope) = operation
        .ok_or_else(|| Refusal::job(format!("Unsupported operation: {}", echo(&new.operation))))?;
    if new
        .content_type
        .as_deref()
        .is_some_and(|kind| kind != "CSV")
    {
        return Err(Refusal::job("Unsupported content type, only CSV is allowed").into());
    }
    let found = extract::run(site.world, &call.actor, &new.query, scope)
        .map_err(|error| ApiError::bad_request("API_ERROR", error.message))?;
    let object = site.world.schema().at(found.object()).name.clone();
    let order = Order {
        operation,
        object: &object,
        key: None,
        assignment_rule: None,
    };
    let task = Task::new(site, call, &order)?;
    let dialect = Dialect {
        delimiter: new.column_delimiter,
        line_ending: new.line_ending,
    };
    let now = site.world.now();
    let jobs = &mut site.desk.jobs;
    jobs.quotas.charge_query(now)?;
    let due = jobs.due(now);
    let work = Work::Extract(Extract::new(found, Form::Csv(dialect), call.version));
    let batch = jobs.batch(work, call.body.clone(), now);
    let job = jobs.open(Kind::V2Query, task, Form::Csv(dialect), now)?;
    job.batches.push(batch);
    job.close(now, due);
    let (id, told) = (job.id, answer::ok(&JobInfo::new(job, Told::Created)));
    jobs.queue(id);
    Ok(told)
}

/// `GET /jobs/query`
pub(super) fn list(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    info::list(site, call, Kind::V2Query)
}

/// `GET /jobs/query/{id}`
pub(super) fn info(site: &mut Site<'_>, id: &str) -> Result<Answer, ApiError> {
    let job = polled(site, id, Kind::V2Query)?;
    Ok(answer::ok(&JobInfo::new(job, Told::Asked)))
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(default)]
    state: String,
}

/// `PATCH /jobs/query/{id}`: a query can only be aborted.
pub(super) fn change(site: &mut Site<'_>, call: &Call, id: &str) -> Result<Answer, ApiError> {
    let change: Change = call.json()?;
    let now = site.world.now();
    let job = found(site, id, Kind::V2Query)?;
    if change.state != "Aborted" {
        let message = format!(
            "Changing the state to '{}' not allowed",
            echo(&change.state)
        );
        return Err(Refusal::state(message).into());
    }
    abort(job, now)?;
    let (id, told) = (job.id, answer::ok(&JobInfo::new(job, Told::Changed)));
    site.desk.jobs.queue(id);
    Ok(told)
}

/// `GET /jobs/query/{id}/results`
pub(super) fn results(site: &mut Site<'_>, call: &Call, id: &str) -> Result<Answer, ApiError> {
    let extract = finished(site, call, id)?;
    let start = match call.parameters.get("locator") {
        None => 0,
        Some(locator) => row_of(locator)
            .filter(|row| *row < extract.rows || extract.rows == 0)
            .ok_or_else(|| {
                ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator")
            })?,
    };
    let rows = match call.parameters.get("maxRecords") {
        None => PAGE_ROWS,
        Some(rows) => rows.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| {
            ApiError::bad_request("INVALID_PARAMETER", "maxRecords must be a positive number")
        })?,
    };
    let end = extract.rows.min(start.saturating_add(rows));
    let next = if end < extract.rows {
        locator(end)
    } else {
        "null".to_owned()
    };
    let page = answer::typed(StatusCode::OK, CSV, extract.page(start..end).into());
    let page = answer::with_header(page, LOCATOR, &next);
    Ok(answer::with_header(page, ROWS, &(end - start).to_string()))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pages {
    result_pages: Vec<PageUrl>,
    next_records_url: Option<String>,
    done: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PageUrl {
    result_url: String,
}

/// `GET /jobs/query/{id}/resultPages`
pub(super) fn pages(site: &mut Site<'_>, call: &Call, id: &str) -> Result<Answer, ApiError> {
    let rows = finished(site, call, id)?.rows;
    let start = match call.parameters.get("locator") {
        None => 0,
        Some(locator) => row_of(locator).ok_or_else(|| {
            ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator")
        })?,
    };
    let base = format!("{}/jobs/query/{id}", call.base());
    let mut starts = (start..rows.max(1)).step_by(PAGE_ROWS);
    let listed: Vec<usize> = starts.by_ref().take(LISTED_PAGES).collect();
    let next = starts.next();
    let url = |start: usize| PageUrl {
        result_url: format!("{base}/results?locator={}", locator(start)),
    };
    Ok(answer::ok(&Pages {
        result_pages: listed.into_iter().map(url).collect(),
        next_records_url: next.map(|row| format!("{base}/resultPages?locator={}", locator(row))),
        done: next.is_none(),
    }))
}

/// The result of a job that is complete, for the version it was created with.
fn finished<'s>(site: &'s mut Site<'_>, call: &Call, id: &str) -> Result<&'s Extract, ApiError> {
    let job: &Job = polled(site, id, Kind::V2Query)?;
    if job.task.version != call.version {
        let message = format!(
            "The job was created with API version {}.0; get its results with the same version",
            job.task.version
        );
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "API_VERSION_MISMATCH",
            message,
        ));
    }
    let extract = job.batches.first().and_then(|batch| match &batch.work {
        Work::Extract(extract) => Some(extract),
        Work::Load(_) => None,
    });
    match (job.state(), extract) {
        (State::JobComplete, Some(extract)) => Ok(extract),
        (state, _) => {
            Err(Refusal::state(format!("Results of a Job that is {state:?} not allowed")).into())
        }
    }
}

fn locator(row: usize) -> String {
    STANDARD_NO_PAD.encode(row.to_string())
}

fn row_of(locator: &str) -> Option<usize> {
    let text = STANDARD_NO_PAD.decode(locator.trim_end_matches('=')).ok()?;
    std::str::from_utf8(&text).ok()?.parse().ok()
}
