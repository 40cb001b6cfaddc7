//! Incidents: what the CRM refuses, by cause, the most records first.

use crate::app::incidents::IncidentView;
use crate::http::ui::parts::badge::{Tone, badge, badge_with};
use crate::http::ui::parts::icon::Icon;
use crate::http::ui::parts::layout::{Page, Place, Shell, card, empty, page as framed};
use crate::http::ui::parts::text::{clipped, grouped};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};
use tandem_core::incident::{Stage, Standing, Trial};

/// Draws it.
pub fn page(shell: &Shell, incidents: &[IncidentView]) -> Markup {
    let (skipped, open): (Vec<_>, Vec<_>) = incidents
        .iter()
        .partition(|view| view.standing.incident.skipped_at.is_some());
    let body = html! {
        // Asks for the page again and puts its own part in place.
        div id="live" hx-get="/incidents" hx-trigger="every 10s" hx-select="#live" hx-swap="outerMorph" {
            section class="card flush" {
                @if open.is_empty() {
                    (empty("No open incidents", &html! {
                        "Whatever the CRM refuses is set aside here by its cause; everything else goes on."
                    }))
                } @else { (table(shell, &open)) }
            }
            @if !skipped.is_empty() { (card("Skipped", &html! {}, &table(shell, &skipped))) }
        }
    };
    let lead = html! {
        p class="lead" { "What the CRM refuses, by cause. A fix is tried on one record; if the CRM takes it, all others follow." }
    };
    framed(
        shell,
        &Page {
            place: Place::Incidents,
            title: "Incidents",
            lead,
            actions: html! {},
            body,
        },
    )
}

fn table(shell: &Shell, incidents: &[&IncidentView]) -> Markup {
    html! {
        div class="table-wrap" {
            table class="stack" {
                thead { tr { th { "What" } th class="end" { "Records" } th { "Since" } th { "Reason given" } th { "State" } } }
                tbody { @for view in incidents { (line(shell, view)) } }
            }
        }
    }
}

fn line(shell: &Shell, view: &IncidentView) -> Markup {
    let standing = &view.standing;
    let incident = &standing.incident;
    html! {
        tr {
            td data-label="What" class="wrap" { a href={ "/incidents/" (incident.id) } { (view.title()) } }
            td data-label="Records" class="end num" { (grouped(standing.records)) }
            td data-label="Since" class="nowrap" { @if let Some(since) = standing.since { (ago(since, shell.now)) } }
            td data-label="Reason given" { (clipped(&incident.words)) }
            td data-label="State" { (state(standing)) }
        }
    }
}

/// How far it is, as one badge.
pub(super) fn state(standing: &Standing) -> Markup {
    let incident = &standing.incident;
    let moving = incident.trial.as_ref().is_some_and(Trial::is_moving);
    if standing.records == 0 && !moving {
        return badge(Tone::Good, "Nothing waits");
    }
    if incident.skipped_at.is_some() {
        return badge(Tone::Quiet, "Skipped");
    }
    match incident.trial.as_ref().map(|trial| &trial.stage) {
        None => badge(Tone::Bad, "Open"),
        Some(Stage::Trying { .. }) => badge_with(Tone::Info, Icon::Clock, "Trying one record"),
        Some(Stage::Releasing { released, .. }) => badge_with(
            Tone::Info,
            Icon::Outbound,
            &format!("Released {}", grouped(*released)),
        ),
        Some(Stage::Released { .. }) => badge(Tone::Warn, "Came back"),
        Some(Stage::Refused { .. }) => badge(Tone::Bad, "Refused again"),
        Some(Stage::Unproven { .. }) => badge(Tone::Warn, "Not proven"),
    }
}
