//! Values as Salesforce writes them, and back.
//!
//! Numbers pass as their JSON text, so that no digit is lost to a binary fraction. A value that does
//! not fit its field's type is left out of the record, as one that can't be seen: it is never read
//! as empty. What a null, a blank or a rounded number means is [`tandem_core::value::canonical`]'s.

use super::ids::canonical_id;
use super::soql::PAGE_ROWS_MAX;
use super::wire::Row;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::{CrmRecord, Look, Revision, Succession, Successor};
use tandem_core::schema::{FieldType, ObjectSchema};
use tandem_core::value::{Reference, Value};

/// How a field's values are written in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Shape {
    /// Not known: the JSON decides between text, number and checkbox.
    #[default]
    Unknown,
    Text,
    /// A text that makes the server's pages shorter.
    LongText,
    Number,
    Checkbox,
    Date,
    DateTime,
    Choices,
    Reference,
}

impl From<&FieldType> for Shape {
    fn from(ty: &FieldType) -> Self {
        match ty {
            FieldType::Number { .. } | FieldType::Currency { .. } | FieldType::Percent { .. } => {
                Self::Number
            }
            FieldType::Date => Self::Date,
            FieldType::DateTime => Self::DateTime,
            FieldType::Checkbox => Self::Checkbox,
            FieldType::MultiPicklist { .. } => Self::Choices,
            FieldType::Reference { .. } => Self::Reference,
            FieldType::LongText { .. } => Self::LongText,
            FieldType::Text { .. }
            | FieldType::Picklist { .. }
            | FieldType::Email { .. }
            | FieldType::Phone { .. }
            | FieldType::Url { .. } => Self::Text,
        }
    }
}

/// The shapes of every field that a describe told us, by object.
#[derive(Debug, Default)]
pub(super) struct Shapes(RwLock<BTreeMap<CrmObject, BTreeMap<String, Shape>>>);

impl Shapes {
    /// Takes over what a describe says; what was known of the object before is forgotten.
    pub(super) fn learn(&self, schema: &ObjectSchema) {
        let fields = schema.fields.iter();
        let fields = fields
            .map(|field| (field.name.clone(), Shape::from(&field.ty)))
            .collect();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(schema.name.clone(), fields);
    }

    /// The fields of an object with their shapes.
    pub(super) fn of<'f>(&self, object: &CrmObject, fields: &'f [String]) -> Columns<'f> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of_object = known.get(object);
        let shape = |name: &String| of_object.and_then(|fields| fields.get(name).copied());
        let columns = fields
            .iter()
            .map(|name| (name.as_str(), shape(name).unwrap_or_default()));
        Columns(columns.collect())
    }

    /// The shape of one field.
    pub(super) fn shape(&self, object: &CrmObject, field: &str) -> Shape {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let shape = known.get(object).and_then(|fields| fields.get(field));
        shape.copied().unwrap_or_default()
    }
}

/// Fields to take from rows, with their shapes.
#[derive(Debug)]
pub(super) struct Columns<'f>(Vec<(&'f str, Shape)>);

impl Columns<'_> {
    /// Most rows that the server sends at once of these fields: 2,000; 1,000 with a long text (recorded),
    /// 200 with several custom ones (REST guide). A hint: pages may be shorter all the same.
    pub(super) fn page_rows(&self) -> usize {
        let long = |(_, shape): &&(&str, Shape)| *shape == Shape::LongText;
        let custom = |(name, _): &&(&str, Shape)| name.ends_with("__c");
        match self.0.iter().filter(long).count() {
            0 => PAGE_ROWS_MAX,
            _ if self.0.iter().filter(long).filter(custom).count() > 1 => 200,
            _ => 1_000,
        }
    }

    /// A row as a record; `None` where it lacks its id or its version.
    pub(super) fn record(
        &self,
        object: &CrmObject,
        row: &Row<'_>,
        observed_at: Timestamp,
    ) -> Option<CrmRecord> {
        let tag = text(row, "SystemModstamp")?;
        let stamp: Timestamp = tag.parse().ok()?;
        let field = |(name, shape): &(&str, Shape)| {
            let value = value(row.get(*name)?, *shape);
            if value.is_none() {
                tracing::warn!(object = %object, field = name, "a value does not fit its field's type");
            }
            Some(((*name).to_owned(), value?))
        };
        Some(CrmRecord {
            object: object.clone(),
            id: id(row, "Id")?,
            revision: Revision {
                order: stamp.as_second(),
                tag,
            },
            modified_at: text(row, "LastModifiedDate")
                .and_then(|at| at.parse().ok())
                .unwrap_or(stamp),
            edited_at: None,
            modified_by: id(row, "LastModifiedById"),
            deleted: is_true(row, "IsDeleted") || is_remnant(row),
            successor: successor(object, row),
            fields: self.0.iter().filter_map(field).collect(),
            observed_at,
            look: Look::default(),
        })
    }
}

/// What took the record's place. A lost merge shows in `MasterRecordId` of the deleted row, as long as it
/// is in the recycle bin (SOAP guide, merge: documented); a conversion in `IsConverted` and
/// `ConvertedContactId` of the lead, which stays (object reference, Lead: documented).
fn successor(object: &CrmObject, row: &Row<'_>) -> Option<Box<Successor>> {
    let to = |how, object: &str, id| {
        let object = CrmObject::new(object);
        Box::new(Successor { how, object, id })
    };
    if is_true(row, "IsDeleted")
        && let Some(master) = id(row, "MasterRecordId")
    {
        return Some(to(Succession::Merge, object.as_str(), master));
    }
    let converted = is_true(row, "IsConverted").then(|| id(row, "ConvertedContactId"));
    Some(to(Succession::Conversion, "Contact", converted??))
}

/// A converted lead whose contact was deleted since: it can neither be changed nor followed, as if it were
/// deleted. (That the field is emptied then is what the platform does to every lookup of a deleted record.)
fn is_remnant(row: &Row<'_>) -> bool {
    is_true(row, "IsConverted") && id(row, "ConvertedContactId").is_none()
}

fn is_true(row: &Row<'_>, field: &str) -> bool {
    row.get(field).is_some_and(|raw| raw.get() == "true")
}

/// A text of a row.
pub(super) fn text(row: &Row<'_>, field: &str) -> Option<String> {
    serde_json::from_str(row.get(field)?.get()).ok()
}

/// A record id of a row.
pub(super) fn id(row: &Row<'_>, field: &str) -> Option<CrmId> {
    canonical_id(&text(row, field)?)
}

/// A value from JSON; `None` where it does not fit.
pub(super) fn value(raw: &RawValue, shape: Shape) -> Option<Value> {
    let json = raw.get();
    let text = || serde_json::from_str::<String>(json).ok();
    match (shape, json.as_bytes().first()?) {
        (Shape::Checkbox, b'n') => Some(Value::Bool(false)),
        (_, b'n') => Some(Value::Null),
        (Shape::Checkbox | Shape::Unknown, b't' | b'f') => {
            serde_json::from_str(json).ok().map(Value::Bool)
        }
        (Shape::Number | Shape::Unknown, b'-' | b'0'..=b'9') => decimal(json).map(Value::Number),
        (Shape::Number, b'"') => decimal(&text()?).map(Value::Number),
        // A formula can be described as text and answer a number or a checkbox.
        (Shape::Text | Shape::LongText, b't' | b'f' | b'-' | b'0'..=b'9') => {
            Some(Value::text(json))
        }
        (_, b'"') => from_text(&text()?, shape),
        _ => None,
    }
}

fn from_text(text: &str, shape: Shape) -> Option<Value> {
    match shape {
        _ if text.is_empty() => Some(Value::Null),
        Shape::Text | Shape::LongText | Shape::Unknown => Some(Value::text(text)),
        Shape::Date => text.parse::<Date>().ok().map(Value::Date),
        Shape::DateTime => text.parse::<Timestamp>().ok().map(Value::DateTime),
        Shape::Choices => Some(choices(text)),
        Shape::Reference => canonical_id(text).map(|id| Value::Reference(Reference::Crm(id))),
        Shape::Number | Shape::Checkbox => None,
    }
}

/// The platform joins the chosen values by semicolons.
fn choices(text: &str) -> Value {
    let set = text
        .split(';')
        .map(str::trim)
        .filter(|choice| !choice.is_empty());
    Value::Choices(set.map(str::to_owned).collect())
}

/// Exact or nothing: more digits than we can hold are not cut off silently.
fn decimal(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    Decimal::from_str_exact(text).ok()
}

/// A value as JSON to send.
///
/// # Errors
/// In words, where it can't be sent: a record that the CRM does not have yet.
pub(super) fn to_json(value: &Value, shape: Shape) -> Result<Box<RawValue>, String> {
    let json = match value {
        // A checkbox has no null; the platform refuses it.
        Value::Null if shape == Shape::Checkbox => to_raw_value(&false),
        Value::Null => to_raw_value(&()),
        Value::Text(text) => to_raw_value(text),
        Value::Number(number) => RawValue::from_string(number.to_string()),
        Value::Bool(flag) => to_raw_value(flag),
        Value::Date(date) => to_raw_value(&date.to_string()),
        Value::DateTime(at) => to_raw_value(&at.to_string()),
        Value::Choices(_) => to_raw_value(&value.to_string()),
        Value::Reference(Reference::Crm(id)) => to_raw_value(id.as_str()),
        Value::Reference(Reference::Workspace(kind, id)) => {
            return Err(format!("{kind} {id} is not in the CRM yet"));
        }
    };
    json.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
