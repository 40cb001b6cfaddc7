//! What the brake holds, and its limits.

use super::access::{Answer, Asked, Body, answer};
use super::shape::{PlanJson, PlanPageJson};
use crate::app::App;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tandem_core::brake::{BrakeSettings, Limit, PlanChoice};
use tandem_core::ids::{LinkId, PlanId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(plans))
        .routes(routes!(plan))
        .routes(routes!(approve))
        .routes(routes!(keep))
        .routes(routes!(look_again))
        .routes(routes!(brake, set_brake))
}

/// Which part of a plan.
#[derive(Deserialize, IntoParams)]
struct After {
    /// `next` of the page before; without it the plan's first records.
    after: Option<i64>,
}

/// How much passes unasked. The greatest of the bounds counts: records, percent of the linked records, and
/// so many times what is done in a normal hour.
#[derive(Serialize, Deserialize, ToSchema)]
struct BrakeJson {
    /// Off, nothing is held.
    enabled: bool,
    /// So many times a normal hour.
    #[schema(minimum = 1, maximum = 100)]
    times_normal: u32,
    /// Deleting records.
    delete: LimitJson,
    /// Unlinking records.
    unlink: LimitJson,
    /// Erasing values.
    blank: LimitJson,
    /// Changing owners.
    owner: LimitJson,
    /// Overwriting values.
    change: LimitJson,
}

/// Bounds of one effect.
#[derive(Serialize, Deserialize, ToSchema)]
struct LimitJson {
    /// So many records within two hours.
    #[schema(minimum = 1)]
    records: u32,
    /// So many percent of the linked records.
    #[schema(minimum = 0, maximum = 100)]
    percent: u8,
}

/// The plans, newest first: at most 100.
#[utoipa::path(get, path = "/api/admin/plans", tag = "plans",
    responses((status = 200, body = Vec<PlanJson>), (status = 401, body = Problem)))]
async fn plans(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Vec<PlanJson>> {
    answer(app.plans(&actor).await, |plans| {
        plans.into_iter().map(PlanJson::from).collect()
    })
}

/// A plan and 50 of its records.
#[utoipa::path(get, path = "/api/admin/plans/{id}", tag = "plans",
    params(("id" = i64, Path, description = "The plan's number"), After),
    responses((status = 200, body = PlanPageJson), (status = 404, body = Problem)))]
async fn plan(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
    Asked(asked): Asked<After>,
) -> Answer<PlanPageJson> {
    let page = app.plan(&actor, PlanId(id), asked.after.map(LinkId)).await;
    answer(page, PlanPageJson::from)
}

/// Carries a plan out. One that was kept may still be approved.
#[utoipa::path(post, path = "/api/admin/plans/{id}/approve", tag = "plans",
    params(("id" = i64, Path, description = "The plan's number")),
    responses((status = 200, body = PlanJson), (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "It was decided meanwhile")))]
async fn approve(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
) -> Answer<PlanJson> {
    let decided = app.decide_plan(&actor, PlanId(id), PlanChoice::Approve);
    answer(decided.await, PlanJson::from)
}

/// Leaves a plan's records as they are, as long as their decisions would have the same effect.
#[utoipa::path(post, path = "/api/admin/plans/{id}/keep", tag = "plans",
    params(("id" = i64, Path, description = "The plan's number")),
    responses((status = 200, body = PlanJson), (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "It was decided meanwhile")))]
async fn keep(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
) -> Answer<PlanJson> {
    let decided = app.decide_plan(&actor, PlanId(id), PlanChoice::Keep);
    answer(decided.await, PlanJson::from)
}

/// Reads the objects of a plan from the beginning; what the CRM shows as before leaves the plan by itself.
#[utoipa::path(post, path = "/api/admin/plans/{id}/look-again", tag = "plans",
    params(("id" = i64, Path, description = "The plan's number")),
    responses((status = 202, description = "It begins at once"), (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "Nothing waits in it, sync is off or the connection is lost")))]
async fn look_again(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    app.look_again(&actor, PlanId(id)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// How much passes unasked.
#[utoipa::path(get, path = "/api/admin/sync/brake", tag = "plans",
    responses((status = 200, body = BrakeJson), (status = 401, body = Problem)))]
async fn brake(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<BrakeJson> {
    answer(app.brake(&actor).await, BrakeJson::from)
}

/// Sets how much passes unasked.
#[utoipa::path(put, path = "/api/admin/sync/brake", tag = "plans", request_body = BrakeJson,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn set_brake(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<BrakeJson>,
) -> Result<StatusCode, Problem> {
    app.set_brake(&actor, body.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<BrakeSettings> for BrakeJson {
    fn from(brake: BrakeSettings) -> Self {
        Self {
            enabled: brake.enabled,
            times_normal: brake.times_normal,
            delete: brake.delete.into(),
            unlink: brake.unlink.into(),
            blank: brake.blank.into(),
            owner: brake.owner.into(),
            change: brake.change.into(),
        }
    }
}

impl From<BrakeJson> for BrakeSettings {
    fn from(brake: BrakeJson) -> Self {
        Self {
            enabled: brake.enabled,
            times_normal: brake.times_normal,
            delete: brake.delete.into(),
            unlink: brake.unlink.into(),
            blank: brake.blank.into(),
            owner: brake.owner.into(),
            change: brake.change.into(),
        }
    }
}

impl From<Limit> for LimitJson {
    fn from(limit: Limit) -> Self {
        let Limit { records, percent } = limit;
        Self { records, percent }
    }
}

impl From<LimitJson> for Limit {
    fn from(limit: LimitJson) -> Self {
        let LimitJson { records, percent } = limit;
        Self { records, percent }
    }
}
