//! Roll-up summaries: a count, sum, least or greatest over the records below, worked out when it is read.
//!
//! It reaches over a master-detail relationship only, and not over formulas or other roll-ups, so that its cost is the
//! number of the children. A roll-up moves no stamp of its record.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::row::Row;
use super::schema::{FieldNo, ObjectNo};
use super::{SetupError, Value, World};
use crate::soql::ast::Filter;

/// What a roll-up works out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// How many children there are.
    Count,
    /// The sum of a number of theirs.
    Sum,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

/// A roll-up over the children of one object.
#[derive(Debug)]
pub(crate) struct RollUp {
    child: ObjectNo,
    reference: FieldNo,
    operation: Operation,
    of: Option<FieldNo>,
    when: Option<Filter>,
}

impl World {
    /// A roll-up on `object` over `child`; `of` is a number of the child, `when` a SOQL condition over it.
    pub(super) fn roll_up(
        &self,
        object: ObjectNo,
        child: &str,
        operation: Operation,
        of: Option<&str>,
        when: &str,
    ) -> Result<RollUp, SetupError> {
        let no = self.setup_object(child)?;
        let (def, parent) = (self.schema.at(no), &self.schema.at(object).name);
        let reference = def
            .master
            .filter(|master| def.at(*master).reference_to.contains(parent));
        let part = || SetupError(format!("{child} is no detail of {parent}"));
        let of = of.map(|name| self.summed_field(no, name)).transpose()?;
        if of.is_none() != (operation == Operation::Count) {
            return Err(SetupError(
                "a count has no 'of', every other roll-up needs one".to_owned(),
            ));
        }
        let when = Some(when).filter(|text| !text.trim().is_empty());
        Ok(RollUp {
            child: no,
            reference: reference.ok_or_else(part)?,
            operation,
            of,
            when: when
                .map(|text| self.setup_condition(no, text))
                .transpose()?,
        })
    }

    fn summed_field(&self, child: ObjectNo, name: &str) -> Result<FieldNo, SetupError> {
        let def = self.schema.at(child);
        let number = |no: &FieldNo| {
            let field = def.at(*no);
            field.field_type.is_number() && !field.calculated
        };
        let found = def.field_no(name).filter(number);
        found.ok_or_else(|| SetupError(format!("{}.{name} is no stored number", def.name)))
    }
}

impl RollUp {
    /// The value for a record; null when there is nothing to take the least or the greatest of, or it is too large.
    pub(super) fn value(&self, world: &World, parent: &Row) -> Value {
        let def = world.schema.at(self.child);
        let key = Key::Id(parent.id);
        let rows = world.table(self.child).by_value(def, self.reference, &key);
        let holds = |filter| move |row: &&Row| world.condition_holds(filter, self.child, row);
        let rows = rows.filter(|row| row.is_live());
        let rows = rows.filter(|row| self.when.as_ref().is_none_or(|filter| holds(filter)(row)));
        let Some(of) = self.of else {
            return Value::Number(rows.count().into());
        };
        let mut numbers = rows.filter_map(|row| row.column(of).as_number());
        let result = match self.operation {
            Operation::Min => numbers.min(),
            Operation::Max => numbers.max(),
            Operation::Sum | Operation::Count => {
                numbers.try_fold(Decimal::ZERO, Decimal::checked_add)
            }
        };
        result.map_or(Value::Null, |number| Value::Number(number.normalize()))
    }
}
