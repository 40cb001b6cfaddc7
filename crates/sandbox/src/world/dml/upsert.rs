//! Upsert: create or change the record with a key.

use serde_json::Value as Json;

use super::{DmlOptions, Fields};
use crate::world::convert::convert;
use crate::world::error::DmlError;
use crate::world::schema::{FieldNo, ObjectNo, Storage};
use crate::world::{Actor, SfId, Value, World};

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// No record had the key.
    Created(SfId),
    /// One record had it.
    Updated(SfId),
}

/// Why an upsert did nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpsertFailure {
    /// The record was refused.
    Errors(Vec<DmlError>),
    /// Several records have the key (REST answers 300 with their URLs).
    Several(Vec<SfId>),
}

impl From<DmlError> for UpsertFailure {
    fn from(error: DmlError) -> UpsertFailure {
        UpsertFailure::Errors(vec![error])
    }
}

impl World {
    /// Creates or changes the record whose key field (an external id, an id-lookup field or `Id`) has a value;
    /// `key` is `(field, value)`. The body must not name the key field again.
    ///
    /// # Errors
    /// NOT_FOUND when the field cannot be a key, MISSING_ARGUMENT for an empty value; else as create and update.
    pub fn upsert(
        &mut self,
        actor: &Actor,
        object: &str,
        key: (&str, &str),
        fields: &Fields,
        options: &DmlOptions,
    ) -> Result<Upserted, UpsertFailure> {
        let (object_no, field, value) = self.read_key(actor, object, key)?;
        let def = self.schema.at(object_no).at(field);
        let (key_name, by_id) = (def.name.clone(), def.storage == Storage::Id);
        if fields
            .keys()
            .any(|name| name.eq_ignore_ascii_case(&key_name))
        {
            let message =
                format!("The {key_name} field should not be specified in the sobject data.");
            return Err(DmlError::new("INVALID_FIELD", message).into());
        }
        if value.is_null() {
            return Err(
                DmlError::new("MISSING_ARGUMENT", format!("{key_name} not specified")).into(),
            );
        }
        let found = self.with_key(actor, object_no, field, &value);
        match found.as_slice() {
            [] if by_id => self
                .update(actor, object, key.1, fields, options)
                .map(|()| None),
            [] => {
                let mut fields = fields.clone();
                fields.insert(key_name, Json::String(key.1.to_owned()));
                self.create(actor, object, &fields, options).map(Some)
            }
            [id] => self
                .update(actor, object, &id.to_string(), fields, options)
                .map(|()| None),
            several => return Err(UpsertFailure::Several(several.to_vec())),
        }
        .map(|created| match (created, found.first()) {
            (Some(id), _) => Upserted::Created(id),
            (None, found) => Upserted::Updated(found.copied().unwrap_or(SfId::MIN)),
        })
        .map_err(UpsertFailure::Errors)
    }

    /// The records the actor can see whose key field has this value, deleted ones excepted.
    ///
    /// # Errors
    /// NOT_FOUND "Provided external ID field does not exist or is not accessible: x".
    pub fn find_by_key(
        &self,
        actor: &Actor,
        object: &str,
        key: (&str, &str),
    ) -> Result<Vec<SfId>, DmlError> {
        let (object, field, value) = self.read_key(actor, object, key)?;
        Ok(self.with_key(actor, object, field, &value))
    }

    fn read_key(
        &self,
        actor: &Actor,
        object: &str,
        (name, value): (&str, &str),
    ) -> Result<(ObjectNo, FieldNo, Value), DmlError> {
        let object = self.object_named(actor, object)?;
        let def = self.schema.at(object);
        let usable = |no: &FieldNo| {
            def.at(*no).is_lookup_key() && self.rights_on_field(actor, object, *no).read
        };
        let field = def.field_no(name).filter(usable).ok_or_else(|| {
            let name: String = name.chars().take(255).collect();
            let message =
                format!("Provided external ID field does not exist or is not accessible: {name}");
            DmlError::new("NOT_FOUND", message)
        })?;
        Ok((
            object,
            field,
            convert(def.at(field), &Json::String(value.to_owned()))?,
        ))
    }
}
