//! The field mapping: for each pair of kind and object a table of fields; direction and winner can be
//! changed.

use super::sync_cards::kind_label;
use crate::app::mapping::{MappingRow, MappingView};
use crate::http::ui::parts::badge::{Tone, direction_text, winner_text};
use crate::http::ui::parts::form::{Choice, FieldError, bare_select, form_errors, token};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::text::{code, counted};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::schema::FieldType;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct MappingPage {
    /// The mappings, parents before children.
    pub mappings: Vec<MappingView>,
    /// Only administrators change them.
    pub may_edit: bool,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// The directions with their names in forms.
pub const DIRECTIONS: [(&str, Direction); 3] = [
    ("crm_to_workspace", Direction::CrmToWorkspace),
    ("workspace_to_crm", Direction::WorkspaceToCrm),
    ("both", Direction::Both),
];

/// The winners with their names in forms.
pub const WINNERS: [(&str, Winner); 4] = [
    ("crm", Winner::Crm),
    ("workspace", Winner::Workspace),
    ("most_recent", Winner::MostRecent),
    ("hold", Winner::Hold),
];

/// Draws it.
pub fn page(shell: &Shell, view: &MappingPage) -> Markup {
    let body = html! {
        (form_errors(&view.errors))
        @if view.mappings.is_empty() {
            section class="card" {
                (empty("No mapping yet", &html! {
                    "The first connection maps the standard fields, from the CRM to the workspace. "
                    a href="/connect" { "Connect Salesforce" } "."
                }))
            }
        } @else {
            nav class="tabs" aria-label="Objects" {
                @for mapping in &view.mappings { a href={ "#" (mapping.object) } { (title(mapping)) } }
            }
            @for mapping in &view.mappings { (pair(shell, view, mapping)) }
        }
    };
    let lead = html! {
        p class="lead" { "Which fields travel, which way, and who wins when both sides changed. A change is published as a new version." }
    };
    framed(
        shell,
        &Page {
            place: Place::Mapping,
            title: "Field mapping",
            lead,
            actions: html! {},
            body,
        },
    )
}

fn title(mapping: &MappingView) -> String {
    format!("{} ↔ {}", kind_label(mapping.kind), mapping.object)
}

fn pair(shell: &Shell, view: &MappingPage, mapping: &MappingView) -> Markup {
    let version = html! {
        span class="muted" {
            (counted(mapping.rows.len() as u64, "field")) ", version " (mapping.version)
            @if let Some(at) = mapping.published_at { ", " (ago(at, shell.now)) }
        }
    };
    let problems = mapping
        .rows
        .iter()
        .filter(|row| row.problem.is_some())
        .count();
    let body = html! {
        @if problems > 0 {
            (callout(Tone::Warn, &html! {
                @if problems == 1 { "1 field does" } @else { (problems) " fields do" }
                " not work at present and is left alone on both sides; the reason stands in its row."
            }))
        }
        form method="post" action={ "/mapping/" (mapping.object) } {
            (token(&shell.csrf))
            input type="hidden" name="version" value=(mapping.version);
            div class="table-wrap" {
                table class="stack mapping" {
                    thead { tr {
                        th { "Workspace field" } th { "CRM field" } th { "Type" } th { "Direction" } th { "Who wins" } th { "Blank never erases" }
                    } }
                    tbody { @for row in &mapping.rows { (line(row, mapping, view.may_edit)) } }
                }
            }
            @if view.may_edit { footer { button type="submit" { "Publish " (title(mapping)) } } }
        }
    };
    html! { div id=(mapping.object) class="anchor" { (card(&title(mapping), &version, &body)) } }
}

fn line(row: &MappingRow, mapping: &MappingView, may_edit: bool) -> Markup {
    html! {
        tr class=[row.problem.as_ref().map(|_| "problem-row")] {
            td data-label="Workspace field" { strong { (row.workspace_label) } div { (code(&row.mapping.workspace)) } }
            td data-label="CRM field" {
                (row.crm_label) div { (code(&row.mapping.crm)) }
                @if let Some(problem) = &row.problem { small class="error" { (problem) } }
            }
            td data-label="Type" {
                @match &row.crm_type { Some(ty) => (ty.label()), None => span class="blank" { "–" } }
                (values(row, mapping))
            }
            @if may_edit { (choices(row, mapping)) } @else { (facts(row)) }
        }
    }
}

/// The way to the value map, where values can be mapped.
fn values(row: &MappingRow, mapping: &MappingView) -> Markup {
    let mapped = row.mapping.value_map.0.len();
    let picklist = row.crm_type.as_ref().is_some_and(|ty| {
        matches!(
            ty,
            FieldType::Picklist { .. } | FieldType::MultiPicklist { .. }
        )
    });
    html! {
        @if mapped > 0 || picklist {
            div {
                a href={ "/mapping/" (mapping.object) "/" (row.mapping.workspace) "/values" }
                    aria-label={ "Value map of " (row.workspace_label) } {
                    @if mapped > 0 { (counted(mapped as u64, "mapped value")) } @else { "Map values" }
                }
            }
        }
    }
}

fn facts(row: &MappingRow) -> Markup {
    html! {
        td data-label="Direction" { (direction_text(row.mapping.direction)) }
        td data-label="Who wins" {
            @if row.mapping.direction == Direction::Both { (winner_text(row.mapping.winner)) } @else { span class="blank" { "–" } }
        }
        td data-label="Blank never erases" { @if row.mapping.blank_never_erases { "Yes" } @else { "No" } }
    }
}

/// A field that the connected user can't write is offered inbound only.
fn choices(row: &MappingRow, mapping: &MappingView) -> Markup {
    let field = &row.mapping.workspace;
    let id = |what: &str| format!("{}-{field}-{what}", mapping.object);
    let directions: Vec<Choice> = DIRECTIONS
        .iter()
        .filter(|(_, direction)| {
            row.writable || !direction.outbound() || *direction == row.mapping.direction
        })
        .map(|(name, direction)| ((*name).to_owned(), direction_text(*direction).to_owned()))
        .collect();
    let winners: Vec<Choice> = WINNERS
        .iter()
        .map(|(name, winner)| ((*name).to_owned(), winner_text(*winner).to_owned()))
        .collect();
    html! {
        td data-label="Direction" {
            (bare_select(&id("direction"), &format!("direction.{field}"), &format!("Direction of {}", row.workspace_label),
                &directions, direction_name(row.mapping.direction)))
        }
        td data-label="Who wins" class="winner" {
            (bare_select(&id("winner"), &format!("winner.{field}"), &format!("Who wins for {}", row.workspace_label),
                &winners, winner_name(row.mapping.winner)))
        }
        td data-label="Blank never erases" {
            input type="checkbox" name={ "keep." (field) } value="yes" checked[row.mapping.blank_never_erases]
                aria-label={ "A blank never erases " (row.workspace_label) };
        }
    }
}

fn direction_name(direction: Direction) -> &'static str {
    let found = DIRECTIONS.iter().find(|(_, known)| *known == direction);
    found.map_or("", |(name, _)| name)
}

fn winner_name(winner: Winner) -> &'static str {
    let found = WINNERS.iter().find(|(_, known)| *known == winner);
    found.map_or("", |(name, _)| name)
}
