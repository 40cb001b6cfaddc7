//! The value map of one mapped field: which value of the CRM stands for which of the workspace.

use crate::app::mapping::{MappingRow, MappingView, ValueRow};
use crate::http::ui::parts::form::{FieldError, form_errors, token};
use crate::http::ui::parts::layout::{Page, Place, Shell, card, page as framed};
use crate::http::ui::parts::text::code;
use maud::{Markup, html};

/// Blank rows below those that are filled.
const BLANK_ROWS: usize = 5;
/// The list of the CRM's values that inputs suggest from.
const LIST: &str = "crm-values";

/// What the page shows.
#[derive(Clone, Debug)]
pub struct ValueMapPage {
    /// The mapping.
    pub mapping: MappingView,
    /// The mapped field.
    pub row: MappingRow,
    /// The rows as they stand or as they were typed.
    pub rows: Vec<ValueRow>,
    /// Only administrators change them.
    pub may_edit: bool,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// Draws it.
pub fn page(shell: &Shell, view: &ValueMapPage) -> Markup {
    let (object, field) = (&view.mapping.object, &view.row.mapping.workspace);
    let values = view.row.crm_type.as_ref().map(|ty| ty.listed());
    let body = html! {
        (form_errors(&view.errors))
        form method="post" action={ "/mapping/" (object) "/" (field) "/values" } {
            (token(&shell.csrf))
            input type="hidden" name="version" value=(view.mapping.version);
            datalist id=(LIST) { @for value in values.unwrap_or_default() { option value=(value) {} } }
            div class="table-wrap" {
                table class="stack" {
                    thead { tr { th { "In the workspace" } th { "In the CRM" } } }
                    tbody { @for (at, row) in lines(view).enumerate() { (line(at, &row, view.may_edit)) } }
                }
            }
            @if view.may_edit { footer { button type="submit" { "Publish" } } }
        }
    };
    let about = html! {
        span class="muted" { (view.row.workspace_label) " " (code(field)) " ↔ " (view.row.crm_label) " " (code(&view.row.mapping.crm)) }
    };
    framed(
        shell,
        &Page {
            place: Place::Mapping,
            title: "Value map",
            lead: html! {
                p class="lead" { "Which value of one side stands for which of the other. Values that are not listed pass as they are. A record is affected only when its value next changes." }
            },
            actions: html! { a class="button plain" href={ "/mapping#" (object) } { "Field mapping" } },
            body: card(
                &format!("{object}: {}", view.row.workspace_label),
                &about,
                &body,
            ),
        },
    )
}

fn lines(view: &ValueMapPage) -> impl Iterator<Item = ValueRow> {
    let blank = if view.may_edit { BLANK_ROWS } else { 0 };
    let blanks = std::iter::repeat_n(ValueRow::default(), blank);
    view.rows.clone().into_iter().chain(blanks)
}

fn line(at: usize, row: &ValueRow, may_edit: bool) -> Markup {
    html! {
        tr {
            @if may_edit {
                td data-label="In the workspace" {
                    input type="text" name={ "workspace." (at) } value=(row.workspace) maxlength="255"
                        aria-label={ "Workspace value " (at + 1) };
                }
                td data-label="In the CRM" {
                    input type="text" name={ "crm." (at) } value=(row.crm) maxlength="255" list=(LIST)
                        aria-label={ "CRM value " (at + 1) };
                }
            } @else {
                td data-label="In the workspace" { (row.workspace) }
                td data-label="In the CRM" { (row.crm) }
            }
        }
    }
}
