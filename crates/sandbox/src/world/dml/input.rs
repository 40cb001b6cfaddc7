//! Reads the fields of a request body: names, write access, JSON types, parents given by external id.
//!
//! Unknown names fail first, then all fields that cannot be written (in one error), then JSON that cannot be read.
//! Values that break a rule of their field are handed on, to be reported with what else is wrong with the record.

use serde_json::Value as Json;

use super::{Errors, Fields, Verb};
use crate::world::convert::convert;
use crate::world::error::DmlError;
use crate::world::key::Key;
use crate::world::schema::{FieldDef, FieldNo, FieldType, ObjectDef, ObjectNo, Storage};
use crate::world::{Actor, Value, World};

/// A field and its JSON, or the parent a reference is looked up at.
struct Given<'a> {
    no: FieldNo,
    json: &'a Json,
    by_key: bool,
}

impl World {
    /// The values a request gives, typed, in the order of the fields, and what is wrong with other values.
    pub(super) fn read_input(
        &self,
        actor: &Actor,
        object: ObjectNo,
        fields: &Fields,
        verb: Verb,
    ) -> Result<(Vec<(FieldNo, Value)>, Errors), Errors> {
        let given = self
            .find_fields(actor, object, fields, verb)
            .map_err(|error| vec![error])?;
        self.check_writable(actor, object, &given, verb)
            .map_err(|error| vec![error])?;
        let mut values = Vec::with_capacity(given.len());
        let mut errors = Errors::new();
        for Given { no, json, by_key } in given {
            // Null on create is the same as left out: the default stands, also of a checkbox.
            if verb == Verb::Create && json.is_null() {
                continue;
            }
            let field = self.schema.at(object).at(no);
            let value = if by_key {
                self.parent_by_key(actor, field, json)
            } else {
                convert(field, json)
            };
            match value {
                Ok(value) => values.push((no, value)),
                Err(error) if error.status_code == "JSON_PARSER_ERROR" => return Err(vec![error]),
                Err(error) => errors.push(error),
            }
        }
        Ok((values, errors))
    }

    fn find_fields<'a>(
        &self,
        actor: &Actor,
        object: ObjectNo,
        fields: &'a Fields,
        verb: Verb,
    ) -> Result<Vec<Given<'a>>, DmlError> {
        let def = self.schema.at(object);
        let mut given = Vec::with_capacity(fields.len());
        for (name, json) in fields.iter().filter(|(name, _)| *name != "attributes") {
            let (no, by_key) =
                find_field(def, name, json).ok_or_else(|| no_such_column(name, def))?;
            if !self.rights_on_field(actor, object, no).read {
                return Err(no_such_column(name, def));
            }
            match (def.at(no).storage, verb) {
                (Storage::Id, Verb::Create) => {
                    let message = "cannot specify Id in an insert call";
                    return Err(DmlError::on(
                        "Id",
                        "INVALID_FIELD_FOR_INSERT_UPDATE",
                        message,
                    ));
                }
                // An update names its record by id; the caller has read it already.
                (Storage::Id, Verb::Update) => {}
                _ => given.push(Given { no, json, by_key }),
            }
        }
        given.sort_by_key(|given| given.no);
        Ok(given)
    }

    fn check_writable(
        &self,
        actor: &Actor,
        object: ObjectNo,
        given: &[Given<'_>],
        verb: Verb,
    ) -> Result<(), DmlError> {
        let def = self.schema.at(object);
        let writable = |no: FieldNo| {
            let field = def.at(no);
            let nature = if verb == Verb::Create {
                field.createable
            } else {
                field.updateable
            };
            nature && self.rights_on_field(actor, object, no).edit
        };
        let refused = given.iter().filter(|given| !writable(given.no));
        let names: Vec<String> = refused.map(|given| def.at(given.no).name.clone()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let message = format!(
            "Unable to create/update fields: {}. Please check the security settings of this field and verify that \
             it is read/write for your profile or permission set.",
            names.join(", ")
        );
        Err(DmlError::new("INVALID_FIELD_FOR_INSERT_UPDATE", message).about(names))
    }

    /// `{"ExtId__c": "77"}` as the value of a reference: the id of the parent with that key.
    fn parent_by_key(
        &self,
        actor: &Actor,
        field: &FieldDef,
        json: &Json,
    ) -> Result<Value, DmlError> {
        let Json::Object(key) = json else {
            return Ok(Value::Null);
        };
        let mut parts = key.iter().filter(|(name, _)| *name != "attributes");
        let (Some((name, value)), None) = (parts.next(), parts.next()) else {
            let message = format!(
                "{}: a parent is named by exactly one external id field",
                field.label
            );
            return Err(DmlError::on(&field.name, "INVALID_FIELD", message));
        };
        // One of several objects is named by the type of its attributes; else the first that is there is meant.
        let named = key
            .get("attributes")
            .and_then(|attributes| attributes["type"].as_str());
        let meant = |name: &&String| named.is_none_or(|named| name.eq_ignore_ascii_case(named));
        let target = field
            .reference_to
            .iter()
            .filter(meant)
            .find_map(|name| self.schema.object_no(name));
        let target =
            target.ok_or_else(|| no_such_parent(name, value, &field.reference_to.join(",")))?;
        let def = self.schema.at(target);
        let key_field = def.field_no(name).filter(|no| def.at(*no).is_lookup_key());
        let key_field = key_field.ok_or_else(|| no_such_column(name, def))?;
        let wanted = convert(def.at(key_field), value)?;
        let mut found = self.with_key(actor, target, key_field, &wanted).into_iter();
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(Value::Id(id)),
            (None, _) => Err(no_such_parent(name, value, &def.name)),
            (Some(_), Some(_)) => {
                let message = format!(
                    "More than one record found for external id field: {name} in entity {}",
                    def.name
                );
                Err(DmlError::new("INVALID_FIELD", message))
            }
        }
    }

    /// Live records the actor sees whose key field has this value. Null finds nothing.
    pub(super) fn with_key(
        &self,
        actor: &Actor,
        object: ObjectNo,
        field: FieldNo,
        value: &Value,
    ) -> Vec<crate::world::SfId> {
        let object_def = self.schema.at(object);
        let def = object_def.at(field);
        let table = self.table(object);
        let seen =
            |row: &&crate::world::row::Row| row.is_live() && self.can_see(actor, object, row);
        match (def.storage, Key::of(value, def.case_sensitive)) {
            (_, Key::Null) => Vec::new(),
            (Storage::Id, Key::Id(id)) => table
                .get(id)
                .filter(seen)
                .map(|row| row.id)
                .into_iter()
                .collect(),
            (_, key) => table
                .by_value(object_def, field, &key)
                .filter(seen)
                .map(|row| row.id)
                .collect(),
        }
    }
}

/// The field a key of the body names, and whether it names the parent's relationship instead.
fn find_field(def: &ObjectDef, name: &str, json: &Json) -> Option<(FieldNo, bool)> {
    if let Some(no) = def.field_no(name) {
        return Some((no, false));
    }
    let no = def
        .relationship_no(name)
        .filter(|_| json.is_object() || json.is_null())?;
    (def.at(no).field_type == FieldType::Reference).then_some((no, true))
}

fn no_such_column(name: &str, def: &ObjectDef) -> DmlError {
    let name: String = name.chars().take(255).collect();
    DmlError::new(
        "INVALID_FIELD",
        format!("No such column '{name}' on sobject of type {}", def.name),
    )
}

fn no_such_parent(name: &str, value: &Json, entity: &str) -> DmlError {
    let value = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let message =
        format!("Foreign key external ID: {value} not found for field {name} in entity {entity}");
    DmlError::new("INVALID_FIELD", message)
}
