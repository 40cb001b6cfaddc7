//! The handlers: they turn an address or a form into one call of [`App`] and its answer
//! into a page. A form that was taken is answered with a redirect, so that a reload does nothing twice; one
//! that was refused comes back filled, with the reason at its field.

mod agreement;
mod alerts;
mod connect;
mod entrance;
mod errors;
mod incidents;
mod logs;
mod mapping;
mod plans;
mod records;
mod rehearsal;
mod sync;
mod undo;
mod value_map;
mod visitor;

use super::assets;
use crate::app::{App, AppError};
use crate::http::problem::Problem;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{Redirect, Response};
use axum::routing::get;
use maud::Markup;

pub use errors::as_pages;

/// A page, a redirect, or an error that [`as_pages`] draws.
type PageResult = Result<Response, Problem>;

/// Every address of the pages.
pub fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(async || Redirect::to("/sync")))
        .merge(entrance::routes())
        .merge(sync::routes())
        .merge(rehearsal::routes())
        .merge(connect::routes())
        .merge(logs::routes())
        .merge(agreement::routes())
        .merge(incidents::routes())
        .merge(alerts::routes())
        .merge(plans::routes())
        .merge(undo::routes())
        .merge(records::routes())
        .merge(mapping::routes())
        .merge(value_map::routes())
        .fallback(nothing)
        .layer(from_fn_with_state(app.clone(), as_pages))
        .route("/assets/{*path}", get(assets::serve))
}

async fn nothing() -> Problem {
    let error = AppError::NotFound("page at this address".to_owned());
    Problem::from(error)
}

/// A page with another status than 200: a form that comes back.
fn refused(status: StatusCode, page: Markup) -> Response {
    use axum::response::IntoResponse as _;
    (status, page).into_response()
}
