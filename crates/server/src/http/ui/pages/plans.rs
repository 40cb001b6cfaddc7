//! Held plans: what the brake keeps back because it would touch far more records than normal, and how much that is.

use super::plan_limits::{LimitsForm, shown as limits};
use crate::app::plans::{PlanPage, PlannedLine};
use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::form::{FieldError, button_post, form_errors};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::log_table::record_href;
use crate::http::ui::parts::text::{Shown, code, counted, field_label, grouped, sentence, shown};
use crate::http::ui::parts::when::{ago, stamp};
use maud::{Markup, html};
use tandem_core::brake::{BrakeSettings, Effect, Impact, Plan, PlanState, Side, ValueChange};

/// Draws the list, and the limits; the form that sets them where it is open.
pub fn list(
    shell: &Shell,
    plans: &[Plan],
    brake: &BrakeSettings,
    form: Option<&LimitsForm>,
) -> Markup {
    let plans = html! {
        @if plans.is_empty() {
            (empty("Nothing is held", &html! {
                "If the sync were to erase, delete, unlink, re-own or overwrite far more than it normally does, "
                "it would wait here for an administrator."
            }))
        } @else {
            div class="table-wrap" {
                table class="stack" {
                    thead { tr { th { "Plan" } th { "What it would do" } th class="end" { "Records" } th { "Since" } th { "State" } } }
                    tbody { @for plan in plans { (line(shell, plan)) } }
                }
            }
        }
    };
    framed(
        shell,
        &Page {
            place: Place::Plans,
            title: "Held plans",
            lead: lead(),
            actions: html! {},
            body: html! {
                (card("Plans", &html! {}, &plans))
                (limits(brake))
                @if let Some(form) = form { (form.draw(&shell.csrf)) }
            },
        },
    )
}

fn lead() -> Markup {
    html! {
        p class="lead" { "What would touch far more records than normal waits here until an administrator has decided." }
    }
}

fn line(shell: &Shell, plan: &Plan) -> Markup {
    html! {
        tr {
            td data-label="Plan" { a href={ "/plans/" (plan.id) } { "Plan " (plan.id) } }
            td data-label="What it would do" { (sentence(&plan.impact.phrase())) }
            td data-label="Records" class="end num" { (grouped(plan.records)) }
            td data-label="Since" class="nowrap" { (ago(plan.opened_at, shell.now)) }
            td data-label="State" { (state(plan.state)) }
        }
    }
}

fn state(state: PlanState) -> Markup {
    match state {
        PlanState::Open => badge(Tone::Warn, "Waits for a person"),
        PlanState::Approved { .. } => badge(Tone::Good, "Approved"),
        PlanState::Kept { .. } => badge(Tone::Quiet, "Declined"),
        PlanState::Dissolved { .. } => badge(Tone::Quiet, "Dissolved by itself"),
    }
}

/// Draws one plan.
pub fn detail(shell: &Shell, view: &PlanPage, errors: &[FieldError]) -> Markup {
    let plan = &view.plan;
    let title = format!("Plan {}", plan.id);
    let body = html! {
        (form_errors(errors))
        (summary(shell, plan))
        @if !view.lines.is_empty() { (records(view)) }
    };
    framed(
        shell,
        &Page {
            place: Place::Plans,
            title: &title,
            lead: html! { p class="lead" { (sentence(&plan.impact.phrase())) } },
            actions: html! { a class="button plain" href="/plans" { "Back" } },
            body,
        },
    )
}

fn summary(shell: &Shell, plan: &Plan) -> Markup {
    let body = html! {
        (told(shell, plan))
        dl class="facts" {
            (fact("Records that wait", &html! { span class="num" { (grouped(plan.records)) } }))
            (fact("Passed before, within two hours", &html! { span class="num" { (grouped(plan.allowed)) } }))
            (fact("Since", &html! { (stamp(plan.opened_at)) }))
        }
        @if matches!(plan.state, PlanState::Open | PlanState::Kept { .. }) && plan.records > 0 { (choices(shell, plan)) }
    };
    card("What is held", &state(plan.state), &body)
}

fn fact(term: &str, detail: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (detail) } } }
}

fn told(shell: &Shell, plan: &Plan) -> Markup {
    match plan.state {
        PlanState::Open => callout(
            Tone::Warn,
            &html! {
                p { "Nothing of this was done yet, and further records that would be touched in this way join the plan. Everything else goes on." }
                @if let Some(text) = once_approved(plan.impact) { p { (text) } }
            },
        ),
        PlanState::Approved { at, .. } => callout(
            Tone::Good,
            &html! {
                p {
                    "Approved " (ago(at, shell.now)) "; "
                    @if plan.records == 0 { "nothing of it waits any more." }
                    @else { (counted(plan.records, "record")) " left to be carried out." }
                }
            },
        ),
        PlanState::Kept { at, .. } => callout(
            Tone::Info,
            &html! {
                p { "Declined " (ago(at, shell.now)) ". These records stay as they are until both sides no longer differ in this way, or the plan is approved after all." }
            },
        ),
        PlanState::Dissolved { at } => callout(
            Tone::Info,
            &html! { p { "Dissolved by itself " (ago(at, shell.now)) ": nothing was left of what it held." } },
        ),
    }
}

/// What becomes of whole records; values stand in the table below.
fn once_approved(impact: Impact) -> Option<&'static str> {
    match (impact.effect, impact.side) {
        (Effect::Delete, Side::Workspace) => Some(
            "Once approved, the records go to the archive, as they were deleted or merged in the CRM.",
        ),
        (Effect::Unlink, _) => Some(
            "Once approved, the records keep their values on both sides and no longer follow each other.",
        ),
        _ => None,
    }
}

fn choices(shell: &Shell, plan: &Plan) -> Markup {
    let action = |name: &str| format!("/plans/{}/{name}", plan.id);
    let approve = format!(
        "Approve: {} in {}",
        plan.impact.effect.label().to_lowercase(),
        counted(plan.records, "record")
    );
    html! {
        details {
            summary class="button secondary" { "Approve …" }
            p { "This carries out what is held, for " (counted(plan.records, "record")) ". An undo from the log can put values back later." }
            (button_post(&action("approve"), &shell.csrf, &html! { button type="submit" { (approve) } }))
        }
        @if plan.state.is_open() {
            details {
                summary class="button secondary" { "Keep as they are …" }
                p { "The records stay as they are on this side, and no longer follow the other until it shows their values again." }
                (button_post(&action("keep"), &shell.csrf, &html! { button type="submit" class="secondary" { "Keep these records as they are" } }))
            }
        }
        details {
            summary class="button secondary" { "Look again …" }
            p { "If you corrected the CRM, or doubt what it answered: its objects are read again from the beginning. What stands there as before leaves the plan by itself. Costs about an API call for every 10,000 records." }
            (button_post(&action("look-again"), &shell.csrf, &html! { button type="submit" class="secondary" { "Read again now" } }))
        }
    }
}

/// A line for each value; a record that is touched as a whole has one line.
fn records(view: &PlanPage) -> Markup {
    let by_value = view
        .lines
        .iter()
        .any(|line| !line.planned.changes.is_empty());
    let body = html! {
        div class="table-wrap" {
            table class="stack values" {
                thead { tr {
                    th { "Record" } th { "CRM object" }
                    @if by_value { th { "Field" } th { "Now" } th { "Then" } }
                } }
                tbody {
                    @for line in &view.lines {
                        @for change in &line.planned.changes { (row(line, Some(change))) }
                        @if line.planned.changes.is_empty() { (row(line, None)) }
                    }
                }
            }
        }
        @if let Some(next) = view.next {
            p { a class="button secondary" href={ "/plans/" (view.plan.id) "?after=" (next) } { "More" } }
        }
    };
    let title = if by_value {
        "Value by value"
    } else {
        "Record by record"
    };
    card(title, &html! {}, &body)
}

fn row(line: &PlannedLine, change: Option<&ValueChange>) -> Markup {
    let planned = &line.planned;
    let href = planned.record.and_then(|(kind, id)| record_href(kind, id));
    let kind = planned.record.map(|(kind, _)| kind);
    html! {
        tr {
            td data-label="Record" {
                @match href { Some(href) => a href=(href) { (line.name) }, None => (line.name) }
            }
            td data-label="CRM object" {
                (planned.object)
                @if let Some(id) = &planned.crm { div { (code(id.as_str())) } }
            }
            @if let Some(change) = change {
                td data-label="Field" { strong { (field_label(kind, &change.field)) } }
                td data-label="Now" { (shown(&Shown::from(&change.before))) }
                td data-label="Then" { (shown(&Shown::from(&change.after))) }
            }
        }
    }
}
