//! One entry of the sync log: what happened, why, field by field, and what the other value was.

use crate::app::log::LogEntryDetail;
use crate::http::ui::parts::badge::{self, Tone};
use crate::http::ui::parts::form::token;
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, page as framed};
use crate::http::ui::parts::log_table::record_href;
use crate::http::ui::parts::text::{Shown, code, outside, shown};
use crate::http::ui::parts::when::{exact, relative};
use maud::{Markup, html};
use tandem_core::sync_log::{FieldChange, LogDraft, LogError};
use tandem_core::undo::cannot;
use tandem_store::views::LogRow;

/// Draws it.
pub fn page(shell: &Shell, view: &LogEntryDetail) -> Markup {
    let row = &view.row;
    let body = html! {
        @if let Some(error) = &row.entry.error { (what_failed(error)) }
        (facts(shell, view))
        (changes(&row.entry))
    };
    framed(
        shell,
        &Page {
            place: Place::Logs,
            title: &format!("Entry #{}", row.id),
            lead: html! { p class="lead wrap" { (row.entry.summary) } },
            actions: actions(shell, view),
            body,
        },
    )
}

fn actions(shell: &Shell, view: &LogEntryDetail) -> Markup {
    html! {
        a class="button plain" href="/logs" { "All entries" }
        @if let Some(url) = &view.crm_url {
            (outside(url, "Open in the CRM"))
        }
        @if cannot(&view.row.entry).is_none() {
            a class="button secondary" href={ "/logs/" (view.row.id) "/undo" } { (icon(Icon::Undo)) "Undo" }
        }
        @if view.row.retryable {
            form class="inline" method="post" action="/logs/retry" {
                (token(&shell.csrf))
                input type="hidden" name="back" value={ "/logs/" (view.row.id) };
                button type="submit" name="id" value=(view.row.id) { (icon(Icon::Retry)) "Retry" }
            }
        }
    }
}

fn what_failed(error: &LogError) -> Markup {
    callout(
        Tone::Bad,
        &html! {
            p { strong { (error.class.title()) } }
            @if !error.message.is_empty() {
                p class="wrap" { "The CRM’s words: “" (error.message) "”" @if !error.code.is_empty() { " " (code(&error.code)) } }
            }
            @if !error.fields.is_empty() { p { "Fields: " @for field in &error.fields { (code(field)) " " } } }
            p { strong { "What to do: " } (error.class.hint()) }
        },
    )
}

fn facts(shell: &Shell, view: &LogEntryDetail) -> Markup {
    let entry = &view.row.entry;
    let body = html! {
        dl class="facts" {
            (fact("Status", &badge::status(entry.status)))
            (fact("Type", &html! { (entry.kind.label()) }))
            (fact("Source", &badge::source(entry.source)))
            (fact("Time", &html! { (exact(entry.at)) " (" (relative(entry.at, shell.now)) ")" }))
            (fact("Workspace record", &record(&view.row)))
            (fact("CRM record", &crm_record(entry)))
            (fact("Run", &run(entry)))
            (fact("API calls", &html! { span class="num" { (calls(entry.calls_hundredths)) } }))
        }
    };
    card("Details", &html! {}, &body)
}

fn fact(term: &str, detail: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (detail) } } }
}

/// Hundredths of a call as calls: `0.04`.
fn calls(hundredths: u32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn record(row: &LogRow) -> Markup {
    html! {
        @match row.entry.record {
            Some((kind, id)) => {
                @let name = row.record_name.clone().unwrap_or_else(|| format!("{kind} {id}"));
                @match record_href(kind, id) { Some(href) => a href=(href) { (name) }, None => (name) }
            }
            None => span class="blank" { "–" },
        }
    }
}

/// What belongs together: everything from waking up to rest, or one undo.
fn run(entry: &LogDraft) -> Markup {
    html! {
        @match entry.run {
            Some(run) => a href={ "/logs?run=" (run) } title="All entries of this run" { (run) },
            None => span class="blank" { "–" },
        }
    }
}

fn crm_record(entry: &LogDraft) -> Markup {
    html! {
        @match &entry.crm {
            Some((object, id)) => { (object) " " @if let Some(id) = id { (code(id.as_str())) } }
            None => span class="blank" { "–" },
        }
    }
}

fn changes(entry: &LogDraft) -> Markup {
    let body = html! {
        @if entry.changes.is_empty() {
            p class="muted" { "No field was changed." }
        } @else {
            div class="table-wrap" {
                table class="stack values" {
                    thead { tr {
                        th { "Field" } th { "Before" } th { "After" } th { "Rule" } th { "Value that lost" }
                    } }
                    tbody { @for change in &entry.changes { (change_line(change)) } }
                }
            }
        }
    };
    card("Field by field", &html! {}, &body)
}

fn change_line(change: &FieldChange) -> Markup {
    html! {
        tr {
            td data-label="Field" { strong { (change.workspace) } div { (code(&change.crm)) } }
            td data-label="Before" { (shown(&Shown::from(&change.before))) }
            td data-label="After" { (shown(&Shown::from(&change.after))) }
            td data-label="Rule" { (change.rule.label()) }
            td data-label="Value that lost" {
                @if change.rejected.is_null() { span class="blank" title="none" { "–" } }
                @else { del { (shown(&Shown::from(&change.rejected))) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn calls_are_told_in_hundredths() {
        for (hundredths, text) in [(0, "0.00"), (4, "0.04"), (250, "2.50")] {
            assert_eq!(super::calls(hundredths), text);
        }
    }
}
