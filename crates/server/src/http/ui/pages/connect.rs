//! The CRM connection: what to prepare in the CRM, the button, and what the connected user may do there.

use super::connectors;
use crate::app::connectors::ConnectorList;
use crate::app::overview::{ConnectorView, SyncState};
use crate::app::permissions::{PermissionItem, PermissionReport, Right};
use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::form::{FieldError, button_post};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, page as framed};
use crate::http::ui::parts::text::{code, counted};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};

/// What has just happened, where the CRM sent the browser back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connected {
    /// The team's first connection: its fields were mapped.
    First,
    /// Not the first.
    Again,
    /// Beside the main connection: it stands by.
    Standby,
    /// Beside the main connection, and another one stands by.
    Spare,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct ConnectPage {
    /// Whether the sync runs.
    pub state: SyncState,
    /// Who is connected, and to which org.
    pub connector: Option<ConnectorView>,
    /// Who carries the sync, who could, and who could not.
    pub connectors: ConnectorList,
    /// What was wrong with the last choice.
    pub errors: Vec<FieldError>,
    /// The address that the CRM must be told to send the browser back to.
    pub callback_url: String,
    /// The operator has given the CRM app's consumer key and secret.
    pub configured: bool,
    /// Only administrators connect.
    pub may_connect: bool,
    /// The connection was just made.
    pub connected: Option<Connected>,
    /// The check of rights, if it was made for this page.
    pub permissions: Option<PermissionReport>,
    /// Why the check could not be made.
    pub check_failed: Option<String>,
}

/// Draws it.
pub fn page(shell: &Shell, view: &ConnectPage) -> Markup {
    let body = html! {
        @if let Some(connected) = view.connected { (just_connected(connected)) }
        @if let Some(connector) = &view.connector {
            (connected(shell, view, connector))
            (connectors::draw(shell, view))
            (permissions(shell, view))
        } @else {
            (guide(shell, view))
        }
    };
    let lead = html! {
        p class="lead" { "One user’s connection carries the team’s sync. Tandem keeps its tokens encrypted." }
    };
    framed(
        shell,
        &Page {
            place: Place::Connect,
            title: "CRM connection",
            lead,
            actions: html! {},
            body,
        },
    )
}

fn just_connected(connected: Connected) -> Markup {
    callout(
        Tone::Good,
        &html! {
            @match connected {
                Connected::First => {
                    "Connected. The standard fields are mapped, from the CRM to the workspace only. Look at the permissions below, then "
                    a href="/sync?edit=connector" { "turn CRM Sync on" } "."
                }
                Connected::Again => { "Connected again. What waited goes on." }
                Connected::Standby => { "Connected. This user stands by and takes over when the connector is cut off." }
                Connected::Spare => { "Connected. This user can be chosen as the connector or its stand-by." }
            }
        },
    )
}

fn guide(shell: &Shell, view: &ConnectPage) -> Markup {
    let body = html! {
        ol class="steps" {
            li {
                h3 { "Make an app in Salesforce" }
                p { "In Setup, open " em { "App Manager" } " and make an " em { "External Client App" } " with OAuth enabled." }
                p { "Callback URL:" }
                p { (code(&view.callback_url)) }
                p { "Scopes: " (code("api")) " and " (code("refresh_token")) ". Require PKCE. Refresh tokens: valid until revoked." }
            }
            li {
                h3 { "Give its key to Tandem" }
                p {
                    "Put the consumer key and secret into " (code("tandem.toml")) " under " (code("[salesforce]")) " and restart. "
                    @if view.configured { (badge(Tone::Good, "Configured")) } @else { (badge(Tone::Warn, "Not configured")) }
                }
            }
            li {
                h3 { "Connect" }
                p {
                    "Sign in to Salesforce as the user whose rights the sync shall have, best a user made for integrations. "
                    "The first connection maps the standard fields, from the CRM to the workspace only. "
                    "Nothing moves until you turn the sync on."
                }
                (connect_button(shell, view, "Connect Salesforce"))
            }
        }
    };
    card("Connect Salesforce", &html! {}, &body)
}

fn connect_button(shell: &Shell, view: &ConnectPage, label: &str) -> Markup {
    html! {
        @if !view.may_connect {
            (callout(Tone::Info, &html! { "Only an administrator can connect. Ask one of your team." }))
        } @else {
            (button_post("/connect/start", &shell.csrf, &html! {
                button type="submit" disabled[!view.configured] { (icon(Icon::Connect)) (label) }
            }))
        }
    }
}

fn connected(shell: &Shell, view: &ConnectPage, connector: &ConnectorView) -> Markup {
    let actions = html! {
        (connect_button(shell, view, "Connect again"))
        @if view.may_connect {
            (button_post("/connect/end", &shell.csrf, &html! {
                button type="submit" class="danger" data-confirm="Disconnect? Sync stops; links, mappings and the queue stay." { "Disconnect" }
            }))
        }
    };
    let body = html! {
        @if let SyncState::ConnectionLost { message, hint, .. } = &view.state {
            (callout(Tone::Bad, &html! { strong { "Connection lost: " } (message) " " (hint) }))
        }
        dl class="facts" {
            (fact("State", &html! {
                @if matches!(view.state, SyncState::ConnectionLost { .. }) { (badge(Tone::Bad, "Connection lost")) }
                @else { (badge(Tone::Good, "Connected")) }
            }))
            (fact("Connected as", &html! { (connector.name) div class="muted" { (connector.username) } }))
            (fact("Org", &html! { (connector.org_name) @if connector.sandbox { " (sandbox)" } div { (code(&connector.org_id)) } }))
            (fact("Edition", &html! { (connector.edition) }))
            (fact("Address", &html! { (connector.instance_url) }))
            (fact("Since", &ago(connector.connected_at, shell.now)))
        }
    };
    card(&connector.crm, &actions, &body)
}

fn fact(term: &str, detail: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (detail) } } }
}

fn permissions(shell: &Shell, view: &ConnectPage) -> Markup {
    let actions = html! {
        a class="button secondary small" href="/connect?check=yes" { (icon(Icon::Retry)) "Check now" }
    };
    let body = html! {
        @if let Some(reason) = &view.check_failed {
            (callout(Tone::Bad, &html! { "The check could not be made: " (reason) }))
        }
        @match &view.permissions {
            Some(report) => (report_table(shell, report)),
            None => p class="muted" { "The check asks Salesforce what the connected user may do with each mapped object and field. It costs one API call." },
        }
    };
    card("Permissions", &actions, &body)
}

fn report_table(shell: &Shell, report: &PermissionReport) -> Markup {
    let missing = report.items.iter().filter(|item| !item.granted).count();
    html! {
        @if report.ok && missing == 0 {
            (callout(Tone::Good, &html! { "Every right that the sync uses is there." }))
        } @else if report.ok {
            (callout(Tone::Warn, &html! { (counted(missing as u64, "right")) " missing; the sync works without, but the fields named below do not." }))
        } @else {
            (callout(Tone::Bad, &html! { "Required rights are missing; CRM Sync can’t be enabled until they are granted." }))
        }
        p class="muted" { "Checked for " (report.username) " " (ago(report.checked_at, shell.now)) "." }
        @if missing > 0 { (missing_table(report)) }
        details {
            summary { (counted((report.items.len() - missing) as u64, "right")) " granted" }
            (granted_table(report))
        }
    }
}

fn missing_table(report: &PermissionReport) -> Markup {
    html! {
        div class="table-wrap" {
            table class="stack" {
                thead { tr { th { "Result" } th { "Object" } th { "Field" } th { "Right" } th { "Without it" } th { "What to grant" } } }
                tbody { @for item in report.items.iter().filter(|item| !item.granted) { (missing_line(item)) } }
            }
        }
    }
}

fn missing_line(item: &PermissionItem) -> Markup {
    html! {
        tr {
            td data-label="Result" {
                @if item.required { (badge(Tone::Bad, "Missing, required")) } @else { (badge(Tone::Warn, "Missing")) }
            }
            (subject(item))
            td data-label="Without it" { (item.consequence) }
            td data-label="What to grant" { (item.fix) }
        }
    }
}

fn granted_table(report: &PermissionReport) -> Markup {
    html! {
        div class="table-wrap" {
            table class="stack" {
                thead { tr { th { "Result" } th { "Object" } th { "Field" } th { "Right" } } }
                tbody {
                    @for item in report.items.iter().filter(|item| item.granted) {
                        tr { td data-label="Result" { (badge(Tone::Good, "Granted")) } (subject(item)) }
                    }
                }
            }
        }
    }
}

/// What a right is about, as three cells.
fn subject(item: &PermissionItem) -> Markup {
    let right = match item.right {
        Right::Read => "Read",
        Right::Edit => "Edit",
        Right::Create => "Create",
    };
    html! {
        td data-label="Object" { (item.object) }
        td data-label="Field" { @match &item.field { Some(field) => (code(field)), None => span class="muted" { "–" } } }
        td data-label="Right" { (right) }
    }
}
