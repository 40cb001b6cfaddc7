//! What a person typed, as the value of a field.

use super::{AppError, AppResult};
use tandem_core::ids::RecordId;
use tandem_core::schema::FieldType;
use tandem_core::value::{Reference, Value, canonical};
use tandem_core::workspace::Kind;

/// Reads a text by the field's type; an empty one is nothing.
///
/// A reference is typed as pages show it: `account 12`, or the id of a CRM record.
///
/// # Errors
/// `Invalid` with the field's name.
pub(super) fn value(field: &str, text: &str, ty: &FieldType) -> AppResult<Value> {
    let invalid = |message: String| AppError::invalid(field, message);
    if let FieldType::Reference { .. } = ty {
        return reference(text.trim()).map_err(invalid);
    }
    let typed = Value::text(text);
    let value = canonical(&typed, ty).map_err(|misfit| invalid(misfit.to_string()))?;
    check_length(&value, ty).map_err(invalid)?;
    Ok(value)
}

fn check_length(value: &Value, ty: &FieldType) -> Result<(), String> {
    let most = match ty {
        FieldType::Text { max_chars }
        | FieldType::LongText { max_chars }
        | FieldType::Email { max_chars }
        | FieldType::Phone { max_chars }
        | FieldType::Url { max_chars } => *max_chars as usize,
        _ => 255,
    };
    let length = value.as_text().map_or(0, |text| text.chars().count());
    if length > most {
        return Err(format!("it has {length} characters; at most {most} fit"));
    }
    Ok(())
}

fn reference(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    if let Some((kind, id)) = text.split_once(' ')
        && let (Some(kind), Ok(id)) = (Kind::parse(kind), id.parse())
    {
        return Ok(Value::Reference(Reference::Workspace(kind, RecordId(id))));
    }
    // Salesforce's own form (15 or 18) or a GUID; nothing else is the id of a CRM record.
    let plausible = matches!(text.len(), 15 | 18 | 36)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plausible {
        Ok(Value::crm_ref(text))
    } else {
        Err(format!(
            "“{text}” is neither a record like `account 12` nor the id of a CRM record"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values_or_say_why_not() {
        let text = FieldType::Text { max_chars: 5 };
        let money = FieldType::Currency {
            precision: 18,
            scale: 2,
        };
        let to = FieldType::Reference { to: Vec::new() };
        let read = |typed: &str, ty: &FieldType| match value("f", typed, ty) {
            Ok(value) => value.to_string(),
            Err(error) => format!("! {error}"),
        };
        for (typed, ty, expected) in [
            (" abc ", &text, "abc"),
            ("", &text, ""),
            ("abcdef", &text, "! it has 6 characters; at most 5 fit"),
            ("12.345", &money, "12.35"),
            (
                "twelve",
                &money,
                "! “twelve” does not fit: it is not a number",
            ),
            (
                "2026-02-30",
                &FieldType::Date,
                "! “2026-02-30” does not fit: it is not a date like 2026-01-31",
            ),
            ("account 12", &to, "account 12"),
            ("005A00000000001AAA", &to, "005A00000000001AAA"),
            (
                "me",
                &to,
                "! “me” is neither a record like `account 12` nor the id of a CRM record",
            ),
        ] {
            assert_eq!(read(typed, ty), expected, "{typed:?}");
        }
    }
}
