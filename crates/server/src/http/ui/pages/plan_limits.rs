//! The limits of the brake: what passes unasked, shown below the held plans and set in a dialog.

use crate::app::{AppError, AppResult};
use crate::http::ui::parts::badge::{Tone, badge};
use crate::http::ui::parts::form::{FieldError, form_errors, post};
use crate::http::ui::parts::layout::{card, dialog};
use crate::http::ui::parts::text::grouped;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::str::FromStr;
use tandem_core::brake::{BrakeSettings, Effect};

const ENABLED: &str = "enabled";
const TIMES_NORMAL: &str = "times_normal";

/// Draws the limits as they stand.
pub(super) fn shown(brake: &BrakeSettings) -> Markup {
    let edit =
        html! { a class="button plain small" href="/plans?edit=limits" { "Change the limits" } };
    let body = html! {
        @if brake.enabled {
            p class="muted" {
                "Within two hours the greatest of these passes; what goes beyond waits for an administrator. A normal hour is "
                "learned: the median, over 28 days, of each day’s busiest hour."
            }
            div class="table-wrap" {
                table class="stack" {
                    thead { tr { th { "What is done" } th class="end" { "Records" } th class="end" { "Share of linked records" } th class="end" { "Normal hours" } } }
                    tbody {
                        @for effect in Effect::ALL {
                            tr {
                                td data-label="What is done" { (effect.label()) }
                                td data-label="Records" class="end num" { (grouped(u64::from(brake.limit(*effect).records))) }
                                td data-label="Share of linked" class="end num" { (brake.limit(*effect).percent) " %" }
                                td data-label="Normal hours" class="end num" { (brake.times_normal) " times" }
                            }
                        }
                    }
                }
            }
        } @else {
            p { (badge(Tone::Warn, "Off")) " Nothing is held: whatever the mapping decides is done at once, however much it is." }
        }
    };
    card("What passes unasked", &edit, &body)
}

/// The form that sets the limits: what is typed, and what was wrong with the last try.
#[derive(Clone, Debug)]
pub struct LimitsForm {
    typed: BTreeMap<String, String>,
    /// What was wrong.
    pub errors: Vec<FieldError>,
}

impl LimitsForm {
    /// Filled with the limits as they stand.
    pub fn of(brake: &BrakeSettings) -> Self {
        let mut typed = BTreeMap::from([(TIMES_NORMAL.into(), brake.times_normal.to_string())]);
        if brake.enabled {
            typed.insert(ENABLED.into(), "on".into());
        }
        for effect in Effect::ALL {
            let limit = brake.limit(*effect);
            typed.insert(records(*effect), limit.records.to_string());
            typed.insert(percent(*effect), limit.percent.to_string());
        }
        Self::typed(typed)
    }

    /// As somebody sent it.
    pub fn typed(typed: BTreeMap<String, String>) -> Self {
        Self {
            typed,
            errors: Vec::new(),
        }
    }

    /// The limits that it holds.
    ///
    /// # Errors
    /// `Invalid` with the name of an input that holds no number.
    pub fn brake(&self) -> AppResult<BrakeSettings> {
        let mut brake = BrakeSettings {
            enabled: self.typed.contains_key(ENABLED),
            times_normal: self.number(TIMES_NORMAL, "times a normal hour")?,
            ..BrakeSettings::default()
        };
        for effect in Effect::ALL {
            let limit = brake.limit_mut(*effect);
            limit.records = self.number(&records(*effect), effect.label())?;
            limit.percent = self.number(&percent(*effect), effect.label())?;
        }
        Ok(brake)
    }

    fn number<N: FromStr>(&self, name: &str, what: &str) -> AppResult<N> {
        self.value(name).trim().parse().map_err(|_| {
            let text = format!("{what}: “{}” is no number that fits here", self.value(name));
            AppError::invalid(name, text)
        })
    }

    fn value(&self, name: &str) -> &str {
        self.typed.get(name).map_or("", String::as_str)
    }

    /// Draws it as a dialog. Its errors stand on top: each names the row that it is about.
    pub(super) fn draw(&self, csrf: &str) -> Markup {
        let on_top: Vec<FieldError> = self
            .errors
            .iter()
            .map(|error| FieldError {
                field: String::new(),
                message: error.message.clone(),
            })
            .collect();
        let fields = html! {
            (form_errors(&on_top))
            label class="switch" {
                input type="checkbox" role="switch" name=(ENABLED) value="on" checked[self.typed.contains_key(ENABLED)];
                span { strong { "Hold what is far more than normal" } small { "Off, everything is done at once." } }
            }
            table class="choices" {
                thead { tr { th { "What is done" } th { "Records" } th { "% of linked" } } }
                tbody { @for effect in Effect::ALL { (self.row(*effect)) } }
            }
            div class="field" {
                label for=(TIMES_NORMAL) { "Or so many times a normal hour" }
                (self.input(TIMES_NORMAL, "Times a normal hour", (1, 100)))
            }
            footer {
                a class="button secondary" href="/plans" { "Cancel" }
                button type="submit" { "Save" }
            }
        };
        dialog(
            "What passes unasked",
            "/plans",
            &post("/plans/limits", csrf, &fields),
        )
    }

    fn row(&self, effect: Effect) -> Markup {
        let label = effect.label();
        html! {
            tr {
                th scope="row" { (label) }
                td { (self.input(&records(effect), &format!("{label}: records"), (1, u32::MAX))) }
                td { (self.input(&percent(effect), &format!("{label}: percent of the linked records"), (0, 100))) }
            }
        }
    }

    fn input(&self, name: &str, label: &str, (min, max): (u32, u32)) -> Markup {
        // An error names an input, or the effect whose inputs they are.
        let about = |error: &FieldError| !error.field.is_empty() && name.starts_with(&error.field);
        let wrong = self.errors.iter().any(about);
        html! {
            input id=(name) name=(name) type="number" required min=(min) max=(max) value=(self.value(name))
                aria-label=(label) aria-invalid=[wrong.then_some("true")];
        }
    }
}

fn records(effect: Effect) -> String {
    format!("{}_records", effect.as_str())
}

fn percent(effect: Effect) -> String {
    format!("{}_percent", effect.as_str())
}
