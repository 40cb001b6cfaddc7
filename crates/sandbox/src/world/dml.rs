//! Changes of records: create, update, upsert, delete, undelete.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Actor, DmlError, SfId, World};

/// Field names and JSON values as a request body carries them. `attributes` is ignored; a parent may be given by
/// external id, `"Account": {"ExtId__c": "77"}`.
pub type Fields = serde_json::Map<String, Json>;

/// Audit times given instead of the clock's, for invented history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditTimes {
    /// CreatedDate.
    pub created: Timestamp,
    /// LastModifiedDate and SystemModstamp; not before `created`.
    pub modified: Timestamp,
}

/// How a change is made. `DmlOptions::default()` is an ordinary API call.
#[derive(Debug, Clone, Copy, Default)]
pub struct DmlOptions {
    /// The change is stamped now but seen by nobody before this time, as in a long transaction that commits late.
    /// Until then the record is locked: other writers get UNABLE_TO_LOCK_ROW.
    pub visible_at: Option<Timestamp>,
    /// Audit times of the past (create only).
    pub audit: Option<AuditTimes>,
    /// A system process: SystemModstamp moves, LastModifiedDate and LastModifiedById do not.
    pub stamp_only: bool,
}

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

impl World {
    /// Creates a record.
    ///
    /// # Errors
    /// One entry per kind of problem, with the vendor's codes.
    pub fn create(
        &mut self,
        actor: &Actor,
        object: &str,
        fields: &Fields,
        options: &DmlOptions,
    ) -> Result<SfId, Vec<DmlError>> {
        let _ = (actor, object, fields, options);
        todo!()
    }

    /// Changes a record; fields left out stay. `id` may have 15 or 18 characters.
    ///
    /// # Errors
    /// As for create, and INVALID_CROSS_REFERENCE_KEY, ENTITY_IS_DELETED or MALFORMED_ID for the id.
    pub fn update(
        &mut self,
        actor: &Actor,
        object: &str,
        id: &str,
        fields: &Fields,
        options: &DmlOptions,
    ) -> Result<(), Vec<DmlError>> {
        let _ = (actor, object, id, fields, options);
        todo!()
    }

    /// Creates or changes the record whose `key_field` (an external id, an id-lookup field or `Id`) is `key`.
    ///
    /// # Errors
    /// NOT_FOUND when the field cannot be a key; else as for create and update.
    pub fn upsert(
        &mut self,
        actor: &Actor,
        object: &str,
        key: (&str, &str),
        fields: &Fields,
        options: &DmlOptions,
    ) -> Result<Upserted, UpsertFailure> {
        let _ = (actor, object, key, fields, options);
        todo!()
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
        let _ = (actor, object, key);
        todo!()
    }

    /// Puts a record and its dependents into the recycle bin.
    ///
    /// # Errors
    /// The id is unknown, already deleted, or the actor may not delete it.
    pub fn delete(
        &mut self,
        actor: &Actor,
        object: &str,
        id: &str,
        options: &DmlOptions,
    ) -> Result<(), Vec<DmlError>> {
        let _ = (actor, object, id, options);
        todo!()
    }

    /// Takes a record and what was deleted with it out of the recycle bin.
    ///
    /// # Errors
    /// The record is not in the recycle bin.
    pub fn undelete(&mut self, actor: &Actor, object: &str, id: &str) -> Result<(), Vec<DmlError>> {
        let _ = (actor, object, id);
        todo!()
    }

    /// A system process that changes nothing a user sees: only SystemModstamp moves.
    ///
    /// # Errors
    /// The id is unknown or deleted.
    pub fn touch(&mut self, object: &str, id: &str) -> Result<(), DmlError> {
        let _ = (object, id);
        todo!()
    }
}
