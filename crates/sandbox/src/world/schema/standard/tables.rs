//! Reads the tables of text the standard objects are spelled in (`tables/*.txt`).
//!
//! A line is one of
//! - `= Name prefix flags | Label | Plural`: an object. Flags: `C`reateable, `U`pdateable, `D`eletable, undeleted (`Z`),
//!   `M`ergeable, `R`eplicateable, `L`ayoutable, `S`earchable, `T`riggerable, `F`eeds, `A`dministrative, `O`ne row for each user.
//! - `Name | type | flags | Label | attributes | picklist`: a field of it. Flags: `C`reateable, `U`pdateable, `N`illable,
//!   `D`efaulted on create, `P`ermissionable, `R`estricted picklist, `I`d lookup, `T`itle (the name field). Attributes:
//!   `path=` (relationship), `children=` (child relationship), `cascade`, `part=` (compound), `info=`, `default=`, `to=`
//!   (an object that is referred to by a durable id, which is text). Picklist entries are `value` or `value:label`, the
//!   default has a `*`; `$name` is a shared list.
//! - `@id Label`, `@deleted`, `@audit`, `@address Prefix`: fields many objects have.
//! - `% name | entries`: a shared list. `#` begins a comment.
//!
//! Tables are read once; a mistake in one is found by the test of this module.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::{address, audit, deleted, id};
use crate::world::schema::field::Storage;
use crate::world::schema::{FieldDef, FieldType, ObjectDef, PicklistValue};
use crate::world::value::Value;

/// Shared picklists by name.
pub(super) type Lists = HashMap<String, Vec<PicklistValue>>;

/// The shared lists of a text.
pub(super) fn lists(text: &str) -> Result<Lists, String> {
    let entries = text.lines().filter_map(|line| line.strip_prefix("% "));
    entries
        .map(|line| {
            let (name, list) = line.split_once(" | ").ok_or_else(|| wrong(line))?;
            Ok((name.to_owned(), entries_of(list)))
        })
        .collect()
}

/// The objects of a text.
pub(super) fn objects(text: &str, lists: &Lists) -> Result<Vec<ObjectDef>, String> {
    let mut objects: Vec<ObjectDef> = Vec::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("= ") {
            objects.push(object(head).ok_or_else(|| wrong(line))?);
            continue;
        }
        let own = objects.last_mut().ok_or_else(|| wrong(line))?;
        let fields = match line.strip_prefix('@') {
            Some(group) => fields_of(group).ok_or_else(|| wrong(line))?,
            None => vec![field(line, lists)?],
        };
        fields.into_iter().for_each(|field| own.push(field));
    }
    Ok(objects)
}

fn wrong(line: &str) -> String {
    format!("cannot read '{line}'")
}

fn object(head: &str) -> Option<ObjectDef> {
    let mut columns = head.split('|').map(str::trim);
    let mut words = columns.next()?.split_whitespace();
    let (name, prefix) = (words.next()?, words.next()?.as_bytes().try_into().ok()?);
    let flags = words.next().unwrap_or_default();
    let mut object = ObjectDef::new(name, columns.next()?, columns.next()?, prefix);
    let has = |letter| flags.contains(letter);
    (object.createable, object.updateable) = (has('C'), has('U'));
    (object.deletable, object.undeletable) = (has('D'), has('Z'));
    (object.mergeable, object.replicateable) = (has('M'), has('R'));
    (object.layoutable, object.searchable) = (has('L'), has('S'));
    (object.triggerable, object.feed_enabled) = (has('T'), has('F'));
    (object.administrative, object.own_row) = (has('A'), has('O'));
    Some(object)
}

fn fields_of(group: &str) -> Option<Vec<FieldDef>> {
    let (name, rest) = group.split_once(' ').unwrap_or((group, ""));
    Some(match name {
        "id" => vec![id(rest)],
        "deleted" => vec![deleted()],
        "audit" => audit().into(),
        "address" => address(rest),
        _ => return None,
    })
}

fn field(line: &str, lists: &Lists) -> Result<FieldDef, String> {
    let columns: Vec<&str> = line.split('|').map(str::trim).collect();
    let column = |at: usize| columns.get(at).copied().unwrap_or_default();
    let mut field = typed(column(0), column(1), column(3)).ok_or_else(|| wrong(line))?;
    set_flags(&mut field, column(2));
    if let Some(shared) = column(5).strip_prefix('$') {
        field.picklist_values = lists.get(shared).ok_or_else(|| wrong(line))?.clone();
    } else if !column(5).is_empty() {
        field.picklist_values = entries_of(column(5));
    }
    let default = field
        .picklist_values
        .iter()
        .find(|entry| entry.default_value);
    if let Some(entry) = default {
        field.default_value = Value::text(&entry.value);
    }
    for attribute in column(4).split_whitespace() {
        set_attribute(&mut field, attribute).ok_or_else(|| wrong(line))?;
    }
    field.storage = storage(&field);
    Ok(field)
}

/// A field of a type such as `string(80)`, `currency(18,2)` or `reference(Contact,Lead)`.
fn typed(name: &str, spelled: &str, label: &str) -> Option<FieldDef> {
    let (word, inner) = spelled
        .trim_end_matches(')')
        .split_once('(')
        .unwrap_or((spelled, ""));
    let length: u32 = inner.parse().unwrap_or_default();
    let field_type = match word {
        "id" => FieldType::Id,
        "reference" => FieldType::Reference,
        "string" => FieldType::Text,
        "textarea" if length <= 255 => FieldType::TextArea,
        "textarea" => FieldType::LongTextArea,
        "boolean" => FieldType::Boolean,
        "int" => FieldType::Int,
        "double" => FieldType::Double,
        "currency" => FieldType::Currency,
        "percent" => FieldType::Percent,
        "date" => FieldType::Date,
        "datetime" => FieldType::DateTime,
        "picklist" => FieldType::Picklist,
        "combobox" => FieldType::Combobox,
        "email" => FieldType::Email,
        "phone" => FieldType::Phone,
        "url" => FieldType::Url,
        _ => return None,
    };
    let field = FieldDef::new(name, label, field_type).length(length);
    Some(match field_type {
        FieldType::Reference => {
            let objects: Vec<&str> = inner.split(',').filter(|name| !name.is_empty()).collect();
            field.to(&objects, "")
        }
        FieldType::Double | FieldType::Currency | FieldType::Percent => {
            let (precision, scale) = inner.split_once(',')?;
            field.digits(precision.parse().ok()?, scale.parse().ok()?)
        }
        FieldType::Int => FieldDef { digits: 8, ..field },
        FieldType::Boolean => field.defaulted(Value::Bool(false)),
        _ => field,
    })
}

fn set_flags(field: &mut FieldDef, flags: &str) {
    let has = |letter| flags.contains(letter);
    (field.createable, field.updateable) = (has('C'), has('U'));
    (field.nillable, field.defaulted_on_create) = (has('N'), has('D'));
    (field.permissionable, field.restricted_picklist) = (has('P'), has('R'));
    (field.id_lookup, field.name_field) = (has('I'), has('T'));
}

fn set_attribute(field: &mut FieldDef, attribute: &str) -> Option<()> {
    let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
    let text = || Some(value.to_owned());
    match key {
        "path" => field.relationship_name = text(),
        "children" => field.child_relationship_name = text(),
        "cascade" => field.cascade_delete = true,
        "part" => field.compound_field_name = text(),
        "to" => field.reference_to = vec![value.to_owned()],
        "info" => field.extra_type_info = Some(extra_type(value)?),
        "default" => {
            field.default_value = match value {
                "true" => Value::Bool(true),
                number => Value::Number(number.parse::<Decimal>().ok()?),
            }
        }
        _ => return None,
    }
    Some(())
}

fn extra_type(name: &str) -> Option<&'static str> {
    const KNOWN: [&str; 4] = [
        "plaintextarea",
        "personname",
        "imageurl",
        "switchablepersonname",
    ];
    KNOWN.into_iter().find(|known| *known == name)
}

/// Audit fields live beside the columns, whatever order an object shows them in.
fn storage(field: &FieldDef) -> Storage {
    match field.name.as_str() {
        "CreatedDate" => Storage::CreatedDate,
        "CreatedById" => Storage::CreatedById,
        "LastModifiedDate" => Storage::LastModifiedDate,
        "LastModifiedById" => Storage::LastModifiedById,
        "SystemModstamp" => Storage::SystemModstamp,
        _ => Storage::Column,
    }
}

fn entries_of(list: &str) -> Vec<PicklistValue> {
    let entry = |spelled: &str| {
        let default_value = spelled.starts_with('*');
        let plain = spelled.trim_start_matches('*');
        let (value, label) = plain.split_once(':').unwrap_or((plain, plain));
        PicklistValue {
            value: value.to_owned(),
            label: label.to_owned(),
            active: true,
            default_value,
        }
    };
    list.split(';').map(entry).collect()
}
