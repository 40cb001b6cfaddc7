//! The rehearsal of the first run.

use super::access::{Answer, answer};
use super::shape::RehearsalStateJson;
use crate::app::App;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(last, ask))
}

/// What the last rehearsal of the first run found, and whether one is being made.
#[utoipa::path(get, path = "/api/admin/sync/rehearsal", tag = "sync",
    responses((status = 200, body = RehearsalStateJson), (status = 401, body = Problem)))]
async fn last(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<RehearsalStateJson> {
    answer(app.rehearsal(&actor).await, RehearsalStateJson::from)
}

/// Has the first run rehearsed: every record of the mapped objects is read into a copy of the database and every link
/// decided there. Nothing is written, in the CRM or here. It costs an API call for each page of records, `calls_max` at
/// most. Ask for it again to see the result.
#[utoipa::path(post, path = "/api/admin/sync/rehearsal", tag = "sync",
    responses((status = 202, description = "It is being made"), (status = 403, body = Problem),
        (status = 409, body = Problem, description = "Sync is on, or nobody is connected")))]
async fn ask(State(app): State<App>, SignedIn(actor): SignedIn) -> Result<StatusCode, Problem> {
    app.ask_rehearsal(&actor).await?;
    Ok(StatusCode::ACCEPTED)
}
