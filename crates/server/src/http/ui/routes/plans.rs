//! Held plans, and what a person says about them.

use super::entrance::Nothing;
use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::CheckedForm;
use crate::http::problem::Problem;
use crate::http::ui::pages::plans::{detail, list};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use tandem_core::brake::PlanChoice;
use tandem_core::ids::{LinkId, PlanId};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/plans", get(show_all))
        .route("/plans/{id}", get(show))
        .route("/plans/{id}/approve", post(approve))
        .route("/plans/{id}/keep", post(keep))
        .route("/plans/{id}/look-again", post(look_again))
}

#[derive(Deserialize)]
struct Asked {
    after: Option<i64>,
}

async fn show_all(State(app): State<App>, visitor: Visitor) -> PageResult {
    let plans = app.plans(&visitor.actor).await?;
    Ok(list(&visitor.shell(&app).await?, &plans).into_response())
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let after = asked.after.map(LinkId);
    let page = app.plan(&visitor.actor, number(&id)?, after).await?;
    Ok(detail(&visitor.shell(&app).await?, &page, &[]).into_response())
}

async fn approve(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: CheckedForm<Nothing>,
) -> PageResult {
    let id = number(&id)?;
    let decided = app.decide_plan(&form.actor, id, PlanChoice::Approve).await;
    told(&app, &visitor, id, decided.map(drop), "approved").await
}

async fn keep(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: CheckedForm<Nothing>,
) -> PageResult {
    let id = number(&id)?;
    let decided = app.decide_plan(&form.actor, id, PlanChoice::Keep).await;
    told(&app, &visitor, id, decided.map(drop), "kept").await
}

async fn look_again(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: CheckedForm<Nothing>,
) -> PageResult {
    let id = number(&id)?;
    let begun = app.look_again(&form.actor, id).await;
    told(&app, &visitor, id, begun.map(drop), "reading-again").await
}

/// Back to the plan: with what was done, or with why it was not.
async fn told(
    app: &App,
    visitor: &Visitor,
    id: PlanId,
    result: AppResult<()>,
    what: &str,
) -> PageResult {
    match result {
        Ok(()) => Ok(Redirect::to(&done(&format!("/plans/{id}"), what)).into_response()),
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            let page = app.plan(&visitor.actor, id, None).await?;
            let shell = visitor.shell(app).await?;
            Ok(refused(status, detail(&shell, &page, &[error])))
        }
    }
}

fn number(text: &str) -> Result<PlanId, Problem> {
    let nothing = || AppError::NotFound(format!("plan {text}"));
    Ok(text.parse().map(PlanId).map_err(|_| nothing())?)
}
