//! Is it alive, is it ready, what does it count.

use crate::app::App;
use crate::telemetry::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// `/healthz`, `/readyz` and, if metrics are kept, `/metrics` in Prometheus' text form.
pub(super) fn routes(metrics: Option<Metrics>) -> Router<App> {
    let routes = Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready));
    match metrics {
        Some(metrics) => routes.route("/metrics", get(async move || text(metrics.render()))),
        None => routes,
    }
}

/// Ready: the database answers. The CRM does not matter here: Tandem works on without it.
async fn ready(State(app): State<App>) -> Response {
    match app.needs_setup().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

fn text(body: String) -> Response {
    let form = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, form)], body).into_response()
}
