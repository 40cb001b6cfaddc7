//! Undo, and why a field holds what it holds.

use super::access::{Answer, Asked, Body, answer, named};
use super::log::{instant, names};
use super::shape::{UndoJson, WhyJson};
use crate::app::undo::UndoRequest;
use crate::app::{App, AppResult};
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::State;
use serde::Deserialize;
use tandem_core::ids::{CrmObject, LogId, RecordId, RunId};
use tandem_core::sync_log::LogSource;
use tandem_store::views::UndoScope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(undo))
        .routes(routes!(why))
}

/// What to undo: one entry, what a version of a mapping moved, what a run did, or everything in a window. Of a window every part that is given must hold.
#[derive(Deserialize, ToSchema)]
struct UndoBody {
    /// The number of one log entry; nothing else is looked at then.
    entry: Option<i64>,
    /// Only of this workspace record.
    record: Option<i64>,
    /// From this instant on (RFC 3339); may be left out for a single record or run.
    since: Option<String>,
    /// Before this instant (RFC 3339); without it, up to now.
    until: Option<String>,
    /// Only what came from there: `crm`, `workspace` or `tandem`.
    source: Option<String>,
    /// Only of this CRM object.
    object: Option<String>,
    /// Only what this version of the mapping of `object` moved, in the fields whose rows it changed, until they were
    /// changed again.
    mapping: Option<u32>,
    /// Only what this run did.
    run: Option<i64>,
    /// `next` of the answer before; one call looks at 5,000 records at most.
    after: Option<i64>,
    /// `run` of the answer before, along with `after`: so all entries of this undo are one run.
    continues: Option<i64>,
    /// Put the values back; without it nothing is changed and the answer is a preview.
    #[serde(default)]
    apply: bool,
}

/// Which field of which record.
#[derive(Deserialize, IntoParams)]
struct WhyQuery {
    /// The record's number, or its id in the CRM.
    record: String,
    /// The field's name, in the workspace or in the CRM.
    field: String,
}

/// Previews an undo, or carries it out. Values that somebody changed since are left alone.
#[utoipa::path(post, path = "/api/admin/log/undo", tag = "log", request_body = UndoBody,
    responses((status = 200, body = UndoJson), (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "There is nothing to put back"),
        (status = 422, body = Problem)))]
async fn undo(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<UndoBody>,
) -> Answer<UndoJson> {
    let apply = body.apply;
    let request = request(body)?;
    let report = match apply {
        true => app.undo(&actor, &request).await,
        false => app.preview_undo(&actor, &request).await,
    };
    answer(report, |report| UndoJson::of(report, apply))
}

/// Why a field holds its value, and what its next change will do.
#[utoipa::path(get, path = "/api/admin/why", tag = "records", params(WhyQuery),
    responses((status = 200, body = WhyJson), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn why(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Asked(query): Asked<WhyQuery>,
) -> Answer<WhyJson> {
    let why = app.why(&actor, &query.record, &query.field).await;
    answer(why, WhyJson::from)
}

fn request(body: UndoBody) -> AppResult<UndoRequest> {
    let source = named(
        "source",
        body.source.as_deref(),
        LogSource::parse,
        &names(LogSource::ALL, LogSource::as_str),
    )?;
    Ok(UndoRequest {
        scope: UndoScope {
            entry: body.entry.map(LogId),
            record: body.record.map(RecordId),
            since: instant("since", body.since.as_deref())?,
            until: instant("until", body.until.as_deref())?,
            source,
            object: body.object.map(CrmObject::new),
            run: body.run.map(RunId),
            step: None,
        },
        mapping: body.mapping,
        after: body.after.map(RecordId),
        continues: body.continues.map(RunId),
    })
}
