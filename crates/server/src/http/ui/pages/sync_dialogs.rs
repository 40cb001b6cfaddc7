//! The dialogs of Sync Management: the connector and its toggle, the sync frequency with its cost, and
//! the API threshold. Each is opened by an address, so it also works without a script.

use crate::app::connectors::{ConnectorChoice, ConnectorList, ConnectorRole};
use crate::app::settings::FrequencyQuote;
use crate::http::ui::parts::badge::Tone;
use crate::http::ui::parts::form::{Choice, FieldError, form_errors, post, select};
use crate::http::ui::parts::layout::{callout, dialog};
use crate::http::ui::parts::text::grouped;
use crate::http::ui::parts::when::duration;
use maud::{Markup, html};
use tandem_core::ids::CrmObject;

/// The dialog that is open.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// The toggle and the connector.
    Connector(ConnectorDialog),
    /// How often each object is read.
    Frequency(FrequencyDialog),
    /// When the sync pauses to leave calls to others.
    Threshold(ThresholdDialog),
    /// Which objects are read from the beginning.
    ReadAgain(ReadAgainDialog),
}

/// The toggle and the connector.
#[derive(Clone, Debug, Default)]
pub struct ConnectorDialog {
    /// Whether the sync is on.
    pub enabled: bool,
    /// The connector in use, as people know it; `None` if nobody is connected.
    pub connector: Option<String>,
    /// It is cut off.
    pub lost: bool,
    /// Every connection, and who has none.
    pub list: ConnectorList,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// How often each object is read.
#[derive(Clone, Debug, Default)]
pub struct FrequencyDialog {
    /// Each synced object with its chosen seconds.
    pub rows: Vec<(CrmObject, u32)>,
    /// What each choice would cost if all objects had it, by its seconds.
    pub uniform: Vec<(u32, FrequencyQuote)>,
    /// What the choice in `rows` costs.
    pub quote: Option<FrequencyQuote>,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// The API threshold.
#[derive(Clone, Debug, Default)]
pub struct ThresholdDialog {
    /// Percent of the org's allowance, as typed.
    pub percent: String,
    /// The org's daily allowance, if known.
    pub allowance: Option<u64>,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// Which objects are read from the beginning.
#[derive(Clone, Debug, Default)]
pub struct ReadAgainDialog {
    /// Each synced object with the number of its linked records.
    pub rows: Vec<(CrmObject, u64)>,
    /// What was wrong with the last try.
    pub errors: Vec<FieldError>,
}

/// Draws a dialog.
pub(super) fn draw(dialog: &Dialog, csrf: &str) -> Markup {
    match dialog {
        Dialog::Connector(view) => connector(view, csrf),
        Dialog::Frequency(view) => frequency(view, csrf),
        Dialog::Threshold(view) => threshold(view, csrf),
        Dialog::ReadAgain(view) => read_again(view, csrf),
    }
}

/// The value of the choice that connects as somebody else.
pub const OTHER_CONNECTOR: &str = "other";

fn connector(view: &ConnectorDialog, csrf: &str) -> Markup {
    let body = html! {
        (form_errors(&view.errors))
        @match (&view.connector, view.lost) {
            (None, _) => (callout(Tone::Warn, &html! {
                "No user has a connection. " a href="/connect" { "Connect to Salesforce" } " first."
            })),
            (Some(using), true) => (callout(Tone::Bad, &html! {
                "The connection of " strong { (using) } " was lost. Re-establish it, or connect as another user of the same org."
            })),
            (Some(_), false) => {}
        }
        @if let Some(using) = &view.connector { (post("/sync/connector", csrf, &connector_fields(view, using))) }
    };
    self::dialog("CRM Sync", "/sync", &body)
}

fn connector_fields(view: &ConnectorDialog, using: &str) -> Markup {
    let current = if view.lost {
        format!("Re-establish {using}")
    } else {
        using.to_owned()
    };
    let others = view.list.choices.iter();
    let others = others.filter(|one| one.role != ConnectorRole::Main);
    let works = others.clone().filter(|one| one.problem.is_none());
    let named = |one: &ConnectorChoice| -> Choice { (one.id.to_string(), one.username.clone()) };
    let mut choices: Vec<Choice> = vec![("current".to_owned(), current)];
    choices.extend(works.map(named));
    choices.push((
        OTHER_CONNECTOR.to_owned(),
        "Connect as another CRM user…".to_owned(),
    ));
    let refused: Vec<(&str, &str)> = others
        .filter_map(|one| Some((one.username.as_str(), one.problem.as_deref()?)))
        .chain(
            view.list
                .missing
                .iter()
                .map(|one| (one.email.as_str(), one.reason.as_str())),
        )
        .collect();
    html! {
        label class="switch" {
            input type="checkbox" role="switch" name="enabled" value="on" checked[view.enabled];
            span { strong { "Enable CRM Sync" } small { "While it is off, edits wait and nothing is read." } }
        }
        (select("connector", "Main CRM Connector", &choices, "current"))
        p class="muted" {
            "All updates in the CRM are made as this user, with this user’s rights. "
            "Choosing another one tries it first, for two API calls."
        }
        @if !refused.is_empty() {
            details {
                summary { "Who can’t be chosen, and why" }
                ul { @for (who, why) in &refused { li { strong { (who) } " " (why) } } }
            }
        }
        (buttons())
    }
}

fn frequency(view: &FrequencyDialog, csrf: &str) -> Markup {
    let fields = html! {
        (form_errors(&view.errors))
        p class="muted" { "How often changes are read from the CRM. Edits made in the workspace go out at once, whatever you choose." }
        fieldset id="frequency-choice" hx-get="/sync?edit=frequency" hx-trigger="change" hx-include="#frequency-choice input"
            hx-target="#quote" hx-select="#quote" hx-swap="outerMorph" hx-sync="this:replace" {
            table class="choices" {
                thead { tr {
                    th { "Object" }
                    @for (seconds, _) in &view.uniform { th { "Every " (duration(u64::from(*seconds))) } }
                } }
                tbody { @for (object, chosen) in &view.rows { (frequency_line(object, *chosen, view)) } }
                tfoot { tr {
                    th scope="row" { "All alike, calls a day" }
                    @for (_, quote) in &view.uniform { td class="num" { (grouped(quote.calls_per_day)) } }
                } }
            }
        }
        (quote(view.quote.as_ref()))
        (buttons())
    };
    dialog(
        "Sync frequency",
        "/sync",
        &post("/sync/frequency", csrf, &fields),
    )
}

fn frequency_line(object: &CrmObject, chosen: u32, view: &FrequencyDialog) -> Markup {
    html! {
        tr {
            th scope="row" { (object) }
            @for (seconds, _) in &view.uniform {
                td {
                    input type="radio" name=(object) value=(seconds) checked[*seconds == chosen]
                        aria-label={ (object) ", every " (duration(u64::from(*seconds))) };
                }
            }
        }
    }
}

fn quote(quote: Option<&FrequencyQuote>) -> Markup {
    html! {
        p id="quote" class="figure" aria-live="polite" {
            @if let Some(quote) = quote {
                "This choice costs " strong class="num" { (grouped(quote.calls_per_day)) } " API calls a day"
                @if let Some(permille) = quote.permille { ", " (permille / 10) "." (permille % 10) " % of the allowance" }
                ". " small { "Objects that are due together share a call; " (tandem_engine::feed_calls_per_day()) " are for deletions, and every record is read again once a day, where formulas are mapped every hour. Changed records come on top, and once a week one call for 2,000 records, to compare all." }
            }
        }
    }
}

fn threshold(view: &ThresholdDialog, csrf: &str) -> Markup {
    let error = view
        .errors
        .iter()
        .find(|error| error.field == "threshold_percent");
    let fields = html! {
        (form_errors(&view.errors))
        div class="field" {
            label for="threshold_percent" { "Pause scheduled sync at" }
            div class="with-unit" {
                input id="threshold_percent" name="threshold_percent" type="number" min="1" max="100" required value=(view.percent)
                    aria-invalid=[error.map(|_| "true")] aria-describedby="percent-note";
                span { "% of the org’s daily allowance" }
            }
            small id="percent-note" class=[error.map(|_| "error")] {
                @match (error, view.allowance) {
                    (Some(error), _) => (error.message),
                    (None, Some(calls)) => { "The org allows " (grouped(calls)) " calls in 24 hours, for all its programs together." }
                    (None, None) => "The org’s allowance is read with the first call.",
                }
            }
        }
        p class="muted" { "When the org’s use reaches it, reading and writing wait and go on by themselves below it. Nothing is lost." }
        (buttons())
    };
    dialog(
        "API threshold",
        "/sync",
        &post("/sync/threshold", csrf, &fields),
    )
}

fn read_again(view: &ReadAgainDialog, csrf: &str) -> Markup {
    let fields = html! {
        (form_errors(&view.errors))
        p class="muted" {
            "Reads every record of the chosen objects, not only those that changed. Use it when something in the CRM may "
            "have changed without a trace, such as rights or a restored backup. Nothing is overwritten by it: "
            "the field mapping decides as always."
        }
        fieldset {
            legend { "Objects" }
            @for (object, linked) in &view.rows {
                label { input type="checkbox" name=(object) value="on" checked; (object) " " span class="muted" { "· " (grouped(*linked)) " linked" } }
            }
        }
        p class="muted" { "It costs about one API call for every 10,000 records in the CRM." }
        (buttons_to("Read again"))
    };
    dialog(
        "Read everything again",
        "/sync",
        &post("/sync/read-again", csrf, &fields),
    )
}

fn buttons() -> Markup {
    buttons_to("Save")
}

fn buttons_to(act: &str) -> Markup {
    html! {
        footer {
            a class="button secondary" href="/sync" { "Cancel" }
            button type="submit" { (act) }
        }
    }
}
