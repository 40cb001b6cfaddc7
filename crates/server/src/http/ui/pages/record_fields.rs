//! The fields of a record: our value and the CRM's side by side, which way the field travels, where the
//! value came from; and the same as inputs.

use super::record::RecordView;
use super::record_waiting::named;
use crate::app::records::FieldView;
use crate::http::ui::parts::badge::{Tone, badge, badge_with, direction_text, winner_text};
use crate::http::ui::parts::form::{FieldError, token};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Shell, callout, card as framed};
use crate::http::ui::parts::text::{code, counted, shown};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};
use tandem_core::mapping::Direction;
use tandem_core::record::{Origin, Provenance};
use tandem_core::schema::FieldType;
use tandem_core::value::{Value, same};

/// The table of values, or the form.
pub(super) fn card(shell: &Shell, view: &RecordView) -> Markup {
    let body = if view.editing {
        form(shell, view)
    } else {
        table(shell, view)
    };
    framed("Values", &html! {}, &body)
}

fn table(shell: &Shell, view: &RecordView) -> Markup {
    html! {
        div class="table-wrap" {
            table class="stack values" {
                thead { tr {
                    th { "Field" } th { "Workspace" } th { "CRM" } th { "State" } th { "Rule" } th { "Came from" }
                } }
                tbody { @for field in &view.detail.fields { (line(shell, view, field)) } }
            }
        }
    }
}

fn line(shell: &Shell, view: &RecordView, field: &FieldView) -> Markup {
    html! {
        tr {
            td data-label="Field" { strong { (field.label) } @if let Some(mapping) = &field.mapping { div { (code(&mapping.crm)) } } }
            td data-label="Workspace" { (shown(&named(&field.workspace, view))) }
            td data-label="CRM" {
                @match &field.crm { Some(value) => (shown(&named(value, view))), None => span class="blank" { "–" } }
            }
            td data-label="State" { (state(field)) }
            td data-label="Rule" { (rule(field)) }
            td data-label="Came from" {
                (came_from(shell, view, field.provenance.as_ref())) " "
                a href={ (view.path()) "/why/" (field.name) } aria-label={ "Why " (field.label) } { "Why?" }
            }
        }
    }
}

/// How the two sides of a field stand, as one badge.
fn state(field: &FieldView) -> Markup {
    let Some(mapping) = &field.mapping else {
        return html! { span class="muted" { "Not mapped" } };
    };
    let map = &mapping.value_map;
    let differs = |crm: &Value| {
        let is = |one: &Value, other: &Value| same(one, other, &field.ty);
        let ours = &field.workspace;
        !is(crm, ours)
            && !is(crm, &map.to_crm(ours.clone()))
            && !is(&map.to_workspace(crm.clone()), ours)
    };
    match (&field.held, &field.parked, &field.crm) {
        (Some(_), ..) => badge_with(Tone::Warn, Icon::Pause, "Held"),
        (_, Some(_), _) => badge_with(Tone::Bad, Icon::Cross, "Refused"),
        (.., None) => badge(Tone::Quiet, "Only here"),
        (.., Some(crm)) if !differs(crm) => {
            html! { span class="with-icon muted" { (icon(Icon::Check)) "Same" } }
        }
        _ if mapping.direction == Direction::CrmToWorkspace => {
            badge_with(Tone::Info, Icon::Inbound, "Differs")
        }
        _ => badge_with(Tone::Info, Icon::Outbound, "Differs"),
    }
}

fn rule(field: &FieldView) -> Markup {
    html! {
        @if let Some(mapping) = &field.mapping {
            (direction_text(mapping.direction))
            @if mapping.direction == Direction::Both { div class="muted" { (winner_text(mapping.winner)) } }
        }
    }
}

fn came_from(shell: &Shell, view: &RecordView, provenance: Option<&Provenance>) -> Markup {
    html! {
        @if let Some(provenance) = provenance {
            @match &provenance.origin {
                Origin::Crm => "CRM",
                Origin::Undo(_) => "Undo",
                Origin::Api(name) => { "API " (code(name)) }
                Origin::User(id) => (view.users.get(id).cloned().unwrap_or_else(|| format!("User {id}"))),
            }
            ", " (ago(provenance.at, shell.now))
        }
    }
}

fn form(shell: &Shell, view: &RecordView) -> Markup {
    let fields = &view.detail.fields;
    let (open, locked): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.locked.is_none());
    let has_input = |error: &&FieldError| open.iter().any(|field| field.name == error.field);
    html! {
        form method="post" action=(view.path()) {
            (token(&shell.csrf))
            @for error in view.errors.iter().filter(|error| !has_input(error)) {
                (callout(Tone::Bad, &html! { (error.message) }))
            }
            div class="edit-grid" { @for field in open { (edit_field(view, field)) } }
            @if !locked.is_empty() { (locked_fields(view, &locked)) }
            footer {
                a class="button secondary" href=(view.path()) { "Cancel" }
                button type="submit" { "Save" }
            }
        }
    }
}

/// What can't be changed here, with the reason of each.
fn locked_fields(view: &RecordView, locked: &[&FieldView]) -> Markup {
    html! {
        details {
            summary { (counted(locked.len() as u64, "field")) " can’t be changed here" }
            dl class="facts locked" {
                @for field in locked {
                    div {
                        dt { (field.label) }
                        dd { (shown(&named(&field.workspace, view))) }
                        @if let Some(reason) = &field.locked { dd { (reason) } }
                    }
                }
            }
        }
    }
}

fn edit_field(view: &RecordView, field: &FieldView) -> Markup {
    let id = format!("field-{}", field.name);
    let note = format!("{id}-note");
    let error = view.errors.iter().find(|error| error.field == field.name);
    html! {
        div class={ "field" @if matches!(field.ty, FieldType::LongText { .. }) { " wide" } } {
            label for=(id) { (field.label) }
            (control(&id, &note, field, &text_of(view, field), error.is_some()))
            @match error {
                Some(error) => small id=(note) class="error" { (error.message) },
                None => small id=(note) { (hint(&field.ty)) },
            }
        }
    }
}

/// What to type.
fn hint(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Reference { .. } => "The id of the CRM record",
        FieldType::DateTime => "Like 2026-01-31T09:30:00Z",
        FieldType::MultiPicklist { .. } => "Values with a semicolon between them",
        FieldType::Percent { .. } => "Percent: 12.5 for 12.5 %",
        other => other.label(),
    }
}

/// What an input holds: what was typed before the refusal, else the value as it is stored.
fn text_of(view: &RecordView, field: &FieldView) -> String {
    let typed = view.typed.get(&field.name).cloned();
    typed.unwrap_or_else(|| field.workspace.to_string())
}

fn control(id: &str, note: &str, field: &FieldView, text: &str, invalid: bool) -> Markup {
    let invalid = invalid.then_some("true");
    html! {
        @match &field.ty {
            FieldType::LongText { max_chars } => {
                textarea id=(id) name=(field.name) maxlength=(max_chars) rows="3" aria-describedby=(note) aria-invalid=[invalid] {
                    // A browser drops the first line break of a text area.
                    "\n" (text)
                }
            }
            FieldType::Checkbox => {
                select id=(id) name=(field.name) aria-describedby=(note) aria-invalid=[invalid] {
                    option value="false" selected[text != "true"] { "No" }
                    option value="true" selected[text == "true"] { "Yes" }
                }
            }
            FieldType::Picklist { values, restricted: true } => (picklist(id, note, field, values, text)),
            ty => {
                input id=(id) name=(field.name) type=(input_type(ty)) inputmode=[input_mode(ty)] value=(text)
                    maxlength=[max_chars(ty)] aria-describedby=(note) aria-invalid=[invalid];
            }
        }
    }
}

/// A restricted list; a value that is stored but no longer allowed stays choosable, so that saving
/// another field does not change it.
fn picklist(id: &str, note: &str, field: &FieldView, values: &[String], text: &str) -> Markup {
    let foreign = !text.is_empty() && !values.iter().any(|value| value == text);
    html! {
        select id=(id) name=(field.name) aria-describedby=(note) {
            option value="" selected[text.is_empty()] { "–" }
            @if foreign { option value=(text) selected { (text) } }
            @for value in values { option value=(value) selected[value == text] { (value) } }
        }
    }
}

fn input_type(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Date => "date",
        FieldType::Phone { .. } => "tel",
        _ => "text",
    }
}

/// Which keyboard a phone shows. E-mail addresses and numbers stay plain text inputs: the browser must
/// not refuse or rewrite what is stored, the server says what does not fit.
fn input_mode(ty: &FieldType) -> Option<&'static str> {
    match ty {
        FieldType::Email { .. } => Some("email"),
        FieldType::Url { .. } => Some("url"),
        FieldType::Number { .. } | FieldType::Currency { .. } | FieldType::Percent { .. } => {
            Some("decimal")
        }
        _ => None,
    }
}

fn max_chars(ty: &FieldType) -> Option<u32> {
    match ty {
        FieldType::Text { max_chars }
        | FieldType::Email { max_chars }
        | FieldType::Phone { max_chars }
        | FieldType::Url { max_chars } => Some(*max_chars),
        _ => None,
    }
}
