//! The rehearsal of the first run.

use super::PageResult;
use super::entrance::Nothing;
use super::visitor::{Visitor, done};
use crate::app::App;
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::rehearsal::page;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;

const PLACE: &str = "/sync/rehearsal";

pub(super) fn routes() -> Router<App> {
    Router::new().route(PLACE, get(show).post(ask))
}

async fn show(State(app): State<App>, visitor: Visitor) -> PageResult {
    let found = app.rehearsal(&visitor.actor).await?;
    let refused = app.why_no_rehearsal(&visitor.actor).await?;
    let shell = visitor.shell(&app).await?;
    Ok(page(&shell, &found, refused.as_deref()).into_response())
}

/// The runtime makes it; the page shows what it found when it is there.
async fn ask(State(app): State<App>, form: CheckedForm<Nothing>) -> PageResult {
    app.ask_rehearsal(&form.actor).await?;
    Ok(Redirect::to(&done(PLACE, "rehearsing")).into_response())
}
