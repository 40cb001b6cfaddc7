//! Terms: the values a row gives to a query, which are fields or functions over fields.
//!
//! `toLabel` and `FORMAT` make texts for people, the date functions make numbers and days. A date function works in
//! UTC unless its field is wrapped in `convertTimezone`, which means the user's zone (documented).

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::ast::{Expression, Path};
use super::bind::{Binder, BoundPath};
use super::calendar::{Calendar, DatePart};
use super::error::SoqlError;
use super::format::format;
use crate::world::{FieldDef, FieldType, Key, ObjectNo, Row, Storage, Value, World};

/// See the module documentation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) path: BoundPath,
    pub(crate) function: Option<Function>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Function {
    /// `toLabel(Status)`
    Label,
    /// `FORMAT(Amount)`
    Format(TimeZone),
    /// `CALENDAR_YEAR(CreatedDate)`
    Date(DatePart, Calendar),
}

/// What kind of value a term gives, and the field it is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed<'a> {
    pub(crate) field: &'a FieldDef,
    pub(crate) field_type: FieldType,
}

impl<'a> Typed<'a> {
    pub(crate) fn case_sensitive(&self) -> bool {
        self.field.case_sensitive
    }

    pub(crate) fn is_picklist(&self) -> bool {
        self.field_type == FieldType::Picklist && !self.field.picklist_values.is_empty()
    }

    /// The key values of this kind sort by: picklists by the order of their list, other values behind it.
    pub(crate) fn sort_key(&self, value: &Value) -> Key {
        let listed = |text: &str| {
            let mut entries = self.field.picklist_values.iter();
            entries.position(|entry| entry.value == text)
        };
        match value.as_text() {
            Some(text) if self.is_picklist() => listed(text).map_or_else(
                || Key::of(value, self.case_sensitive()),
                |position| Key::Number(position.into()),
            ),
            _ => Key::of(value, self.case_sensitive()),
        }
    }
}

impl Term {
    pub(crate) fn field(path: BoundPath) -> Term {
        Term {
            path,
            function: None,
        }
    }

    /// The field, when this is a plain field of the queried object itself.
    pub(crate) fn own_field(&self) -> Option<crate::world::FieldNo> {
        self.path.own_field().filter(|_| self.function.is_none())
    }

    /// Is this field of the queried object itself.
    pub(crate) fn is(&self, world: &World, storage: Storage) -> bool {
        self.own_field().is_some() && self.path.field(world).storage == storage
    }

    pub(crate) fn typed<'a>(&self, world: &'a World) -> Typed<'a> {
        let field = self.path.field(world);
        let field_type = match &self.function {
            None => field.field_type,
            Some(Function::Label | Function::Format(_)) => FieldType::Text,
            Some(Function::Date(part, _)) => part.field_type(),
        };
        Typed { field, field_type }
    }
}

impl World {
    pub(crate) fn term_value<'a>(
        &'a self,
        object: ObjectNo,
        row: &'a Row,
        term: &Term,
    ) -> Cow<'a, Value> {
        let value = self.value_at(object, row, &term.path);
        match &term.function {
            None => value,
            Some(function) => function.apply(term.path.field(self), value),
        }
    }
}

impl Function {
    /// What it makes of a value of `field`.
    pub(crate) fn apply<'a>(&self, field: &FieldDef, value: Cow<'a, Value>) -> Cow<'a, Value> {
        match self {
            Function::Label => label(field, value),
            Function::Format(zone) => Cow::Owned(format(&value, field, zone)),
            Function::Date(part, calendar) => Cow::Owned(part.of(&value, calendar)),
        }
    }
}

fn label<'a>(field: &FieldDef, value: Cow<'a, Value>) -> Cow<'a, Value> {
    let label = |text: &str| {
        let mut entries = field.picklist_values.iter();
        entries
            .find(|entry| entry.value == text)
            .map(|entry| entry.label.clone())
    };
    let Some(text) = value.as_text() else {
        return value;
    };
    let parts = text.split(';');
    let shown: Vec<String> = parts
        .map(|part| label(part).unwrap_or_else(|| part.to_owned()))
        .collect();
    Cow::Owned(Value::text(&shown.join(";")))
}

impl<'a> Binder<'a> {
    /// Binds a field or a function over one. Aggregates are not terms.
    pub(crate) fn term(&self, expression: &Expression) -> Result<Term, SoqlError> {
        let (function, argument) = match expression {
            Expression::Field(path) => return self.path(path).map(Term::field),
            Expression::Call { function, argument } => (function, &**argument),
        };
        let name = function.text.to_ascii_uppercase();
        if let Some(part) = DatePart::named(&name) {
            return self.date_part(part, argument);
        }
        let path = match argument {
            Expression::Field(path) => path,
            Expression::Call { .. } => return self.term_of_call(&name, function.at, argument),
        };
        let bound = self.path(path)?;
        let function = match name.as_str() {
            "TOLABEL" => self.label(path, &bound)?,
            "FORMAT" => self.format(path, &bound)?,
            "CONVERTCURRENCY" => return Err(self.single_currency(function.at)),
            "CONVERTTIMEZONE" => {
                let sentence = "convertTimezone can only be used inside a date function";
                return Err(self.refused(function.at, "MALFORMED_QUERY", sentence));
            }
            _ => return Err(SoqlError::unexpected(self.text, path.at() - 1, "(")),
        };
        Ok(Term {
            path: bound,
            function: Some(function),
        })
    }

    fn term_of_call(
        &self,
        name: &str,
        at: usize,
        argument: &Expression,
    ) -> Result<Term, SoqlError> {
        // FORMAT(convertCurrency(Amount)) fails for the sake of what is inside.
        self.term(argument)?;
        let sentence = format!("{name} cannot be used over another function");
        Err(self.refused(at, "MALFORMED_QUERY", &sentence))
    }

    fn date_part(&self, part: DatePart, argument: &Expression) -> Result<Term, SoqlError> {
        let (path, zone) = match argument {
            Expression::Field(path) => (path, None),
            Expression::Call { function, argument } => match &**argument {
                Expression::Field(path)
                    if function.text.eq_ignore_ascii_case("convertTimezone") =>
                {
                    (path, Some(self.world.zone_of(self.actor)))
                }
                _ => {
                    return Err(SoqlError::unexpected(
                        self.text,
                        function.at,
                        &function.text,
                    ));
                }
            },
        };
        let bound = self.path(path)?;
        let field = self.field(&bound);
        let instant = field.field_type == FieldType::DateTime;
        if !(instant || field.field_type == FieldType::Date && zone.is_none() && part.of_days()) {
            let sentence = format!(
                "field {} does not support the date function {}",
                field.name,
                part.name()
            );
            return Err(self.refused(path.at(), "MALFORMED_QUERY", &sentence));
        }
        let calendar = self.world.calendar(zone.unwrap_or(TimeZone::UTC));
        Ok(Term {
            path: bound,
            function: Some(Function::Date(part, calendar)),
        })
    }

    fn label(&self, path: &Path, bound: &BoundPath) -> Result<Function, SoqlError> {
        let field = self.field(bound);
        let labelled = [FieldType::Picklist, FieldType::MultiPicklist];
        if labelled.contains(&field.field_type) {
            return Ok(Function::Label);
        }
        let sentence = format!("field '{}' does not support toLabel", field.name);
        Err(self.refused(path.at(), "INVALID_FIELD", &sentence))
    }

    fn format(&self, path: &Path, bound: &BoundPath) -> Result<Function, SoqlError> {
        let field = self.field(bound);
        let dated = [FieldType::Date, FieldType::DateTime];
        if field.field_type.is_number() || dated.contains(&field.field_type) {
            return Ok(Function::Format(self.world.zone_of(self.actor)));
        }
        let sentence = format!("field '{}' does not support FORMAT", field.name);
        Err(self.refused(path.at(), "INVALID_FIELD", &sentence))
    }

    fn single_currency(&self, at: usize) -> SoqlError {
        let sentence = "convertCurrency is not supported: multiple currencies are not enabled in this organization";
        self.refused(at, "MALFORMED_QUERY", sentence)
    }
}
