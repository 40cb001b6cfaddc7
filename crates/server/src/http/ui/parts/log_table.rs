//! Log entries as a table: on the log's own page, on Sync Management and on a record's page.

use super::badge;
use super::text::clipped;
use super::when::ago;
use jiff::Timestamp;
use maud::{Markup, html};
use tandem_core::ids::RecordId;
use tandem_core::sync_log::LogError;
use tandem_core::workspace::Kind;
use tandem_store::views::LogRow;

/// The address of a record's page; colleagues have none.
pub fn record_href(kind: Kind, id: RecordId) -> Option<String> {
    plural(kind).map(|name| format!("/{name}/{id}"))
}

/// The name of a kind's list in addresses.
pub fn plural(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Person => Some("people"),
        Kind::Account => Some("accounts"),
        Kind::Opportunity => Some("opportunities"),
        Kind::User => None,
    }
}

/// Entries as a table. With `choose` every entry that can be tried again has a check box named `id`.
pub fn log_table(rows: &[LogRow], now: Timestamp, choose: bool) -> Markup {
    html! {
        div class="table-wrap" {
            table class="log stack" {
                thead {
                    tr {
                        @if choose { th class="choose" { span class="hidden" { "Choose" } } }
                        th { "Time" } th { "Source" } th { "Type" } th { "Status" }
                        th { "What happened" } th { "Record" } th { "CRM object" } th class="end" { "Entry" }
                    }
                }
                tbody { @for row in rows { (line(row, now, choose)) } }
            }
        }
    }
}

fn line(row: &LogRow, now: Timestamp, choose: bool) -> Markup {
    let entry = &row.entry;
    html! {
        tr id={ "entry-" (row.id) } {
            @if choose { td class="choose" { (check_box(row)) } }
            td data-label="Time" class="nowrap" { (ago(entry.at, now)) }
            td data-label="Source" class="nowrap" { (badge::source(entry.source)) }
            td data-label="Type" class="nowrap" { (entry.kind.label()) }
            td data-label="Status" { (badge::status(entry.status)) }
            td data-label="What happened" class="wide" { (what_happened(row)) }
            td data-label="Record" class="medium" { (record(row)) }
            td data-label="CRM object" class="object" { (crm_object(row)) }
            td data-label="Entry" class="end num" {
                a href={ "/logs/" (row.id) } aria-label={ "Entry " (row.id) } { "#" (row.id) }
            }
        }
    }
}

fn check_box(row: &LogRow) -> Markup {
    html! {
        @if row.retryable {
            input type="checkbox" name="id" value=(row.id) aria-label={ "Choose entry " (row.id) };
        }
    }
}

fn what_happened(row: &LogRow) -> Markup {
    html! {
        a class="summary" href={ "/logs/" (row.id) } title=(row.entry.summary) { (row.entry.summary) }
        @if let Some(error) = &row.entry.error { (short_error(error)) }
    }
}

fn short_error(error: &LogError) -> Markup {
    let whole = match error.code.as_str() {
        "" => error.message.clone(),
        code => format!("{code}: {}", error.message),
    };
    html! { div class="error short-error" title=(whole) { (whole) } }
}

fn record(row: &LogRow) -> Markup {
    let name = row.record_name.as_deref();
    html! {
        @match row.entry.record {
            Some((kind, id)) => {
                @let shown = name.map_or_else(|| format!("{kind} {id}"), str::to_owned);
                @match record_href(kind, id) {
                    Some(href) => a href=(href) title=(shown) class="clip" { (shown) },
                    None => (clipped(&shown)),
                }
            }
            None => span class="blank" { "–" },
        }
    }
}

fn crm_object(row: &LogRow) -> Markup {
    html! {
        @match &row.entry.crm {
            Some((object, id)) => {
                (object)
                @if let Some(id) = id { span class="code" title=(id) { (id) } }
            }
            None => span class="blank" { "–" },
        }
    }
}
