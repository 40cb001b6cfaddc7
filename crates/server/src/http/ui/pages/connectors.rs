//! Who carries the sync and who stands by: a card of the connection's page.

use super::connect::ConnectPage;
use crate::app::connectors::{ConnectorChoice, ConnectorRole};
use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::form::{Choice, button_post, form_errors, post, select};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Shell, callout, card};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};

/// Draws it.
pub(super) fn draw(shell: &Shell, view: &ConnectPage) -> Markup {
    let choices = &view.connectors.choices;
    let has = |role| choices.iter().any(|one| one.role == role);
    let actions = html! {
        @if view.may_connect {
            (button_post("/connect/start", &shell.csrf, &html! {
                button type="submit" class="secondary small" disabled[!view.configured] {
                    (icon(Icon::Connect)) "Connect another user"
                }
            }))
        }
    };
    let body = html! {
        (form_errors(&view.errors))
        @if !has(ConnectorRole::Standby) {
            (callout(Tone::Info, &html! {
                "Nobody stands by. If the connector is cut off, everything waits until somebody connects again. "
                "Sign in to Salesforce as another user of the same org: that one takes over by itself."
            }))
        }
        div class="table-wrap" {
            table class="stack" {
                thead { tr { th { "User" } th { "Role" } th { "State" } th { "Connected" } th { "" } } }
                tbody { @for one in choices { (line(shell, view, one)) } }
            }
        }
        @if view.may_connect && choices.len() > 1 { (post("/connect/choose", &shell.csrf, &choose(choices))) }
        @if !view.connectors.missing.is_empty() {
            details {
                summary { "Who can’t be chosen, and why" }
                ul { @for one in &view.connectors.missing { li { strong { (one.email) } " " (one.reason) } } }
            }
        }
    };
    card("Connector and stand-by", &actions, &body)
}

fn line(shell: &Shell, view: &ConnectPage, one: &ConnectorChoice) -> Markup {
    let (tone, role) = match one.role {
        ConnectorRole::Main => (Tone::Good, "Connector"),
        ConnectorRole::Standby => (Tone::Info, "Stand-by"),
        ConnectorRole::Spare => (Tone::Quiet, "Not used"),
    };
    html! {
        tr {
            td data-label="User" { (one.name) div class="muted" { (one.username) } }
            td data-label="Role" { (badge(tone, role)) }
            td data-label="State" {
                @match &one.problem {
                    Some(problem) => { (badge(Tone::Bad, "Can’t be used")) div class="muted" { (problem) } }
                    None => "Works",
                }
            }
            td data-label="Connected" { (ago(one.connected_at, shell.now)) }
            td {
                @if view.may_connect && one.role != ConnectorRole::Main {
                    (button_post(&format!("/connect/{}/remove", one.id), &shell.csrf, &html! {
                        button type="submit" class="danger small" data-confirm="Remove this connection? Its access is given back to the CRM."
                            aria-label={ "Remove the connection of " (one.username) } { "Remove" }
                    }))
                }
            }
        }
    }
}

fn choose(choices: &[ConnectorChoice]) -> Markup {
    let works = |one: &&ConnectorChoice| one.problem.is_none();
    let named = |one: &ConnectorChoice| -> Choice { (one.id.to_string(), one.username.clone()) };
    let of = |role| {
        let found = choices.iter().find(|one| one.role == role);
        found.map_or_else(String::new, |one| one.id.to_string())
    };
    let main: Vec<Choice> = choices
        .iter()
        .filter(|one| one.problem.is_none() || one.role == ConnectorRole::Main)
        .map(named)
        .collect();
    let nobody: Choice = (String::new(), "Nobody".to_owned());
    let standby = choices.iter().filter(works).map(named);
    let standby: Vec<Choice> = std::iter::once(nobody).chain(standby).collect();
    html! {
        (select("connector", "Main CRM Connector", &main, &of(ConnectorRole::Main)))
        (select("standby", "Stand-by", &standby, &of(ConnectorRole::Standby)))
        p class="muted" {
            "The stand-by must see the same objects: what it may not read or write waits while it carries the sync. "
            "Choosing another connector costs two API calls."
        }
        footer { button type="submit" { "Save" } }
    }
}
