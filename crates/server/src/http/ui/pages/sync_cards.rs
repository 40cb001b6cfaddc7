//! The cards of Sync Management that refresh themselves: what waits, the API allowance, the last day,
//! the objects, and the log's newest entries.

use super::sync::SyncPage;
use crate::app::overview::{ApiSummary, ObjectStatus, SyncState};
use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Shell, callout, card, empty};
use crate::http::ui::parts::log_table::{log_table, plural};
use crate::http::ui::parts::text::{counted, grouped};
use crate::http::ui::parts::when::{ago, duration};
use jiff::Timestamp;
use maud::{Markup, html};
use tandem_core::budget::Pace;
use tandem_core::workspace::Kind;
use tandem_store::views::{HourCalls, HourThroughput, KindCounts, LinkStatus};

/// What waits for the machine, and what waits for a person, each with the way to it.
pub(super) fn waiting(shell: &Shell, view: &SyncPage) -> Markup {
    let backlog = &view.overview.backlog;
    let plans = u64::try_from(shell.open_plans).unwrap_or(u64::MAX);
    let moving = backlog.links_due + backlog.intents_pending + backlog.intents_open;
    html! {
        div class="tiles" {
            (tile("In the queue", moving, &html! {
                @if moving == 0 { "Both sides are up to date" }
                @else { (counted(backlog.intents_pending + backlog.intents_open, "write")) " to the CRM" }
            }, "/logs"))
            (tile("Waits for a person", backlog.held, &html! { "A person decides on each" },
                &records_with(view, LinkStatus::Held)))
            (tile("Refused by the CRM", backlog.parked, &html! { "Set aside until the cause is fixed" },
                &records_with(view, LinkStatus::Refused)))
            @for kind in &view.overview.counts.kinds {
                @let linked = kind.by_status.get(&LinkStatus::Linked).copied().unwrap_or(0);
                (tile(kind_label(kind.kind), kind.records, &html! { (grouped(linked)) " linked" },
                    &format!("/{}", plural(kind.kind).unwrap_or("sync"))))
            }
        }
        @if shell.open_plans > 0 {
            (callout(Tone::Warn, &html! {
                strong { "Too much at once: " (counted(plans, "plan")) " held" } ". Far more records would be touched than normal. "
                a href="/plans" { "Look and decide" }
            }))
        }
        @for cause in &view.overview.causes {
            (callout(Tone::Warn, &html! {
                strong { (cause.class.title()) } ": " (counted(cause.links, "record")) ", since "
                (ago(cause.since, shell.now)) ". " (cause.class.hint()) " "
                a href={ "/logs?status=failed&cause=" (cause.class.code()) } { "Show and retry" }
                " · " a href="/incidents" { "Open the incidents" }
            }))
        }
    }
}

/// The first list that has records in this state; links without a record are told by the log only.
fn records_with(view: &SyncPage, status: LinkStatus) -> String {
    let has = |kind: &&KindCounts| kind.by_status.get(&status).is_some_and(|count| *count > 0);
    let first = view.overview.counts.kinds.iter().find(has);
    match first.and_then(|kind| plural(kind.kind)) {
        Some(list) => format!("/{list}?link={}", status.as_str()),
        None if status == LinkStatus::Held => "/logs?status=waiting".to_owned(),
        None => "/logs?status=failed".to_owned(),
    }
}

fn tile(label: &str, count: u64, note: &Markup, href: &str) -> Markup {
    html! {
        a class="tile" href=(href) {
            span class="tile-label" { (label) }
            span class="tile-count num" { (grouped(count)) }
            span class="tile-note" { (note) }
        }
    }
}

/// The name of a kind's list.
pub(super) fn kind_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "People",
        Kind::Account => "Accounts",
        Kind::Opportunity => "Opportunities",
        Kind::User => "Users",
    }
}

/// The org's allowance: everybody's calls, ours, and the threshold, as a bar.
pub(super) fn usage(view: &SyncPage, now: Timestamp) -> Markup {
    let edit = html! {
        @if view.unlocked() {
            a class="button plain small" href="/sync?edit=threshold" { (icon(Icon::Edit)) "Threshold" }
        }
    };
    let api = &view.overview.api;
    let body = html! {
        @match (api.org_used, api.org_max) {
            (Some(used), Some(max)) => (allowance(api, used, max)),
            _ if api.paused.is_some() => p class="muted" { "The daily allowance is used up. The CRM tells its figures again when calls are free." },
            _ => p class="muted" { "The CRM has not told its allowance yet; it does with the first read." },
        }
        (outlook(api, now))
        (hours(&api.ours.hours))
        p class="muted" {
            "Bars: Tandem’s calls by hour."
            @if let Some(at) = api.read_at { " Counted by the CRM " (ago(at, now)) "." }
        }
    };
    card("API usage", &edit, &body)
}

/// When the allowance runs out at the present rate, and by how much reading slows down before.
fn outlook(api: &ApiSummary, now: Timestamp) -> Markup {
    let runs_out = api.outlook.and_then(|outlook| outlook.runs_out_at);
    html! {
        @if api.paused.is_none() && let Some(at) = runs_out {
            p { "At the present rate scheduled work pauses in about "
                (duration(at.duration_since(now).as_secs().max(0).unsigned_abs())) "." }
        }
        @if api.pace != Pace::Full {
            p { (badge(Tone::Warn, "Slowed down"))
                " Every interval of scheduled reading is " (api.pace.factor())
                " times as long as set. Edits of people go out as ever." }
        }
    }
}

fn allowance(api: &ApiSummary, used: u64, max: u64) -> Markup {
    let ours = api.ours.spent.min(used);
    html! {
        p class="figure" {
            strong class="num" { (grouped(used)) } " of " span class="num" { (grouped(max)) } " calls in 24 h"
        }
        (bar(used, ours, max, api.threshold_percent))
        p class="legend" {
            span class="key ours" { "Tandem " (grouped(ours)) }
            span class="key others" { "Others " (grouped(used - ours)) }
            span class="key limit" { "Pauses at " (api.threshold_percent) " %" }
        }
    }
}

/// Parts of a bar in hundredths of its width; drawn with attributes, as styles are not allowed in place.
fn bar(used: u64, ours: u64, max: u64, threshold_percent: u8) -> Markup {
    let share = |part: u64| {
        part.saturating_mul(10_000)
            .checked_div(max)
            .unwrap_or(0)
            .min(10_000)
    };
    let (used, ours) = (share(used), share(ours));
    let limit = u64::from(threshold_percent.min(100)) * 100;
    let tone = if used >= limit { "bar over" } else { "bar" };
    html! {
        svg class=(tone) viewBox="0 0 10000 100" preserveAspectRatio="none" role="img"
            aria-label={ (used / 100) " percent of the allowance is used; sync pauses at " (threshold_percent) " percent" } {
            rect class="track" width="10000" height="100" {}
            rect class="others" width=(used) height="100" {}
            rect class="ours" width=(ours) height="100" {}
            rect class="limit" x=(limit.min(9_960)) width="40" height="100" {}
        }
    }
}

fn hours(hours: &[HourCalls]) -> Markup {
    let most = hours.iter().map(|hour| hour.calls).max().unwrap_or(0);
    let bars: Vec<_> = hours
        .iter()
        .map(|hour| {
            (
                hour.hour,
                [hour.calls, 0, 0],
                format!("{} calls", grouped(hour.calls)),
            )
        })
        .collect();
    chart(&bars, most, "Tandem’s API calls by hour")
}

/// The last day in changes: from the CRM, from the workspace, failed.
pub(super) fn throughput(view: &SyncPage) -> Markup {
    let total =
        |pick: fn(&HourThroughput) -> u64| view.overview.throughput.iter().map(pick).sum::<u64>();
    let most = view
        .overview
        .throughput
        .iter()
        .map(|h| h.from_crm + h.from_workspace + h.failed)
        .max()
        .unwrap_or(0);
    let bars: Vec<_> = view
        .overview
        .throughput
        .iter()
        .map(|h| {
            let text = format!(
                "{} from the CRM, {} from the workspace, {} failed or waiting",
                h.from_crm, h.from_workspace, h.failed
            );
            (h.hour, [h.from_crm, h.from_workspace, h.failed], text)
        })
        .collect();
    let (crm, workspace, failed) = (
        total(|h| h.from_crm),
        total(|h| h.from_workspace),
        total(|h| h.failed),
    );
    let body = html! {
        p class="figure" {
            strong class="num" { (grouped(crm + workspace)) } " changes moved in 24 h"
        }
        (chart(&bars, most, "Changes by hour"))
        p class="legend" {
            span class="key crm" { "From the CRM " (grouped(crm)) }
            span class="key workspace" { "From the workspace " (grouped(workspace)) }
            span class="key failed" { "Failed or waiting " (grouped(failed)) }
        }
    };
    card("Last 24 hours", &html! {}, &body)
}

type HourBar = (Timestamp, [u64; 3], String);

/// One stacked bar for each hour, oldest at the left.
fn chart(bars: &[HourBar], most: u64, label: &str) -> Markup {
    const HEIGHT: u64 = 1_000;
    let tall = |n: u64| n.saturating_mul(HEIGHT).checked_div(most).unwrap_or(0);
    html! {
        svg class="chart" viewBox={ "0 0 " (bars.len() * 100) " " (HEIGHT) } preserveAspectRatio="none"
            role="img" aria-label=(label) {
            @for (index, (hour, parts, text)) in bars.iter().enumerate() {
                @let heights = parts.map(tall);
                @let x = index * 100 + 10;
                g {
                    title { (hour.strftime("%H:00")) ": " (text) }
                    rect class="hit" x=(index * 100) width="100" height=(HEIGHT) {}
                    rect class="floor" x=(x) y=(HEIGHT - 12) width="80" height="12" {}
                    rect class="first" x=(x) y=(HEIGHT - heights[0]) width="80" height=(heights[0]) {}
                    rect class="second" x=(x) y=(HEIGHT.saturating_sub(heights[0] + heights[1])) width="80" height=(heights[1]) {}
                    rect class="third" x=(x) y=(HEIGHT.saturating_sub(heights.iter().sum::<u64>())) width="80" height=(heights[2]) {}
                }
            }
        }
    }
}

/// One row for each object: how fresh, how often, how many, what waits.
pub(super) fn objects(shell: &Shell, view: &SyncPage) -> Markup {
    let edit = html! {
        @if view.unlocked() {
            @if matches!(view.overview.state, SyncState::Enabled { .. }) {
                a class="button plain small" href="/sync?edit=read-again" { (icon(Icon::Retry)) "Read again" }
            }
            a class="button plain small" href="/sync?edit=frequency" { (icon(Icon::Edit)) "Sync frequency" }
        } @else {
            span class="muted" { "Locked until a connector works" }
        }
    };
    let enabled = matches!(view.overview.state, SyncState::Enabled { .. });
    let running = enabled && view.overview.api.paused.is_none();
    let body = html! {
        @if view.overview.objects.is_empty() {
            (empty("Nothing is mapped yet", &html! { "The first connection maps the standard fields by itself." }))
        } @else {
            div class="table-wrap" {
                table class="stack" {
                    thead { tr {
                        th { "CRM object" } th { "In the workspace" } th { "Freshness" } th { "Read so far" } th { "Read every" }
                        th { "Next read" } th class="end" { "Linked" } th class="end" { "In the queue" }
                        th class="end" { "Needs attention" }
                    } }
                    tbody { @for row in &view.overview.objects { (object_line(row, running, shell.now)) } }
                }
            }
            p class="muted" { "Reading begins at the oldest record that the connector sees. No start date leaves anything out." }
        }
    };
    card("Objects", &edit, &body)
}

fn object_line(row: &ObjectStatus, running: bool, now: Timestamp) -> Markup {
    html! {
        tr {
            td data-label="CRM object" {
                strong { (row.object) }
                @if !row.unstamped.is_empty() {
                    small class="muted" { " " (row.unstamped.join(", ")) " changes without the record’s stamp: read again every hour" }
                }
            }
            td data-label="In the workspace" { (kind_label(row.kind)) }
            td data-label="Freshness" {
                (freshness(row, running, now))
                @if let Some(records) = row.comparing_records {
                    small class="muted" { " Comparing every record: " (grouped(records)) " so far" }
                }
                @if row.rows_late_seconds > 0 {
                    small class="muted" { " Rows arrive up to " (duration(u64::from(row.rows_late_seconds))) " late" }
                }
            }
            td data-label="Read so far" { (coverage(row, now)) }
            td data-label="Read every" class="nowrap" { (duration(u64::from(row.frequency_seconds))) }
            td data-label="Next read" class="nowrap" {
                @match row.next_at {
                    Some(at) if running && at <= now => "now",
                    Some(at) if running => (ago(at, now)),
                    _ => span class="blank" { "–" },
                }
            }
            td data-label="Linked" class="end num" { (grouped(row.linked)) }
            td data-label="In the queue" class="end num" { (grouped(row.waiting)) }
            td data-label="Needs attention" class="end num" {
                @if row.needs_attention > 0 { strong class="attention" { (grouped(row.needs_attention)) } }
                @else { "0" }
            }
        }
    }
}

/// What the first read brought, and from when on.
fn coverage(row: &ObjectStatus, now: Timestamp) -> Markup {
    html! {
        @match row.read_from {
            Some(oldest) => { (counted(row.rows_read, "row")) small class="muted" { " changed since " (ago(oldest, now)) } },
            None if row.fresh_at.is_some() => "No rows",
            None => span class="blank" { "–" },
        }
    }
}

/// Late is a read that is older than two turns: then something is wrong.
fn freshness(row: &ObjectStatus, running: bool, now: Timestamp) -> Markup {
    let late_seconds = i64::from(row.frequency_seconds) * 2 + 60;
    let is_late = |at: Timestamp| running && now.as_second() - at.as_second() > late_seconds;
    html! {
        @match (row.failures, row.fresh_at, row.reading_rows) {
            (0, None, None) => (badge(Tone::Quiet, "Not read yet")),
            (0, None, Some(rows)) => (badge(Tone::Info, &format!("First read: {}", counted(rows, "row")))),
            (0, Some(at), _) if is_late(at) => { (badge(Tone::Warn, "Late")) " as of " (ago(at, now)) }
            (0, Some(at), _) => { (badge(Tone::Good, "Fresh")) " as of " (ago(at, now)) }
            (failures, at, _) => {
                (badge(Tone::Bad, &format!("Can’t be read ({})", counted(u64::from(failures), "failure"))))
                @if let Some(at) = at { " as of " (ago(at, now)) }
            }
        }
    }
}

/// The newest entries of the log.
pub(super) fn recent(shell: &Shell, view: &SyncPage) -> Markup {
    let all = html! { a class="button plain small" href="/logs" { "All entries" } };
    let body = html! {
        @if view.recent.is_empty() {
            (empty("Nothing happened yet", &html! {
                "Each change, link and decision of the sync gets an entry here, with its reason."
            }))
        } @else {
            (log_table(&view.recent, shell.now, false))
        }
    };
    card("Latest entries", &all, &body)
}
