//! Forms: every one carries the session's token, every input its label, every error its field.

use crate::http::csrf::FORM_TOKEN;
use maud::{Markup, html};

/// A field's error after a refused submit: which field, and what is wrong with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// Name of the input; empty for the form as a whole.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// A form that changes something. The token proves that our own page sent it.
pub fn post(action: &str, csrf: &str, body: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            (token(csrf))
            (body)
        }
    }
}

/// The hidden input of the token, for forms that are laid out by hand.
pub fn token(csrf: &str) -> Markup {
    html! { input type="hidden" name=(FORM_TOKEN) value=(csrf); }
}

/// A form that is one button.
pub fn button_post(action: &str, csrf: &str, button: &Markup) -> Markup {
    html! {
        form class="inline" method="post" action=(action) {
            (token(csrf))
            (button)
        }
    }
}

/// What an [`input`] is.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its name in the form, and its id.
    pub name: &'a str,
    /// Its label.
    pub label: &'a str,
    /// The HTML type: `text`, `email`, `password`, `number` …
    pub kind: &'a str,
    /// What it holds already.
    pub value: &'a str,
    /// One line below it.
    pub help: &'a str,
    /// The `autocomplete` token, so that password managers know it.
    pub autocomplete: &'a str,
}

/// A labelled input that must be filled, with the error that names it below.
pub fn input(input: Input<'_>, errors: &[FieldError]) -> Markup {
    let error = errors.iter().find(|error| error.field == input.name);
    let note = format!("{}-note", input.name);
    html! {
        div class="field" {
            label for=(input.name) { (input.label) }
            input id=(input.name) name=(input.name) type=(input.kind) value=(input.value) required
                autocomplete=(input.autocomplete) maxlength="254"
                aria-invalid=[error.map(|_| "true")] aria-describedby=(note);
            (note_of(&note, error, input.help))
        }
    }
}

fn note_of(id: &str, error: Option<&FieldError>, help: &str) -> Markup {
    html! {
        @if let Some(error) = error {
            small id=(id) class="error" { (error.message) }
        } @else {
            small id=(id) { (help) }
        }
    }
}

/// The errors that belong to no input, as an alert on top of the form.
pub fn form_errors(errors: &[FieldError]) -> Markup {
    html! {
        @for error in errors.iter().filter(|error| error.field.is_empty()) {
            (super::layout::callout(super::badge::Tone::Bad, &html! { (error.message) }))
        }
    }
}

/// A choice of a [`select`]: its value and what people read.
pub type Choice = (String, String);

/// A labelled drop-down.
pub fn select(name: &str, label: &str, choices: &[Choice], chosen: &str) -> Markup {
    html! {
        div class="field" {
            label for=(name) { (label) }
            (bare_select(name, name, label, choices, chosen))
        }
    }
}

/// A drop-down without a visible label, for table cells: it is named by `label` for screen readers.
pub fn bare_select(id: &str, name: &str, label: &str, choices: &[Choice], chosen: &str) -> Markup {
    html! {
        select id=(id) name=(name) aria-label=(label) {
            @for (value, text) in choices {
                option value=(value) selected[value == chosen] { (text) }
            }
        }
    }
}
