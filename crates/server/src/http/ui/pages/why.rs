//! Why one field of a record holds what it holds: where its value came from, what moved it, what lost, and
//! what its next change will do.

use super::records::place;
use crate::app::why::{Moved, Why};
use crate::http::ui::parts::badge::Tone;
use crate::http::ui::parts::layout::{Page, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::log_table::record_href;
use crate::http::ui::parts::text::{Shown, code, shown};
use crate::http::ui::parts::when::{ago, exact, relative};
use maud::{Markup, html};
use tandem_core::undo::Side;

/// Draws it.
pub fn page(shell: &Shell, view: &Why) -> Markup {
    let (kind, id) = view.record;
    let back = record_href(kind, id).unwrap_or_default();
    let body = html! {
        @if let Some(stopped) = &view.next.stopped { (callout(Tone::Warn, &html! { (stopped) })) }
        (now(shell, view))
        (past(shell, view))
        (next(view))
    };
    framed(
        shell,
        &Page {
            place: place(kind),
            title: &format!("Why: {}", view.field.label),
            lead: html! { p class="lead" { a href=(back) { (view.name) } } },
            actions: html! { a class="button plain" href=(back) { "Back to the record" } },
            body,
        },
    )
}

fn now(shell: &Shell, view: &Why) -> Markup {
    let field = &view.field;
    let body = html! {
        dl class="facts" {
            (fact("Workspace", &shown(&Shown::from(&field.workspace))))
            (fact("CRM", &html! {
                @match (&field.crm, &field.mapping) {
                    (Some(value), Some(mapping)) => { (shown(&Shown::from(value))) " " (code(&mapping.crm)) }
                    _ => "not mapped or not linked",
                }
            }))
            (fact("Put here by", &html! { @match &view.who { Some(who) => (who), None => "nobody; it was never set" } }))
            (fact("When", &html! {
                @match &field.provenance {
                    Some(set) => { (exact(set.at)) " (" (relative(set.at, shell.now)) ")" }
                    None => span class="blank" { "–" },
                }
            }))
            (fact("Log entry", &html! {
                @match view.entry {
                    Some(id) => a href={ "/logs/" (id) } { "#" (id) },
                    None => "none of those below: typed here and not sent, or older",
                }
            }))
        }
    };
    card("Now", &html! {}, &body)
}

fn past(shell: &Shell, view: &Why) -> Markup {
    let all = html! {
        a class="button plain small" href={ "/logs?record=" (view.record.1) } { "In the log" }
    };
    let body = html! {
        @if view.past.is_empty() {
            (empty("The sync never moved this field", &html! { "What it holds was typed here, or came with the record." }))
        } @else {
            div class="table-wrap" {
                table class="stack values" {
                    thead { tr {
                        th { "Time" } th { "Changed side" } th { "Before" } th { "After" } th { "Rule" }
                        th { "Value that lost" } th class="end" { "Entry" }
                    } }
                    tbody { @for moved in &view.past { (line(shell, moved)) } }
                }
            }
        }
    };
    card("What moved it", &all, &body)
}

fn line(shell: &Shell, moved: &Moved) -> Markup {
    let change = &moved.change;
    html! {
        tr {
            td data-label="Time" class="nowrap" { (ago(moved.at, shell.now)) }
            td data-label="Changed side" { @match moved.side { Side::Crm => "CRM", Side::Workspace => "Workspace" } }
            td data-label="Before" { (shown(&Shown::from(&change.before))) }
            td data-label="After" { (shown(&Shown::from(&change.after))) }
            td data-label="Rule" { (change.rule.label()) @if let Some(by) = &moved.by { div class="muted" { (by) } } }
            td data-label="Value that lost" {
                @if change.rejected.is_null() { span class="blank" title="none" { "–" } }
                @else { del { (shown(&Shown::from(&change.rejected))) } }
            }
            td data-label="Entry" class="end num" { a href={ "/logs/" (moved.entry) } { "#" (moved.entry) } }
        }
    }
}

fn next(view: &Why) -> Markup {
    let body = html! {
        dl class="facts" {
            (fact("If the CRM changes", &html! { (view.next.crm_changes) }))
            (fact("If the workspace changes", &html! { (view.next.workspace_changes) }))
            (fact("If both change", &html! { (view.next.both_change) }))
        }
    };
    card("The next change", &html! {}, &body)
}

fn fact(term: &str, detail: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (detail) } } }
}
