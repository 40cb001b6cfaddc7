//! `/jobs/ingest`: jobs that load a CSV file.
//!
//! Create, upload once, close, ask until it is over, read the results. Small files may come with the creation as one
//! multipart request, which closes the job, too.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::{
    Form, abort,
    dialect::{ColumnDelimiter, Dialect, LineEnding},
    found,
    info::{self, JobInfo, Told},
    job::{Job, Kind, Phase, State, Work},
    load::{Load, Part},
    multipart, polled,
    task::{Operation, Order, Refusal, Task, echo},
};
use crate::salesforce::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
};

/// Ingest jobs exist since this version (documented).
pub(super) const FIRST_VERSION: u32 = 41;
/// Largest upload in bytes (documented: 150 MB, counted after an encoding that makes it larger; here as it comes).
const MAX_UPLOAD_BYTES: usize = 150 * 1024 * 1024;
/// Most characters of a multipart request's data (documented).
const MAX_MULTIPART_CHARS: usize = 100_000;
const CSV: HeaderValue = HeaderValue::from_static("text/csv");

/// An order as a client writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewJob {
    #[serde(default)]
    object: String,
    #[serde(default)]
    operation: String,
    external_id_field_name: Option<String>,
    assignment_rule_id: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    line_ending: LineEnding,
    #[serde(default)]
    column_delimiter: ColumnDelimiter,
}

/// `POST /jobs/ingest`
pub(super) fn create(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let content_type = call.header("content-type").unwrap_or_default();
    let Some(boundary) = multipart::boundary(content_type) else {
        let job = open(site, call, &call.json()?)?;
        return Ok(answer::ok(&JobInfo::new(job, Told::Created)));
    };
    let parts = multipart::parts(&call.body, boundary).unwrap_or_default();
    let named = |name: &str| parts.iter().find(|part| part.name == name);
    let (Some(order), Some(content)) = (named("job"), named("content")) else {
        let message = "Multipart message must include a 'job' part and a 'content' part";
        return Err(ApiError::bad_request("INVALID_MULTIPART_REQUEST", message));
    };
    if characters(&content.body) > MAX_MULTIPART_CHARS {
        let message = format!(
            "The data of a multipart request has more than {MAX_MULTIPART_CHARS} characters"
        );
        return Err(ApiError::bad_request("INVALID_MULTIPART_REQUEST", message));
    }
    let order = serde_json::from_slice(&order.body)
        .map_err(|error| ApiError::bad_request("JSON_PARSER_ERROR", error.to_string()))?;
    let id = open(site, call, &order)?.id;
    let content = content.body.clone();
    add(site, id, content);
    close(site, id)?;
    let job = site
        .desk
        .jobs
        .jobs
        .get(&id)
        .ok_or_else(ApiError::not_found)?;
    Ok(answer::ok(&JobInfo::new(job, Told::Created)))
}

fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

fn open<'s>(site: &'s mut Site<'_>, call: &Call, new: &NewJob) -> Result<&'s mut Job, ApiError> {
    let operation =
        Operation::named(&new.operation).filter(|operation| operation.scope().is_none());
    let operation = operation
        .ok_or_else(|| Refusal::job(format!("Unsupported operation: {}", echo(&new.operation))))?;
    if new
        .content_type
        .as_deref()
        .is_some_and(|kind| kind != "CSV")
    {
        return Err(Refusal::job("Unsupported content type, only CSV is allowed").into());
    }
    let order = Order {
        operation,
        object: &new.object,
        key: new.external_id_field_name.as_deref(),
        assignment_rule: new
            .assignment_rule_id
            .as_deref()
            .filter(|id| !id.is_empty()),
    };
    let task = Task::new(site, call, &order)?;
    let form = Form::Csv(Dialect {
        delimiter: new.column_delimiter,
        line_ending: new.line_ending,
    });
    let now = site.world.now();
    site.desk.jobs.quotas.check_batches(now)?;
    Ok(site.desk.jobs.open(Kind::V2Ingest, task, form, now)?)
}

/// `GET /jobs/ingest`
pub(super) fn list(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    info::list(site, call, Kind::V2Ingest)
}

/// `GET /jobs/ingest/{id}`
pub(super) fn info(site: &mut Site<'_>, id: &str) -> Result<Answer, ApiError> {
    let job = polled(site, id, Kind::V2Ingest)?;
    Ok(answer::ok(&JobInfo::new(job, Told::Asked)))
}

/// `PUT /jobs/ingest/{id}/batches`. A second upload is taken, too; closing the job then fails (public knowledge).
pub(super) fn upload(site: &mut Site<'_>, call: &Call, id: &str) -> Result<Answer, ApiError> {
    let content_type = call.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("text/csv") {
        let message = format!(
            "Content-Type '{}' is not supported. Use text/csv.",
            echo(media_type)
        );
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(ApiError::new(status, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    if call.body.len() > MAX_UPLOAD_BYTES {
        let message = format!("The upload is larger than {MAX_UPLOAD_BYTES} bytes");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(ApiError::new(status, "REQUEST_ENTITY_TOO_LARGE", message));
    }
    let job = found(site, id, Kind::V2Ingest)?;
    if job.phase != Phase::Open {
        return Err(Refusal::state("Uploading to a Job that is not Open not allowed").into());
    }
    let id = job.id;
    add(site, id, call.body.clone());
    Ok(answer::empty(StatusCode::CREATED))
}

fn add(site: &mut Site<'_>, id: crate::world::SfId, content: Bytes) {
    let now = site.world.now();
    let jobs = &mut site.desk.jobs;
    let Some(dialect) = jobs.jobs.get(&id).map(|job| job.form.dialect()) else {
        return;
    };
    let batch = jobs.batch(
        Work::Load(Load::csv(content.clone(), dialect)),
        content,
        now,
    );
    if let Some(job) = jobs.jobs.get_mut(&id) {
        job.batches.push(batch);
    }
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(default)]
    state: String,
}

/// `PATCH /jobs/ingest/{id}`
pub(super) fn change(site: &mut Site<'_>, call: &Call, id: &str) -> Result<Answer, ApiError> {
    let change: Change = call.json()?;
    let now = site.world.now();
    let job = found(site, id, Kind::V2Ingest)?;
    let id = job.id;
    match change.state.as_str() {
        "UploadComplete" => close(site, id)?,
        "Aborted" => {
            abort(job, now)?;
            site.desk.jobs.queue(id);
        }
        other => {
            let message = format!("Changing the state to '{}' not allowed", echo(other));
            return Err(Refusal::state(message).into());
        }
    }
    let job = site
        .desk
        .jobs
        .jobs
        .get(&id)
        .ok_or_else(ApiError::not_found)?;
    Ok(answer::ok(&JobInfo::new(job, Told::Changed)))
}

fn close(site: &mut Site<'_>, id: crate::world::SfId) -> Result<(), ApiError> {
    let now = site.world.now();
    let jobs = &mut site.desk.jobs;
    let due = jobs.due(now);
    let job = jobs.jobs.get_mut(&id).ok_or_else(ApiError::not_found)?;
    if job.phase != Phase::Open {
        return Err(Refusal::state("Closing already Closed Job not allowed").into());
    }
    if job.batches.len() > 1 {
        // The vendor's spelling.
        let message = format!(
            "Found multipe contents for job: <{}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a \
             new Job and make sure you only do 'PUT' once on a given Job.",
            job.id.short()
        );
        return Err(Refusal::job(message).into());
    }
    job.close(now, due);
    jobs.queue(id);
    Ok(())
}

/// `GET /jobs/ingest/{id}/successfulResults` and its kin.
pub(super) fn results(
    site: &mut Site<'_>,
    call: &Call,
    id: &str,
    part: &str,
) -> Result<Answer, ApiError> {
    let part = match part {
        "successfulResults" => Part::Successful,
        "failedResults" => Part::Failed,
        "unprocessedrecords" | "unprocessedRecords" => Part::Unprocessed,
        "batches" => {
            return Err(ApiError::method_not_allowed(call.method.as_str(), "PUT"));
        }
        _ => return Err(ApiError::not_found()),
    };
    let job = polled(site, id, Kind::V2Ingest)?;
    if matches!(
        job.state(),
        State::Open | State::UploadComplete | State::InProgress
    ) {
        let message = format!("Results of a Job that is {:?} not allowed", job.state());
        return Err(Refusal::state(message).into());
    }
    let loads = job.batches.iter().filter_map(|batch| match &batch.work {
        Work::Load(load) => Some(load.results(part)),
        Work::Extract(_) => None,
    });
    let file: Vec<u8> = loads.take(1).flatten().collect();
    Ok(answer::typed(StatusCode::OK, CSV, file.into()))
}
