//! Whether both sides agree.

use super::access::{Answer, answer};
use super::shape::AgreementJson;
use crate::app::App;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(last, check))
}

/// What the last comparison of both sides found; null before the first. They are compared every hour.
#[utoipa::path(get, path = "/api/admin/agreement", tag = "sync",
    responses((status = 200, body = Option<AgreementJson>), (status = 401, body = Problem)))]
async fn last(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Option<AgreementJson>> {
    answer(app.agreement(&actor).await, |found| {
        found.map(AgreementJson::from)
    })
}

/// Compares every mapped field of every linked record now. It costs no API call; fields that differ without
/// a reason are decided again.
#[utoipa::path(post, path = "/api/admin/agreement", tag = "sync",
    responses((status = 200, body = AgreementJson), (status = 403, body = Problem)))]
async fn check(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<AgreementJson> {
    answer(app.check_agreement(&actor).await, AgreementJson::from)
}
