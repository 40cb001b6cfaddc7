//! The sync log: filters that live in the address, the entries, and trying again what failed.

use crate::http::ui::parts::badge::Tone;
use crate::http::ui::parts::form::token;
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, empty, page as framed};
use crate::http::ui::parts::log_table::log_table;
use maud::{Markup, html};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmObject;
use tandem_core::sync_log::{LogSource, LogStatus, LogType};
use tandem_store::views::{LogRow, Page as Rows};

/// The filters as they stand in the address; empty is “all”.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// Text of the summary, the error or the record's name.
    pub q: String,
    /// Where the change came from.
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// How it ended.
    pub status: String,
    /// The CRM object.
    pub object: String,
    /// The failure class's code.
    pub cause: String,
    /// From this day on, in UTC.
    pub since: String,
    /// Up to and with this day, in UTC.
    pub until: String,
    /// Only of this workspace record.
    pub record: String,
    /// Only of this run.
    pub run: String,
    /// Where the page begins.
    pub cursor: String,
}

impl LogQuery {
    /// Whether nothing is filtered.
    pub fn is_all(&self) -> bool {
        let all = Self {
            cursor: self.cursor.clone(),
            ..Self::default()
        };
        *self == all
    }

    /// The filters as an address, without `?`, from another row on.
    pub fn address(&self, cursor: &str) -> String {
        let pairs = [
            ("q", self.q.as_str()),
            ("source", &self.source),
            ("type", &self.kind),
            ("status", &self.status),
            ("object", &self.object),
            ("cause", &self.cause),
            ("since", &self.since),
            ("until", &self.until),
            ("record", &self.record),
            ("run", &self.run),
            ("cursor", cursor),
        ];
        address(&pairs)
    }
}

/// Pairs as the query of an address; empty ones are left out.
pub(super) fn address(pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    query.finish()
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct LogsPage {
    /// The filters.
    pub query: LogQuery,
    /// Synced objects, for the filter.
    pub objects: Vec<CrmObject>,
    /// The entries.
    pub rows: Rows<LogRow>,
    /// Why a filter could not be used.
    pub error: Option<String>,
}

/// Draws it.
pub fn page(shell: &Shell, view: &LogsPage) -> Markup {
    let body = html! {
        (filters(view))
        @if let Some(error) = &view.error { (callout(Tone::Bad, &html! { (error) })) }
        @if view.rows.rows.is_empty() { (nothing(view)) } @else { (entries(shell, view)) }
    };
    let lead = html! { p class="lead" { "Every change, decision and failure of the sync, newest first. Entries are never changed." } };
    framed(
        shell,
        &Page {
            place: Place::Logs,
            title: "Sync Logs",
            lead,
            actions: html! {
                @if view.query.run.is_empty() {
                    a class="button secondary" href="/logs/undo" { (icon(Icon::Undo)) "Undo a window of time" }
                } @else {
                    a class="button secondary" href={ "/logs/undo?run=" (view.query.run) } { (icon(Icon::Undo)) "Undo this run" }
                }
            },
            body,
        },
    )
}

fn nothing(view: &LogsPage) -> Markup {
    html! {
        section class="card" {
            @if view.query.is_all() {
                (empty("No entries yet", &html! { "The log fills as soon as CRM Sync is on." }))
            } @else {
                (empty("No entry matches", &html! { "Widen the filters, or " a href="/logs" { "show all entries" } "." }))
            }
        }
    }
}

fn filters(view: &LogsPage) -> Markup {
    let query = &view.query;
    html! {
        form class="filters many" method="get" action="/logs" {
            label class="grow" { span { "Search" }
                input type="search" name="q" value=(query.q) placeholder="Record, summary or error" maxlength="200"; }
            div class="actions" {
                button type="submit" { (icon(Icon::Search)) "Filter" }
                @if !query.is_all() { a class="button plain" href="/logs" { "Clear" } }
            }
            (choice("Source", "source", &query.source, LogSource::ALL.iter().map(|v| (v.as_str(), v.label()))))
            (choice("Type", "type", &query.kind, LogType::ALL.iter().map(|v| (v.as_str(), v.label()))))
            (choice("Status", "status", &query.status, LogStatus::ALL.iter().map(|v| (v.as_str(), v.label()))))
            (choice("Object", "object", &query.object, view.objects.iter().map(|v| (v.as_str(), v.as_str()))))
            (choice("Cause", "cause", &query.cause, ErrorClass::ALL.iter().map(|v| (v.code(), v.title()))))
            label { span { "From" } input type="date" name="since" value=(query.since); }
            label { span { "To" } input type="date" name="until" value=(query.until); }
            @if !query.record.is_empty() { input type="hidden" name="record" value=(query.record); }
            @if !query.run.is_empty() {
                label { span { "Run" } input name="run" inputmode="numeric" value=(query.run); }
            }
        }
    }
}

/// A filter by one of several values, or all.
pub(super) fn choice<'a>(
    label: &str,
    name: &str,
    chosen: &str,
    choices: impl Iterator<Item = (&'a str, &'a str)>,
) -> Markup {
    html! {
        label { span { (label) }
            select name=(name) {
                option value="" { "All" }
                @for (value, text) in choices { option value=(value) selected[value == chosen] { (text) } }
            }
        }
    }
}

/// The table and its buttons are one form: the buttons say which of the entries are meant.
fn entries(shell: &Shell, view: &LogsPage) -> Markup {
    let live = view.query.cursor.is_empty();
    let cause = view.query.cause.as_str();
    let again = view.rows.rows.iter().any(|row| row.retryable);
    let address = format!("/logs?{}", view.query.address(&view.query.cursor));
    html! {
        form method="post" action="/logs/retry" {
            (token(&shell.csrf))
            input type="hidden" name="back" value=(address);
            section class="card flush" {
                @if again {
                    div class="table-actions" {
                        button type="submit" class="secondary small" { (icon(Icon::Retry)) "Retry the chosen" }
                        @if !cause.is_empty() {
                            button type="submit" class="secondary small" name="cause" value=(cause) { "Retry all of this cause" }
                        }
                        span class="muted" { "Entries with a box have something set aside that can be tried again." }
                    }
                }
                div id="entries" hx-get=[live.then_some(&address)] hx-trigger=[live.then_some("every 5s")]
                    hx-select="#entries" hx-swap="outerMorph" {
                    (log_table(&view.rows.rows, shell.now, again))
                }
            }
        }
        nav class="pager" aria-label="Pages" {
            @if !live { a class="button secondary" href="/logs" { "Newest" } }
            @if let Some(next) = &view.rows.next { a class="button secondary" href={ "/logs?" (view.query.address(next)) } rel="next" { "Older entries" } }
        }
    }
}
