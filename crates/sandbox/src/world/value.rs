//! A field's value inside the world, and how it is shown in JSON.
//!
//! Values are typed here; text that means a date is refused at the door (see `convert`). Null is a value, since
//! queries compare with it, but a row stores nothing for it.

use std::borrow::Cow;

use jiff::{Timestamp, civil::Date, tz::Offset};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize, Serializer};
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
        // Text, numbers and null can always be a JSON value.
        serde_json::to_value(FieldValue::new(Cow::Borrowed(self), field.field_type))
            .unwrap_or_default()
    }
}

/// A value as the REST API shows it in JSON.
#[derive(Debug, Clone)]
pub(crate) struct FieldValue<'w> {
    value: Cow<'w, Value>,
    /// A whole number, shown without a point.
    whole: bool,
}

impl<'w> FieldValue<'w> {
    pub(crate) fn new(value: Cow<'w, Value>, field_type: FieldType) -> FieldValue<'w> {
        let whole = field_type == FieldType::Int;
        FieldValue { value, whole }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value.is_null()
    }
}

impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &*self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Number(number) => number_json(*number, self.whole).serialize(serializer),
            Value::Date(date) => serializer.serialize_str(&date_text(*date)),
            Value::DateTime(at) => serializer.serialize_str(&datetime_text(*at)),
            Value::Id(id) => id.serialize(serializer),
        }
    }
}

/// Numbers leave as JSON numbers: whole for int fields, else a double (recorded: `5` and `50000.0`).
fn number_json(number: Decimal, whole: bool) -> Json {
    match (whole, number.to_i64()) {
        (true, Some(int)) => Json::from(int),
        _ => number.to_f64().map_or(Json::Null, Json::from),
    }
}

/// The vendor's spelling of an instant, `2021-12-02T18:22:42.000+0000`: always UTC, always `.000`.
pub fn datetime_text(at: Timestamp) -> String {
    let mut text = String::with_capacity(28);
    push_datetime(&mut text, at);
    text.push_str("+0000");
    text
}

/// A day, `2021-12-02`.
pub(crate) fn date_text(date: Date) -> String {
    let mut text = String::with_capacity(10);
    push_date(&mut text, date);
    text
}

pub(crate) fn push_date(out: &mut String, date: Date) {
    push_digits(out, date.year(), 4);
    for part in [date.month(), date.day()] {
        out.push('-');
        push_digits(out, i16::from(part), 2);
    }
}

/// An instant without its zone, `2021-12-02T18:22:42.000`, in UTC.
pub(crate) fn push_datetime(out: &mut String, at: Timestamp) {
    let at = Offset::UTC.to_datetime(at);
    push_date(out, at.date());
    for (mark, part) in [('T', at.hour()), (':', at.minute()), (':', at.second())] {
        out.push(mark);
        push_digits(out, i16::from(part), 2);
    }
    out.push_str(".000");
}

/// The last `digits` digits of a number.
fn push_digits(out: &mut String, number: i16, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_i16.pow(place) % 10;
        out.push(char::from(b'0' + digit.unsigned_abs() as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every second of the years a date may lie in.
        #[test]
        fn times_are_spelt_as_the_vendor_does(second in -8_520_336_000_i64..64_092_211_200) {
            let at = Timestamp::from_second(second).unwrap();
            let expected = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
            prop_assert_eq!(&datetime_text(at), &expected);
            let date = Offset::UTC.to_datetime(at).date();
            prop_assert_eq!(date_text(date), &expected[..10]);
        }
    }
}
