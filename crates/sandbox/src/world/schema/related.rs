//! Custom fields that lead to other records or are worked out from them.

use std::sync::Arc;

use super::field::{FieldDef, FieldType, Storage, decimal, reference, text};
use super::{FieldKind, NewField, ObjectNo, Returns};
use crate::world::formula::{Formula, MAX_RESULT_CHARS};
use crate::world::{SetupError, World};

/// Digits of a computed number, in all and after the point.
const COMPUTED_DIGITS: (u32, u32) = (18, 2);

impl World {
    /// The field of a kind that is about other fields or records; `None` for the kinds that stand alone.
    pub(super) fn related_field(
        &self,
        object: ObjectNo,
        new: &NewField,
    ) -> Result<Option<FieldDef>, SetupError> {
        let field = match &new.kind {
            FieldKind::Reference {
                to,
                child_relationship,
                cascade_delete,
            } => {
                let mut field = self.lookup(new, to, child_relationship.as_deref())?;
                field.cascade_delete = *cascade_delete;
                field
            }
            FieldKind::MasterDetail {
                to,
                child_relationship,
                reparentable,
            } => {
                let lookup = self.lookup(new, to, child_relationship.as_deref())?;
                let mut field = lookup.required();
                (field.cascade_delete, field.updateable) = (true, *reparentable);
                field
            }
            FieldKind::RollUp {
                child,
                operation,
                of,
                when,
            } => {
                let roll_up = self.roll_up(object, child, *operation, of.as_deref(), when)?;
                computed(new, Formula::rolling_up(roll_up), Returns::Number)
            }
            FieldKind::Formula {
                expression,
                returns,
            } => {
                let formula = Formula::parse(self, object, expression, *returns)?;
                let mut field = computed(new, formula, *returns);
                field.calculated_formula = Some(expression.clone());
                field
            }
            _ => return Ok(None),
        };
        Ok(Some(field))
    }

    fn lookup(
        &self,
        new: &NewField,
        to: &str,
        children: Option<&str>,
    ) -> Result<FieldDef, SetupError> {
        let target = self.setup_object(to)?;
        let path = new.name.trim_end_matches("__c").to_owned() + "__r";
        let target = self.schema.at(target).name.as_str();
        let mut field = reference(&new.name, &new.label, &[target], &path);
        field.child_relationship_name = children.map(|name| format!("{name}__r"));
        Ok(field)
    }
}

fn computed(new: &NewField, formula: Formula, returns: Returns) -> FieldDef {
    let (digits, scale) = COMPUTED_DIGITS;
    let field = match returns {
        Returns::Text => text(&new.name, &new.label, MAX_RESULT_CHARS),
        Returns::Number => decimal(&new.name, &new.label, FieldType::Double, digits, scale),
    };
    let mut field = field.stored(Storage::Formula);
    (field.createable, field.updateable, field.calculated) = (false, false, true);
    field.formula = Some(Arc::new(formula));
    field
}
