//! A value in the form in which it is compared, sorted and indexed.
//!
//! Text compares without regard to case unless its field says otherwise, so its key is folded once. The order of
//! the variants puts null first, which is the default of ORDER BY.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::id::SfId;
use super::schema::FieldNo;
use super::value::Value;

/// See the module documentation. Keys of one field are of one kind (or null).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Null,
    Bool(bool),
    Number(Decimal),
    Date(Date),
    DateTime(Timestamp),
    Id(SfId),
    Text(Box<str>),
}

impl Key {
    /// The key of a value of a field that does or does not tell cases apart.
    pub(crate) fn of(value: &Value, case_sensitive: bool) -> Key {
        match value {
            Value::Null => Key::Null,
            Value::Bool(flag) => Key::Bool(*flag),
            Value::Text(text) if case_sensitive => Key::Text((**text).into()),
            Value::Text(text) => Key::Text(fold(text)),
            Value::Number(number) => Key::Number(number.normalize()),
            Value::Date(date) => Key::Date(*date),
            Value::DateTime(at) => Key::DateTime(*at),
            Value::Id(id) => Key::Id(*id),
        }
    }

    /// A number that is equal for equal keys of one field, and hardly ever for others.
    pub(crate) fn hash_in(&self, field: FieldNo) -> u64 {
        let mut hasher = DefaultHasher::new();
        (field, self).hash(&mut hasher);
        hasher.finish()
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Key::Null
    }
}

/// Folds case so that texts which differ in case only become equal.
pub(crate) fn fold(text: &str) -> Box<str> {
    if text.is_ascii() {
        text.to_ascii_lowercase().into()
    } else {
        text.to_lowercase().into()
    }
}
