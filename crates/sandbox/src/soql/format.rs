//! FORMAT: numbers, days and instants as a person would see them.
//!
//! The form is that of the locale en_US whatever the user's is (the vendor's forms for other locales are not known
//! well enough); instants are in the user's time zone.

use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::world::{FieldDef, FieldType, Value};

/// The text for a value of `field`; null stays null.
pub(crate) fn format(value: &Value, field: &FieldDef, zone: &TimeZone) -> Value {
    match value {
        Value::Number(number) => Value::text(&number_text(*number, field)),
        Value::Date(date) => Value::text(&date.strftime("%-m/%-d/%Y").to_string()),
        Value::DateTime(at) => {
            let local = zone.to_datetime(*at);
            Value::text(&local.strftime("%-m/%-d/%Y, %-I:%M %p").to_string())
        }
        other => other.clone(),
    }
}

/// `$44,000.00`, `-1,234.5`, `25%`: with as many digits behind the point as the field has.
fn number_text(number: Decimal, field: &FieldDef) -> String {
    let scale = match field.field_type {
        FieldType::Int => 0,
        // Money is shown in cents whatever its field holds.
        FieldType::Currency => 2,
        _ => field.scale,
    };
    let rounded = number
        .abs()
        .round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
    let digits = format!("{rounded:.*}", scale as usize);
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut text = String::new();
    if number.is_sign_negative() && !rounded.is_zero() {
        text.push('-');
    }
    if field.field_type == FieldType::Currency {
        text.push('$');
    }
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    if field.field_type == FieldType::Percent {
        text.push('%');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups_and_signs() {
        let text = |number: &str, field_type, scale| {
            let mut field = FieldDef::new("N", "N", field_type);
            field.scale = scale;
            number_text(number.parse().unwrap(), &field)
        };
        assert_eq!(text("44000", FieldType::Currency, 0), "$44,000.00");
        assert_eq!(text("-1234567.5", FieldType::Double, 1), "-1,234,567.5");
        assert_eq!(text("999", FieldType::Int, 0), "999");
        assert_eq!(text("-0.004", FieldType::Currency, 2), "$0.00");
        assert_eq!(text("25", FieldType::Percent, 0), "25%");
    }
}
