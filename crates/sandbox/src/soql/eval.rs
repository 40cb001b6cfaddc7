//! Values of a row behind a bound path.

use std::borrow::Cow;

use super::bind::{BoundPath, Fields, Hop, Leaf, Place};
use crate::world::{FieldNo, ObjectNo, Row, SfId, Storage, Value, World};

impl World {
    /// The value a path leads to; null when a parent on the way is missing.
    pub(crate) fn value_at<'a>(
        &'a self,
        object: ObjectNo,
        row: &'a Row,
        path: &BoundPath,
    ) -> Cow<'a, Value> {
        if let ([], Leaf::Field(Fields::One(field))) = (path.hops.as_slice(), &path.leaf) {
            return self.field_value(object, row, *field);
        }
        let mut place = (object, row);
        for hop in &path.hops {
            match self.parent(place.0, place.1, hop) {
                Some(parent) => place = parent,
                None => return Cow::Owned(Value::Null),
            }
        }
        match &path.leaf {
            Leaf::TypeName => Cow::Owned(Value::text(&self.schema().at(place.0).name)),
            Leaf::Field(fields) => fields.on(place.0).map_or_else(
                || Cow::Owned(Value::Null),
                |field| self.field_value(place.0, place.1, field),
            ),
        }
    }

    /// The id a step leads to, if any.
    pub(crate) fn parent_id(&self, object: ObjectNo, row: &Row, hop: &Hop) -> Option<SfId> {
        let reference = hop.reference.on(object)?;
        let field = self.schema().at(object).at(reference);
        match (&*row.value(reference, field), hop.to) {
            (Value::Id(id), _) => Some(*id),
            (Value::Text(durable), Place::Object(to)) => self.durable(to, durable),
            _ => None,
        }
    }

    /// The parent a step leads to, if there is one.
    pub(crate) fn parent(
        &self,
        object: ObjectNo,
        row: &Row,
        hop: &Hop,
    ) -> Option<(ObjectNo, &Row)> {
        let id = self.parent_id(object, row, hop)?;
        let to = match hop.to {
            Place::Object(object) => object,
            Place::Name => self.schema().prefix_no(id.key_prefix())?,
        };
        Some((to, self.table(to).get(id)?))
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

    /// Whether a bound WHERE clause holds for a row.
    pub(crate) fn holds(
        &self,
        condition: &super::condition::Condition<super::term::Term>,
        object: ObjectNo,
        row: &Row,
    ) -> bool {
        condition.holds(&|term| self.term_value(object, row, term))
    }
}
