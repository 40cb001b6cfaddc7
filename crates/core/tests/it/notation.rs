//! How values and types are written in tables.
//!
//! `null`, `"text"` (escapes as in JSON), `12.5`, `true`, `2026-01-31`, `2026-01-31T09:30:00Z`,
//! `{A;B}` for choices, `@001` for a CRM record, `#account/7` for a workspace record.

use tandem_core::ids::{CrmObject, RecordId};
use tandem_core::schema::FieldType;
use tandem_core::value::{Reference, Value};
use tandem_core::workspace::Kind;

/// Reads one value.
pub(crate) fn value(cell: &str) -> Value {
    let quoted = || serde_json::from_str(cell).expect("a quoted text");
    match cell.chars().next() {
        _ if cell == "null" => Value::Null,
        _ if cell == "true" || cell == "false" => Value::Bool(cell == "true"),
        Some('"') => Value::Text(quoted()),
        Some('@') => Value::crm_ref(&cell[1..]),
        Some('#') => Value::Reference(workspace_reference(&cell[1..])),
        Some('{') => Value::Choices(choices(cell)),
        _ if cell.contains('T') => Value::DateTime(cell.parse().expect("a time")),
        _ if cell[1..].contains('-') => Value::Date(cell.parse().expect("a date")),
        _ => Value::Number(cell.parse().expect("a number")),
    }
}

fn choices(cell: &str) -> std::collections::BTreeSet<String> {
    cell.trim_matches(['{', '}'])
        .split(';')
        .filter(|choice| !choice.is_empty())
        .map(str::to_owned)
        .collect()
}

fn workspace_reference(text: &str) -> Reference {
    let (kind, id) = text.split_once('/').expect("kind/id");
    let kind = Kind::parse(kind).expect("a kind");
    Reference::Workspace(kind, RecordId(id.parse().expect("an id")))
}

/// Reads one type, such as `text` or `number(18,2)`.
pub(crate) fn field_type(cell: &str) -> FieldType {
    let (name, args) = cell.split_once('(').unwrap_or((cell, "18,2)"));
    let (precision, scale) = args
        .trim_end_matches(')')
        .split_once(',')
        .expect("two numbers");
    let precision = precision.parse().expect("a precision");
    let scale = scale.parse().expect("a scale");
    let max_chars = 255;
    let (restricted, values) = (false, Vec::new());
    match name {
        "text" => FieldType::Text { max_chars },
        "long" => FieldType::LongText { max_chars },
        "email" => FieldType::Email { max_chars },
        "phone" => FieldType::Phone { max_chars },
        "url" => FieldType::Url { max_chars },
        "number" => FieldType::Number { precision, scale },
        "currency" => FieldType::Currency { precision, scale },
        "percent" => FieldType::Percent { precision, scale },
        "date" => FieldType::Date,
        "datetime" => FieldType::DateTime,
        "checkbox" => FieldType::Checkbox,
        "picklist" => FieldType::Picklist { restricted, values },
        "multi" => FieldType::MultiPicklist { restricted, values },
        "ref" => FieldType::Reference {
            to: vec![CrmObject::new("Account")],
        },
        other => panic!("no type is called {other}"),
    }
}
