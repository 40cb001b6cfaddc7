//! One Salesforce org: its metadata, records, users' rights and automation, with no HTTP and no clock.
//!
//! This is the floor the emulator stands on: `salesforce` turns requests into calls of [`World`], the
//! simulation may call it directly. Everything is a pure function of the calls made: time is what
//! [`World::set_now`] said last, ids come from counters, and nothing is read from the machine.
//!
//! Invariants:
//! - `SystemModstamp >= LastModifiedDate`, both whole seconds.
//! - Every row is written through one door (`put`), which keeps all indexes and the undo log right.
//! - A change that returns an error leaves no trace except a used-up id.
//!
//! It does not know sessions, API versions, quotas, faults or page sizes.
#![allow(clippy::todo)]

mod dml;
mod error;
mod formula;
mod id;
mod permissions;
mod read;
mod replication;
mod rules;
mod schema;
mod value;

use jiff::{SignedDuration, Timestamp};

pub use dml::{AuditTimes, DmlOptions, Fields, UpsertFailure, Upserted};
pub use error::{DmlError, SetupError};
pub use id::{ID_LENGTH_CHARS, MalformedId, SfId};
pub use permissions::{Actor, FieldRights, ObjectRights};
pub use read::{ApiBase, RecordState, UnknownField};
pub use replication::{DeletedRecord, RECYCLE_BIN_DAYS};
pub use rules::{AutomationRule, Trigger, ValidationRule};
pub use schema::{
    ChildRelationship, FieldDef, FieldKind, FieldType, NewField, NewObject, ObjectDef,
    PicklistValue, Returns, Schema,
};
pub use value::{Value, datetime_text};

use permissions::Permissions;
use schema::ObjectNo;

/// How a new org looks.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// The time the org is created at.
    pub now: Timestamp,
    /// Name of the company.
    pub org_name: String,
    /// Username of the first user, a system administrator.
    pub admin_username: String,
    /// Give Account, Contact and Lead the external id field `ExtId__c`.
    pub external_ids: bool,
}

/// The org. See the module documentation.
#[derive(Debug)]
pub struct World {
    now: Timestamp,
    schema: Schema,
    permissions: Permissions,
    metadata_version: u64,
    metadata_changed_at: Timestamp,
    org_id: SfId,
    admin_id: SfId,
}

impl World {
    /// Creates an org with its standard objects, one Organization row, one profile and one administrator.
    pub fn new(options: &WorldOptions) -> World {
        let _ = options;
        todo!()
    }

    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves the clock. Staged commits whose time has come become visible, and records that were in the recycle
    /// bin for longer than [`RECYCLE_BIN_DAYS`] are gone. The clock may go back; stamps already given stay.
    pub fn set_now(&mut self, now: Timestamp) {
        let _ = now;
        todo!()
    }

    /// Moves the clock forward. A step beyond the end of time stops there.
    pub fn advance(&mut self, by: SignedDuration) {
        self.set_now(self.now.checked_add(by).unwrap_or(Timestamp::MAX));
    }

    /// Id of the Organization row.
    pub fn org_id(&self) -> SfId {
        self.org_id
    }

    /// Id of the administrator the org was created with.
    pub fn admin_id(&self) -> SfId {
        self.admin_id
    }

    /// The metadata.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Grows with every change of metadata or rights: a key for cached describes.
    pub fn metadata_version(&self) -> u64 {
        self.metadata_version
    }

    /// Time of the last change of metadata or rights: a describe's `Last-Modified`.
    pub fn metadata_changed_at(&self) -> Timestamp {
        self.metadata_changed_at
    }

    /// Adds a custom object.
    ///
    /// # Errors
    /// The name is taken or does not end in `__c`.
    pub fn add_object(&mut self, object: NewObject) -> Result<(), SetupError> {
        let _ = object;
        todo!()
    }

    /// Adds a custom field. Rows that exist have null in it (false for a checkbox).
    ///
    /// # Errors
    /// The object is unknown, the name is taken or does not end in `__c`, or an attribute is out of range.
    pub fn add_field(&mut self, object: &str, field: NewField) -> Result<(), SetupError> {
        let _ = (object, field);
        todo!()
    }

    /// Runs `work` as one transaction: when it returns an error, everything it changed is undone (used-up ids
    /// excepted). May be nested.
    pub fn transaction<T, E>(
        &mut self,
        work: impl FnOnce(&mut World) -> Result<T, E>,
    ) -> Result<T, E> {
        work(self)
    }

    pub(crate) fn setup_object(&self, name: &str) -> Result<ObjectNo, SetupError> {
        self.schema
            .object_no(name)
            .ok_or_else(|| SetupError(format!("no object '{name}'")))
    }

    pub(crate) fn metadata_touched(&mut self) {
        self.metadata_version += 1;
        self.metadata_changed_at = self.now;
    }
}
