//! A field's value inside the world, and how it is shown in JSON.
//!
//! Values are typed here; text that means a date is refused at the door (see `convert`). Null is a value, since
//! queries compare with it, but a row stores nothing for it.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::id::SfId;
use super::schema::{FieldDef, FieldType};
use super::text::Text;

/// One field's value. Its serialised form is that of state files, not of the API; see [`Value::to_json`] for that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing.
    Null,
    /// A checkbox.
    Bool(bool),
    /// Text of any kind, picklist values included; several picklist values are joined by `;`.
    Text(Text),
    /// A number, already rounded to its field's scale.
    Number(Decimal),
    /// A day.
    Date(Date),
    /// An instant, whole seconds.
    DateTime(Timestamp),
    /// A record id.
    Id(SfId),
}

impl Value {
    /// Text, or null when it is empty.
    pub(crate) fn text(text: &str) -> Value {
        if text.is_empty() {
            Value::Null
        } else {
            Value::Text(text.into())
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text of a text value.
    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The id of a reference value.
    pub fn as_id(&self) -> Option<SfId> {
        if let Value::Id(id) = self {
            Some(*id)
        } else {
            None
        }
    }

    /// The number of a numeric value.
    pub fn as_number(&self) -> Option<Decimal> {
        if let Value::Number(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The JSON the REST API shows for this value of `field`.
    pub fn to_json(&self, field: &FieldDef) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Text(text) => Json::String(text.to_string()),
            Value::Number(number) => number_json(*number, field.field_type == FieldType::Int),
            Value::Date(date) => Json::String(date.to_string()),
            Value::DateTime(at) => Json::String(datetime_text(*at)),
            Value::Id(id) => Json::String(id.to_string()),
        }
    }
}

/// Numbers leave as JSON numbers: whole for int fields, else a double (recorded: `5` and `50000.0`).
pub(crate) fn number_json(number: Decimal, whole: bool) -> Json {
    match (whole, number.to_i64()) {
        (true, Some(int)) => Json::from(int),
        _ => number.to_f64().map_or(Json::Null, Json::from),
    }
}

/// The vendor's spelling of an instant, `2021-12-02T18:22:42.000+0000`: always UTC, always `.000`.
pub fn datetime_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}
