//! Changes of records: create, update, upsert, delete, undelete, merge, lead conversion.
//!
//! A save runs in this order, and each step can refuse: rights, names and JSON types of the input (`input`),
//! what the record implies (`derived`), automation, checks of the whole record (`check`), validation rules, duplicate
//! rules, unique keys; then stamps and the write. Every entry point is a transaction of its own.

mod activities;
mod check;
mod convert_lead;
mod deals;
mod delete;
mod derived;
mod input;
mod merge;
mod save;
mod upsert;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::schema::ObjectDef;
use super::{SfId, Value};

pub(super) use convert_lead::CONVERTED_STATUS;
pub use convert_lead::{ConvertedLead, LeadConversion};
pub(super) use derived::{STAGES, forecast_code};
pub use upsert::{UpsertFailure, Upserted};

/// Field names and JSON values as a request body carries them. `attributes` is ignored; a parent may be given by
/// external id, `"Account": {"ExtId__c": "77"}`.
pub type Fields = serde_json::Map<String, Json>;

/// Audit times given instead of the clock's, for invented history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditTimes {
    /// CreatedDate.
    pub created: Timestamp,
    /// LastModifiedDate and SystemModstamp; raised to `created` when before it.
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
    /// A system process: SystemModstamp moves, LastModifiedDate and LastModifiedById do not (update only).
    pub stamp_only: bool,
    /// Save in spite of duplicate rules that alert.
    pub allow_duplicates: bool,
}

pub(super) type Errors = Vec<super::DmlError>;

/// Creates are told from updates where the rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
}

/// A record on its way to being saved.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) verb: Verb,
    pub(super) object: super::schema::ObjectNo,
    pub(super) row: super::row::Row,
    /// The row as it was; none for a create.
    pub(super) before: Option<super::row::Row>,
    /// What automations change in parents.
    pub(super) above: Vec<Above>,
    /// Fields the caller or an automation set, in the order they were set.
    pub(super) set: Vec<super::schema::FieldNo>,
}

/// A field of a parent that an automation sets.
#[derive(Debug)]
pub(super) struct Above {
    pub(super) object: super::schema::ObjectNo,
    pub(super) id: SfId,
    pub(super) field: super::schema::FieldNo,
    pub(super) value: Value,
}

impl Draft {
    /// Stores a value and remembers that the field was set.
    pub(super) fn assign(&mut self, field: super::schema::FieldNo, value: super::Value) {
        self.row.set(field, value);
        if !self.set.contains(&field) {
            self.set.push(field);
        }
    }

    /// The field's value differs from the one before (a value where there was no record counts).
    pub(super) fn changes(&self, field: super::schema::FieldNo) -> bool {
        let before = self
            .before
            .as_ref()
            .map_or(&super::Value::Null, |row| row.column(field));
        before != self.row.column(field)
    }

    /// The value of a column by its name; null when there is no such field.
    fn named(&self, def: &ObjectDef, name: &str) -> Value {
        let field = def.field_no(name);
        field.map_or(Value::Null, |no| self.row.column(no).clone())
    }

    /// Stores an implied value, if there is such a field.
    fn set_named(&mut self, def: &ObjectDef, name: &str, value: Value) {
        if let Some(no) = def.field_no(name) {
            self.row.set(no, value);
        }
    }

    pub(super) fn id(&self) -> SfId {
        self.row.id
    }
}
