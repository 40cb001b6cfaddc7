//! Field values in the one form that both sides are compared in.
//!
//! A CRM rewrites what it is given: it trims text, stores an empty string as nothing, rounds a
//! number to the field's scale, cuts a time to whole seconds. [`canonical`] applies the same
//! rewriting to our side, so that a difference is a difference that a person made.
//!
//! Dates never pass a clock: a [`Value::Date`] has no zone and never becomes a time or back.

use crate::ids::{CrmId, RecordId};
use crate::schema::FieldType;
use crate::workspace::Kind;
use jiff::civil::Date;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Values by field name, in a stable order.
pub type Fields = BTreeMap<String, Value>;

/// One field's value.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing: null and the empty string are the same.
    #[default]
    Null,
    /// Text of any kind: plain, long, e-mail, phone, URL, or one picklist value.
    Text(String),
    /// A number, an amount or a percentage, as an exact decimal.
    Number(Decimal),
    /// A checkbox.
    Bool(bool),
    /// A calendar date without a zone.
    Date(Date),
    /// An instant, whole seconds once canonical.
    DateTime(Timestamp),
    /// The chosen values of a multi-select picklist.
    Choices(BTreeSet<String>),
    /// Another record.
    Reference(Reference),
}

/// What a reference field points to. Compared only after the store resolved workspace ids to the
/// CRM ids of linked records; one that could not be resolved waits for its target's own link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// A record of the CRM, linked here or not.
    Crm(CrmId),
    /// A workspace record that has no CRM id yet.
    Workspace(Kind, RecordId),
}

impl Value {
    /// Text, or [`Value::Null`] where it is empty.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Null
        } else {
            Self::Text(text)
        }
    }

    /// A reference to a CRM record.
    pub fn crm_ref(id: impl Into<String>) -> Self {
        Self::Reference(Reference::Crm(CrmId::new(id)))
    }

    /// Whether nothing is stored.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether a person would call the field blank: nothing, or nothing but white space.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Choices(set) => set.iter().all(|choice| choice.trim().is_empty()),
            _ => false,
        }
    }

    /// The text inside, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// As a person reads it in a log; nothing is shown as an empty string.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.normalize().fmt(f),
            Self::Bool(flag) => flag.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::DateTime(at) => at.fmt(f),
            Self::Choices(set) => {
                f.write_str(&set.iter().map(String::as_str).collect::<Vec<_>>().join(";"))
            }
            Self::Reference(Reference::Crm(id)) => id.fmt(f),
            Self::Reference(Reference::Workspace(kind, id)) => write!(f, "{kind} {id}"),
        }
    }
}

/// A value that the field's type can't hold, with the reason in an administrator's words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{value}” does not fit: {reason}")]
pub struct Misfit {
    /// The value as shown to a person.
    pub value: String,
    /// Why the field can't hold it.
    pub reason: String,
}

/// Rewrites a value as the CRM would store it in a field of type `ty`.
///
/// Text is trimmed, its line ends become `\n`, empty becomes [`Value::Null`]; numbers are rounded
/// half away from zero to the scale; times are cut to seconds; an empty checkbox is `false`.
///
/// # Errors
/// [`Misfit`] when the type can't hold the value at all.
pub fn canonical(value: &Value, ty: &FieldType) -> Result<Value, Misfit> {
    match ty {
        FieldType::Checkbox => checkbox(value),
        _ if value.is_null() => Ok(Value::Null),
        FieldType::Number { precision, scale }
        | FieldType::Currency { precision, scale }
        | FieldType::Percent { precision, scale } => number(value, *precision, *scale),
        FieldType::Date => date(value),
        FieldType::DateTime => date_time(value),
        FieldType::MultiPicklist { .. } => choices(value),
        FieldType::Reference { .. } => reference(value),
        FieldType::Text { .. }
        | FieldType::LongText { .. }
        | FieldType::Email { .. }
        | FieldType::Phone { .. }
        | FieldType::Url { .. }
        | FieldType::Picklist { .. } => Ok(plain_text(value)),
    }
}

/// Whether a person would call both values the same in a field of type `ty`.
pub fn same(a: &Value, b: &Value, ty: &FieldType) -> bool {
    match (canonical(a, ty), canonical(b, ty)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn misfit(value: &Value, reason: impl Into<String>) -> Misfit {
    Misfit {
        value: value.to_string(),
        reason: reason.into(),
    }
}

fn plain_text(value: &Value) -> Value {
    let text = value.to_string();
    let text = if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text
    };
    Value::text(text.trim())
}

fn checkbox(value: &Value) -> Result<Value, Misfit> {
    match value {
        Value::Null => Ok(Value::Bool(false)),
        Value::Bool(_) => Ok(value.clone()),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" | "false" => Ok(Value::Bool(false)),
            "true" => Ok(Value::Bool(true)),
            _ => Err(misfit(value, "a checkbox holds true or false")),
        },
        _ => Err(misfit(value, "a checkbox holds true or false")),
    }
}

fn number(value: &Value, precision: u8, scale: u8) -> Result<Value, Misfit> {
    let exact = match value {
        Value::Number(number) => *number,
        Value::Text(text) if text.trim().is_empty() => return Ok(Value::Null),
        Value::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| misfit(value, "it is not a number"))?,
        _ => return Err(misfit(value, "it is not a number")),
    };
    let rounded = exact
        .round_dp_with_strategy(u32::from(scale), RoundingStrategy::MidpointAwayFromZero)
        .normalize();
    let whole_digits = u32::from(precision.saturating_sub(scale)).min(28);
    let limit = (0..whole_digits).try_fold(Decimal::ONE, |n, _| n.checked_mul(Decimal::TEN));
    match limit {
        Some(limit) if rounded.abs() >= limit => Err(misfit(
            value,
            format!("the field holds {whole_digits} digits before the decimal point"),
        )),
        _ => Ok(Value::Number(rounded)),
    }
}

fn date(value: &Value) -> Result<Value, Misfit> {
    match value {
        Value::Date(_) => Ok(value.clone()),
        Value::Text(text) if text.trim().is_empty() => Ok(Value::Null),
        Value::Text(text) => text
            .trim()
            .parse()
            .map(Value::Date)
            .map_err(|_| misfit(value, "it is not a date like 2026-01-31")),
        _ => Err(misfit(
            value,
            "it is not a date, and a date never passes a clock",
        )),
    }
}

fn date_time(value: &Value) -> Result<Value, Misfit> {
    let at = match value {
        Value::DateTime(at) => *at,
        Value::Text(text) if text.trim().is_empty() => return Ok(Value::Null),
        Value::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| misfit(value, "it is not a time like 2026-01-31T09:30:00Z"))?,
        _ => return Err(misfit(value, "it is not a time")),
    };
    let seconds = TimestampRound::new()
        .smallest(Unit::Second)
        .mode(RoundMode::Floor);
    at.round(seconds)
        .map(Value::DateTime)
        .map_err(|_| misfit(value, "the time is out of range"))
}

fn choices(value: &Value) -> Result<Value, Misfit> {
    let chosen: Vec<&str> = match value {
        Value::Choices(set) => set.iter().map(String::as_str).collect(),
        Value::Text(text) => text.split(';').collect(),
        _ => return Err(misfit(value, "it is not a list of choices")),
    };
    let set: BTreeSet<String> = chosen
        .into_iter()
        .map(str::trim)
        .filter(|choice| !choice.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(if set.is_empty() {
        Value::Null
    } else {
        Value::Choices(set)
    })
}

fn reference(value: &Value) -> Result<Value, Misfit> {
    match value {
        Value::Reference(_) => Ok(value.clone()),
        Value::Text(text) if text.trim().is_empty() => Ok(Value::Null),
        Value::Text(text) => Ok(Value::crm_ref(text.trim())),
        _ => Err(misfit(value, "it is not a reference to a record")),
    }
}
