//! Incidents and their fixes.

use super::access::{Answer, Asked, Body, Paging, answer};
use super::shape::{IncidentJson, PageJson, WaitingJson};
use crate::app::App;
use crate::app::incidents::{Chosen, FixChoice};
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::{Path, State};
use serde::Serialize;
use tandem_core::ids::IncidentId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(records))
        .routes(routes!(fix))
        .routes(routes!(retry))
}

/// What became of a choice.
#[derive(Serialize, ToSchema)]
struct ChosenJson {
    /// `trying`: one record is tried, the others follow if the CRM takes it; `skipped`: its records are left
    /// alone; `gone`: nothing waits for it any more.
    outcome: &'static str,
}

impl From<Chosen> for ChosenJson {
    fn from(chosen: Chosen) -> Self {
        Self {
            outcome: match chosen {
                Chosen::Trying => "trying",
                Chosen::Skipped => "skipped",
                Chosen::Gone => "gone",
            },
        }
    }
}

/// Incidents of which records wait, most records first.
#[utoipa::path(get, path = "/api/admin/incidents", tag = "incidents",
    responses((status = 200, body = Vec<IncidentJson>), (status = 401, body = Problem)))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Vec<IncidentJson>> {
    answer(app.incidents(&actor).await, |views| {
        views.into_iter().map(IncidentJson::from).collect()
    })
}

/// One incident, also one of which nothing waits any more.
#[utoipa::path(get, path = "/api/admin/incidents/{id}", tag = "incidents", params(("id" = i64, Path)),
    responses((status = 200, body = IncidentJson), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
) -> Answer<IncidentJson> {
    answer(
        app.incident(&actor, IncidentId(id)).await,
        IncidentJson::from,
    )
}

/// Records that wait for an incident, oldest first.
#[utoipa::path(get, path = "/api/admin/incidents/{id}/records", tag = "incidents",
    params(("id" = i64, Path), Paging),
    responses((status = 200, body = PageJson<WaitingJson>), (status = 422, body = Problem)))]
async fn records(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
    Asked(paging): Asked<Paging>,
) -> Answer<PageJson<WaitingJson>> {
    let id = IncidentId(id);
    let page = app.incident_records(&actor, id, &paging.request()).await;
    answer(page, PageJson::of)
}

/// Carries out a fix and tries one record; the others follow if the CRM takes it.
#[utoipa::path(post, path = "/api/admin/incidents/{id}/fix", tag = "incidents", params(("id" = i64, Path)),
    request_body = FixChoice,
    responses((status = 200, body = ChosenJson), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "Nothing waits, or a record is being tried"),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
async fn fix(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<FixChoice>,
) -> Answer<ChosenJson> {
    answer(
        app.fix_incident(&actor, IncidentId(id), &body).await,
        ChosenJson::from,
    )
}

/// Tries one record again; the others follow if the CRM takes it.
#[utoipa::path(post, path = "/api/admin/incidents/{id}/retry", tag = "incidents", params(("id" = i64, Path)),
    responses((status = 200, body = ChosenJson), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "Nothing waits, or a record is being tried")))]
async fn retry(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
) -> Answer<ChosenJson> {
    answer(
        app.retry_incident(&actor, IncidentId(id)).await,
        ChosenJson::from,
    )
}
