//! Sync Management.

use super::access::{Answer, Body, answer};
use super::shape::OverviewJson;
use crate::app::App;
use crate::app::mirroring::Mirroring;
use crate::app::settings::FrequencyQuote;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;
use tandem_core::ids::CrmObject;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(enable))
        .routes(routes!(frequencies, set_frequencies))
        .routes(routes!(quote))
        .routes(routes!(set_threshold))
        .routes(routes!(mirroring, set_mirroring))
        .routes(routes!(sync_now))
        .routes(routes!(read_again))
}

/// The toggle.
#[derive(Deserialize, ToSchema)]
struct Enabled {
    /// On or off.
    enabled: bool,
}

/// Seconds between two reads, by CRM object.
type Frequencies = BTreeMap<String, u32>;

/// When scheduled sync pauses.
#[derive(Deserialize, ToSchema)]
struct Threshold {
    /// Percent of the org's daily allowance.
    #[schema(minimum = 1, maximum = 100)]
    threshold_percent: u8,
}

/// What is read from the beginning.
#[derive(Deserialize, ToSchema)]
struct ReadAgain {
    /// CRM objects that are mapped.
    objects: Vec<String>,
}

/// State, freshness, backlog and API use of the sync.
#[utoipa::path(get, path = "/api/admin/sync", tag = "sync",
    responses((status = 200, body = OverviewJson), (status = 401, body = Problem)))]
async fn overview(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<OverviewJson> {
    answer(app.overview(&actor).await, OverviewJson::from)
}

/// Turns sync on or off.
#[utoipa::path(put, path = "/api/admin/sync/enabled", tag = "sync", request_body = Enabled,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 409, body = Problem, description = "Something that sync needs is missing")))]
async fn enable(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<Enabled>,
) -> Result<StatusCode, Problem> {
    app.set_enabled(&actor, body.enabled).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Seconds between two reads, by object.
#[utoipa::path(get, path = "/api/admin/sync/frequencies", tag = "sync",
    responses((status = 200, body = BTreeMap<String, u32>), (status = 401, body = Problem)))]
async fn frequencies(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
) -> Answer<BTreeMap<CrmObject, u32>> {
    answer(app.frequencies(&actor).await, |frequencies| frequencies)
}

/// Sets how often objects are read: every 60, 300 or 600 seconds.
#[utoipa::path(put, path = "/api/admin/sync/frequencies", tag = "sync", request_body = BTreeMap<String, u32>,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn set_frequencies(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<Frequencies>,
) -> Result<StatusCode, Problem> {
    app.set_frequencies(&actor, &objects(body)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a choice of frequencies would cost in API calls a day. Changes nothing.
#[utoipa::path(post, path = "/api/admin/sync/frequencies/quote", tag = "sync",
    request_body = BTreeMap<String, u32>,
    responses((status = 200, body = FrequencyQuote), (status = 422, body = Problem)))]
async fn quote(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<Frequencies>,
) -> Answer<FrequencyQuote> {
    answer(
        app.quote_frequencies(&actor, &objects(body)).await,
        |quote| quote,
    )
}

/// Sets the percentage of the org's allowance at which scheduled sync pauses.
#[utoipa::path(put, path = "/api/admin/sync/threshold", tag = "sync", request_body = Threshold,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn set_threshold(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<Threshold>,
) -> Result<StatusCode, Problem> {
    app.set_threshold(&actor, body.threshold_percent).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which changes of the CRM are followed in the workspace: merges and deletions.
#[utoipa::path(get, path = "/api/admin/sync/mirroring", tag = "sync",
    responses((status = 200, body = Mirroring), (status = 401, body = Problem)))]
async fn mirroring(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Mirroring> {
    answer(app.mirroring(&actor).await, |mirroring| mirroring)
}

/// Sets what is followed from now on; what was unlinked or archived before stays as it is.
#[utoipa::path(put, path = "/api/admin/sync/mirroring", tag = "sync", request_body = Mirroring,
    responses((status = 204, description = "Done"), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn set_mirroring(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<Mirroring>,
) -> Result<StatusCode, Problem> {
    app.set_mirroring(&actor, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads every object now, and tries at once what waits after a failure.
#[utoipa::path(post, path = "/api/admin/sync/now", tag = "sync",
    responses((status = 202, description = "It will be done at once"),
        (status = 409, body = Problem, description = "Sync is off or the connection is lost")))]
async fn sync_now(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
) -> Result<StatusCode, Problem> {
    app.sync_now(&actor).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Reads objects from the beginning: every record, not only what changed. Costs about a call for every
/// 10,000 records.
#[utoipa::path(post, path = "/api/admin/sync/read-again", tag = "sync", request_body = ReadAgain,
    responses((status = 202, description = "It begins at once"), (status = 403, body = Problem),
        (status = 409, body = Problem, description = "Sync is off or the connection is lost"),
        (status = 422, body = Problem)))]
async fn read_again(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Body(body): Body<ReadAgain>,
) -> Result<StatusCode, Problem> {
    let objects: Vec<_> = body.objects.into_iter().map(CrmObject::new).collect();
    app.read_again(&actor, &objects).await?;
    Ok(StatusCode::ACCEPTED)
}

fn objects(choice: Frequencies) -> BTreeMap<CrmObject, u32> {
    let named = choice
        .into_iter()
        .map(|(object, seconds)| (CrmObject::new(object), seconds));
    named.collect()
}
