//! The two faces of [`app`](crate::app): pages for people, JSON for programs. It turns requests into
//! calls and answers into bytes, and decides nothing.
//!
//! Every request passes, from outside to inside: a request id, a log line, the security headers, a
//! net for panics, limits of time and size, and the wall against other sites ([`csrf`]).

pub mod admin;
pub mod auth;
pub mod csrf;
mod health;
mod layers;
mod oauth;
pub mod problem;
pub mod ui;

use crate::app::App;
use crate::telemetry::Metrics;
use axum::Router;

/// Everything that Tandem serves.
pub fn router(app: App, metrics: Option<Metrics>) -> Router {
    let routes = Router::new()
        .merge(health::routes(metrics))
        .merge(oauth::routes(&app))
        .merge(admin::routes())
        .merge(ui::routes(&app));
    layers::wrap(routes, app)
}
