//! The API meter: how much of the day's allowance is used, by what sort of call and by whom, and the last calls.

use std::collections::BTreeMap;
use std::fmt::Display;

use maud::{Markup, html};

use super::{Shown, Visit, page};

/// Calls shown one by one.
const LAST_CALLS: usize = 50;
const MAX_LIMIT_CALLS: u64 = 100_000_000;

pub(super) fn show(visit: &mut Visit<'_>) -> Shown {
    let now = visit.org.world.now();
    let meter = &mut visit.org.desk.meter;
    let reading = meter.reading(now);
    let log: Vec<_> = meter.log().collect();
    let last = log.iter().rev().take(LAST_CALLS);
    let (used, limit) = (reading.used_calls_24h, reading.limit_calls_24h);
    let body = html! {
        div class="title" {
            h1 { "API meter" }
            form method="post" action="/meter/reset" { button class="plain" { "Reset" } }
        }
        section {
            p class="reading" { strong { (page::count(used)) } " of " (page::count(limit)) " calls used in the last 24 hours · " (page::count(reading.total_calls)) " in all" }
            meter min="0" max=(limit.max(1)) value=(used.min(limit)) { (used) " of " (limit) }
            form class="inline" method="post" action="/meter/limit" {
                label { "Calls allowed in 24 hours " input type="number" name="calls" value=(limit) min="0" max=(MAX_LIMIT_CALLS); }
                button class="plain" { "Change" }
            }
        }
        div class="columns" {
            section { h2 { "By kind" } (tally(&reading.by_kind)) }
            section { h2 { "By client" } (tally(&reading.by_client)) }
        }
        section {
            h2 { "Last calls" }
            @if log.is_empty() { p class="quiet" { "No client has called yet." } } @else {
                div class="scroll" { table {
                    thead { tr { th { "When" } th { "Kind" } th { "Call" } th { "Client" } } }
                    tbody { @for call in last { tr {
                        td data-label="When" { (page::time(call.at)) }
                        td data-label="Kind" { (call.kind) }
                        td data-label="Call" { code { (call.method) " " (call.path) } }
                        td data-label="Client" { (call.client) }
                    } } }
                } }
            }
        }
    };
    Shown::page("API meter", body)
}

fn tally<K: Display>(counts: &BTreeMap<K, u64>) -> Markup {
    let mut rows: Vec<(String, u64)> = counts
        .iter()
        .map(|(name, count)| (name.to_string(), *count))
        .collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    html! {
        @if rows.is_empty() { p class="quiet" { "No calls." } } @else {
            table class="tally" { tbody { @for (name, count) in rows { tr {
                td { @if name.is_empty() { span class="quiet" { "unnamed" } } @else { (name) } }
                td class="number" { (page::count(count)) }
            } } } }
        }
    }
}

pub(super) fn change(visit: &mut Visit<'_>, what: &str) -> Shown {
    match what {
        "reset" => visit.org.desk.meter.reset(),
        "limit" => {
            let calls = visit
                .form
                .get("calls")
                .and_then(|text| text.trim().parse::<u64>().ok());
            let Some(calls) = calls else {
                return show(visit);
            };
            visit.org.desk.meter.set_limit(calls.min(MAX_LIMIT_CALLS));
        }
        _ => return Shown::missing(),
    }
    Shown::Go("/meter?done=fault".to_owned())
}
