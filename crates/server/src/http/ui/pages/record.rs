//! One record: what waits for a person, each field on both sides with where its value came from, and
//! the record's history.

use super::records::place;
use super::{record_fields, record_waiting};
use crate::app::records::RecordDetail;
use crate::http::ui::parts::badge::{self, Tone};
use crate::http::ui::parts::form::{FieldError, button_post};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::log_table::{log_table, plural};
use crate::http::ui::parts::text::{code, outside};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};
use std::collections::BTreeMap;
use tandem_core::ids::UserId;
use tandem_core::record::{ArchiveCause, Archived};
use tandem_core::write::IntentState;
use tandem_store::views::LinkStatus;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RecordView {
    /// The record.
    pub detail: RecordDetail,
    /// The fields are inputs.
    pub editing: bool,
    /// What was typed, by field, after a refused save.
    pub typed: BTreeMap<String, String>,
    /// What was wrong with it.
    pub errors: Vec<FieldError>,
    /// Names of the team's users, for “changed by”.
    pub users: BTreeMap<UserId, String>,
}

impl RecordView {
    /// The address of the record's page.
    pub fn path(&self) -> String {
        let record = &self.detail.page.record;
        format!("/{}/{}", plural(record.kind).unwrap_or_default(), record.id)
    }
}

/// Draws it.
pub fn page(shell: &Shell, view: &RecordView) -> Markup {
    let body = html! {
        @if let Some(archived) = &view.detail.page.record.archived { (in_archive(shell, view, archived)) }
        @if !view.editing { (record_waiting::cards(shell, view)) }
        (facts(shell, view))
        (record_fields::card(shell, view))
        (history(shell, view))
    };
    framed(
        shell,
        &Page {
            place: place(view.detail.page.record.kind),
            title: &view.detail.page.name,
            lead: standing(view),
            actions: actions(shell, view),
            body,
        },
    )
}

fn standing(view: &RecordView) -> Markup {
    let page = &view.detail.page;
    html! {
        p class="lead" {
            (badge::link(page.status))
            @if page.record.archived.is_some() { " " (badge::badge(Tone::Quiet, "Archived")) }
        }
    }
}

fn actions(shell: &Shell, view: &RecordView) -> Markup {
    html! {
        @if let Some(url) = &view.detail.crm_url {
            (outside(url, "Open in the CRM"))
        }
        @if view.detail.page.status == LinkStatus::Refused {
            (button_post(&format!("{}/retry", view.path()), &shell.csrf, &html! {
                button type="submit" class="secondary" { (icon(Icon::Retry)) "Retry" }
            }))
        }
        @if !view.editing && view.detail.page.record.archived.is_none() {
            a class="button" href={ (view.path()) "?edit=yes" } { (icon(Icon::Edit)) "Edit" }
        }
    }
}

fn facts(shell: &Shell, view: &RecordView) -> Markup {
    let page = &view.detail.page;
    html! {
        section class="card" {
            dl class="facts" {
                (fact("CRM record", &crm_record(view)))
                @if let Some(crm) = &page.crm {
                    (fact("Changed in the CRM", &ago(crm.modified_at, shell.now)))
                    (fact("Read from the CRM", &ago(crm.observed_at, shell.now)))
                }
                (fact("Changed in the workspace", &ago(page.record.updated_at, shell.now)))
                (fact("Waiting", &under_way(shell, view)))
            }
        }
    }
}

/// Why the record can't be edited, and where it went on.
fn in_archive(shell: &Shell, view: &RecordView, archived: &Archived) -> Markup {
    let kind = view.detail.page.record.kind;
    callout(
        Tone::Warn,
        &html! {
            strong { "Archived " (ago(archived.at, shell.now)) ". " }
            @match archived.cause {
                ArchiveCause::Deleted => {
                    "Its record was deleted in the CRM. If it is restored there, this one comes back by itself."
                }
                ArchiveCause::MergedInto(other) => {
                    "It was merged into "
                    a href={ "/" (plural(kind).unwrap_or_default()) "/" (other) } { (kind) " " (other) }
                    ", as the CRM did."
                }
            }
            " It is not edited, and nothing syncs from it."
        },
    )
}

fn fact(term: &str, detail: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (detail) } } }
}

fn crm_record(view: &RecordView) -> Markup {
    html! {
        @match &view.detail.page.link {
            Some(link) => { (link.object) " " @if let Some(id) = &link.crm { (code(id.as_str())) } @else { "not created yet" } }
            None => "none",
        }
    }
}

/// What the machine will do next with this record.
fn under_way(shell: &Shell, view: &RecordView) -> Markup {
    let page = &view.detail.page;
    html! {
        @match (&page.intent, page.due_at) {
            (Some(intent), _) => @match intent.state {
                IntentState::Pending => "a write to the CRM, not sent yet",
                IntentState::Sending => "a write to the CRM, under way",
                IntentState::Doubtful => "a write whose answer was lost; it is looked up before anything is sent again",
            },
            (None, _) if matches!(page.status, LinkStatus::Held | LinkStatus::Refused) => "for a person to act",
            (None, Some(at)) if at > shell.now => { "to be looked at " (ago(at, shell.now)) }
            (None, Some(_)) => "to be looked at now",
            (None, None) if page.status == LinkStatus::Unlinked => "nothing; it is unlinked",
            (None, None) => "nothing; both sides are settled",
        }
    }
}

fn history(shell: &Shell, view: &RecordView) -> Markup {
    let page = &view.detail.page;
    let all = html! {
        a class="button plain small" href={ "/logs/undo?record=" (page.record.id) } { (icon(Icon::Undo)) "Undo" }
        a class="button plain small" href={ "/logs?record=" (page.record.id) } { "In the log" }
    };
    let body = html! {
        @if page.log.is_empty() {
            (empty("No history yet", &html! { "Each change that the sync makes to this record gets an entry here." }))
        } @else {
            (log_table(&page.log, shell.now, false))
        }
    };
    card("History", &all, &body)
}
