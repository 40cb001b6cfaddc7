//! Undo: its preview and the act, of an entry and of a window.

use super::PageResult;
use super::entrance::Nothing;
use super::logs::known;
use super::visitor::{Visitor, done};
use crate::app::undo::UndoRequest;
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::CheckedForm;
use crate::http::problem::Problem;
use crate::http::ui::pages::undo::{Target, UndoPage, UndoQuery, page};
use crate::http::ui::parts::text::sentence;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tandem_core::ids::{CrmObject, LogId, RecordId, RunId};
use tandem_core::sync_log::LogSource;
use tandem_store::views::UndoScope;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/logs/undo", get(show_window).post(undo_window))
        .route("/logs/{id}/undo", get(show_entry).post(undo_entry))
}

async fn show_entry(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> PageResult {
    let id = number(&id)?;
    let report = app.preview_undo(&visitor.actor, &of_entry(id)).await?;
    let view = UndoPage {
        target: Target::Entry(id),
        objects: Vec::new(),
        report: Some(report),
        error: None,
    };
    Ok(page(&visitor.shell(&app).await?, &view).into_response())
}

async fn undo_entry(
    State(app): State<App>,
    Path(id): Path<String>,
    form: CheckedForm<Nothing>,
) -> PageResult {
    let id = number(&id)?;
    let report = app.undo(&form.actor, &of_entry(id)).await?;
    let address = done(&format!("/logs/{id}"), "undone");
    Ok(Redirect::to(&format!(
        "{address}&n={}",
        report.restored + report.returned
    ))
    .into_response())
}

fn of_entry(id: LogId) -> UndoRequest {
    UndoRequest {
        scope: UndoScope {
            entry: Some(id),
            ..UndoScope::default()
        },
        ..UndoRequest::default()
    }
}

fn number(text: &str) -> Result<LogId, Problem> {
    let nothing = || AppError::NotFound(format!("log entry {text}"));
    Ok(text.parse().map(LogId).map_err(|_| nothing())?)
}

/// The form alone, as long as nothing was asked for.
async fn show_window(
    State(app): State<App>,
    visitor: Visitor,
    Query(mut query): Query<UndoQuery>,
) -> PageResult {
    let words = [
        &query.since,
        &query.record,
        &query.until,
        &query.mapping,
        &query.run,
    ];
    let asked = words.iter().any(|word| !word.is_empty());
    let found = match request(&query) {
        Ok(request) if asked => app.preview_undo(&visitor.actor, &request).await.map(Some),
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    };
    let (report, error) = match found {
        Ok(report) => (report, None),
        Err(error @ (AppError::Invalid { .. } | AppError::NotFound(_))) => {
            (None, Some(sentence(&error.to_string())))
        }
        Err(other) => return Err(other.into()),
    };
    // The undo that follows ends where its preview ended.
    if let Some(until) = report.as_ref().and_then(|report| report.scope.until) {
        query.until = until.to_string();
    }
    let view = UndoPage {
        target: Target::Window(Box::new(query)),
        objects: app.frequencies(&visitor.actor).await?.into_keys().collect(),
        report,
        error,
    };
    Ok(page(&visitor.shell(&app).await?, &view).into_response())
}

async fn undo_window(State(app): State<App>, form: CheckedForm<UndoQuery>) -> PageResult {
    let mut query = form.form;
    let report = app.undo(&form.actor, &request(&query)?).await?;
    query.continues = report.run.map(|run| run.to_string()).unwrap_or_default();
    let address = match report.next {
        Some(next) => query.address(&next.to_string()),
        None => "/logs?source=tandem".to_owned(),
    };
    let address = done(&address, "undone");
    Ok(Redirect::to(&format!(
        "{address}&n={}",
        report.restored + report.returned
    ))
    .into_response())
}

fn request(query: &UndoQuery) -> AppResult<UndoRequest> {
    let id = |text: &str| text.trim().parse().ok().map(RecordId);
    let run = |text: &str| text.trim().parse().ok().map(RunId);
    Ok(UndoRequest {
        scope: UndoScope {
            entry: None,
            record: known("record", &query.record, id)?,
            since: moment("since", &query.since)?,
            until: moment("until", &query.until)?,
            source: known("source", &query.source, LogSource::parse)?,
            object: (!query.object.is_empty()).then(|| CrmObject::new(&query.object)),
            run: known("run", &query.run, run)?,
            step: None,
        },
        mapping: known("mapping", &query.mapping, |text| text.trim().parse().ok())?,
        after: known("after", &query.after, id)?,
        continues: known("continues", &query.continues, run)?,
    })
}

/// A time in UTC as a browser's input gives it, or an instant.
fn moment(field: &str, text: &str) -> AppResult<Option<Timestamp>> {
    let civil = |text: &str| -> Option<Timestamp> {
        let time: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    };
    if text.is_empty() {
        return Ok(None);
    }
    let instant = text.parse().ok().or_else(|| civil(text));
    let wrong = || {
        AppError::invalid(
            field,
            format!("“{text}” is not a time like 2026-01-31T09:30"),
        )
    };
    instant.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_browsers_and_programs_write_them() {
        for (text, expected) in [
            ("2026-01-31T09:30", "2026-01-31T09:30:00Z"),
            ("2026-01-31T09:30:15", "2026-01-31T09:30:15Z"),
            ("2026-01-31T10:30:15.5+01:00", "2026-01-31T09:30:15.5Z"),
        ] {
            let at = moment("since", text).expect("a time").expect("given");
            assert_eq!(at.to_string(), expected);
        }
        assert_eq!(moment("since", "").expect("nothing"), None);
        assert!(moment("since", "31/01/2026").is_err());
    }

    #[test]
    fn a_wrong_window_is_named() {
        for (query, named) in [
            (
                UndoQuery {
                    since: "x".into(),
                    ..UndoQuery::default()
                },
                "since",
            ),
            (
                UndoQuery {
                    record: "x".into(),
                    ..UndoQuery::default()
                },
                "record",
            ),
            (
                UndoQuery {
                    source: "x".into(),
                    ..UndoQuery::default()
                },
                "source",
            ),
        ] {
            match request(&query) {
                Err(AppError::Invalid { field, .. }) => assert_eq!(field, named),
                other => panic!("{named}: {other:?}"),
            }
        }
    }
}
