//! The rehearsal of the first run: what turning sync on would link, make and change, object by object, with examples.

use crate::app::rehearsal::{CALLS_MAX, ROWS_PER_CALL, RehearsalState};
use crate::http::ui::pages::sync_cards::kind_label;
use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::form::button_post;
use crate::http::ui::parts::layout::{Page, Place, Shell, callout, card, empty, page as framed};
use crate::http::ui::parts::log_table::plural;
use crate::http::ui::parts::text::{Shown, code, counted, field_label, grouped, sentence, shown};
use crate::http::ui::parts::when::ago;
use maud::{Markup, html};
use tandem_core::rehearsal::{Act, Change, EXAMPLES_MAX, Example, ObjectRehearsal, Rehearsal};
use tandem_core::workspace::Kind;

/// Draws it; `refused` says why none can be made now.
pub fn page(shell: &Shell, state: &RehearsalState, refused: Option<&str>) -> Markup {
    let lead = html! {
        p class="lead" {
            "What turning sync on would do, found out on your real records. Nothing is written, in the CRM or here."
        }
    };
    let body = html! {
        // Asks for the page again and puts its own part in place.
        div id="live" hx-get="/sync/rehearsal" hx-trigger="every 3s" hx-select="#live" hx-swap="outerMorph" {
            @if let Some(reason) = refused {
                (callout(Tone::Info, &html! { strong { "None can be made now. " } (sentence(reason)) }))
            }
            (told(shell, state))
            @match &state.last {
                Some(found) => @for object in &found.objects { (object_card(object)) },
                None if state.asked_at.is_none() => (how()),
                None => {}
            }
        }
    };
    framed(
        shell,
        &Page {
            place: Place::Sync,
            title: "Rehearsal of the first run",
            lead,
            actions: actions(shell, state, refused.is_none()),
            body,
        },
    )
}

fn actions(shell: &Shell, state: &RehearsalState, may_ask: bool) -> Markup {
    let again = if state.last.is_some() {
        "Rehearse again"
    } else {
        "Rehearse"
    };
    html! {
        @if may_ask && state.asked_at.is_none() {
            (button_post("/sync/rehearsal", &shell.csrf, &html! { button type="submit" { (again) } }))
        }
        a class="button secondary" href="/sync" { "Back" }
    }
}

fn told(shell: &Shell, state: &RehearsalState) -> Markup {
    html! {
        @if let Some(at) = state.asked_at {
            (callout(Tone::Info, &html! {
                strong { "Under way" } ", asked for " (ago(at, shell.now)) ". Every record of the mapped objects is read; "
                "what it finds appears here."
            }))
        } @else if let Some(reason) = &state.failed {
            (callout(Tone::Bad, &html! {
                strong { "The last rehearsal found nothing. " } (sentence(reason))
            }))
        }
        @if let Some(found) = &state.last { (summary(shell, found)) }
    }
}

fn summary(shell: &Shell, found: &Rehearsal) -> Markup {
    html! {
        p class="muted" {
            @if let Some(at) = found.at { "Rehearsed " (ago(at, shell.now)) ", " }
            "for " (counted(u64::from(found.calls), "API call")) ". Whatever changes until sync is turned on is not in it; nor is "
            "what the CRM refuses only when it is asked, such as by a validation rule."
        }
    }
}

fn how() -> Markup {
    let calls = u64::from(CALLS_MAX);
    card(
        "What it costs",
        &html! {},
        &empty(
            "Not rehearsed yet",
            &html! {
                "The CRM’s records are read as the first run would read them: one API call reads up to "
                (grouped(u64::from(ROWS_PER_CALL))) " records of every object, and " (counted(calls, "call"))
                " at most are made. Both sides are then compared in a copy of Tandem’s database, which is deleted afterwards."
            },
        ),
    )
}

fn object_card(one: &ObjectRehearsal) -> Markup {
    let body = html! {
        @if !one.complete {
            (callout(Tone::Warn, &html! {
                "Only those were looked at that changed longest ago; the CRM has more of them."
            }))
        }
        @if one.acts.is_empty() && one.left_there == 0 { p { "Nothing would happen." } } @else { (acts(one)) }
        @if !one.examples.is_empty() { (examples(one)) }
    };
    let rows = html! {
        span class="muted" {
            (counted(one.rows, "record")) @if one.complete { " in the CRM" } @else { " looked at" }
        }
    };
    let title = format!("{} · {}", one.object, kind_label(one.kind));
    card(&title, &rows, &body)
}

fn acts(one: &ObjectRehearsal) -> Markup {
    html! {
        div class="table-wrap" {
            table class="stack" {
                thead { tr { th { "What would happen" } th class="end" { "Records" } } }
                tbody {
                    @for act in Act::ALL.iter().filter(|act| one.count(**act) > 0) { (act_line(one, *act)) }
                    @if one.left_there > 0 {
                        tr {
                            td data-label="Act" { "Stay in the CRM alone: the mapping does not import" }
                            td data-label="Records" class="end num" { (grouped(one.left_there)) }
                        }
                    }
                }
            }
        }
    }
}

fn act_line(one: &ObjectRehearsal, act: Act) -> Markup {
    let values = match act {
        Act::ChangeHere => Some(one.values_here),
        Act::ChangeThere => Some(one.values_there),
        _ => None,
    };
    html! {
        tr {
            td data-label="Act" class="wrap" {
                (badge(tone(act), act.label()))
                @if let Some(values) = values { " " small class="muted" { (counted(values, "value")) } }
                @if let Some(why) = why(act) { " " small class="muted" { (why) } }
                @if act == Act::Link {
                    @for (key, records) in &one.keys { " " small class="muted" { (grouped(*records)) " by " (key) } }
                }
            }
            td data-label="Records" class="end num" { (grouped(one.count(act))) }
        }
    }
}

/// What is not plain from the act's name.
fn why(act: Act) -> Option<&'static str> {
    match act {
        Act::Choose => Some("nothing is linked to a first hit: a person chooses"),
        Act::Hold => Some("both sides hold different values"),
        Act::Refuse => Some("they are set aside, the other values go"),
        _ => None,
    }
}

fn tone(act: Act) -> Tone {
    match act {
        Act::Link => Tone::Good,
        Act::MakeHere | Act::MakeThere | Act::ChangeHere | Act::ChangeThere => Tone::Info,
        Act::Choose | Act::Hold | Act::Refuse => Tone::Warn,
    }
}

fn examples(one: &ObjectRehearsal) -> Markup {
    html! {
        details {
            summary { "Examples, at most " (EXAMPLES_MAX) " of each" }
            div class="table-wrap" {
                table class="stack" {
                    thead { tr { th { "Record" } th { "What would happen" } th { "Values" } } }
                    tbody { @for example in &one.examples { (example_line(one.kind, example)) } }
                }
            }
        }
    }
}

fn example_line(kind: Kind, one: &Example) -> Markup {
    let place = one.record.and_then(|(kind, id)| Some((plural(kind)?, id)));
    html! {
        tr {
            td data-label="Record" class="wrap" {
                @match place {
                    Some((list, id)) => a href={ "/" (list) "/" (id) } { (one.name) },
                    None => (one.name),
                }
                @if let Some(id) = &one.crm_id { " " (code(id.as_str())) }
            }
            td data-label="Act" {
                (one.act.label())
                @if let Some(key) = &one.key { " (" (key) ")" }
            }
            td data-label="Values" class="wrap" { @for change in &one.changes { (change_line(kind, change)) } }
        }
    }
}

fn change_line(kind: Kind, change: &Change) -> Markup {
    html! {
        p {
            (field_label(Some(kind), &change.field)) ": " (shown(&Shown::from(&change.before))) " → " (shown(&Shown::from(&change.after)))
        }
    }
}
