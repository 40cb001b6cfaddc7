//! The header of an upload: which field each column fills, and how the text of a cell becomes its value.
//!
//! A column names a field (`LastName`), a parent by one of its keys (`Account.ExtId__c`), or such a parent of one of
//! several objects (`Owner:User.Email`). An empty cell says nothing about its field; `#N/A` empties it (documented).

use serde_json::{Map, Value, json};

use super::task::{Operation, Task, echo};
use crate::{
    salesforce::dml::Fields,
    world::{DmlError, FieldDef, FieldType, World},
};

/// The text that stands for null.
pub(super) const NULL: &str = "#N/A";
/// Longest header in characters (documented).
const MAX_HEADER_CHARS: usize = 32_000;
/// Most columns (documented).
const MAX_COLUMNS: usize = 5_000;

#[derive(Debug)]
enum Target {
    Field,
    /// The parent's key field, and its object where there are several.
    Parent {
        key: String,
        object: Option<String>,
    },
}

#[derive(Debug)]
struct Column {
    /// The field, or the relationship of a parent, in the schema's spelling.
    name: String,
    target: Target,
    /// Of the field the cell's text is read as.
    field_type: FieldType,
}

/// The columns of an upload in their order.
#[derive(Debug)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Finds the fields of a header. The recorded sentence for a name that means nothing to the caller is
    /// `Field name not found : x`.
    pub(super) fn bind(world: &World, task: &Task, header: &[String]) -> Result<Self, String> {
        let chars: usize = header.iter().map(|name| name.chars().count() + 1).sum();
        if chars > MAX_HEADER_CHARS || header.len() > MAX_COLUMNS {
            return Err(format!(
                "The header is longer than {MAX_HEADER_CHARS} characters or {MAX_COLUMNS} fields"
            ));
        }
        let mut columns = Vec::with_capacity(header.len());
        for name in header {
            let column = column(world, task, name)
                .ok_or_else(|| format!("Field name not found : {}", echo(name)))?;
            let same = |other: &Column| other.name == column.name;
            if columns.iter().any(same) {
                return Err(format!("Field name duplicated : {}", echo(name)));
            }
            columns.push(column);
        }
        let columns = Self(columns);
        // Without a column of ids an upsert by them only creates: jsforce's own suite does so in orgs.
        let creates = |key: &str| task.operation == Operation::Upsert && key == "Id";
        match task.identifier().filter(|key| !creates(key)) {
            Some(key) if !columns.0.iter().any(|column| column.name == key) => {
                Err(format!("Field name not found : {key}"))
            }
            _ => Ok(columns),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The fields a row sets.
    pub(super) fn fields<'c>(&self, cells: impl Iterator<Item = &'c str>) -> Fields {
        let mut fields = Map::new();
        for (column, text) in self.0.iter().zip(cells) {
            match text {
                "" => {}
                NULL => drop(fields.insert(column.name.clone(), Value::Null)),
                text => drop(fields.insert(column.name.clone(), column.value(text))),
            }
        }
        fields
    }

    /// Says in Bulk's words (recorded) which cell cannot be read; other errors stay as they are.
    pub(super) fn explain(&self, cells: &[&str], errors: Vec<DmlError>) -> Vec<DmlError> {
        let explain = |error: DmlError| self.unreadable(cells, &error).unwrap_or(error);
        errors.into_iter().map(explain).collect()
    }

    fn unreadable(&self, cells: &[&str], error: &DmlError) -> Option<DmlError> {
        let name = error
            .fields
            .first()
            .filter(|_| error.status_code == "JSON_PARSER_ERROR")?;
        let number = self.0.iter().position(|column| column.name == *name)?;
        let message = format!(
            "Failed to deserialize field at col {number}. Due to, '{}' is not a valid value for the type {}",
            echo(cells.get(number)?),
            self.0[number].field_type.soap_type()
        );
        Some(DmlError::on(name, "INVALID_FIELD", message))
    }
}

impl Column {
    fn value(&self, text: &str) -> Value {
        match &self.target {
            Target::Field => cell_value(self.field_type, text),
            Target::Parent { key, object } => {
                let mut parent = Map::new();
                if let Some(object) = object {
                    parent.insert("attributes".to_owned(), json!({ "type": object }));
                }
                parent.insert(key.clone(), cell_value(self.field_type, text));
                Value::Object(parent)
            }
        }
    }
}

/// Booleans may be digits, and a time without a zone is in UTC: both as XML Schema spells them.
fn cell_value(field_type: FieldType, text: &str) -> Value {
    match (field_type, text) {
        (FieldType::Boolean, "1") => true.into(),
        (FieldType::Boolean, "0") => false.into(),
        (FieldType::DateTime, text) if has_no_zone(text) => format!("{text}Z").into(),
        _ => text.into(),
    }
}

/// `2026-03-01T10:00:00` and no more but a fraction.
fn has_no_zone(text: &str) -> bool {
    let time = text.split_once('T').map(|(_, time)| time);
    time.is_some_and(|time| {
        time.bytes()
            .all(|byte| byte.is_ascii_digit() || b":.".contains(&byte))
    })
}

fn column(world: &World, task: &Task, name: &str) -> Option<Column> {
    let object = world.schema().object(&task.object)?;
    let readable =
        |object: &str, field: &FieldDef| world.field_rights(&task.actor, object, &field.name).read;
    let Some((relationship, key)) = name.split_once('.') else {
        let field = object
            .field(name)
            .filter(|field| readable(&object.name, field))?;
        return Some(Column {
            name: field.name.clone(),
            target: Target::Field,
            field_type: field.field_type,
        });
    };
    let (relationship, named) = match relationship.split_once(':') {
        Some((relationship, object)) => (relationship, Some(object)),
        None => (relationship, None),
    };
    let reference = object
        .relationship(relationship)
        .filter(|field| readable(&object.name, field))?;
    let targets = reference.reference_to.iter();
    let mut targets = targets.filter(|to| named.is_none_or(|named| to.eq_ignore_ascii_case(named)));
    let (target, field) = targets.find_map(|to| {
        let target = world.schema().object(to)?;
        let field = target.field(key).filter(|field| field.is_lookup_key())?;
        readable(&target.name, field).then_some((target, field))
    })?;
    Some(Column {
        name: reference.relationship_name.clone()?,
        target: Target::Parent {
            key: field.name.clone(),
            object: reference.polymorphic().then(|| target.name.clone()),
        },
        field_type: field.field_type,
    })
}
