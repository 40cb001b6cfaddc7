//! The CRM connection: its page, and beginning and ending it. Salesforce sends the browser back to an
//! address of [`crate::http`]'s own, which then leads here.

use super::PageResult;
use super::entrance::Nothing;
use super::visitor::{Visitor, done};
use crate::app::App;
use crate::app::overview::SyncState;
use crate::app::session::Role;
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::connect::{ConnectPage, Connected, page};
use crate::http::ui::parts::text::sentence;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/connect", get(show))
        .route("/connect/start", post(start))
        .route("/connect/end", post(end))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ConnectQuery {
    check: String,
    connected: String,
}

/// The check costs an API call, so it is made when asked for, and once right after connecting.
async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<ConnectQuery>,
) -> PageResult {
    let overview = app.overview(&visitor.actor).await?;
    let connected = match query.connected.as_str() {
        "first" => Some(Connected::First),
        "again" => Some(Connected::Again),
        _ => None,
    };
    let asked = connected.is_some() || !query.check.is_empty();
    let (permissions, check_failed) = if asked && overview.connector.is_some() {
        match app.check_permissions(&visitor.actor).await {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(sentence(&error.to_string()))),
        }
    } else {
        (None, None)
    };
    let lost = matches!(overview.state, SyncState::ConnectionLost { .. });
    let view = ConnectPage {
        state: overview.state,
        connector: overview.connector,
        callback_url: app.config().oauth_callback_url(),
        configured: !app.config().salesforce.client_id.is_empty(),
        may_connect: visitor.actor.role == Role::Admin,
        connected,
        permissions,
        check_failed,
    };
    Ok(page(&visitor.shell_in(&app, lost).await?, &view).into_response())
}

async fn start(State(app): State<App>, form: CheckedForm<Nothing>) -> PageResult {
    let address = app.start_connect(&form.actor).await?;
    Ok(Redirect::to(&address).into_response())
}

async fn end(State(app): State<App>, form: CheckedForm<Nothing>) -> PageResult {
    app.disconnect(&form.actor).await?;
    Ok(Redirect::to(&done("/connect", "disconnected")).into_response())
}
