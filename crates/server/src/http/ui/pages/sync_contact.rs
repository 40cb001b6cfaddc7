//! The alert contact on Sync Management: shown while sync is on, edited in place, saved by a check mark.

use crate::app::alerts::AlertRouting;
use crate::http::ui::parts::form::{FieldError, post};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::card;
use maud::{Markup, html};

/// Who is told of alerts.
#[derive(Clone, Debug)]
pub struct ContactView {
    /// As it stands.
    pub routing: AlertRouting,
    /// Set while it is edited.
    pub edit: Option<ContactEdit>,
}

/// The form in place.
#[derive(Clone, Debug)]
pub struct ContactEdit {
    /// What is in the input.
    pub typed: String,
    /// Addresses of the team's users, to choose from.
    pub users: Vec<String>,
    /// What was wrong with the last try.
    pub error: Option<FieldError>,
}

/// Draws it.
pub(super) fn draw(view: &ContactView, csrf: &str) -> Markup {
    let edit = html! {
        @if view.edit.is_none() {
            a class="button plain small" href="/sync?edit=alert-contact#alert-contact" { (icon(Icon::Edit)) "Edit" }
        }
    };
    let body = html! {
        @match &view.edit {
            Some(edit) => (form(view, edit, csrf)),
            None => (shown(&view.routing)),
        }
    };
    html! { div id="alert-contact" { (card("Alert contact", &edit, &body)) } }
}

fn shown(routing: &AlertRouting) -> Markup {
    html! {
        p class="wrap" {
            @match (&routing.chosen, &routing.contact) {
                (Some(chosen), _) => strong { (chosen) },
                (None, Some(contact)) => { strong { (contact) } " (the connector’s address)" }
                (None, None) => "The connector has no address: enter one.",
            }
            @if routing.mail.is_none() { " No mails are sent: no mail server is configured." }
            " " a href="/alerts" { "Alerts" }
        }
    }
}

fn form(view: &ContactView, edit: &ContactEdit, csrf: &str) -> Markup {
    let error = edit.error.as_ref();
    let connector = match (&view.routing.chosen, &view.routing.contact) {
        (None, Some(contact)) => contact.as_str(),
        _ => "the connector’s address",
    };
    let fields = html! {
        div class="field" {
            label for="address" { "E-mail address" }
            div class="in-place" {
                input id="address" name="address" type="email" maxlength="254" value=(edit.typed) list="users"
                    placeholder=(connector) autocomplete="off" autofocus
                    aria-invalid=[error.map(|_| "true")] aria-describedby="address-note";
                button type="submit" aria-label="Save" title="Save" { (icon(Icon::Check)) }
                a class="icon-button" href="/sync" aria-label="Cancel" title="Cancel" { (icon(Icon::Close)) }
            }
            datalist id="users" { @for user in &edit.users { option value=(user) {} } }
            small id="address-note" class=[error.map(|_| "error")] {
                @match error {
                    Some(error) => (error.message),
                    None => "Any address, or a user from the list. Empty: the connector’s.",
                }
            }
        }
    };
    post("/sync/alert-contact", csrf, &fields)
}
