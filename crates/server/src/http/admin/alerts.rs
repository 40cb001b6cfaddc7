//! Alerts, and who is told of them.

use super::access::{Answer, Asked, Body, Paging, answer};
use super::shape::{AlertJson, PageJson};
use crate::app::App;
use crate::app::alerts::AlertRouting;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open))
        .routes(routes!(past))
        .routes(routes!(routing))
        .routes(routes!(set_contact))
        .routes(routes!(send_test))
}

/// Who is mailed.
#[derive(Deserialize, ToSchema)]
struct ContactChoice {
    /// An e-mail address; null chooses the connector's.
    address: Option<String>,
}

/// Who took a test.
#[derive(Serialize, ToSchema)]
struct Taken {
    /// A sentence part for each way.
    sent: Vec<String>,
}

/// Alerts that are open, in the order in which they were opened.
#[utoipa::path(get, path = "/api/admin/alerts", tag = "alerts",
    responses((status = 200, body = Vec<AlertJson>), (status = 401, body = Problem)))]
async fn open(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Vec<AlertJson>> {
    answer(app.open_alerts(&actor).await, |alerts| {
        alerts.into_iter().map(AlertJson::from).collect()
    })
}

/// Alerts that are over, newest first.
#[utoipa::path(get, path = "/api/admin/alerts/past", tag = "alerts", params(Paging),
    responses((status = 200, body = PageJson<AlertJson>), (status = 422, body = Problem)))]
async fn past(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Asked(paging): Asked<Paging>,
) -> Answer<PageJson<AlertJson>> {
    let page = app.past_alerts(&actor, &paging.request()).await;
    answer(page, PageJson::of)
}

/// Who is told, and on which ways.
#[utoipa::path(get, path = "/api/admin/alerts/routing", tag = "alerts",
    responses((status = 200, body = AlertRouting), (status = 401, body = Problem)))]
async fn routing(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<AlertRouting> {
    answer(app.alert_routing(&actor).await, |routing| routing)
}

/// Chooses who is mailed.
#[utoipa::path(put, path = "/api/admin/alerts/contact", tag = "alerts", request_body = ContactChoice,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn set_contact(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<ContactChoice>,
) -> Result<StatusCode, Problem> {
    let address = body.address.unwrap_or_default();
    app.set_alert_contact(&actor, &address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test on every configured way.
#[utoipa::path(post, path = "/api/admin/alerts/test", tag = "alerts",
    responses((status = 200, body = Taken), (status = 403, body = Problem),
        (status = 409, body = Problem, description = "No way is configured"),
        (status = 503, body = Problem, description = "What failed, in the mail server’s words")))]
async fn send_test(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Taken> {
    answer(app.send_test_alert(&actor).await, |sent| Taken { sent })
}
