//! Semi-joins and anti-joins: `Id IN (SELECT AccountId FROM Contact WHERE …)`.
//!
//! The inner query runs once, when the outer one is bound, and becomes the set of ids it found; nulls in it mean
//! nothing. The limits and most sentences are the vendor's.

use std::collections::HashSet;

use super::ast::{Expression, Filter, Query, SelectItem};
use super::bind::Binder;
use super::error::SoqlError;
use super::run::Search;
use crate::world::{FieldDef, FieldType, Key, ObjectNo};

/// Most semi-joins and anti-joins of one WHERE clause (documented).
const MAX_SEMI_JOINS: usize = 2;
/// Objects that cannot be asked inside (documented).
const NOT_INSIDE: [&str; 6] = [
    "ActivityHistory",
    "Attachment",
    "Event",
    "Note",
    "OpenActivity",
    "Task",
];

/// Where a condition stands, as far as semi-joins care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Top,
    UnderOr,
    UnderNot,
    Deeper,
}

/// Refuses semi-joins where the vendor does: too many, or not among conditions joined by AND.
pub(crate) fn check(filter: &Filter) -> Result<(), SoqlError> {
    if count(filter, Standing::Top)? > MAX_SEMI_JOINS {
        return Err(SoqlError::malformed(format!(
            "Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed"
        )));
    }
    Ok(())
}

/// Refuses every semi-join: inside another one and in HAVING there are none.
pub(crate) fn check_none(filter: &Filter) -> Result<(), SoqlError> {
    if count(filter, Standing::Top)? > 0 {
        return Err(SoqlError::malformed(
            "Nesting of semi join sub-selects is not supported",
        ));
    }
    Ok(())
}

fn count(filter: &Filter, standing: Standing) -> Result<usize, SoqlError> {
    let all = |filters: &[Filter], standing| {
        let counts = filters.iter().map(|filter| count(filter, standing));
        counts.sum::<Result<usize, _>>()
    };
    match filter {
        Filter::And(filters) if standing == Standing::Top => all(filters, Standing::Top),
        Filter::And(filters) => all(filters, Standing::Deeper),
        Filter::Or(filters) if standing == Standing::Top => all(filters, Standing::UnderOr),
        Filter::Or(filters) => all(filters, Standing::Deeper),
        Filter::Not(inner) => count(inner, Standing::UnderNot),
        Filter::InQuery { .. } => standing.allows().map(|()| 1),
        Filter::Compare { .. } | Filter::In { .. } | Filter::Includes { .. } => Ok(0),
    }
}

impl Standing {
    fn allows(self) -> Result<(), SoqlError> {
        let sentence = match self {
            Standing::Top => return Ok(()),
            Standing::UnderOr => "Semi join sub-selects are not allowed with the 'OR' operator",
            Standing::UnderNot => "Semi join sub-selects are not allowed with the 'NOT' operator",
            Standing::Deeper => {
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE \
                 expressions."
            }
        };
        Err(SoqlError::malformed(sentence))
    }
}

impl Binder<'_> {
    /// The ids a semi-join finds.
    pub(crate) fn semi_join(
        &self,
        left: &Expression,
        query: &Query,
    ) -> Result<HashSet<Key>, SoqlError> {
        let from = &query.from.path;
        let Some(name) = from.parts.first().filter(|_| from.parts.len() == 1) else {
            return Err(SoqlError::unexpected(self.text, from.at(), &from.text()));
        };
        let object = Binder::object_named(self.world, self.actor, self.text, name)?;
        let refused = |at, sentence: &str| Err(self.refused(at, "MALFORMED_QUERY", sentence));
        if object == self.object {
            let sentence = "The inner and outer selects should not be on the same object type";
            return refused(name.at, sentence);
        }
        let inside = &self.def(object).name;
        if NOT_INSIDE.contains(&inside.as_str()) {
            let sentence =
                format!("Entity '{inside}' is not supported for semi join inner selects");
            return refused(name.at, &sentence);
        }
        let inner = Binder {
            object,
            aliases: &[],
            ..*self
        };
        let aliases = inner.aliases(query)?;
        let inner = Binder {
            aliases: &aliases,
            ..inner
        };
        let Some(SelectItem::Value { expression, .. }) = query.select.first() else {
            return refused(name.at, "a semi join needs a field");
        };
        let (outer_field, inner_field) = (
            self.id_operand(left, "The left operand field in the where expression for outer query should be an id field, cannot use")?,
            inner.id_operand(expression, "semi join sub selects can only query id fields, cannot use")?,
        );
        self.check_same_target(left, outer_field, &inner, expression, inner_field)?;
        query.filter.as_ref().map_or(Ok(()), check_none)?;
        let filter = query.filter.as_ref().map(|filter| inner.filter(filter));
        let condition = filter.transpose()?;
        let term = inner.term(expression)?;
        let search = Search::new(&inner, condition.as_ref());
        Ok(search.keys(&term).collect())
    }

    /// The field of one side: an id of the object itself, not of a parent.
    fn id_operand(&self, side: &Expression, sentence: &str) -> Result<&FieldDef, SoqlError> {
        let term = self.term(side)?;
        let field = term.typed(self.world).field;
        let ids = [FieldType::Id, FieldType::Reference];
        if ids.contains(&field.field_type) && term.own_field().is_some() {
            return Ok(field);
        }
        let sentence = format!("{sentence}: '{}'", side.path().text());
        Err(self.refused(side.at(), "MALFORMED_QUERY", &sentence))
    }

    fn check_same_target(
        &self,
        left: &Expression,
        outer_field: &FieldDef,
        inner: &Binder<'_>,
        selected: &Expression,
        inner_field: &FieldDef,
    ) -> Result<(), SoqlError> {
        let outer_targets = self.targets(self.object, outer_field);
        let inner_targets = self.targets(inner.object, inner_field);
        if outer_targets
            .iter()
            .any(|target| inner_targets.contains(target))
        {
            return Ok(());
        }
        let sentence = format!(
            "The selected field '{}' in the subquery and the left operand field in the where expression in the outer \
             query '{}' should point to the same object type",
            selected.path().text(),
            left.path().text()
        );
        Err(self.refused(left.at(), "MALFORMED_QUERY", &sentence))
    }

    /// The objects whose ids a field holds.
    fn targets(&self, object: ObjectNo, field: &FieldDef) -> Vec<String> {
        if field.field_type == FieldType::Id {
            vec![self.def(object).name.clone()]
        } else {
            field.reference_to.clone()
        }
    }
}
