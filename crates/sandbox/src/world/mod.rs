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

mod columns;
mod commit;
mod convert;
mod create_org;
mod dml;
mod duplicates;
mod error;
mod formula;
mod id;
mod image;
mod index;
mod key;
mod read;
mod record;
mod replication;
mod rights;
mod roll_up;
mod row;
mod rules;
mod schema;
mod setup;
mod table;
mod text;
mod value;
mod views;

#[cfg(test)]
pub(crate) mod tests;

use jiff::{SignedDuration, Timestamp};

pub use dml::{
    AuditTimes, ConvertedLead, DmlOptions, Fields, LeadConversion, UpsertFailure, Upserted,
};
pub use duplicates::{DuplicateAction, DuplicateRule, Duplicates};
pub use error::{DmlError, SetupError};
pub use id::{ID_LENGTH_CHARS, MalformedId, SfId};
pub use read::{ApiBase, RecordState, UnknownField};
pub use record::Record;
pub use replication::{DeletedRecord, RECYCLE_BIN_DAYS};
pub use rights::{AccessLevel, Actor, FieldRights, ObjectRights, RecordAccess, Sharing};
pub use roll_up::Operation;
pub use rules::{AutomationRule, Trigger, ValidationRule};
pub use schema::{
    ChildRelationship, FieldDef, FieldKind, FieldType, NewField, NewObject, ObjectDef,
    PicklistValue, Returns, Schema,
};
pub use text::Text;
pub use value::{Value, datetime_text};

pub(crate) use convert::parse_datetime;
pub(crate) use image::WorldFact;
pub(crate) use key::{Key, fold};
pub(crate) use record::{Children, Compound, Shown};
pub(crate) use row::Row;
pub(crate) use schema::{FieldNo, ObjectNo, Storage};
pub(crate) use table::Table;
pub(crate) use value::{FieldValue, push_date, push_datetime};
pub(crate) use views::asked;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use commit::{StageKey, Staged, Undo};
use image::Counters;
use rights::{Effective, Permissions};
use rules::Rules;
use setup::Steps;

use crate::tracked::Tracked;

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

/// Pod part of every id.
const POD: [u8; 3] = *b"Td0";

/// The org. See the module documentation.
#[derive(Debug)]
pub struct World {
    now: Timestamp,
    schema: Schema,
    /// Rows of each object, by its number.
    tables: Vec<Table>,
    /// Rows of the objects that are views, by their number; made when read.
    views: Vec<OnceLock<Table>>,
    permissions: Permissions,
    effective: OnceLock<Effective>,
    rules: Rules,
    /// Commits nobody sees yet.
    staged: Tracked<StageKey, Staged>,
    late_commits: u64,
    deletions: u64,
    /// Of the deletions whose records are gone for good, the latest.
    purged_to: Option<Timestamp>,
    undo: Vec<Undo>,
    /// Rows written since `changes` was last asked.
    touched: BTreeSet<(ObjectNo, SfId)>,
    steps: Steps,
    /// The time and the counters `changes` told last.
    told: (Option<Timestamp>, Option<Counters>),
    transaction_depth: u32,
    metadata_version: u64,
    metadata_changed_at: Timestamp,
    org_id: SfId,
    admin_id: SfId,
}

impl World {
    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves the clock. Staged commits whose time has come become visible, and records that were in the recycle
    /// bin for longer than [`RECYCLE_BIN_DAYS`] are gone. The clock may go back; stamps already given stay.
    pub fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        self.reveal_staged();
        self.purge_expired();
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

    pub(crate) fn setup_object(&self, name: &str) -> Result<ObjectNo, SetupError> {
        self.schema
            .object_no(name)
            .ok_or_else(|| SetupError(format!("no object '{name}'")))
    }

    pub(crate) fn metadata_touched(&mut self) {
        self.metadata_version += 1;
        self.metadata_changed_at = self.now;
        self.forget_computed();
    }

    /// What is worked out from metadata, rights and users has to be worked out anew.
    pub(crate) fn forget_computed(&mut self) {
        self.effective.take();
        self.views.iter_mut().for_each(|view| drop(view.take()));
    }

    /// Puts the indexes off while many rows come: until [`World::end_load`] rows are written and looked up by id only.
    pub(crate) fn begin_load(&mut self) {
        self.tables.iter_mut().for_each(Table::begin_load);
    }

    /// Makes up for the indexes.
    pub(crate) fn end_load(&mut self) {
        let tables = self.tables.iter_mut().zip(self.schema.objects());
        tables.for_each(|(table, object)| table.end_load(object));
    }

    pub(crate) fn table(&self, object: ObjectNo) -> &Table {
        let place = object.0 as usize;
        match self.schema.at(object).view {
            None => &self.tables[place],
            Some(view) => self.views[place].get_or_init(|| views::table(self, object, view)),
        }
    }

    fn next_id(&mut self, object: ObjectNo) -> SfId {
        let number = self.tables[object.0 as usize].next_number();
        SfId::from_counter(self.schema.at(object).key_prefix, POD, number)
    }

    /// Objects whose rows are stored, not computed.
    fn stored_objects(&self) -> Vec<ObjectNo> {
        let all = self.object_numbers();
        all.filter(|no| self.schema.at(*no).view.is_none())
            .collect()
    }

    fn object_numbers(&self) -> impl Iterator<Item = ObjectNo> + use<> {
        (0..self.tables.len() as u16).map(ObjectNo)
    }
}

#[cfg(test)]
impl World {
    /// Every table's indexes fit its rows.
    pub(crate) fn assert_consistent(&self) {
        for (table, object) in self.tables.iter().zip(self.schema.objects()) {
            table.assert_consistent(object);
        }
    }
}
