//! The field mapping.

use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::mapping::{MappingEdit, MappingRow, MappingView, RowChoice};
use crate::app::session::Role;
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::CheckedForm;
use crate::http::ui::pages::mapping::{DIRECTIONS, MappingPage, WINNERS, page};
use crate::http::ui::parts::form::FieldError;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use std::collections::BTreeMap;
use tandem_core::ids::CrmObject;

/// Fields of the form, by name.
type Choices = BTreeMap<String, String>;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/mapping", get(show))
        .route("/mapping/{object}", post(publish))
}

async fn show(State(app): State<App>, visitor: Visitor) -> PageResult {
    drawn(&app, &visitor, StatusCode::OK, Vec::new()).await
}

async fn drawn(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    errors: Vec<FieldError>,
) -> PageResult {
    let view = MappingPage {
        mappings: app.mappings(&visitor.actor).await?,
        may_edit: visitor.actor.role == Role::Admin,
        errors,
    };
    Ok(refused(status, page(&visitor.shell(app).await?, &view)))
}

async fn publish(
    State(app): State<App>,
    visitor: Visitor,
    Path(object): Path<String>,
    form: CheckedForm<Choices>,
) -> PageResult {
    let object = CrmObject::new(object);
    let published = app.mappings(&visitor.actor).await?;
    let nothing = || AppError::NotFound(format!("mapping of {object}"));
    let mapping = published
        .iter()
        .find(|mapping| mapping.object == object)
        .ok_or_else(nothing)?;
    let outcome = match edit_of(mapping, &form.form) {
        Ok(edit) if edit.rows.is_empty() && edit.version == mapping.version => Ok("unchanged"),
        Ok(edit) => app
            .edit_mapping(&visitor.actor, &object, &edit)
            .await
            .map(|_| "published"),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(what) => {
            Ok(Redirect::to(&format!("{}#{object}", done("/mapping", what))).into_response())
        }
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            let message = match error.field.as_str() {
                "" => error.message,
                field => format!("{field}: {}", error.message),
            };
            let error = FieldError {
                field: String::new(),
                message,
            };
            drawn(&app, &visitor, status, vec![error]).await
        }
    }
}

/// The rows of a form that differ from what is published.
///
/// # Errors
/// `Invalid` with the row whose choice does not exist.
fn edit_of(mapping: &MappingView, form: &Choices) -> AppResult<MappingEdit> {
    let version = form.get("version").and_then(|text| text.parse().ok());
    let rows: AppResult<Vec<_>> = mapping
        .rows
        .iter()
        .map(|row| choice_of(row, form))
        .collect();
    Ok(MappingEdit {
        version: version.ok_or_else(|| AppError::invalid("version", "load the page again"))?,
        import: None,
        create_in_crm: None,
        rows: rows?.into_iter().flatten().collect(),
    })
}

fn choice_of(row: &MappingRow, form: &Choices) -> AppResult<Option<RowChoice>> {
    let field = &row.mapping.workspace;
    let Some(direction) = form.get(&format!("direction.{field}")) else {
        return Ok(None);
    };
    let winner = form
        .get(&format!("winner.{field}"))
        .map_or("", String::as_str);
    let direction = named(&DIRECTIONS, direction, field)?;
    let winner = named(&WINNERS, winner, field)?;
    let keep = form.contains_key(&format!("keep.{field}"));
    let choice = RowChoice {
        workspace: field.clone(),
        crm: None,
        direction: (direction != row.mapping.direction).then_some(direction),
        winner: (winner != row.mapping.winner).then_some(winner),
        blank_never_erases: (keep != row.mapping.blank_never_erases).then_some(keep),
        value_map: None,
    };
    let unchanged = RowChoice {
        workspace: field.clone(),
        ..RowChoice::default()
    };
    Ok((choice != unchanged).then_some(choice))
}

fn named<T: Copy>(known: &[(&str, T)], name: &str, field: &str) -> AppResult<T> {
    let found = known.iter().find(|(known, _)| *known == name);
    let unknown = || AppError::invalid(field, format!("“{name}” is not a choice"));
    found.map(|(_, value)| *value).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_core::mapping::{Direction, FieldMapping, Winner};
    use tandem_core::workspace::Kind;

    fn mapping() -> MappingView {
        let row = |workspace: &str| MappingRow {
            mapping: FieldMapping {
                workspace: workspace.into(),
                crm: workspace.to_uppercase(),
                direction: Direction::CrmToWorkspace,
                winner: Winner::Crm,
                blank_never_erases: false,
                value_map: Default::default(),
            },
            workspace_label: workspace.into(),
            crm_label: workspace.into(),
            crm_type: None,
            writable: true,
            problem: None,
        };
        MappingView {
            kind: Kind::Person,
            object: CrmObject::new("Lead"),
            version: 3,
            published_at: None,
            import: true,
            create_in_crm: false,
            rows: vec![row("email"), row("phone")],
        }
    }

    fn form(pairs: &[(&str, &str)]) -> Choices {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_rows_that_changed_are_published() {
        let form = form(&[
            ("version", "3"),
            ("direction.email", "both"),
            ("winner.email", "hold"),
            ("direction.phone", "crm_to_workspace"),
            ("winner.phone", "crm"),
        ]);
        let edit = edit_of(&mapping(), &form).expect("an edit");
        assert_eq!(edit.rows.len(), 1);
        assert_eq!(edit.rows[0].workspace, "email");
        assert_eq!(edit.rows[0].direction, Some(Direction::Both));
        assert_eq!(edit.rows[0].winner, Some(Winner::Hold));
        assert_eq!(edit.rows[0].blank_never_erases, None);
    }

    #[test]
    fn a_choice_that_does_not_exist_is_refused_at_its_row() {
        let form = form(&[
            ("version", "3"),
            ("direction.email", "sideways"),
            ("winner.email", "crm"),
        ]);
        match edit_of(&mapping(), &form) {
            Err(AppError::Invalid { field, .. }) => assert_eq!(field, "email"),
            other => panic!("{other:?}"),
        }
    }
}
