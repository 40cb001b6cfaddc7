//! The CRM connection: its page, and beginning and ending it. Salesforce sends the browser back to an
//! address of [`crate::http`]'s own, which then leads here.

use super::entrance::Nothing;
use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::overview::SyncState;
use crate::app::session::Role;
use crate::app::{App, AppError};
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::connect::{ConnectPage, Connected, page};
use crate::http::ui::parts::form::FieldError;
use crate::http::ui::parts::text::sentence;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use tandem_core::ids::ConnectionId;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/connect", get(show))
        .route("/connect/start", post(start))
        .route("/connect/end", post(end))
        .route("/connect/choose", post(choose))
        .route("/connect/{connection}/remove", post(remove))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ConnectQuery {
    check: String,
    connected: String,
}

#[derive(Deserialize)]
struct Chosen {
    connector: String,
    #[serde(default)]
    standby: String,
}

/// The check costs an API call, so it is made when asked for, and once right after connecting.
async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<ConnectQuery>,
) -> PageResult {
    drawn(&app, &visitor, &query, StatusCode::OK, Vec::new()).await
}

async fn drawn(
    app: &App,
    visitor: &Visitor,
    query: &ConnectQuery,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> PageResult {
    let overview = app.overview(&visitor.actor).await?;
    let connected = match query.connected.as_str() {
        "first" => Some(Connected::First),
        "again" => Some(Connected::Again),
        "standby" => Some(Connected::Standby),
        "spare" => Some(Connected::Spare),
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
        connectors: app.connectors(&visitor.actor).await?,
        errors,
        callback_url: app.config().oauth_callback_url(),
        configured: !app.config().salesforce.client_id.is_empty(),
        may_connect: visitor.actor.role == Role::Admin,
        connected,
        permissions,
        check_failed,
    };
    Ok(refused(
        status,
        page(&visitor.shell_in(app, lost).await?, &view),
    ))
}

async fn start(State(app): State<App>, form: CheckedForm<Nothing>) -> PageResult {
    let address = app.start_connect(&form.actor).await?;
    Ok(Redirect::to(&address).into_response())
}

async fn choose(State(app): State<App>, visitor: Visitor, form: CheckedForm<Chosen>) -> PageResult {
    let chosen = match (number(&form.form.connector), form.form.standby.as_str()) {
        (Some(main), "") => Ok((main, None)),
        (Some(main), standby) => number(standby).map(|id| (main, Some(id))).ok_or("standby"),
        (None, _) => Err("connector"),
    };
    let done_so = match chosen {
        Ok((main, standby)) => app.choose_connectors(&visitor.actor, main, standby).await,
        Err(field) => Err(AppError::invalid(field, "choose one of the list")),
    };
    match done_so {
        Ok(()) => Ok(Redirect::to(&done("/connect", "saved")).into_response()),
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            let query = ConnectQuery::default();
            drawn(&app, &visitor, &query, status, vec![error]).await
        }
    }
}

async fn remove(
    State(app): State<App>,
    Path(connection): Path<i64>,
    form: CheckedForm<Nothing>,
) -> PageResult {
    app.remove_connection(&form.actor, ConnectionId(connection))
        .await?;
    Ok(Redirect::to(&done("/connect", "saved")).into_response())
}

fn number(text: &str) -> Option<ConnectionId> {
    text.parse().ok().map(ConnectionId)
}

async fn end(State(app): State<App>, form: CheckedForm<Nothing>) -> PageResult {
    app.disconnect(&form.actor).await?;
    Ok(Redirect::to(&done("/connect", "disconnected")).into_response())
}
