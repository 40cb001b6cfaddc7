//! The connection to the CRM.

use super::access::{Answer, Body, answer};
use crate::app::App;
use crate::app::connectors::ConnectorList;
use crate::app::permissions::PermissionReport;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tandem_core::ids::ConnectionId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(check))
        .routes(routes!(disconnect))
        .routes(routes!(connectors, choose))
        .routes(routes!(remove))
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

/// Who carries the sync and who stands by.
#[derive(Deserialize, ToSchema)]
struct Chosen {
    /// The connection that the sync goes through. One that is not the main one yet is tried: two API calls.
    main: i64,
    /// The one that takes over when that is cut off; null for none.
    standby: Option<i64>,
}

/// The team's connections: the main connector, its stand-by, and who could be; and users who could not, with
/// the reason.
#[utoipa::path(get, path = "/api/admin/connection/connectors", tag = "connection",
    responses((status = 200, body = ConnectorList)))]
async fn connectors(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<ConnectorList> {
    answer(app.connectors(&actor).await, |list| list)
}

/// Chooses the main connector and its stand-by.
#[utoipa::path(put, path = "/api/admin/connection/connectors", tag = "connection", request_body = Chosen,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 409, body = Problem, description = "The CRM refuses the new main connector"),
        (status = 422, body = Problem, description = "A connection that can’t be chosen"),
        (status = 503, body = Problem, description = "The CRM does not answer")))]
async fn choose(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(chosen): Body<Chosen>,
) -> Result<StatusCode, Problem> {
    let standby = chosen.standby.map(ConnectionId);
    app.choose_connectors(&actor, ConnectionId(chosen.main), standby)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a connection that is not the main one back to the CRM and forgets it.
#[utoipa::path(delete, path = "/api/admin/connection/connectors/{connection}", tag = "connection",
    params(("connection" = i64, Path, description = "Which connection")),
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "It is the main one")))]
async fn remove(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(connection): Path<i64>,
) -> Result<StatusCode, Problem> {
    app.remove_connection(&actor, ConnectionId(connection))
        .await?;
    Ok(StatusCode::NO_CONTENT)
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
