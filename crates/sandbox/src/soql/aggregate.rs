//! COUNT, COUNT_DISTINCT, MIN, MAX, SUM and AVG over the rows of a group. Nulls are left out, as in SQL.

use std::collections::HashSet;

use rust_decimal::Decimal;

use super::ast::Expression;
use super::bind::Binder;
use super::error::SoqlError;
use super::term::{Term, Typed};
use crate::world::{FieldType, Key, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Count,
    CountDistinct,
    Min,
    Max,
    Sum,
    Avg,
}

const AGGREGATES: [(&str, Aggregate); 6] = [
    ("COUNT", Aggregate::Count),
    ("COUNT_DISTINCT", Aggregate::CountDistinct),
    ("MIN", Aggregate::Min),
    ("MAX", Aggregate::Max),
    ("SUM", Aggregate::Sum),
    ("AVG", Aggregate::Avg),
];

/// The aggregate of an expression and what it is over; none when it is something else.
pub(crate) fn aggregate_of(expression: &Expression) -> Option<(Aggregate, &Expression)> {
    let Expression::Call { function, argument } = expression else {
        return None;
    };
    let named = |(name, _): &&(&str, Aggregate)| name.eq_ignore_ascii_case(&function.text);
    let found = AGGREGATES.iter().find(named);
    found.map(|(_, aggregate)| (*aggregate, &**argument))
}

impl Aggregate {
    pub(crate) fn name(self) -> &'static str {
        let found = AGGREGATES.iter().find(|(_, aggregate)| *aggregate == self);
        found.map_or("", |(name, _)| name)
    }

    /// What kind of value it makes of values of a field.
    pub(crate) fn field_type(self, of: FieldType) -> FieldType {
        match self {
            Aggregate::Count | Aggregate::CountDistinct => FieldType::Int,
            Aggregate::Min | Aggregate::Max | Aggregate::Sum => of,
            Aggregate::Avg => FieldType::Double,
        }
    }
}

impl Binder<'_> {
    /// Binds what an aggregate is over, which must be a field it supports.
    pub(crate) fn aggregated(
        &self,
        aggregate: Aggregate,
        argument: &Expression,
    ) -> Result<Term, SoqlError> {
        let term = self.term(argument)?;
        let field = term.typed(self.world).field;
        let numeric = matches!(aggregate, Aggregate::Sum | Aggregate::Avg);
        let plain = term.function.is_none();
        if plain && field.aggregatable() && (!numeric || field.field_type.is_number()) {
            return Ok(term);
        }
        let sentence = format!(
            "field {} does not support aggregate operator {}",
            field.name,
            aggregate.name()
        );
        Err(self.refused(argument.at(), "MALFORMED_QUERY", &sentence))
    }
}

/// What an aggregate has seen so far.
#[derive(Debug)]
pub(crate) enum Tally {
    Count(u64),
    Distinct(HashSet<Key>),
    /// The best value and its key.
    Extreme(Option<(Key, Value)>),
    /// Sum and number of values; none when the sum is too large to be held.
    Sum(Option<(Decimal, u64)>),
}

impl Tally {
    pub(crate) fn new(aggregate: Aggregate) -> Tally {
        match aggregate {
            Aggregate::Count => Tally::Count(0),
            Aggregate::CountDistinct => Tally::Distinct(HashSet::new()),
            Aggregate::Min | Aggregate::Max => Tally::Extreme(None),
            Aggregate::Sum | Aggregate::Avg => Tally::Sum(Some((Decimal::ZERO, 0))),
        }
    }

    /// Counts a value in.
    pub(crate) fn add(&mut self, aggregate: Aggregate, value: &Value, typed: Typed<'_>) {
        if value.is_null() {
            return;
        }
        match self {
            Tally::Count(count) => *count += 1,
            Tally::Distinct(keys) => {
                keys.insert(Key::of(value, typed.case_sensitive()));
            }
            Tally::Extreme(best) => {
                let key = typed.sort_key(value);
                let better = best.as_ref().is_none_or(|(sofar, _)| {
                    if aggregate == Aggregate::Min {
                        key < *sofar
                    } else {
                        key > *sofar
                    }
                });
                if better {
                    *best = Some((key, value.clone()));
                }
            }
            Tally::Sum(total) => {
                *total = total.take().and_then(|(sum, count)| {
                    let sum = sum.checked_add(value.as_number().unwrap_or_default())?;
                    Some((sum, count + 1))
                });
            }
        }
    }

    /// The result; null when there was nothing to make it from, or when it is too large.
    pub(crate) fn value(self, aggregate: Aggregate) -> Value {
        let number = match self {
            Tally::Count(count) => Some(Decimal::from(count)),
            Tally::Distinct(keys) => Some(Decimal::from(keys.len())),
            Tally::Extreme(best) => return best.map_or(Value::Null, |(_, value)| value),
            Tally::Sum(None | Some((_, 0))) => None,
            Tally::Sum(Some((sum, count))) if aggregate == Aggregate::Avg => {
                sum.checked_div(Decimal::from(count))
            }
            Tally::Sum(Some((sum, _))) => Some(sum),
        };
        number.map_or(Value::Null, |number| Value::Number(number.normalize()))
    }
}
