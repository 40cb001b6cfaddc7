//! First run: nobody can sign in yet, so the first visitor makes the team and its administrator.

use crate::app::PASSWORD_CHARS_MIN;
use crate::http::ui::parts::form::{FieldError, Input, form_errors, input};
use crate::http::ui::parts::layout::{Theme, bare};
use maud::{Markup, html};

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct SetupPage {
    /// Colours.
    pub theme: Theme,
    /// The team's name as typed.
    pub team: String,
    /// The person's name as typed.
    pub name: String,
    /// The address as typed.
    pub email: String,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// Draws it.
pub fn page(view: &SetupPage) -> Markup {
    let body = html! {
        h1 { "Set up Tandem" }
        p class="lead" {
            "Name your team and make its first administrator. The next step connects your CRM; nothing syncs until you turn it on."
        }
        form method="post" action="/setup" {
            (form_errors(&view.errors))
            (input(Input { name: "team", label: "Team", kind: "text", value: &view.team,
                help: "As your colleagues know it, such as the company’s name.", autocomplete: "organization" }, &view.errors))
            (input(Input { name: "name", label: "Your name", kind: "text", value: &view.name,
                help: "Shown beside what you change.", autocomplete: "name" }, &view.errors))
            (input(Input { name: "email", label: "Your e-mail address", kind: "email", value: &view.email,
                help: "You sign in with it.", autocomplete: "username" }, &view.errors))
            (input(Input { name: "password", label: "Password", kind: "password", value: "",
                help: &format!("At least {PASSWORD_CHARS_MIN} characters. A few random words are best."),
                autocomplete: "new-password" }, &view.errors))
            button type="submit" class="full" { "Create the team" }
        }
    };
    bare(view.theme, "Set up", &body)
}
