//! Values a record implies: full names, and what the stage, amount and close date of an opportunity mean.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Draft, Verb};
use crate::world::schema::{FieldNo, ObjectDef};
use crate::world::{Value, World};

/// What a stage of the standard sales process implies.
pub(in crate::world) struct Stage {
    pub(in crate::world) name: &'static str,
    pub(in crate::world) probability_percent: u32,
    pub(in crate::world) forecast: &'static str,
    pub(in crate::world) closed: bool,
    pub(in crate::world) won: bool,
}

const fn open(name: &'static str, probability_percent: u32) -> Stage {
    Stage {
        name,
        probability_percent,
        forecast: "Pipeline",
        closed: false,
        won: false,
    }
}

pub(in crate::world) const STAGES: [Stage; 10] = [
    open("Prospecting", 10),
    open("Qualification", 10),
    open("Needs Analysis", 20),
    open("Value Proposition", 50),
    open("Id. Decision Makers", 60),
    open("Perception Analysis", 70),
    open("Proposal/Price Quote", 75),
    open("Negotiation/Review", 90),
    Stage {
        name: "Closed Won",
        probability_percent: 100,
        forecast: "Closed",
        closed: true,
        won: true,
    },
    Stage {
        name: "Closed Lost",
        probability_percent: 0,
        forecast: "Omitted",
        closed: true,
        won: false,
    },
];
/// A stage the process does not know: the picklist is not restricted, so it can be stored.
const UNKNOWN_STAGE: Stage = open("", 0);

/// `ForecastCategoryName` (what people see) and `ForecastCategory`.
const FORECASTS: [(&str, &str); 5] = [
    ("Omitted", "Omitted"),
    ("Pipeline", "Pipeline"),
    ("Best Case", "BestCase"),
    ("Commit", "Forecast"),
    ("Closed", "Closed"),
];

/// The forecast category behind its name.
pub(in crate::world) fn forecast_code(name: &str) -> &'static str {
    let known = FORECASTS.iter().find(|(label, _)| *label == name);
    known.map_or("Pipeline", |(_, code)| code)
}

impl World {
    /// Brings the implied values of a draft up to date.
    pub(super) fn derive(&self, draft: &mut Draft) {
        let def = self.schema.at(draft.object);
        match def.name.as_str() {
            "Contact" | "Lead" | "User" => derive_name(def, draft),
            "Opportunity" => self.derive_opportunity(def, draft),
            "OpportunitySplit" => self.derive_split(def, draft),
            "Task" => self.derive_task(def, draft),
            "Event" => self.derive_event(def, draft),
            _ => {}
        }
    }

    fn derive_opportunity(&self, def: &ObjectDef, draft: &mut Draft) {
        let field = |name| def.field_no(name);
        let (Some(stage_no), Some(probability)) = (field("stagename"), field("probability")) else {
            return;
        };
        if draft.verb == Verb::Create || draft.changes(stage_no) {
            self.enter_stage(def, draft, stage_no, probability);
        }
        if let (Some(name), Some(category)) =
            (field("forecastcategoryname"), field("forecastcategory"))
        {
            let shown = draft.row.column(name).as_text();
            let code = forecast_code(shown.unwrap_or_default());
            draft.row.set(category, Value::text(code));
        }
        let share = draft
            .row
            .column(probability)
            .as_number()
            .unwrap_or_default()
            / Decimal::ONE_HUNDRED;
        if let (Some(amount), Some(expected)) = (field("amount"), field("expectedrevenue")) {
            let value = draft
                .row
                .column(amount)
                .as_number()
                .and_then(|amount| amount.checked_mul(share));
            draft.row.set(expected, value.map_or(Value::Null, money));
        }
        derive_fiscal(def, draft);
    }

    fn enter_stage(
        &self,
        def: &ObjectDef,
        draft: &mut Draft,
        stage_no: FieldNo,
        probability: FieldNo,
    ) {
        let name = draft.row.column(stage_no).as_text().unwrap_or_default();
        let stage = STAGES
            .iter()
            .find(|stage| stage.name == name)
            .unwrap_or(&UNKNOWN_STAGE);
        if !draft.set.contains(&probability) {
            draft
                .row
                .set(probability, Value::Number(stage.probability_percent.into()));
        }
        let flag = |draft: &mut Draft, name, value| {
            if let Some(no) = def.field_no(name) {
                draft.row.set(no, value);
            }
        };
        let forecast_given = def
            .field_no("forecastcategoryname")
            .is_some_and(|no| draft.set.contains(&no));
        if !forecast_given {
            flag(draft, "forecastcategoryname", Value::text(stage.forecast));
        }
        flag(draft, "isclosed", Value::Bool(stage.closed));
        flag(draft, "iswon", Value::Bool(stage.won));
        if draft.verb == Verb::Update {
            flag(
                draft,
                "laststagechangedate",
                Value::DateTime(self.now_seconds()),
            );
        }
    }
}

/// `Name` is first and last name; the salutation is not part of it.
fn derive_name(def: &ObjectDef, draft: &mut Draft) {
    let part = |name| {
        def.field_no(name)
            .and_then(|no| draft.row.column(no).as_text())
    };
    let parts = [part("firstname"), part("lastname")];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if let Some(no) = def.field_no("name") {
        draft.row.set(no, Value::text(&name));
    }
}

/// Fiscal years are calendar years.
fn derive_fiscal(def: &ObjectDef, draft: &mut Draft) {
    let Some(Value::Date(close)) = def
        .field_no("closedate")
        .map(|no| draft.row.column(no).clone())
    else {
        return;
    };
    let quarter = (close.month() - 1) / 3 + 1;
    let values = [
        ("fiscalquarter", Value::Number(quarter.into())),
        ("fiscalyear", Value::Number(close.year().into())),
        (
            "fiscal",
            Value::text(&format!("{} {quarter}", close.year())),
        ),
    ];
    for (name, value) in values {
        if let Some(no) = def.field_no(name) {
            draft.row.set(no, value);
        }
    }
}

pub(super) fn money(value: Decimal) -> Value {
    Value::Number(
        value
            .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
            .normalize(),
    )
}
