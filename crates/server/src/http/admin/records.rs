//! People, accounts and opportunities.

use super::access::{Answer, Asked, Body, Paging, answer, named};
use super::shape::{PageJson, RecordJson, RecordRowJson};
use crate::app::records::HoldChoice;
use crate::app::{App, AppError, AppResult};
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tandem_core::ids::{CrmObject, RecordId};
use tandem_core::workspace::Kind;
use tandem_store::views::{LinkStatus, RecordFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The choice of the archive, as in the addresses of pages.
const ARCHIVED: &str = "archived";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(record, edit))
        .routes(routes!(resolve))
        .routes(routes!(retry))
}

/// Which records; every part that is given must hold.
#[derive(Deserialize, IntoParams)]
struct RecordQuery {
    /// Text in the name, e-mail address, company or website.
    search: Option<String>,
    /// How its link stands: `linked`, `pending`, `held`, `refused`, `unlinked` or `not_linked`; or `archived`, for the
    /// archive instead of the current records.
    link: Option<String>,
    /// The same as `link=archived`, beside another `link`.
    #[serde(default)]
    archived: bool,
}

/// A new record.
#[derive(Deserialize, ToSchema)]
struct NewRecord {
    /// Texts by field name; a reference is `account 12` or the id of a CRM record.
    fields: BTreeMap<String, String>,
    /// The CRM object to create it as; without it the record stays here.
    create_as: Option<String>,
}

/// Fields to change.
#[derive(Deserialize, ToSchema)]
struct RecordEdit {
    /// Texts by field name; an empty one clears.
    fields: BTreeMap<String, String>,
}

/// How to settle a held field.
#[derive(Deserialize, ToSchema)]
struct Resolution {
    /// The CRM's value that the decision was made on, as shown.
    seen_crm: String,
    /// `crm`, `workspace` or `value`.
    choice: String,
    /// The value for both sides, if the choice is `value`.
    value: Option<String>,
}

/// The number of a record.
#[derive(Serialize, ToSchema)]
struct Made {
    /// Its number.
    id: i64,
}

/// Records of a kind, latest change first.
#[utoipa::path(get, path = "/api/admin/records/{kind}", tag = "records",
    params(("kind" = String, Path, description = "person, account or opportunity"), RecordQuery, Paging),
    responses((status = 200, body = PageJson<RecordRowJson>), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(kind): Path<String>,
    Asked(query): Asked<RecordQuery>,
    Asked(paging): Asked<Paging>,
) -> Answer<PageJson<RecordRowJson>> {
    let mut names = LinkStatus::ALL.map(LinkStatus::as_str).to_vec();
    names.push(ARCHIVED);
    let asked = query.link.as_deref();
    let status = asked.filter(|link| *link != ARCHIVED);
    let filter = RecordFilter {
        kind: Some(parse(&kind)?),
        search: query.search.filter(|text| !text.trim().is_empty()),
        link: named("link", status, LinkStatus::parse, &names)?,
        archived: query.archived || asked == Some(ARCHIVED),
    };
    answer(
        app.records(&actor, &filter, &paging.request()).await,
        PageJson::of,
    )
}

/// Makes a record, and in the CRM too if asked.
#[utoipa::path(post, path = "/api/admin/records/{kind}", tag = "records",
    params(("kind" = String, Path, description = "person, account or opportunity")),
    request_body = NewRecord,
    responses((status = 201, body = Made), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(kind): Path<String>,
    Body(body): Body<NewRecord>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let create_as = body.create_as.map(CrmObject::new);
    let id = app
        .create_record(&actor, parse(&kind)?, &body.fields, create_as)
        .await?;
    Ok((StatusCode::CREATED, Json(Made { id: id.0 })))
}

/// One record with both sides of every field.
#[utoipa::path(get, path = "/api/admin/records/{kind}/{id}", tag = "records",
    params(("kind" = String, Path), ("id" = i64, Path)),
    responses((status = 200, body = RecordJson), (status = 404, body = Problem)))]
async fn record(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((kind, id)): Path<(String, i64)>,
) -> Answer<RecordJson> {
    let detail = app.record(&actor, parse(&kind)?, RecordId(id)).await;
    answer(detail, RecordJson::from)
}

/// Changes fields; what is mapped goes out to the CRM at once.
#[utoipa::path(patch, path = "/api/admin/records/{kind}/{id}", tag = "records",
    params(("kind" = String, Path), ("id" = i64, Path)), request_body = RecordEdit,
    responses((status = 204, description = "Stored"), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn edit(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((kind, id)): Path<(String, i64)>,
    Body(body): Body<RecordEdit>,
) -> Result<StatusCode, Problem> {
    app.edit_record(&actor, parse(&kind)?, RecordId(id), &body.fields)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Settles a field that both sides changed.
#[utoipa::path(post, path = "/api/admin/records/{kind}/{id}/held/{field}", tag = "records",
    params(("kind" = String, Path), ("id" = i64, Path), ("field" = String, Path)),
    request_body = Resolution,
    responses((status = 204, description = "Settled"), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn resolve(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((kind, id, field)): Path<(String, i64, String)>,
    Body(body): Body<Resolution>,
) -> Result<StatusCode, Problem> {
    let choice = match (body.choice.as_str(), body.value) {
        ("crm", _) => HoldChoice::Crm,
        ("workspace", _) => HoldChoice::Workspace,
        ("value", Some(value)) => HoldChoice::Value(value),
        ("value", None) => return Err(AppError::invalid("value", "give the value").into()),
        _ => {
            let message = "choose crm, workspace or value";
            return Err(AppError::invalid("choice", message).into());
        }
    };
    let kind = parse(&kind)?;
    app.resolve_hold(&actor, kind, RecordId(id), &field, &body.seen_crm, choice)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a record again that the CRM refused.
#[utoipa::path(post, path = "/api/admin/records/{kind}/{id}/retry", tag = "records",
    params(("kind" = String, Path), ("id" = i64, Path)),
    responses((status = 202, description = "It will be tried at once"), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn retry(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((kind, id)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    app.retry_record(&actor, parse(&kind)?, RecordId(id))
        .await?;
    Ok(StatusCode::ACCEPTED)
}

fn parse(kind: &str) -> AppResult<Kind> {
    let found = Kind::parse(kind).filter(|kind| Kind::SYNCED.contains(kind));
    found.ok_or_else(|| AppError::NotFound(format!("kind of record “{kind}”")))
}
