//! The sync log.

use super::access::{Answer, Asked, Body, Paging, answer, named};
use super::shape::{LogJson, PageJson};
use crate::app::{App, AppError, AppResult};
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use tandem_core::Timestamp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmObject, LogId, RecordId, RunId};
use tandem_core::sync_log::{LogSource, LogStatus, LogType};
use tandem_store::views::LogFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(log))
        .routes(routes!(entry))
        .routes(routes!(retry))
}

/// Which entries; every part that is given must hold.
#[derive(Deserialize, IntoParams)]
struct LogQuery {
    /// `crm`, `workspace` or `tandem`.
    source: Option<String>,
    /// `create`, `update`, `link`, `unlink`, `conflict`, `held` or `system`.
    r#type: Option<String>,
    /// `success`, `failed` or `waiting`.
    status: Option<String>,
    /// The CRM object.
    object: Option<String>,
    /// Text in the summary, the error or the record's name.
    text: Option<String>,
    /// From this instant on (RFC 3339).
    since: Option<String>,
    /// Before this instant (RFC 3339).
    until: Option<String>,
    /// About this workspace record.
    record: Option<i64>,
    /// Of this run.
    run: Option<i64>,
    /// Failed for this reason: the code of its help page, such as `too-long`.
    error: Option<String>,
}

/// What to try again: entries, or everything that was set aside for one reason.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RetryBody {
    /// Numbers of log entries, at most 200.
    Entries(Vec<i64>),
    /// The code of a reason, such as `too-long`: one record of each of its incidents is tried, and the others
    /// follow if the CRM takes it.
    Cause(String),
}

/// What a retry took up.
#[derive(Serialize, ToSchema)]
struct RetryJson {
    /// Records: those that are tried, or that wait for the one that is.
    records: u32,
}

/// The log, newest first.
#[utoipa::path(get, path = "/api/admin/log", tag = "log", params(LogQuery, Paging),
    responses((status = 200, body = PageJson<LogJson>), (status = 422, body = Problem)))]
async fn log(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Asked(query): Asked<LogQuery>,
    Asked(paging): Asked<Paging>,
) -> Answer<PageJson<LogJson>> {
    let filter = filter(query)?;
    answer(
        app.log(&actor, &filter, &paging.request()).await,
        PageJson::of,
    )
}

/// One entry.
#[utoipa::path(get, path = "/api/admin/log/{id}", tag = "log", params(("id" = i64, Path)),
    responses((status = 200, body = LogJson), (status = 404, body = Problem)))]
async fn entry(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
) -> Answer<LogJson> {
    answer(app.log_entry(&actor, LogId(id)).await, LogJson::from)
}

/// Tries records again that were set aside.
#[utoipa::path(post, path = "/api/admin/log/retry", tag = "log", request_body = RetryBody,
    responses((status = 200, body = RetryJson), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "Nothing of it is set aside")))]
async fn retry(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<RetryBody>,
) -> Answer<RetryJson> {
    let records = match body {
        RetryBody::Entries(ids) => {
            let ids: Vec<_> = ids.into_iter().map(LogId).collect();
            app.retry_entries(&actor, &ids).await
        }
        RetryBody::Cause(code) => app.retry_cause(&actor, class(&code)?).await,
    };
    answer(records, |records| RetryJson { records })
}

fn filter(query: LogQuery) -> AppResult<LogFilter> {
    Ok(LogFilter {
        source: named(
            "source",
            query.source.as_deref(),
            LogSource::parse,
            &names(LogSource::ALL, LogSource::as_str),
        )?,
        kind: named(
            "type",
            query.r#type.as_deref(),
            LogType::parse,
            &names(LogType::ALL, LogType::as_str),
        )?,
        status: named(
            "status",
            query.status.as_deref(),
            LogStatus::parse,
            &names(LogStatus::ALL, LogStatus::as_str),
        )?,
        object: query.object.map(CrmObject::new),
        text: query.text.filter(|text| !text.trim().is_empty()),
        since: instant("since", query.since.as_deref())?,
        until: instant("until", query.until.as_deref())?,
        record: query.record.map(RecordId),
        link: None,
        run: query.run.map(RunId),
        error_class: query.error.as_deref().map(class).transpose()?,
    })
}

pub(super) fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|value| name(*value)).collect()
}

pub(super) fn instant(field: &str, text: Option<&str>) -> AppResult<Option<Timestamp>> {
    let parsed = text.map(|text| text.parse().map_err(|_| text)).transpose();
    parsed.map_err(|text| {
        let message = format!("“{text}” is not a time like 2026-01-31T09:30:00Z");
        AppError::invalid(field, message)
    })
}

fn class(code: &str) -> AppResult<ErrorClass> {
    let known = ErrorClass::ALL.iter().find(|class| class.code() == code);
    known.copied().ok_or_else(|| {
        let codes: Vec<_> = ErrorClass::ALL.iter().map(|class| class.code()).collect();
        AppError::invalid(
            "error",
            format!("“{code}” is not one of {}", codes.join(", ")),
        )
    })
}
