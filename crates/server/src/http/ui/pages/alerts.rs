//! Alerts: what is wrong now and what was, who was told when, and whether telling works.

use crate::app::alerts::AlertRouting;
use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::form::{FieldError, button_post, form_errors};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::text::counted;
use crate::http::ui::parts::when::{ago, stamp};
use jiff::Timestamp;
use maud::{Markup, html};
use tandem_core::alert::{Alert, AlertKind, Channel, Delivery, Ending, Message};
use tandem_store::views::Page as Rows;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct AlertsPage {
    /// What is wrong now.
    pub open: Vec<Alert>,
    /// What was, newest first.
    pub past: Rows<Alert>,
    /// Who is told.
    pub routing: AlertRouting,
    /// Why the test failed that was just sent.
    pub errors: Vec<FieldError>,
}

/// Draws it.
pub fn page(shell: &Shell, view: &AlertsPage) -> Markup {
    let body = html! {
        (form_errors(&view.errors))
        // Asks for the page again and puts its own part in place.
        div id="live" hx-get="/alerts" hx-trigger="every 10s" hx-select="#live" hx-swap="outerMorph" {
            (open(shell, view))
        }
        (routing(shell, &view.routing))
        (past(shell, view))
    };
    let lead = html! {
        p class="lead" { "Told at once, then every 48 hours until resolved, and once when it is over." }
    };
    framed(
        shell,
        &Page {
            place: Place::Alerts,
            title: "Alerts",
            lead,
            actions: html! {},
            body,
        },
    )
}

fn open(shell: &Shell, view: &AlertsPage) -> Markup {
    let body = html! {
        @if view.open.is_empty() {
            (empty("No open alerts", &html! {
                "While sync is on, Tandem watches the connection, the API threshold, the picklists, and how much is changed at once."
            }))
        }
        @for alert in &view.open {
            (callout(Tone::Bad, &html! {
                p { strong { (alert.kind.title()) } ", opened " (ago(alert.opened_at, shell.now)) }
                (details(alert))
                p { (alert.kind.hint()) }
                @if matches!(alert.kind, AlertKind::PicklistValue | AlertKind::PicklistField) {
                    p { a href="/incidents" { "Open the incidents" } " to fix it for all records at once." }
                }
                @if alert.kind == AlertKind::BrakeHeld {
                    p { a href="/plans" { "Open the held plans" } " to decide." }
                }
                @if let Some(since) = alert.gone_since {
                    p { "Not seen any more since " (ago(since, shell.now)) "; it ends if it stays away." }
                }
                (told(alert, shell.now))
            }))
        }
    };
    card("Open", &html! {}, &body)
}

fn details(alert: &Alert) -> Markup {
    html! { ul class="wrap" { @for line in &alert.details { li { (line) } } } }
}

/// What was said on each way, and what comes next.
fn told(alert: &Alert, now: Timestamp) -> Markup {
    html! {
        @for (channel, delivery) in &alert.deliveries {
            p class="muted" {
                (channel.label()) ": "
                (sent(delivery, now))
                @if let Some((_, at)) = alert.next_message(*channel) { " Next: " (ago(at, now)) "." }
            }
            @if let Some(error) = &delivery.error {
                p class="wrap" {
                    (badge(Tone::Warn, &format!("Not sent ({})", counted(u64::from(delivery.failures), "failed try"))))
                    " " (error)
                }
            }
        }
        @if alert.deliveries.is_empty() { p class="muted" { "Nobody was told yet." } }
    }
}

fn sent(delivery: &Delivery, now: Timestamp) -> Markup {
    html! {
        @match &delivery.last {
            None => "nothing sent yet.",
            Some(last) => {
                (counted(u64::from(delivery.count), "message")) " sent, the last "
                (ago(last.at, now)) " to " (last.to)
                @if last.message == Message::Recovered { ": it is over" }
                "."
            }
        }
    }
}

fn routing(shell: &Shell, routing: &AlertRouting) -> Markup {
    let test = html! {
        @if routing.mail.is_some() || routing.webhook {
            (button_post("/alerts/test", &shell.csrf, &html! {
                button type="submit" class="secondary small" { "Send a test" }
            }))
        }
    };
    let body = html! {
        p {
            strong { (Channel::Mail.label()) ": " }
            @match (&routing.mail, &routing.contact) {
                (None, _) => { "no mail server is configured. Set " code { "[mail]" } " in " code { "tandem.toml" } "; until then alerts stand here only." }
                (Some(mail), Some(contact)) => { "to " strong { (contact) } ", through " (mail.server) ", from " (mail.from) "." }
                (Some(mail), None) => { "through " (mail.server) ", but there is nobody to mail to." }
            }
            " The " a href="/sync#alert-contact" { "alert contact" } " is set in Sync Management."
        }
        p {
            strong { (Channel::Webhook.label()) ": " }
            @if routing.webhook { "configured." }
            @else { "none. Set " code { "[webhook]" } " in " code { "tandem.toml" } " to post alerts to a chat." }
        }
    };
    card("Who is told", &test, &body)
}

fn past(shell: &Shell, view: &AlertsPage) -> Markup {
    let body = html! {
        @if view.past.rows.is_empty() {
            p class="muted" { "No alert has ended yet." }
        } @else {
            div class="table-wrap" {
                table class="stack" {
                    thead { tr { th { "Alert" } th { "Opened" } th { "Ended" } th { "Told" } } }
                    tbody { @for alert in &view.past.rows { (past_line(alert, shell.now)) } }
                }
            }
            @if let Some(next) = &view.past.next {
                p { a class="button secondary" href={ "/alerts?cursor=" (next) } { "Older" } }
            }
        }
    };
    card("Past", &html! {}, &body)
}

fn past_line(alert: &Alert, now: Timestamp) -> Markup {
    html! {
        tr {
            td data-label="Alert" {
                strong { (alert.kind.title()) }
                (details(alert))
            }
            td data-label="Opened" class="nowrap" { (stamp(alert.opened_at)) }
            td data-label="Ended" {
                @if let Some((at, ending)) = alert.ended {
                    (stamp(at))
                    @if ending == Ending::SyncOff { " (sync was turned off)" }
                }
            }
            td data-label="Told" { (told(alert, now)) }
        }
    }
}
