//! The sync log, one entry of it, and trying again.

use super::PageResult;
use super::visitor::{Visitor, done};
use crate::app::{App, AppError, AppResult};
use crate::http::auth::safe_next;
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::log_entry;
use crate::http::ui::pages::logs::{LogQuery, LogsPage, page};
use crate::http::ui::parts::text::sentence;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmObject, LogId, RecordId, RunId};
use tandem_core::sync_log::{LogSource, LogStatus, LogType};
use tandem_store::views::{LogFilter, Page, PageRequest};

/// Entries on one page.
const ROWS: usize = 50;
/// Longest search text, as on the page.
const SEARCH_CHARS_MAX: usize = 200;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/logs", get(list))
        .route("/logs/retry", post(retry))
        .route("/logs/{id}", get(entry))
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<LogQuery>,
) -> PageResult {
    let request = PageRequest {
        cursor: (!query.cursor.is_empty()).then(|| query.cursor.clone()),
        limit: ROWS,
    };
    let found = match filter(&query) {
        Ok(filter) => app.log(&visitor.actor, &filter, &request).await,
        Err(error) => Err(error),
    };
    let (rows, error) = match found {
        Ok(rows) => (rows, None),
        Err(error @ AppError::Invalid { .. }) => {
            let none = Page {
                rows: Vec::new(),
                next: None,
            };
            (none, Some(sentence(&error.to_string())))
        }
        Err(other) => return Err(other.into()),
    };
    let objects = app.frequencies(&visitor.actor).await?.into_keys().collect();
    let view = LogsPage {
        query,
        objects,
        rows,
        error,
    };
    Ok(page(&visitor.shell(&app).await?, &view).into_response())
}

/// The filters of an address.
///
/// # Errors
/// `Invalid` with the filter that does not exist or is not a day.
fn filter(query: &LogQuery) -> AppResult<LogFilter> {
    if query.q.chars().count() > SEARCH_CHARS_MAX {
        let message = format!("search for at most {SEARCH_CHARS_MAX} characters");
        return Err(AppError::invalid("q", message));
    }
    let cause = |code: &str| {
        ErrorClass::ALL
            .iter()
            .copied()
            .find(|class| class.code() == code)
    };
    let record = |text: &str| text.parse().ok().map(RecordId);
    let run = |text: &str| text.parse().ok().map(RunId);
    Ok(LogFilter {
        source: known("source", &query.source, LogSource::parse)?,
        kind: known("type", &query.kind, LogType::parse)?,
        status: known("status", &query.status, LogStatus::parse)?,
        object: (!query.object.is_empty()).then(|| CrmObject::new(&query.object)),
        text: (!query.q.trim().is_empty()).then(|| query.q.trim().to_owned()),
        since: day("since", &query.since, 0)?,
        until: day("until", &query.until, 1)?,
        record: known("record", &query.record, record)?,
        link: None,
        error_class: known("cause", &query.cause, cause)?,
        run: known("run", &query.run, run)?,
    })
}

pub(super) fn known<T>(
    field: &str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> AppResult<Option<T>> {
    if text.is_empty() {
        return Ok(None);
    }
    let unknown = || AppError::invalid(field, format!("there is no {field} “{text}” to filter by"));
    parse(text).map(Some).ok_or_else(unknown)
}

/// The beginning of a day in UTC, or of one that many days later.
fn day(field: &str, text: &str, days_later: i64) -> AppResult<Option<Timestamp>> {
    let begin = |text: &str| -> Option<Timestamp> {
        let date: Date = text.parse().ok()?;
        let date = date.checked_add(days_later.days()).ok()?;
        TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
    };
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || AppError::invalid(field, format!("“{text}” is not a day like 2026-01-31"));
    begin(text).map(Some).ok_or_else(wrong)
}

async fn entry(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let nothing = || AppError::NotFound(format!("log entry {id}"));
    let number = id.parse().map(LogId).map_err(|_| nothing())?;
    let detail = app.log_entry(&visitor.actor, number).await?;
    Ok(log_entry::page(&visitor.shell(&app).await?, &detail).into_response())
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RetryForm {
    id: Vec<i64>,
    cause: String,
    back: String,
}

/// The chosen entries, or everything of a cause where its button was used.
async fn retry(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<RetryForm>,
) -> PageResult {
    let form = form.form;
    let cause = known("cause", &form.cause, |code| {
        ErrorClass::ALL
            .iter()
            .copied()
            .find(|class| class.code() == code)
    })?;
    let ids: Vec<_> = form.id.into_iter().map(LogId).collect();
    let what = if cause.is_some() { "tried" } else { "retried" };
    let count = match cause {
        Some(class) => app.retry_cause(&visitor.actor, class).await?,
        None if ids.is_empty() => {
            let message = "choose at least one entry: go back and tick its box";
            return Err(AppError::invalid("id", message).into());
        }
        None => app.retry_entries(&visitor.actor, &ids).await?,
    };
    let back = if form.back.starts_with("/logs") {
        safe_next(Some(&form.back))
    } else {
        "/logs"
    };
    Ok(Redirect::to(&format!("{}&n={count}", done(back, what))).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_filters_are_no_filters() {
        let found = filter(&LogQuery::default()).expect("all");
        assert_eq!(found, LogFilter::default());
    }

    #[test]
    fn the_last_day_is_included() {
        let query = LogQuery {
            since: "2026-01-31".into(),
            until: "2026-01-31".into(),
            ..LogQuery::default()
        };
        let found = filter(&query).expect("a day");
        assert_eq!(
            found.since.map(|at| at.to_string()).as_deref(),
            Some("2026-01-31T00:00:00Z")
        );
        assert_eq!(
            found.until.map(|at| at.to_string()).as_deref(),
            Some("2026-02-01T00:00:00Z")
        );
    }

    #[test]
    fn a_wrong_filter_is_named() {
        for (query, field) in [
            (
                LogQuery {
                    since: "31/12".into(),
                    ..LogQuery::default()
                },
                "since",
            ),
            (
                LogQuery {
                    until: "9999-12-31".into(),
                    ..LogQuery::default()
                },
                "until",
            ),
            (
                LogQuery {
                    status: "odd".into(),
                    ..LogQuery::default()
                },
                "status",
            ),
            (
                LogQuery {
                    record: "x".into(),
                    ..LogQuery::default()
                },
                "record",
            ),
            (
                LogQuery {
                    q: "a".repeat(201),
                    ..LogQuery::default()
                },
                "q",
            ),
        ] {
            match filter(&query) {
                Err(AppError::Invalid { field: named, .. }) => assert_eq!(named, field),
                other => panic!("{field}: {other:?}"),
            }
        }
    }
}
