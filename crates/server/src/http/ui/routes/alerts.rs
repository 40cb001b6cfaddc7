//! The Alerts page and its test.

use super::entrance::Nothing;
use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::App;
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::alerts::{AlertsPage, page};
use crate::http::ui::parts::form::FieldError;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use tandem_store::views::PageRequest;

/// Past alerts on one page.
const ROWS: usize = 20;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/alerts", get(show))
        .route("/alerts/test", post(test))
}

#[derive(Deserialize)]
struct Asked {
    cursor: Option<String>,
}

async fn show(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> PageResult {
    drawn(&app, &visitor, asked.cursor, StatusCode::OK, Vec::new()).await
}

async fn drawn(
    app: &App,
    visitor: &Visitor,
    cursor: Option<String>,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> PageResult {
    let request = PageRequest {
        cursor,
        limit: ROWS,
    };
    let view = AlertsPage {
        open: app.open_alerts(&visitor.actor).await?,
        past: app.past_alerts(&visitor.actor, &request).await?,
        routing: app.alert_routing(&visitor.actor).await?,
        errors,
    };
    Ok(refused(status, page(&visitor.shell(app).await?, &view)))
}

/// A test that failed shows what the mail server said.
async fn test(State(app): State<App>, visitor: Visitor, form: CheckedForm<Nothing>) -> PageResult {
    match app.send_test_alert(&form.actor).await {
        Ok(_) => Ok(Redirect::to(&done("/alerts", "tested")).into_response()),
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            drawn(&app, &visitor, None, status, vec![error]).await
        }
    }
}
