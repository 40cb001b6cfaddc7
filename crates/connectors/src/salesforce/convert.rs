//! Values as Salesforce writes them, and back.
//!
//! Numbers pass as their JSON text, so that no digit is lost to a binary fraction. A value that does
//! not fit its field's type is left out of the record, as one that can't be seen: it is never read
//! as empty. What a null, a blank or a rounded number means is [`tandem_core::value::canonical`]'s.

use super::ids::canonical_id;
use super::wire::Row;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::{CrmRecord, Revision};
use tandem_core::schema::{FieldType, ObjectSchema};
use tandem_core::value::{Reference, Value};

/// How a field's values are written in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Shape {
    /// Not known: the JSON decides between text, number and checkbox.
    #[default]
    Unknown,
    Text,
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
            FieldType::Text { .. }
            | FieldType::LongText { .. }
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
            modified_by: id(row, "LastModifiedById"),
            deleted: row.get("IsDeleted").is_some_and(|raw| raw.get() == "true"),
            fields: self.0.iter().filter_map(field).collect(),
            observed_at,
        })
    }
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
        (Shape::Text, b't' | b'f' | b'-' | b'0'..=b'9') => Some(Value::text(json)),
        (_, b'"') => from_text(&text()?, shape),
        _ => None,
    }
}

fn from_text(text: &str, shape: Shape) -> Option<Value> {
    match shape {
        _ if text.is_empty() => Some(Value::Null),
        Shape::Text | Shape::Unknown => Some(Value::text(text)),
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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tandem_core::ids::RecordId;
    use tandem_core::workspace::Kind;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).expect("JSON")
    }

    #[test]
    fn values_by_shape() {
        use Shape as S;
        let number = |text: &str| Value::Number(text.parse().expect("a number"));
        let day = Value::Date("2026-01-31".parse().expect("a date"));
        let noon = Value::DateTime("2026-01-31T12:00:00Z".parse().expect("a time"));
        let set = Value::Choices(["A B", "C"].map(String::from).into());
        for (json, shape, expected) in [
            ("null", S::Text, Some(Value::Null)),
            ("null", S::Checkbox, Some(Value::Bool(false))),
            (r#""""#, S::Date, Some(Value::Null)),
            (r#""a\nb""#, S::Text, Some(Value::text("a\nb"))),
            ("true", S::Text, Some(Value::text("true"))),
            ("true", S::Checkbox, Some(Value::Bool(true))),
            ("5", S::Number, Some(number("5"))),
            ("50000.0", S::Number, Some(number("50000.0"))),
            (
                "0.1234567890123456789012345678",
                S::Number,
                Some(number("0.1234567890123456789012345678")),
            ),
            ("1.25E7", S::Number, Some(number("12500000"))),
            ("1e99", S::Number, None),
            (r#""12.50""#, S::Number, Some(number("12.50"))),
            (r#""many""#, S::Number, None),
            (r#""2026-01-31""#, S::Date, Some(day)),
            (r#""2026-02-31""#, S::Date, None),
            (
                r#""2026-01-31T12:00:00.000+0000""#,
                S::DateTime,
                Some(noon.clone()),
            ),
            (r#""2026-01-31T12:00:00.000Z""#, S::DateTime, Some(noon)),
            (r#""A B;C""#, S::Choices, Some(set)),
            (
                r#""003000000000001""#,
                S::Reference,
                Some(Value::crm_ref("003000000000001AAA")),
            ),
            (r#""nobody""#, S::Reference, None),
            (r#"{"city":"Oslo"}"#, S::Text, None),
            ("[]", S::Unknown, None),
            ("1.5", S::Unknown, Some(number("1.5"))),
            ("false", S::Unknown, Some(Value::Bool(false))),
            (r#""x""#, S::Unknown, Some(Value::text("x"))),
        ] {
            assert_eq!(value(&raw(json), shape), expected, "{json} as {shape:?}");
        }
    }

    #[test]
    fn what_has_no_crm_id_cannot_be_sent() {
        let value = Value::Reference(Reference::Workspace(Kind::Account, RecordId(7)));
        assert!(to_json(&value, Shape::Reference).is_err());
        assert_eq!(
            to_json(&Value::Null, Shape::Text).expect("JSON").get(),
            "null"
        );
        assert_eq!(
            to_json(&Value::Null, Shape::Checkbox).expect("JSON").get(),
            "false"
        );
    }

    #[test]
    fn a_row_needs_an_id_and_a_stamp() {
        let shapes = Shapes::default();
        let fields = [
            "Name".to_owned(),
            "Missing".to_owned(),
            "BillingAddress".to_owned(),
        ];
        let columns = shapes.of(&CrmObject::new("Account"), &fields);
        let row =
            |json: &'static str| -> Row<'static> { serde_json::from_str(json).expect("a row") };
        let read = |json| {
            columns.record(
                &CrmObject::new("Account"),
                &row(json),
                Timestamp::UNIX_EPOCH,
            )
        };
        let record = read(
            r#"{"attributes":{"type":"Account"},"Id":"001000000000001","IsDeleted":true,
            "SystemModstamp":"2026-01-31T12:00:09.000+0000","LastModifiedDate":"2026-01-31T12:00:00.000+0000",
            "LastModifiedById":"005000000000001AAA","Name":"Halden","BillingAddress":{"city":"Oslo"}}"#,
        )
        .expect("a record");
        assert_eq!(record.id.as_str(), "001000000000001AAA");
        assert_eq!(record.revision.tag, "2026-01-31T12:00:09.000+0000");
        assert_eq!(record.revision.order - record.modified_at.as_second(), 9);
        assert!(record.deleted);
        assert_eq!(record.fields.keys().collect::<Vec<_>>(), ["Name"]);
        assert!(read(r#"{"Id":"001000000000001AAA"}"#).is_none());
        assert!(read(r#"{"SystemModstamp":"2026-01-31T12:00:00.000+0000"}"#).is_none());
    }

    fn any_value() -> impl Strategy<Value = (Value, Shape)> {
        let seconds = -2_000_000_000_i64..4_000_000_000;
        prop_oneof![
            ".{1,40}".prop_map(|text| (Value::Text(text), Shape::Text)),
            (any::<i64>(), 0..=18_u32)
                .prop_map(|(n, scale)| (Value::Number(Decimal::new(n, scale)), Shape::Number)),
            any::<bool>().prop_map(|flag| (Value::Bool(flag), Shape::Checkbox)),
            seconds.prop_map(|s| {
                let at = Timestamp::from_second(s).expect("in range");
                (Value::DateTime(at), Shape::DateTime)
            }),
            (1800..2999_i16, 1..=12_i8, 1..=28_i8)
                .prop_map(|(y, m, d)| (Value::Date(jiff::civil::date(y, m, d)), Shape::Date)),
            proptest::collection::btree_set("[A-Za-zäß/&]{1,9}", 1..5)
                .prop_map(|set| (Value::Choices(set), Shape::Choices)),
            "[0-9A-Za-z]{15}".prop_map(|id| {
                let id = canonical_id(&id).expect("an id");
                (Value::Reference(Reference::Crm(id)), Shape::Reference)
            }),
            Just((Value::Null, Shape::Text)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_sent_reads_back_the_same((original, shape) in any_value()) {
            let json = to_json(&original, shape).expect("JSON");
            prop_assert_eq!(value(&json, shape), Some(original));
        }

        #[test]
        fn no_json_breaks_the_reading(json in r#"[-0-9.eE"a-z:+TZ]{1,30}"#) {
            if let Ok(raw) = RawValue::from_string(json) {
                for shape in [Shape::Unknown, Shape::Text, Shape::Number, Shape::Date, Shape::DateTime] {
                    let _ = value(&raw, shape);
                }
            }
        }
    }
}
