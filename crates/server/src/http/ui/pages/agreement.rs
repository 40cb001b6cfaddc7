//! Agreement: do both sides hold the same, and where not, why. The figure that everybody asks for, with
//! the names behind it.

use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::form::button_post;
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::log_table::plural;
use crate::http::ui::parts::text::{Shown, counted, field_label, grouped, shown};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};
use tandem_core::agreement::{Agreement, Difference, NAMED_MAX, Standing};
use tandem_core::value::Value;

/// Draws it; `None` before the first comparison.
pub fn page(shell: &Shell, found: Option<&Agreement>) -> Markup {
    let body = html! {
        // Asks for the page again and puts its own part in place.
        div id="live" hx-get="/agreement" hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
            @match found {
                None => (card("Both sides", &html! {}, &empty("Not compared yet", &html! {
                    "Tandem compares every mapped field of every linked record each hour. "
                    "“Compare now” does it at once; it costs no API call."
                }))),
                Some(found) => {
                    (figures(shell, found))
                    (differences(found))
                }
            }
        }
    };
    let lead = html! {
        p class="lead" {
            "Every mapped field of every linked record, the CRM as it was last read."
        }
    };
    let actions = button_post(
        "/agreement/check",
        &shell.csrf,
        &html! {
            button type="submit" class="secondary" { "Compare now" }
        },
    );
    framed(
        shell,
        &Page {
            place: Place::Agreement,
            title: "Agreement",
            lead,
            actions,
            body,
        },
    )
}

fn figures(shell: &Shell, found: &Agreement) -> Markup {
    let rest = found.pairs - found.agreed;
    let tone = match (found.count(Standing::Unexplained), rest + found.one_sided) {
        (0, 0) => Tone::Good,
        (0, _) => Tone::Warn,
        _ => Tone::Bad,
    };
    let body = html! {
        p class="figure" {
            strong class="num" { (grouped(found.agreed)) } " of "
            span class="num" { (counted(found.pairs, "linked record")) } " agree in every mapped field "
            (badge(tone, match tone {
                Tone::Good => "In agreement",
                Tone::Warn => "Differences have a reason",
                _ => "Differences without a reason",
            }))
        }
        div class="table-wrap" {
            table {
                thead { tr { th { "How a field stands" } th class="end" { "Fields" } } }
                tbody {
                    @for standing in Standing::ALL {
                        tr { td { (standing.label()) } td class="end num" { (grouped(found.count(standing))) } }
                    }
                }
            }
        }
        @if found.one_sided > 0 {
            p { (counted(found.one_sided, "record")) " on one side only: deleted on the other, or not made there yet." }
        }
        @if found.unlinked > 0 {
            p class="muted" { (counted(found.unlinked, "unlinked record")) "; nothing moves there." }
        }
    };
    let compared = html! {
        @if let Some(at) = found.at { span class="muted" { "Compared " (ago(at, shell.now)) } }
    };
    card("Both sides", &compared, &body)
}

fn differences(found: &Agreement) -> Markup {
    let body = html! {
        @if found.named.is_empty() {
            (empty("Nothing differs", &html! { "Where both sides hold different values, a rule of the mapping says so." }))
        } @else {
            @if found.count(Standing::Unexplained) > 0 {
                (callout(Tone::Bad, &html! {
                    "Fields differed and nothing was on its way. They are decided again; the "
                    a href="/logs?source=tandem&status=failed" { "sync log" } " tells how it ends."
                }))
            }
            div class="table-wrap" {
                table class="stack" {
                    thead { tr { th { "Record" } th { "Field" } th { "In the CRM" } th { "In the workspace" } th { "Why" } } }
                    tbody { @for one in &found.named { (line(one)) } }
                }
            }
            p class="muted" { "At most " (NAMED_MAX) " of each reason are listed; the figures count them all." }
        }
    };
    card("What differs", &html! {}, &body)
}

fn line(one: &Difference) -> Markup {
    let tone = match one.standing {
        Standing::Unexplained => Tone::Bad,
        Standing::Held | Standing::Refused => Tone::Warn,
        _ => Tone::Quiet,
    };
    let kind = one.record.map(|(kind, _)| kind);
    let list = one.record.and_then(|(kind, id)| Some((plural(kind)?, id)));
    html! {
        tr {
            td data-label="Record" class="wrap" {
                @match list {
                    Some((list, id)) => a href={ "/" (list) "/" (id) } { (one.name) },
                    None => (one.name),
                }
                " " span class="muted" { (one.object) }
            }
            td data-label="Field" { @match &one.field { Some(field) => (field_label(kind, field)), None => "The whole record" } }
            td data-label="In the CRM" class="wrap" { (value(one, &one.crm)) }
            td data-label="In the workspace" class="wrap" { (value(one, &one.workspace)) }
            td data-label="Why" { (badge(tone, one.standing.label())) }
        }
    }
}

/// Nothing, where the record as a whole is missing.
fn value(one: &Difference, value: &Value) -> Markup {
    html! { @if one.field.is_some() { (shown(&Shown::from(value))) } }
}
