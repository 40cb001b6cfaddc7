//! COUNT, MIN, MAX, SUM and AVG over all rows of a query. Nulls are left out, as in SQL.

use std::collections::HashSet;

use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::ast::Aggregate;
use super::bind::BoundPath;
use crate::world::{FieldType, Key, ObjectNo, SfId, Value, World, number_json};

/// One column of an aggregate row.
#[derive(Debug)]
pub(crate) struct Column {
    /// Alias, or `expr0`, `expr1` …
    pub(crate) key: String,
    pub(crate) function: Aggregate,
    pub(crate) path: BoundPath,
}

impl Aggregate {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Aggregate::Count => "COUNT",
            Aggregate::CountDistinct => "COUNT_DISTINCT",
            Aggregate::Min => "MIN",
            Aggregate::Max => "MAX",
            Aggregate::Sum => "SUM",
            Aggregate::Avg => "AVG",
        }
    }
}

/// The names and values of the single row of a query without GROUP BY.
pub(crate) fn row(
    world: &World,
    object: ObjectNo,
    columns: &[Column],
    ids: &[SfId],
) -> Vec<(String, Json)> {
    let value = |column: &Column| (column.key.clone(), column.value(world, object, ids));
    columns.iter().map(value).collect()
}

impl Column {
    fn value(&self, world: &World, object: ObjectNo, ids: &[SfId]) -> Json {
        let table = world.table(object);
        let rows = ids.iter().filter_map(|id| table.get(*id));
        let values = rows
            .map(|row| world.value_at(object, row, &self.path).into_owned())
            .filter(|v| !v.is_null());
        let field = world.schema().at(self.path.object).at(self.path.field);
        let key = |value: &Value| Key::of(value, field.case_sensitive);
        match self.function {
            Aggregate::Count => Json::from(values.count()),
            Aggregate::CountDistinct => Json::from(
                values
                    .map(|value| key(&value))
                    .collect::<HashSet<_>>()
                    .len(),
            ),
            Aggregate::Min => values
                .min_by_key(key)
                .map_or(Json::Null, |value| value.to_json(field)),
            Aggregate::Max => values
                .max_by_key(key)
                .map_or(Json::Null, |value| value.to_json(field)),
            Aggregate::Sum => sum(values).map_or(Json::Null, |(sum, _)| {
                number_json(sum, field.field_type == FieldType::Int)
            }),
            Aggregate::Avg => {
                let mean =
                    sum(values).and_then(|(sum, count)| sum.checked_div(Decimal::from(count)));
                mean.map_or(Json::Null, |mean| number_json(mean, false))
            }
        }
    }
}

/// Sum and number of values; none when there are none or the sum is too large to be held.
fn sum(values: impl Iterator<Item = Value>) -> Option<(Decimal, usize)> {
    let mut total = (Decimal::ZERO, 0);
    for number in values.filter_map(|value| value.as_number()) {
        total = (total.0.checked_add(number)?, total.1 + 1);
    }
    (total.1 > 0).then_some(total)
}
