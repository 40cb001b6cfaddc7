//! Held plans, and what a person says about them.

use super::entrance::Nothing;
use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::CheckedForm;
use crate::http::problem::Problem;
use crate::http::ui::pages::plan_limits::LimitsForm;
use crate::http::ui::pages::plans::{detail, list};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;
use std::collections::BTreeMap;
use tandem_core::brake::PlanChoice;
use tandem_core::ids::{LinkId, PlanId};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/plans", get(show_all))
        .route("/plans/limits", post(set_limits))
        .route("/plans/{id}", get(show))
        .route("/plans/{id}/approve", post(approve))
        .route("/plans/{id}/keep", post(keep))
        .route("/plans/{id}/look-again", post(look_again))
}

#[derive(Deserialize)]
struct Asked {
    after: Option<i64>,
}

#[derive(Deserialize)]
struct Editing {
    edit: Option<String>,
}

async fn show_all(
    State(app): State<App>,
    visitor: Visitor,
    Query(editing): Query<Editing>,
) -> PageResult {
    let brake = app.brake(&visitor.actor).await?;
    let open = editing.edit.is_some_and(|what| what == "limits");
    let form = open.then(|| LimitsForm::of(&brake));
    Ok(all(&app, &visitor, form.as_ref()).await?.into_response())
}

async fn all(app: &App, visitor: &Visitor, form: Option<&LimitsForm>) -> Result<Markup, Problem> {
    let plans = app.plans(&visitor.actor).await?;
    let brake = app.brake(&visitor.actor).await?;
    Ok(list(&visitor.shell(app).await?, &plans, &brake, form))
}

async fn set_limits(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<BTreeMap<String, String>>,
) -> PageResult {
    let mut typed = LimitsForm::typed(form.form);
    let set = match typed.brake() {
        Ok(brake) => app.set_brake(&form.actor, brake).await,
        Err(error) => Err(error),
    };
    let Err(error) = set else {
        return Ok(Redirect::to(&done("/plans", "saved")).into_response());
    };
    let (status, error) = shown_in_form(error)?;
    typed.errors.push(error);
    Ok(refused(status, all(&app, &visitor, Some(&typed)).await?))
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
