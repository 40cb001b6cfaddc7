//! The sales process and the statuses of leads.

use super::{Maker, number};
use crate::world::dml::{STAGES, forecast_code};
use crate::world::{Value, World};

pub(super) fn stages(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns([
        "MasterLabel",
        "ApiName",
        "IsActive",
        "SortOrder",
        "IsClosed",
        "IsWon",
        "ForecastCategory",
        "ForecastCategoryName",
        "DefaultProbability",
    ]);
    for (order, stage) in (1..).zip(&STAGES) {
        let values = [
            Value::text(stage.name),
            Value::text(stage.name),
            Value::Bool(true),
            number(order),
            Value::Bool(stage.closed),
            Value::Bool(stage.won),
            Value::text(forecast_code(stage.forecast)),
            Value::text(stage.forecast),
            number(stage.probability_percent.into()),
        ];
        rows.add(order, world.admin_id, &columns, values);
    }
}

pub(super) fn lead_statuses(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns([
        "MasterLabel",
        "ApiName",
        "SortOrder",
        "IsDefault",
        "IsConverted",
    ]);
    let status = world
        .schema
        .object("Lead")
        .and_then(|lead| lead.field("Status"));
    let entries = status.map(|field| field.picklist_values.as_slice());
    for (order, entry) in (1..).zip(entries.unwrap_or_default()) {
        let values = [
            Value::text(&entry.label),
            Value::text(&entry.value),
            number(order),
            Value::Bool(entry.default_value),
            Value::Bool(entry.value == crate::world::dml::CONVERTED_STATUS),
        ];
        // Stages have the first numbers of the prefix both objects share.
        rows.add(100 + order, world.admin_id, &columns, values);
    }
}
