//! One incident: what is refused, the fixes as forms, how the last one went, and the records that wait.

use super::incidents::state;
use crate::app::incidents::IncidentView;
use crate::http::ui::parts::badge::{Tone, link as link_badge};
use crate::http::ui::parts::form::{FieldError, form_errors, token};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, page as framed};
use crate::http::ui::parts::log_table::record_href;
use crate::http::ui::parts::text::{Shown, code, counted, grouped, shown};
use crate::http::ui::parts::when::{ago, relative};
use maud::{Markup, html};
use tandem_core::incident::{Fix, Stage, Trial};
use tandem_store::views::{LinkRow, Page as Rows};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct IncidentPage {
    /// The incident.
    pub view: IncidentView,
    /// Records that wait for it.
    pub records: Rows<LinkRow>,
    /// Only administrators change the mapping and skip.
    pub may_edit: bool,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// Draws it.
pub fn page(shell: &Shell, page: &IncidentPage) -> Markup {
    let view = &page.view;
    let here = format!("/incidents/{}", view.standing.incident.id);
    let body = html! {
        (form_errors(&page.errors))
        div id="live" hx-get=(here) hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
            (facts(shell, view))
            @if let Some(trial) = &view.standing.incident.trial { (progress(shell, trial)) }
        }
        @if can_be_tried(view) { (fixes(shell, page)) }
        (records(shell, page))
    };
    framed(
        shell,
        &Page {
            place: Place::Incidents,
            title: &view.title(),
            lead: html! { p class="lead" { "Nothing of this is sent again by itself. A fix is tried on one record; if the CRM takes it, all others follow." } },
            actions: html! { a class="button plain" href="/incidents" { "All incidents" } },
            body,
        },
    )
}

fn can_be_tried(view: &IncidentView) -> bool {
    let trial = view.standing.incident.trial.as_ref();
    view.standing.records > 0 && !trial.is_some_and(Trial::is_moving)
}

fn facts(shell: &Shell, view: &IncidentView) -> Markup {
    let standing = &view.standing;
    let incident = &standing.incident;
    let cause = &incident.cause;
    let fact = |term: &str, detail: &Markup| html! { div { dt { (term) } dd { (detail) } } };
    let body = html! {
        p class="wrap" { "Reason given: " (incident.words) }
        dl class="facts" {
            (fact("State", &state(standing)))
            (fact("Records that wait", &html! { span class="num" { (grouped(standing.records)) } }))
            @if let Some(since) = standing.since { (fact("Since", &html! { (ago(since, shell.now)) })) }
            (fact("CRM object", &code(cause.object.as_str())))
            @if let Some(field) = &view.crm_field { (fact("CRM field", &code(field))) }
            @if let Some(field) = &view.field_label { (fact("Workspace field", &html! { (field) })) }
            (fact("In the log", &html! { a href={ "/logs?cause=" (cause.class.code()) } { "Entries of this kind" } }))
        }
    };
    card("What is refused", &html! {}, &body)
}

/// How the last fix went.
fn progress(shell: &Shell, trial: &Trial) -> Markup {
    let tone = match trial.stage {
        Stage::Trying { .. } | Stage::Releasing { .. } => Tone::Info,
        Stage::Released { .. } => Tone::Good,
        Stage::Refused { .. } => Tone::Bad,
        Stage::Unproven { .. } => Tone::Warn,
    };
    callout(
        tone,
        &html! {
            p { strong { (trial.fix) } ", " (ago(trial.started_at, shell.now)) }
            @match &trial.stage {
                Stage::Trying { .. } => p { "One record is tried. If the CRM takes it, all others follow." },
                Stage::Releasing { released, .. } => p { "It helps: " (counted(*released, "record")) " released so far. They are sent as mass work; edits of people go first." },
                Stage::Released { at, released } => p { "It helped: " (counted(*released, "record")) " released, " (relative(*at, shell.now)) "." },
                Stage::Refused { at, words, .. } => {
                    p { "The record that was tried was refused again, " (relative(*at, shell.now)) "; the others were not sent." }
                    p class="wrap" { "Reason given: " (words) }
                }
                Stage::Unproven { .. } => p { "No record was left that could show whether it helps: their values had changed meanwhile." },
            }
        },
    )
}

fn fixes(shell: &Shell, page: &IncidentPage) -> Markup {
    let view = &page.view;
    let incident = &view.standing.incident;
    let body = html! {
        @for fix in open_fixes(view) {
            section class="fix" {
                h3 { (fix.label()) }
                p { (fix.advice(incident.cause.class)) }
                @if *fix == Fix::Grant { (right(view)) }
                (form(shell, page, *fix))
            }
        }
    };
    let again = html! {
        form class="inline" method="post" action={ "/incidents/" (incident.id) "/retry" } {
            (token(&shell.csrf))
            button type="submit" class="secondary small" { (icon(Icon::Retry)) "Try one now" }
        }
    };
    card("What to do", &again, &body)
}

/// What is skipped already is not skipped again.
fn open_fixes(view: &IncidentView) -> impl Iterator<Item = &Fix> {
    let skipped = view.standing.incident.skipped_at.is_some();
    let fixes = view.fixes.iter();
    fixes.filter(move |fix| !(skipped && **fix == Fix::Skip))
}

fn right(view: &IncidentView) -> Markup {
    let object = view.standing.incident.cause.object.as_str();
    html! {
        p {
            @match &view.crm_field {
                Some(field) => { "The right: edit access to the field " (code(&format!("{object}.{field}"))) ", and edit access to the object " (code(object)) "." }
                None => { "The right: create and edit access to the object " (code(object)) ", and access to the record itself." }
            }
            " The " a href="/connect" { "permission check" } " lists every right that the sync uses."
        }
    }
}

fn form(shell: &Shell, page: &IncidentPage, fix: Fix) -> Markup {
    let needs_admin = matches!(fix, Fix::MapValue | Fix::Skip);
    let button = match fix {
        Fix::Correct => return html! {},
        Fix::MapValue => "Map it and try one",
        Fix::Widen | Fix::Grant => "Look again and try one",
        Fix::ChangeCrm | Fix::Wait => "Try one",
        Fix::Skip => "Skip these records",
    };
    if needs_admin && !page.may_edit {
        return html! { p class="muted" { "Only an administrator can do this." } };
    }
    html! {
        form method="post" action={ "/incidents/" (page.view.standing.incident.id) "/fix" } {
            (token(&shell.csrf))
            input type="hidden" name="fix" value=(fix.as_str());
            @if fix == Fix::MapValue { (value_choice(page)) }
            button type="submit" class=[(fix != Fix::MapValue).then_some("secondary")] { (button) }
        }
    }
}

/// The CRM's values as a list, or free where it shows none.
fn value_choice(page: &IncidentPage) -> Markup {
    let view = &page.view;
    let error = page.errors.iter().find(|error| error.field == "crm_value");
    let chosen = view.mapped_to.as_deref().unwrap_or_default();
    html! {
        div class="field" {
            label for="crm_value" { "In the CRM, “" (view.standing.incident.cause.thing) "” is" }
            @if view.crm_values.is_empty() {
                input id="crm_value" name="crm_value" type="text" value=(chosen) required maxlength="255";
            } @else {
                select id="crm_value" name="crm_value" required {
                    option value="" { "Choose a value" }
                    @for value in &view.crm_values { option value=(value) selected[value == chosen] { (value) } }
                }
            }
            @if let Some(error) = error { small class="error" { (error.message) } }
            @else { small { "Where the field also comes in from the CRM, the chosen value becomes “" (view.standing.incident.cause.thing) "” here." } }
        }
    }
}

fn records(shell: &Shell, page: &IncidentPage) -> Markup {
    let id = page.view.standing.incident.id;
    let body = html! {
        @if page.records.rows.is_empty() {
            p class="muted" { "No record waits for this any more." }
        } @else {
            div class="table-wrap" {
                table class="stack" {
                    thead { tr { th { "Record" } th { "Refused" } th { "Since" } th { "State" } } }
                    tbody { @for row in &page.records.rows { (record(shell, page, row)) } }
                }
            }
            @if let Some(next) = &page.records.next {
                p { a class="button secondary" href={ "/incidents/" (id) "?cursor=" (next) } { "More records" } }
            }
        }
    };
    card("Records", &html! {}, &body)
}

fn record(shell: &Shell, page: &IncidentPage, row: &LinkRow) -> Markup {
    let link = &row.link;
    let field = page.view.standing.incident.cause.field.as_ref();
    let parked = field.and_then(|field| link.parked_fields.get(field));
    let since = parked
        .map(|parked| parked.since)
        .or(link.parked.as_ref().map(|parked| parked.since));
    let href = link.record.and_then(|id| record_href(link.kind, id));
    html! {
        tr {
            td data-label="Record" { @match href { Some(href) => a href=(href) { (row.name) }, None => (row.name) } }
            td data-label="Refused" class="wrap" {
                @match parked {
                    Some(parked) => (shown(&Shown::from(parked.workspace.as_ref().unwrap_or(&parked.value)))),
                    None => "the whole record",
                }
            }
            td data-label="Since" class="nowrap" { @if let Some(since) = since { (ago(since, shell.now)) } }
            td data-label="State" { (link_badge(row.status)) }
        }
    }
}
