//! The part of a record's page that asks for a person: held fields with their choice, and what the CRM
//! refused with the reason and the way out.

use super::record::RecordView;
use crate::app::records::FieldView;
use crate::http::ui::parts::badge::Tone;
use crate::http::ui::parts::form::{button_post, token};
use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Shell, callout, card};
use crate::http::ui::parts::text::{Shown, shown};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};
use tandem_core::error::ErrorClass;
use tandem_core::ids::PlanId;
use tandem_core::link::{HeldField, LinkState, ParkedLink};
use tandem_core::value::Value;
use tandem_store::views::Referenced;

/// A callout for the record, a form for each held field, and a callout for each refused one.
pub(super) fn cards(shell: &Shell, view: &RecordView) -> Markup {
    let link = view.detail.page.link.as_ref();
    let fields = &view.detail.fields;
    html! {
        @for plan in link.iter().flat_map(|link| &link.plans) { (held_by(*plan)) }
        @if link.is_some_and(|link| link.state == LinkState::Ambiguous) { (ambiguous()) }
        @if let Some(parked) = link.and_then(|link| link.parked.as_ref()) { (refused_record(shell, parked)) }
        @for field in fields {
            @if let Some(held) = &field.held { (held_field(shell, view, field, held)) }
        }
        @for field in fields {
            @if let Some(parked) = &field.parked {
                (refused(shell, view, &format!("{} was refused", field.label), parked.class, &parked.message, &parked.value))
            }
        }
    }
}

fn held_by(plan: PlanId) -> Markup {
    callout(
        Tone::Warn,
        &html! {
            p { a href={ "/plans/" (plan) } { "Plan " (plan) } " holds this record: far more records than normal would be touched in one way." }
            p { strong { "What to do: " } "decide on the plan. Nothing moves here until it is approved or no longer applies." }
        },
    )
}

fn ambiguous() -> Markup {
    callout(
        Tone::Warn,
        &html! {
            p { strong { (ErrorClass::CannotMatch.title()) } }
            p { (ErrorClass::CannotMatch.hint()) }
        },
    )
}

fn refused_record(shell: &Shell, parked: &ParkedLink) -> Markup {
    callout(
        Tone::Bad,
        &html! {
            p { strong { (parked.class.title()) } ", " (ago(parked.since, shell.now)) }
            @if !parked.message.is_empty() { p class="wrap" { "The CRM’s words: “" (parked.message) "”" } }
            p { strong { "What to do: " } (parked.class.hint()) }
            @if let Some(log) = parked.log { p { a href={ "/logs/" (log) } { "The entry with the details" } } }
        },
    )
}

fn refused(
    shell: &Shell,
    view: &RecordView,
    title: &str,
    class: ErrorClass,
    words: &str,
    value: &Value,
) -> Markup {
    callout(
        Tone::Bad,
        &html! {
            p { strong { (title) } ": " (class.title()) }
            p { "The value: " (shown(&Shown::from(value))) }
            @if !words.is_empty() { p class="wrap" { "The CRM’s words: “" (words) "”" } }
            p { strong { "What to do: " } (class.hint()) }
            (button_post(&format!("{}/retry", view.path()), &shell.csrf, &html! {
                button type="submit" class="secondary small" { (icon(Icon::Retry)) "Retry" }
            }))
        },
    )
}

fn held_field(shell: &Shell, view: &RecordView, field: &FieldView, held: &HeldField) -> Markup {
    let error = view.errors.iter().find(|error| error.field == field.name);
    let body = html! {
        p { "Both sides changed this field, and its rule says that a person decides. Held " (ago(held.since, shell.now)) "." }
        form method="post" action={ (view.path()) "/resolve" } {
            (token(&shell.csrf))
            input type="hidden" name="field" value=(field.name);
            input type="hidden" name="seen_crm" value=(held.crm.to_string());
            fieldset class="sides" {
                legend class="hidden" { "Which value shall both sides have?" }
                (side("crm", "The CRM’s value", &named(&held.crm, view)))
                (side("workspace", "The workspace’s value", &named(&held.workspace, view)))
                label class="side" {
                    input type="radio" name="choice" value="value" required checked[error.is_some()];
                    span { strong { "Another value" }
                        input type="text" name="value" data-chooses="value" aria-label={ "Another value for " (field.label) }
                            value=[view.typed.get(&field.name)] maxlength="32000" aria-invalid=[error.map(|_| "true")];
                        @if let Some(error) = error { small class="error" { (error.message) } }
                    }
                }
            }
            button type="submit" { "Settle " (field.label) }
        }
    };
    card(
        &format!("{}: choose a value", field.label),
        &html! {},
        &body,
    )
}

/// Neither side is chosen beforehand: what is settled was decided by somebody.
fn side(value: &str, label: &str, text: &Shown) -> Markup {
    html! {
        label class="side" {
            input type="radio" name="choice" value=(value) required;
            span { strong { (label) } (shown(text)) }
        }
    }
}

/// A value whose reference is replaced by the name of what it refers to.
pub(super) fn named(value: &Value, view: &RecordView) -> Shown {
    let Value::Reference(_) = value else {
        return Shown::from(value);
    };
    let text = value.to_string();
    let Some(Referenced { name, record }) = view.detail.page.names.get(&text) else {
        return Shown::text(text);
    };
    Shown {
        text: name.clone(),
        href: record
            .and_then(|(kind, id)| crate::http::ui::parts::log_table::record_href(kind, id)),
    }
}
