//! The team: its users, the CRM's users, and the audit trail.

use super::access::{Answer, Asked, Body, Paging, answer};
use super::shape::{AuditJson, CrmUserJson, PageJson};
use crate::app::App;
use crate::app::people::UserView;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tandem_core::ids::{CrmId, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users))
        .routes(routes!(crm_users))
        .routes(routes!(set_crm_user))
        .routes(routes!(audit))
}

/// Who a user is in the CRM.
#[derive(Deserialize, ToSchema)]
struct CrmUserChoice {
    /// The CRM user's id; null forgets it.
    crm_user: Option<String>,
}

/// The team's users.
#[utoipa::path(get, path = "/api/admin/users", tag = "team",
    responses((status = 200, body = Vec<UserView>), (status = 401, body = Problem)))]
async fn users(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Vec<UserView>> {
    answer(app.users(&actor).await, |users| users)
}

/// The CRM's users as last read.
#[utoipa::path(get, path = "/api/admin/crm-users", tag = "team",
    responses((status = 200, body = Vec<CrmUserJson>), (status = 401, body = Problem)))]
async fn crm_users(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Vec<CrmUserJson>> {
    answer(app.crm_users(&actor).await, |users| {
        users.into_iter().map(CrmUserJson::from).collect()
    })
}

/// Corrects who a user is in the CRM.
#[utoipa::path(put, path = "/api/admin/users/{id}/crm-user", tag = "team",
    params(("id" = i64, Path)), request_body = CrmUserChoice,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn set_crm_user(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<CrmUserChoice>,
) -> Result<StatusCode, Problem> {
    let crm_user = body.crm_user.map(CrmId::new);
    app.set_crm_user(&actor, UserId(id), crm_user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What people did to the sync, newest first. Administrators only.
#[utoipa::path(get, path = "/api/admin/audit", tag = "team", params(Paging),
    responses((status = 200, body = PageJson<AuditJson>), (status = 403, body = Problem)))]
async fn audit(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Asked(paging): Asked<Paging>,
) -> Answer<PageJson<AuditJson>> {
    answer(app.audit(&actor, &paging.request()).await, PageJson::of)
}
