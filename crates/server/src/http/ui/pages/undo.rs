//! Undo: what an undo would put back, before it does; and the form for a window of time.

use super::logs::{address, choice};
use crate::app::undo::{UndoLine, UndoReport};
use crate::http::ui::parts::badge::{Tone, badge, badge_with};
use crate::http::ui::parts::form::token;
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::log_table::record_href;
use crate::http::ui::parts::text::{Shown, code, counted, field_label, grouped, sentence, shown};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::fmt::Display;
use tandem_core::ids::{CrmObject, LogId};
use tandem_core::sync_log::LogSource;
use tandem_core::undo::{PLACE, Verdict};

/// A window as it stands in the address; empty is “all”, an empty end “now”.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct UndoQuery {
    /// From this time on, in UTC.
    pub since: String,
    /// Before this time, in UTC.
    pub until: String,
    /// Where the change came from.
    pub source: String,
    /// The CRM object.
    pub object: String,
    /// Only what this version of the object's mapping moved.
    pub mapping: String,
    /// Only of this workspace record.
    pub record: String,
    /// Only what this run did.
    pub run: String,
    /// The record to go on after.
    pub after: String,
    /// The run that this undo is, if a part of it was carried out.
    pub continues: String,
}

impl UndoQuery {
    /// The window as an address, going on after this record.
    pub fn address(&self, after: &str) -> String {
        let pairs = self.pairs();
        let pairs = pairs.map(|(name, value)| (name, if name == "after" { after } else { value }));
        format!("/logs/undo?{}", address(&pairs))
    }

    fn pairs(&self) -> [(&'static str, &str); 9] {
        [
            ("since", &self.since),
            ("until", &self.until),
            ("source", &self.source),
            ("object", &self.object),
            ("mapping", &self.mapping),
            ("record", &self.record),
            ("run", &self.run),
            ("after", &self.after),
            ("continues", &self.continues),
        ]
    }
}

/// What is to be undone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// One entry.
    Entry(LogId),
    /// Everything in a window.
    Window(Box<UndoQuery>),
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct UndoPage {
    /// What is to be undone.
    pub target: Target,
    /// Synced objects, for the form.
    pub objects: Vec<CrmObject>,
    /// The preview, once there is something to preview.
    pub report: Option<UndoReport>,
    /// Why there is none.
    pub error: Option<String>,
}

/// Draws it.
pub fn page(shell: &Shell, view: &UndoPage) -> Markup {
    let (title, back) = match &view.target {
        Target::Entry(id) => (format!("Undo entry #{id}"), format!("/logs/{id}")),
        Target::Window(query) if !query.run.is_empty() => (
            format!("Undo run {}", query.run),
            format!("/logs?run={}", query.run),
        ),
        Target::Window(_) => ("Undo a window of time".to_owned(), "/logs".to_owned()),
    };
    let body = html! {
        @if let Target::Window(query) = &view.target { (window(view, query)) }
        @if let Some(error) = &view.error { (callout(Tone::Bad, &html! { (error) })) }
        @if let Some(report) = &view.report { (preview(shell, view, report)) }
    };
    framed(
        shell,
        &Page {
            place: Place::Logs,
            title: &title,
            lead: html! { p class="lead" {
                "Only values that still stand as the sync left them are put back; what a person changed since stays. "
                "A record that was merged, converted or archived goes back to where it belonged; nothing is restored in the CRM. "
                "An undo leaves entries of its own; the values it puts back can be undone in turn."
            } },
            actions: html! { a class="button plain" href=(back) { "Back" } },
            body,
        },
    )
}

fn window(view: &UndoPage, query: &UndoQuery) -> Markup {
    html! {
        form class="filters many" method="get" action="/logs/undo" {
            (time("From (UTC)", "since", &query.since))
            (time("To (UTC), empty for now", "until", &query.until))
            (choice("Source", "source", &query.source, LogSource::ALL.iter().map(|v| (v.as_str(), v.label()))))
            (choice("Object", "object", &query.object, view.objects.iter().map(|v| (v.as_str(), v.as_str()))))
            label { span { "Mapping version" }
                input name="mapping" inputmode="numeric" value=(query.mapping) placeholder="All versions"; }
            label { span { "Record number" }
                input name="record" inputmode="numeric" value=(query.record) placeholder="All records"; }
            label { span { "Run" }
                input name="run" inputmode="numeric" value=(query.run) placeholder="All runs"; }
            div class="actions" { button type="submit" { (icon(Icon::Search)) "Preview" } }
        }
    }
}

fn time(label: &str, name: &str, value: &str) -> Markup {
    html! {
        label { span { (label) }
            input type="datetime-local" step="1" name=(name) value=(value.get(..19).unwrap_or(value)); }
    }
}

fn preview(shell: &Shell, view: &UndoPage, report: &UndoReport) -> Markup {
    html! {
        (sums(report, &html! { @if report.records_restored > 0 { (button(shell, view, report)) } }))
        @if report.next.is_some() { (more(view, report)) }
        @if !report.lines.is_empty() { (lines(report)) }
        @else if report.cannot.is_empty() {
            section class="card" {
                (empty("Nothing to undo", &html! { "No entry in this window moved a value." }))
            }
        }
    }
}

fn sums(report: &UndoReport, button: &Markup) -> Markup {
    let calls = match report.calls {
        Some(calls) => grouped(calls),
        None => "unknown while nobody is connected".to_owned(),
    };
    let body = html! {
        dl class="facts" {
            @if report.returned > 0 {
                (fact("Back where it belonged", &html! { (counted(report.returned, "record")) }))
            }
            (fact("Put back in the workspace", &html! { (counted(report.restored, "field")) " of " (counted(report.records_restored, "record")) }))
            (fact("Of them also in the CRM", &html! { (counted(report.to_crm, "field")) }))
            (fact("API calls, at least", &html! { span class="num" { (calls) } }))
            (fact("Left alone", &reasons(&report.kept)))
            (fact("Can’t be undone", &reasons(&report.cannot)))
        }
    };
    card("What would happen", button, &body)
}

fn fact(term: &str, detail: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (detail) } } }
}

fn reasons<T: Display>(reasons: &BTreeMap<T, u64>) -> Markup {
    html! {
        @if reasons.is_empty() { "nothing" }
        @for (reason, count) in reasons {
            div { span class="num" { (grouped(*count)) } ": " (reason) }
        }
    }
}

fn button(shell: &Shell, view: &UndoPage, report: &UndoReport) -> Markup {
    let label = format!("Put back {}", report.put_back());
    html! {
        @match &view.target {
            Target::Entry(id) => {
                form class="inline" method="post" action={ "/logs/" (id) "/undo" } {
                    (token(&shell.csrf))
                    button type="submit" { (icon(Icon::Undo)) (label) }
                }
            }
            Target::Window(query) => {
                form class="inline" method="post" action="/logs/undo" {
                    (token(&shell.csrf))
                    @for (name, value) in query.pairs() { input type="hidden" name=(name) value=(value); }
                    button type="submit" { (icon(Icon::Undo)) (label) }
                }
            }
        }
    }
}

fn more(view: &UndoPage, report: &UndoReport) -> Markup {
    let next = report.next.map(|id| id.to_string()).unwrap_or_default();
    callout(
        Tone::Info,
        &html! {
            p {
                "This window holds more than " (counted(report.records, "record"))
                "; what you see and put back here is the first part. "
                @if let Target::Window(query) = &view.target {
                    a href=(query.address(&next)) { "Preview the next part" } ", or use "
                }
                code { "tandem undo" } " for all of it at once."
            }
        },
    )
}

fn lines(report: &UndoReport) -> Markup {
    let body = html! {
        div class="table-wrap" {
            table class="stack values" {
                thead { tr {
                    th { "Record" } th { "Field" } th { "Now" } th { "Put back" } th { "What happens" }
                } }
                tbody { @for line in &report.lines { (row(line)) } }
            }
        }
        @if report.left_out > 0 {
            p class="muted" { (counted(report.left_out, "more field")) " not listed here; the sums count them." }
        }
    };
    card("Field by field", &html! {}, &body)
}

fn row(line: &UndoLine) -> Markup {
    let (kind, id) = line.record;
    let field = &line.field;
    html! {
        tr {
            td data-label="Record" {
                @match record_href(kind, id) { Some(href) => a href=(href) { (line.name) }, None => (line.name) }
            }
            td data-label="Field" {
                @if field.field == PLACE { strong { "The record itself" } }
                @else { strong { (field_label(Some(kind), &field.field)) } div { (code(&field.crm)) } }
            }
            td data-label="Now" { (shown(&Shown::from(&field.now))) }
            td data-label="Put back" {
                @match &field.verdict {
                    Verdict::Restore { value, .. } => (shown(&Shown::from(value))),
                    Verdict::Return { place, .. } => (place),
                    _ => span class="muted" { "not changed" },
                }
            }
            td data-label="What happens" { (verdict(&field.verdict)) }
        }
    }
}

fn verdict(verdict: &Verdict) -> Markup {
    html! {
        @match verdict {
            Verdict::Restore { to_crm: true, .. } => (badge_with(Tone::Info, Icon::Outbound, "Both sides")),
            Verdict::Restore { to_crm: false, .. } => (badge(Tone::Info, "Workspace only")),
            Verdict::Return { .. } => (badge(Tone::Info, "Back to its place")),
            Verdict::Kept(kept) => { (badge(Tone::Quiet, "Left alone")) div class="muted" { (sentence(&kept.to_string())) } }
            Verdict::Cannot(why) => { (badge(Tone::Warn, "Can’t be undone")) div class="muted" { (sentence(&why.to_string())) } }
        }
    }
}
