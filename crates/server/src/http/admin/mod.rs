//! The admin API: everything that the pages can do, as JSON under `/api/admin`.
//!
//! A program signs in with `session` and keeps the cookie; the command line uses the operator's
//! token. Errors are [`Problem`](super::problem::Problem)s. The description of all this is made from
//! the handlers ([`description`]) and served at `/api/openapi.json`; `openapi/admin.json` is a copy
//! that a test keeps equal.

mod access;
mod agreement;
mod alerts;
mod connection;
mod incidents;
mod log;
mod mapping;
mod plans;
mod records;
mod rehearsal;
mod session;
mod shape;
mod sync;
mod team;
mod undo;

use crate::app::App;
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

/// The name and purpose of the API.
#[derive(OpenApi)]
#[openapi(info(
    title = "Tandem admin API",
    description = "Everything that the pages can do. Sign in with `POST /api/admin/session` and keep the cookie.",
    license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
), modifiers(&Doors), security(("session" = []), ("operator" = [])))]
struct Root;

/// The two ways in.
struct Doors;

impl Modify for Doors {
    fn modify(&self, description: &mut Description) {
        let cookie = ApiKeyValue::with_description(
            "tandem",
            "Set by signing in. Its name is `__Host-tandem` where Tandem is served by https.",
        );
        let operator = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token in `operator.json` of the data directory."))
            .build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        components.add_security_scheme("operator", SecurityScheme::Http(operator));
    }
}

fn router() -> (Router<App>, Description) {
    OpenApiRouter::with_openapi(Root::openapi())
        .merge(session::routes())
        .merge(sync::routes())
        .merge(connection::routes())
        .merge(records::routes())
        .merge(log::routes())
        .merge(incidents::routes())
        .merge(undo::routes())
        .merge(mapping::routes())
        .merge(team::routes())
        .merge(alerts::routes())
        .merge(plans::routes())
        .merge(agreement::routes())
        .merge(rehearsal::routes())
        .split_for_parts()
}

/// The API with its description.
pub fn routes() -> Router<App> {
    let (routes, description) = router();
    routes
        .route(
            "/api/openapi.json",
            get(async move || Json(description).into_response()),
        )
        .route("/api/{*rest}", axum::routing::any(nothing))
}

/// The description as committed, ending in a line feed.
///
/// # Errors
/// It can't be written as JSON.
pub fn description() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&router().1)? + "\n")
}

async fn nothing() -> super::problem::Problem {
    super::problem::Problem::new(
        axum::http::StatusCode::NOT_FOUND,
        "not-found",
        "there is no such address in the API; see /api/openapi.json",
    )
}
