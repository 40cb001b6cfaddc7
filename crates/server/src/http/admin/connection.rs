//! The connection to the CRM.

use super::access::{Answer, answer};
use crate::app::App;
use crate::app::permissions::PermissionReport;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(check))
        .routes(routes!(disconnect))
}

/// Where to go on.
#[derive(Serialize, ToSchema)]
struct Start {
    /// The CRM's consent page: open it in the browser of the session that asked, within ten minutes.
    url: String,
}

/// Begins a connection by OAuth.
#[utoipa::path(post, path = "/api/admin/connection/start", tag = "connection",
    responses((status = 200, body = Start), (status = 403, body = Problem),
        (status = 409, body = Problem, description = "No connected app is configured")))]
async fn start(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Start> {
    answer(app.start_connect(&actor).await, |url| Start { url })
}

/// Checks what the connected user may do. Costs one API call.
#[utoipa::path(post, path = "/api/admin/connection/check", tag = "connection",
    responses((status = 200, body = PermissionReport), (status = 409, body = Problem),
        (status = 503, body = Problem, description = "The CRM does not answer")))]
async fn check(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<PermissionReport> {
    answer(app.check_permissions(&actor).await, |report| report)
}

/// Revokes the grant and turns sync off. Links, mappings and queue stay.
#[utoipa::path(delete, path = "/api/admin/connection", tag = "connection",
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 409, body = Problem)))]
async fn disconnect(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
) -> Result<StatusCode, Problem> {
    app.disconnect(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
