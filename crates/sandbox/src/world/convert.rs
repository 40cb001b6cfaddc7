//! From the JSON of a request body to a typed value of a field, with the checks that need only the field.
//!
//! Two kinds of refusal: the JSON cannot be read as the field's type (JSON_PARSER_ERROR, which fails the record
//! before anything else is looked at), or it can but breaks a rule of the field. Text is trimmed and an empty text
//! is null; line ends are kept as they came. Whether a referenced record exists is checked later.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value as Json;

use super::error::DmlError;
use super::id::SfId;
use super::schema::{FieldDef, FieldType};
use super::value::Value;

/// Longest piece of a refused text that a message repeats.
const ECHO_LIMIT_CHARS: usize = 255;
/// Years a date may lie in (documented).
const YEARS: std::ops::RangeInclusive<i16> = 1700..=4000;

/// Reads one value. Null is null, except that a checkbox becomes false.
pub(crate) fn convert(field: &FieldDef, json: &Json) -> Result<Value, DmlError> {
    match field.field_type {
        FieldType::Boolean => boolean(field, json),
        _ if json.is_null() => Ok(Value::Null),
        FieldType::Date => date(field, json),
        FieldType::DateTime => datetime(field, json),
        FieldType::Id | FieldType::Reference => id(field, json),
        number if number.is_number() => decimal(field, json),
        _ => text(field, json),
    }
}

fn boolean(field: &FieldDef, json: &Json) -> Result<Value, DmlError> {
    match json {
        Json::Null => Ok(Value::Bool(false)),
        Json::Bool(flag) => Ok(Value::Bool(*flag)),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
        other => Err(unreadable(field, other)),
    }
}

fn text(field: &FieldDef, json: &Json) -> Result<Value, DmlError> {
    let raw = match json {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(flag) => flag.to_string(),
        other => return Err(unreadable(field, other)),
    };
    let trimmed = raw.trim_matches(|c| c <= ' ');
    if trimmed.is_empty() {
        return Ok(Value::Null);
    }
    let value = if field.field_type == FieldType::MultiPicklist {
        in_list_order(field, trimmed)
    } else {
        trimmed.to_owned()
    };
    check_length(field, &value)?;
    match field.field_type {
        FieldType::Email => check_email(field, &value)?,
        FieldType::Picklist if field.restricted_picklist => check_listed(field, &value)?,
        FieldType::MultiPicklist if field.restricted_picklist => {
            value
                .split(';')
                .try_for_each(|part| check_listed(field, part))?;
        }
        _ => {}
    }
    Ok(Value::text(&value))
}

/// Length is counted in UTF-16 units, as the vendor's own code counts characters.
fn check_length(field: &FieldDef, value: &str) -> Result<(), DmlError> {
    if value.encode_utf16().count() <= field.length as usize {
        return Ok(());
    }
    let echo: String = value.chars().take(ECHO_LIMIT_CHARS).collect();
    let message = format!(
        "{}: data value too large: {echo} (max length={})",
        field.label, field.length
    );
    Err(DmlError::on(&field.name, "STRING_TOO_LONG", message))
}

fn check_email(field: &FieldDef, value: &str) -> Result<(), DmlError> {
    let local_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let label_ok = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let good = value.split_once('@').is_some_and(|(local, domain)| {
        let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        let host = domain.contains('.') && domain.split('.').all(label_ok);
        !local.is_empty() && dots && local.chars().all(local_char) && host
    });
    if good {
        return Ok(());
    }
    let message = format!("{}: invalid email address: {value}", field.label);
    Err(DmlError::on(&field.name, "INVALID_EMAIL_ADDRESS", message))
}

fn check_listed(field: &FieldDef, value: &str) -> Result<(), DmlError> {
    if field
        .picklist_values
        .iter()
        .any(|entry| entry.active && entry.value == value)
    {
        return Ok(());
    }
    let message = format!(
        "{}: bad value for restricted picklist field: {value}",
        field.label
    );
    Err(DmlError::on(
        &field.name,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        message,
    ))
}

/// Several values are kept once each, listed ones first in the order of the list.
fn in_list_order(field: &FieldDef, text: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let listed = |part: &&str| {
        field
            .picklist_values
            .iter()
            .position(|entry| entry.value == *part)
    };
    parts.sort_by_key(|part| listed(part).unwrap_or(usize::MAX));
    parts.join(";")
}

fn decimal(field: &FieldDef, json: &Json) -> Result<Value, DmlError> {
    let spelled = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.trim().is_empty() => return Ok(Value::Null),
        Json::String(text) if is_numeric(text.trim()) => text.trim().to_owned(),
        other => return Err(unreadable(field, other)),
    };
    let parsed = spelled
        .parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(&spelled));
    let number = parsed.map_err(|_| out_of_range(field, &spelled))?;
    let whole = field.field_type == FieldType::Int;
    if whole && !number.fract().is_zero() {
        return Err(unreadable(field, json));
    }
    let rounded =
        number.round_dp_with_strategy(field.scale, RoundingStrategy::MidpointAwayFromZero);
    let integer_digits = if whole {
        field.digits
    } else {
        field.precision.saturating_sub(field.scale)
    };
    if rounded.abs() >= Decimal::from(10_u64.pow(integer_digits.min(18))) {
        return Err(out_of_range(field, &spelled));
    }
    Ok(Value::Number(rounded.normalize()))
}

fn is_numeric(text: &str) -> bool {
    !text.is_empty() && text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn out_of_range(field: &FieldDef, value: &str) -> DmlError {
    let message = format!(
        "{}: value outside of valid range on numeric field: {value}",
        field.label
    );
    DmlError::on(&field.name, "NUMBER_OUTSIDE_VALID_RANGE", message)
}

fn date(field: &FieldDef, json: &Json) -> Result<Value, DmlError> {
    let Json::String(text) = json else {
        return Err(unreadable(field, json));
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    // Exactly YYYY-MM-DD: the date parser alone would also take a time behind it.
    let date = Some(text)
        .filter(|text| text.len() == 10)
        .and_then(|text| text.parse::<Date>().ok());
    let date = date.ok_or_else(|| unreadable(field, json))?;
    if YEARS.contains(&date.year()) {
        Ok(Value::Date(date))
    } else {
        Err(invalid_date(field, text))
    }
}

fn datetime(field: &FieldDef, json: &Json) -> Result<Value, DmlError> {
    let Json::String(text) = json else {
        return Err(unreadable(field, json));
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let at = parse_datetime(text).ok_or_else(|| unreadable(field, json))?;
    let year = TimeZone::UTC.to_datetime(at).year();
    if YEARS.contains(&year) {
        Ok(Value::DateTime(at))
    } else {
        Err(invalid_date(field, text))
    }
}

/// An ISO 8601 instant with `Z` or an offset; the part below a second is dropped.
pub(crate) fn parse_datetime(text: &str) -> Option<Timestamp> {
    let at: Timestamp = text.parse().ok()?;
    whole_seconds(at)
}

/// The instant without the part below a second.
pub(crate) fn whole_seconds(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(at.as_millisecond().div_euclid(1_000)).ok()
}

fn invalid_date(field: &FieldDef, text: &str) -> DmlError {
    DmlError::on(
        &field.name,
        "FIELD_INTEGRITY_EXCEPTION",
        format!("{}: invalid date: {text}", field.label),
    )
}

fn id(field: &FieldDef, json: &Json) -> Result<Value, DmlError> {
    let Json::String(text) = json else {
        return Err(unreadable(field, json));
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    text.parse()
        .map(Value::Id)
        .map_err(|_| wrong_id(field, "MALFORMED_ID", text))
}

/// The id is malformed, or of an object the field does not point to.
pub(crate) fn wrong_id(field: &FieldDef, status_code: &'static str, id: &str) -> DmlError {
    let echo: String = id.chars().take(ECHO_LIMIT_CHARS).collect();
    DmlError::on(
        &field.name,
        status_code,
        format!("{}: id value of incorrect type: {echo}", field.label),
    )
}

/// The JSON is of a kind the field's type cannot be read from.
fn unreadable(field: &FieldDef, json: &Json) -> DmlError {
    let (token, value) = match json {
        Json::Null => ("VALUE_NULL", "null".to_owned()),
        Json::Bool(flag) => (
            if *flag { "VALUE_TRUE" } else { "VALUE_FALSE" },
            flag.to_string(),
        ),
        Json::Number(number) if number.is_f64() => ("VALUE_NUMBER_FLOAT", number.to_string()),
        Json::Number(number) => ("VALUE_NUMBER_INT", number.to_string()),
        Json::String(text) => (
            "VALUE_STRING",
            text.chars().take(ECHO_LIMIT_CHARS).collect(),
        ),
        Json::Array(_) => ("START_ARRAY", "[".to_owned()),
        Json::Object(_) => ("START_OBJECT", "{".to_owned()),
    };
    let wanted = field.field_type.describe_name();
    let message = format!(
        "Cannot deserialize instance of {wanted} from {token} value {value} or request may be missing a required field"
    );
    DmlError::on(&field.name, "JSON_PARSER_ERROR", message)
}

/// An id as a request names it, 15 or 18 characters.
pub(crate) fn parse_id(text: &str) -> Result<SfId, DmlError> {
    text.parse().map_err(|_| {
        let echo: String = text.chars().take(ECHO_LIMIT_CHARS).collect();
        DmlError::new("MALFORMED_ID", format!("malformed id {echo}"))
    })
}
