//! Values of a row behind a bound path, and conditions over them.

use std::borrow::Cow;

use super::bind::BoundPath;
use super::condition::Condition;
use crate::world::{FieldNo, ObjectNo, Row, Storage, Value, World};

impl World {
    /// The value a path leads to; null when a parent on the way is missing.
    pub(crate) fn value_at<'a>(
        &'a self,
        object: ObjectNo,
        row: &'a Row,
        path: &BoundPath,
    ) -> Cow<'a, Value> {
        match self.parent_at(object, row, path) {
            Some((object, row)) => self.field_value(object, row, path.field),
            None => Cow::Owned(Value::Null),
        }
    }

    fn parent_at<'a>(
        &'a self,
        object: ObjectNo,
        row: &'a Row,
        path: &BoundPath,
    ) -> Option<(ObjectNo, &'a Row)> {
        let mut place = (object, row);
        for hop in &path.hops {
            let id = place
                .1
                .value(hop.reference, self.schema().at(place.0).at(hop.reference))
                .as_id()?;
            place = (hop.target, self.table(hop.target).get(id)?);
        }
        Some(place)
    }

    /// The value of any field of a row, formulas included. Compounds are null here.
    pub(crate) fn field_value<'a>(
        &'a self,
        object: ObjectNo,
        row: &'a Row,
        field: FieldNo,
    ) -> Cow<'a, Value> {
        let def = self.schema().at(object).at(field);
        match (&def.formula, def.storage) {
            (Some(formula), Storage::Formula) => Cow::Owned(formula.value(self, object, row)),
            _ => row.value(field, def),
        }
    }

    pub(crate) fn holds(&self, condition: &Condition, object: ObjectNo, row: &Row) -> bool {
        match condition {
            Condition::And(all) => all.iter().all(|one| self.holds(one, object, row)),
            Condition::Or(any) => any.iter().any(|one| self.holds(one, object, row)),
            Condition::Not(inner) => !self.holds(inner, object, row),
            Condition::Test {
                path,
                case_sensitive,
                test,
            } => test.holds(&self.value_at(object, row, path), *case_sensitive),
        }
    }
}
