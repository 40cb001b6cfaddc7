//! What a form says about a record: its text per field, what the person changed, and that as the JSON of a request.
//!
//! Every input comes with what it showed (`was.{field}`), so a person changes only what they touched, even when the
//! record was changed by somebody else while they looked at it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{list, page};
use crate::{
    salesforce::Parameters,
    soql::QueryScope,
    world::{Actor, DmlError, FieldDef, FieldType, Fields, SfId, World, parse_datetime},
};

/// Texts by field name.
pub(super) type Texts = BTreeMap<String, String>;

/// Prefix of the inputs that carry what was shown.
pub(super) const WAS: &str = "was.";

/// A record's value as its input shows it.
pub(super) fn text_of(field: &FieldDef, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if field.field_type == FieldType::DateTime => parse_datetime(text)
            .map_or_else(String::new, |at| {
                at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
            }),
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").unwrap_or(&text).to_owned()
        }
        other => other.to_string(),
    }
}

/// What the form says about a field. Boxes that are not ticked are not sent; several values become one text.
pub(super) fn given(form: &Parameters, field: &FieldDef) -> String {
    let values = form.pairs().iter().filter(|(key, _)| *key == field.name);
    let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
    match field.field_type {
        FieldType::Boolean => (!values.is_empty()).to_string(),
        FieldType::MultiPicklist => values.join(";"),
        _ => values
            .first()
            .map(|text| (*text).to_owned())
            .unwrap_or_default(),
    }
}

/// Whether the person changed a field. Browsers send line ends their own way.
pub(super) fn changed(form: &Parameters, field: &FieldDef, given: &str) -> bool {
    let was = form.get(&format!("{WAS}{}", field.name));
    was.unwrap_or_default().replace('\r', "") != given.replace('\r', "")
}

/// The JSON a request would carry for a text. A reference may be named by its record's exact name.
pub(super) fn json_of(
    world: &World,
    actor: &Actor,
    field: &FieldDef,
    text: &str,
) -> Result<Value, DmlError> {
    let text = text.trim();
    if text.is_empty() && field.field_type != FieldType::Boolean {
        return Ok(Value::Null);
    }
    Ok(match field.field_type {
        FieldType::Boolean => Value::Bool(text == "true"),
        // Inputs have no zone; the page says that it is UTC.
        FieldType::DateTime => Value::String(format!("{text}Z")),
        FieldType::Reference => Value::String(record_named(world, actor, field, text)?),
        _ => Value::String(text.to_owned()),
    })
}

fn record_named(
    world: &World,
    actor: &Actor,
    field: &FieldDef,
    text: &str,
) -> Result<String, DmlError> {
    if text.parse::<SfId>().is_ok() {
        return Ok(text.to_owned());
    }
    let targets = field.reference_to.iter();
    let defs = targets.filter_map(|name| world.schema().object(name));
    let ids: Vec<String> = defs
        .flat_map(|def| {
            let soql = format!(
                "SELECT Id FROM {} WHERE {} = '{}' LIMIT 2",
                def.name,
                page::name_field(def),
                list::quoted(text)
            );
            list::rows(world, actor, &soql, QueryScope::Live)
        })
        .filter_map(|row| row["Id"].as_str().map(str::to_owned))
        .collect();
    let refused = |sentence: &str| Err(DmlError::on(&field.name, "INVALID_FIELD", sentence));
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] => refused("No record has exactly this name. Enter a name as it is, or an id."),
        _ => refused("Several records have this name. Enter the id of the one you mean."),
    }
}

/// The JSON of all texts, or what cannot be read.
pub(super) fn fields_of(
    world: &World,
    actor: &Actor,
    texts: &[(&FieldDef, String)],
) -> Result<Fields, Vec<DmlError>> {
    let (mut fields, mut errors) = (Fields::new(), Vec::new());
    for (field, text) in texts {
        match json_of(world, actor, field, text) {
            Ok(value) => drop(fields.insert(field.name.clone(), value)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(fields)
    } else {
        Err(errors)
    }
}
