//! Where the CRM sends people back to after its consent page.
//!
//! The browser arrives here with a code in the address. It is used at once, and the person is sent on
//! to a page whose address tells nothing. The request comes from another site; what makes it safe is
//! the flow's state, which only the session that began the flow can use.

use super::auth::SignedIn;
use super::problem::Problem;
use super::ui;
use crate::app::App;
use crate::app::connect::Callback;
use crate::app::connectors::ConnectorRole;
use axum::Router;
use axum::extract::{Query, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

/// What the CRM puts into the address.
#[derive(Deserialize)]
struct Answer {
    code: Option<String>,
    #[serde(default)]
    state: String,
    error: Option<String>,
    error_description: Option<String>,
}

/// The callback; its errors are drawn as pages.
pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/oauth/salesforce/callback", get(callback))
        .layer(from_fn_with_state(app.clone(), ui::as_pages))
}

async fn callback(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(answer): Query<Answer>,
) -> Response {
    let callback = Callback {
        code: answer.code.map(Into::into),
        state: answer.state,
        error: answer.error,
        error_description: answer.error_description,
    };
    match app.finish_connect(&actor, callback).await {
        Ok(report) => {
            let query = match report.role {
                ConnectorRole::Standby => "?connected=standby",
                ConnectorRole::Spare => "?connected=spare",
                ConnectorRole::Main if report.first => "?connected=first",
                ConnectorRole::Main => "?connected=again",
            };
            Redirect::to(&format!("/connect{query}")).into_response()
        }
        Err(error) => Problem::from(error).into_response(),
    }
}
