//! The Agreement page.

use super::PageResult;
use super::entrance::Nothing;
use super::visitor::{Visitor, done};
use crate::app::App;
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::agreement::page;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/agreement", get(show))
        .route("/agreement/check", post(check))
}

async fn show(State(app): State<App>, visitor: Visitor) -> PageResult {
    let found = app.agreement(&visitor.actor).await?;
    let shell = visitor.shell(&app).await?;
    Ok(page(&shell, found.as_ref()).into_response())
}

/// The runtime compares; with many records it takes a while, and the page shows it when it is there.
async fn check(State(app): State<App>, form: CheckedForm<Nothing>) -> PageResult {
    app.ask_agreement(&form.actor)?;
    Ok(Redirect::to(&done("/agreement", "comparing")).into_response())
}
