//! Sign-in. A refused try says the same whatever was wrong, so that addresses can't be guessed.

use crate::http::ui::parts::badge::Tone;
use crate::http::ui::parts::form::{FieldError, Input, form_errors, input};
use crate::http::ui::parts::layout::{Theme, bare, callout};
use maud::{Markup, html};

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct SignInPage {
    /// Colours.
    pub theme: Theme,
    /// The address as typed.
    pub email: String,
    /// Where to go afterwards: a path of this server.
    pub next: String,
    /// Told on top: signed out, or the session ended.
    pub notice: Option<String>,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// Draws it.
pub fn page(view: &SignInPage) -> Markup {
    let body = html! {
        h1 { "Sign in" }
        @if let Some(notice) = &view.notice { (callout(Tone::Info, &html! { (notice) })) }
        form method="post" action="/sign-in" {
            (form_errors(&view.errors))
            input type="hidden" name="next" value=(view.next);
            (input(Input { name: "email", label: "E-mail address", kind: "email", value: &view.email,
                help: "", autocomplete: "username" }, &view.errors))
            (input(Input { name: "password", label: "Password", kind: "password", value: "",
                help: "", autocomplete: "current-password" }, &view.errors))
            button type="submit" class="full" { "Sign in" }
        }
    };
    bare(view.theme, "Sign in", &body)
}
