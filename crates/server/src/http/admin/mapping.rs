//! The field mapping.

use super::access::{Answer, Body, answer};
use super::shape::MappingJson;
use crate::app::App;
use crate::app::mapping::MappingEdit;
use crate::http::auth::SignedIn;
use crate::http::problem::Problem;
use axum::extract::{Path, State};
use serde::Serialize;
use tandem_core::ids::CrmObject;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(mappings))
        .routes(routes!(edit))
}

/// What publishing an edit did.
#[derive(Serialize, ToSchema)]
struct PublishedJson {
    /// The new version.
    version: u32,
    /// Rows that do not work at present: the field and the reason.
    problems: Vec<String>,
}

/// The mappings in force, parents before children.
#[utoipa::path(get, path = "/api/admin/mappings", tag = "mapping",
    responses((status = 200, body = Vec<MappingJson>), (status = 401, body = Problem)))]
async fn mappings(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Vec<MappingJson>> {
    answer(app.mappings(&actor).await, |views| {
        views.into_iter().map(MappingJson::from).collect()
    })
}

/// Publishes an edit as a new version.
#[utoipa::path(patch, path = "/api/admin/mappings/{object}", tag = "mapping",
    params(("object" = String, Path, description = "The CRM object, such as Lead")),
    request_body = MappingEdit,
    responses((status = 200, body = PublishedJson), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn edit(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(object): Path<String>,
    Body(body): Body<MappingEdit>,
) -> Answer<PublishedJson> {
    let published = app
        .edit_mapping(&actor, &CrmObject::new(object), &body)
        .await;
    answer(published, |published| PublishedJson {
        version: published.version,
        problems: published.problems.iter().map(ToString::to_string).collect(),
    })
}
