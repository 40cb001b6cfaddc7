//! Incidents, one incident, and its fixes.

use super::entrance::Nothing;
use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::incidents::{Chosen, FixChoice};
use crate::app::session::Role;
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::CheckedForm;
use crate::http::problem::Problem;
use crate::http::ui::pages::incident::{self, IncidentPage};
use crate::http::ui::pages::incidents::page;
use crate::http::ui::parts::form::FieldError;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use tandem_core::ids::IncidentId;
use tandem_store::views::PageRequest;

/// Records on one page.
const ROWS: usize = 25;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/incidents", get(list))
        .route("/incidents/{id}", get(show))
        .route("/incidents/{id}/fix", post(fix))
        .route("/incidents/{id}/retry", post(retry))
}

async fn list(State(app): State<App>, visitor: Visitor) -> PageResult {
    let incidents = app.incidents(&visitor.actor).await?;
    Ok(page(&visitor.shell(&app).await?, &incidents).into_response())
}

#[derive(Deserialize)]
struct Asked {
    cursor: Option<String>,
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let id = number(&id)?;
    drawn(&app, &visitor, id, asked.cursor, StatusCode::OK, Vec::new()).await
}

fn number(text: &str) -> Result<IncidentId, Problem> {
    let nothing = |_| AppError::NotFound(format!("incident {text}"));
    Ok(text.parse().map(IncidentId).map_err(nothing)?)
}

async fn drawn(
    app: &App,
    visitor: &Visitor,
    id: IncidentId,
    cursor: Option<String>,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> PageResult {
    let request = PageRequest {
        cursor,
        limit: ROWS,
    };
    let view = IncidentPage {
        view: app.incident(&visitor.actor, id).await?,
        records: app.incident_records(&visitor.actor, id, &request).await?,
        may_edit: visitor.actor.role == Role::Admin,
        errors,
    };
    let shell = visitor.shell(app).await?;
    Ok(refused(status, incident::page(&shell, &view)))
}

async fn fix(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: CheckedForm<FixChoice>,
) -> PageResult {
    let id = number(&id)?;
    let chosen = app.fix_incident(&visitor.actor, id, &form.form).await;
    answered(&app, &visitor, id, chosen).await
}

async fn retry(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    _form: CheckedForm<Nothing>,
) -> PageResult {
    let id = number(&id)?;
    let chosen = app.retry_incident(&visitor.actor, id).await;
    answered(&app, &visitor, id, chosen).await
}

async fn answered(
    app: &App,
    visitor: &Visitor,
    id: IncidentId,
    chosen: AppResult<Chosen>,
) -> PageResult {
    let what = match chosen {
        Ok(Chosen::Trying) => "trying",
        Ok(Chosen::Skipped) => "skipped",
        Ok(Chosen::Gone) => "gone",
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            return drawn(app, visitor, id, None, status, vec![error]).await;
        }
    };
    let here = format!("/incidents/{id}");
    Ok(Redirect::to(&done(&here, what)).into_response())
}
