//! Sync Management, the first page after sign-in: is the sync on and healthy, how fresh is each object,
//! what waits, what it costs, and what happened last.

use super::sync_cards;
use super::sync_contact::{self, ContactView};
use super::sync_dialogs::{self, Dialog};
use super::sync_mirroring;
use crate::app::mirroring::Mirroring;
use crate::app::overview::{Overview, SyncState};
use crate::http::ui::parts::badge::Tone;
use crate::http::ui::parts::form::button_post;
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, card, page as framed};
use crate::http::ui::parts::when::ago;
use jiff::Timestamp;
use maud::{Markup, html};
use tandem_store::views::LogRow;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct SyncPage {
    /// State, counts and costs.
    pub overview: Overview,
    /// The newest log entries.
    pub recent: Vec<LogRow>,
    /// Who is told of alerts; edited in place.
    pub contact: ContactView,
    /// Which changes of the CRM are followed.
    pub mirroring: Mirroring,
    /// The dialog that is open.
    pub dialog: Option<Dialog>,
}

impl SyncPage {
    /// Settings that need a working connector are locked while there is none.
    pub(super) fn unlocked(&self) -> bool {
        matches!(
            self.overview.state,
            SyncState::Enabled { .. } | SyncState::NotConfigured
        )
    }
}

/// Draws it.
pub fn page(shell: &Shell, view: &SyncPage) -> Markup {
    let body = html! {
        @if view.overview.connector.is_none() { (status_card(shell, view)) }
        @if view.overview.connector.is_some() {
            // Asks for the page again and puts its own part in place; a dialog stays as it is.
            div id="live" hx-get="/sync" hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
                (status_card(shell, view))
                (sync_cards::waiting(shell, view))
                div class="columns" {
                    (sync_cards::usage(view, shell.now))
                    (sync_cards::throughput(view))
                }
                (sync_cards::objects(shell, view))
                (sync_cards::recent(shell, view))
            }
        }
        @if view.overview.enabled && view.unlocked() {
            (sync_contact::draw(&view.contact, &shell.csrf))
            (sync_mirroring::draw(&view.mirroring, &view.overview.counts, &shell.csrf))
        }
        @if view.overview.connector.is_none() { (first_steps()) }
        @if let Some(dialog) = &view.dialog { (sync_dialogs::draw(dialog, &shell.csrf)) }
    };
    framed(
        shell,
        &Page {
            place: Place::Sync,
            title: "Sync Management",
            lead: lead(view),
            actions: actions(shell, view),
            body,
        },
    )
}

/// What stands on the page before there is anything to show.
fn first_steps() -> Markup {
    let body = html! {
        ol class="steps" {
            li {
                h3 { "Connect Salesforce" }
                p { "As the user whose rights the sync shall have. The standard fields are mapped from the CRM to the workspace." }
            }
            li {
                h3 { "Look at the permissions and the field mapping" }
                p { "Tandem lists every right that is missing, what fails without it, and what to grant." }
            }
            li {
                h3 { "Rehearse the first run" }
                p { "What would be linked, made and changed, on your real records. Nothing is written." }
            }
            li {
                h3 { "Turn CRM Sync on" }
                p { "Until then nothing is read and nothing is written." }
            }
        }
    };
    card("From here on", &html! {}, &body)
}

fn lead(view: &SyncPage) -> Markup {
    html! {
        p class="lead" {
            @match &view.overview.connector {
                Some(org) => {
                    (org.crm) " org " strong { (org.org_name) } ", " (org.edition)
                    @if org.sandbox { " (sandbox)" }
                }
                None => "Keeps the workspace and your CRM in agreement.",
            }
        }
    }
}

fn actions(shell: &Shell, view: &SyncPage) -> Markup {
    html! {
        @if matches!(view.overview.state, SyncState::Enabled { .. }) {
            (button_post("/sync/now", &shell.csrf, &html! {
                button type="submit" class="secondary" { (icon(Icon::Retry)) "Sync now" }
            }))
        }
    }
}

fn status_card(shell: &Shell, view: &SyncPage) -> Markup {
    let (tone, mark) = match &view.overview.state {
        SyncState::NotConnected => (Tone::Quiet, Icon::Connect),
        SyncState::NotConfigured => (Tone::Quiet, Icon::Pause),
        SyncState::Enabled { .. } if Hitch::of(&view.overview).is_some() => {
            (Tone::Warn, Icon::Alert)
        }
        SyncState::Enabled { .. } => (Tone::Good, Icon::Check),
        SyncState::ConnectionLost { .. } => (Tone::Bad, Icon::Alert),
    };
    html! {
        section class={ "card status " (tone.class()) } aria-label="CRM Sync" {
            span class="status-icon" { (icon(mark)) }
            div class="status-text" { (status_text(shell, &view.overview)) }
            div class="actions" { (status_action(&view.overview.state)) }
        }
    }
}

/// What keeps an enabled sync from moving at present; it ends by itself.
enum Hitch<'a> {
    /// The budget, in words.
    Paused(&'a str),
    /// Objects that can't be read, and when the next try is.
    Failing(Vec<&'a str>, Option<Timestamp>),
}

impl<'a> Hitch<'a> {
    fn of(overview: &'a Overview) -> Option<Self> {
        if let Some(reason) = &overview.api.paused {
            return Some(Self::Paused(reason));
        }
        let failing: Vec<_> = overview.objects.iter().filter(|o| o.failures > 0).collect();
        let next = failing.iter().filter_map(|object| object.next_at).min();
        let names: Vec<_> = failing
            .iter()
            .map(|object| object.object.as_str())
            .collect();
        (!names.is_empty()).then_some(Self::Failing(names, next))
    }
}

fn hitch_text(hitch: &Hitch<'_>, now: Timestamp) -> Markup {
    html! {
        @match hitch {
            Hitch::Paused(reason) => p { strong { "Paused: " } (reason) ". Edits wait in the queue." },
            Hitch::Failing(objects, next) => {
                p { strong { "Can’t read " (objects.join(", ")) " at present." }
                    " Edits wait in the queue, nothing is lost. The next try is "
                    @match next { Some(at) if *at > now => (ago(*at, now)), _ => "due" }
                    "; “Sync now” tries at once. " a href="/logs?status=failed" { "What the CRM said" } }
            }
        }
    }
}

fn status_text(shell: &Shell, overview: &Overview) -> Markup {
    html! {
        @match &overview.state {
            SyncState::NotConnected => {
                h2 { "No user connected" }
                p { "CRM Sync can’t be enabled until a user connects to Salesforce." }
            }
            SyncState::NotConfigured => {
                h2 { "Not configured in CRM Sync" }
                p { "A user is connected, and nothing moves yet. Choose the connector and turn the sync on." }
            }
            SyncState::Enabled { using } => {
                h2 { "Enabled using " (using) }
                @match Hitch::of(overview) {
                    Some(hitch) => (hitch_text(&hitch, shell.now)),
                    None => p { "Changes move both ways by the field mapping." },
                }
            }
            SyncState::ConnectionLost { using, message, hint, since, .. } => {
                h2 { "Connection lost for Main CRM Connector" }
                p { strong { (using) } " was cut off " (ago(*since, shell.now)) ": " (message) }
                p { (hint) }
            }
        }
    }
}

fn status_action(state: &SyncState) -> Markup {
    html! {
        @match state {
            SyncState::NotConnected => a class="button" href="/connect" { "Connect Salesforce" },
            SyncState::NotConfigured => {
                a class="button" href="/sync?edit=connector" { "Set up CRM Sync" }
                a class="button secondary" href="/sync/rehearsal" { "Rehearse the first run" }
            }
            SyncState::Enabled { .. } => {
                a class="button secondary" href="/sync?edit=connector" { (icon(Icon::Edit)) "Edit" }
            }
            SyncState::ConnectionLost { .. } => {
                a class="button" href="/connect" { "Reconnect" }
                a class="button secondary" href="/sync?edit=connector" { "Choose another" }
            }
        }
    }
}
