//! The value map of a mapped field.

use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::mapping::{MappingEdit, MappingRow, MappingView, RowChoice, ValueRow};
use crate::app::session::Role;
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::value_map::{ValueMapPage, page};
use crate::http::ui::parts::form::FieldError;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;
use std::collections::BTreeMap;
use tandem_core::ids::CrmObject;

/// Fields of the form, by name.
type Typed = BTreeMap<String, String>;

/// Rows that one form may have.
const ROWS_MAX: usize = 1_000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/mapping/{object}/{field}/values", get(show).post(publish))
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(place): Path<(String, String)>,
) -> PageResult {
    let (mapping, row) = found(&app, &visitor, &place).await?;
    let rows = ValueRow::of(&row.mapping.value_map);
    let view = (mapping, row, rows);
    drawn(&app, &visitor, view, StatusCode::OK, Vec::new()).await
}

async fn found(
    app: &App,
    visitor: &Visitor,
    (object, field): &(String, String),
) -> AppResult<(MappingView, MappingRow)> {
    let mappings = app.mappings(&visitor.actor).await?;
    let mapping = mappings.into_iter().find(|one| one.object.0 == *object);
    let row = |mapping: &MappingView| {
        let mut rows = mapping.rows.iter();
        rows.find(|row| row.mapping.workspace == *field).cloned()
    };
    let found = mapping.and_then(|mapping| row(&mapping).map(|row| (mapping, row)));
    found.ok_or_else(|| AppError::NotFound(format!("mapped field {object} {field}")))
}

async fn drawn(
    app: &App,
    visitor: &Visitor,
    (mapping, row, rows): (MappingView, MappingRow, Vec<ValueRow>),
    status: StatusCode,
    errors: Vec<FieldError>,
) -> PageResult {
    let view = ValueMapPage {
        mapping,
        row,
        rows,
        may_edit: visitor.actor.role == Role::Admin,
        errors,
    };
    Ok(refused(status, page(&visitor.shell(app).await?, &view)))
}

async fn publish(
    State(app): State<App>,
    visitor: Visitor,
    Path(place): Path<(String, String)>,
    form: CheckedForm<Typed>,
) -> PageResult {
    let (mapping, row) = found(&app, &visitor, &place).await?;
    let rows = typed_rows(&form.form);
    let version = form.form.get("version").and_then(|text| text.parse().ok());
    let edit = MappingEdit {
        version: version.ok_or_else(|| AppError::invalid("version", "load the page again"))?,
        import: None,
        create_in_crm: None,
        rows: vec![RowChoice {
            workspace: place.1.clone(),
            value_map: Some(rows.clone()),
            ..RowChoice::default()
        }],
    };
    let object = CrmObject::new(&place.0);
    match app.edit_mapping(&visitor.actor, &object, &edit).await {
        Ok(_) => {
            let address = format!("/mapping/{}/{}/values", place.0, place.1);
            Ok(Redirect::to(&done(&address, "published")).into_response())
        }
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            let error = FieldError {
                field: String::new(),
                ..error
            };
            drawn(&app, &visitor, (mapping, row, rows), status, vec![error]).await
        }
    }
}

/// The rows in their order; blank ones are left out.
fn typed_rows(form: &Typed) -> Vec<ValueRow> {
    let cell = |side: &str, at: usize| {
        let found = form.get(&format!("{side}.{at}"));
        found.map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    let rows = (0..ROWS_MAX.min(form.len())).map(|at| ValueRow {
        crm: cell("crm", at),
        workspace: cell("workspace", at),
    });
    rows.filter(|row| *row != ValueRow::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_rows_are_left_out_and_half_filled_ones_kept() {
        let typed = [
            ("version", "3"),
            ("crm.0", " Open "),
            ("workspace.0", "New"),
            ("crm.1", ""),
            ("workspace.1", " "),
            ("crm.2", ""),
            ("workspace.2", "Late"),
        ];
        let form: Typed = typed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let rows = typed_rows(&form);
        let row = |crm: &str, workspace: &str| ValueRow {
            crm: crm.into(),
            workspace: workspace.into(),
        };
        assert_eq!(rows, [row("Open", "New"), row("", "Late")]);
    }
}
