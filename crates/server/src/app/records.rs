//! People, accounts and opportunities: lists, pages, edits, and the decisions that wait for a person.

use super::{Actor, App, AppResult};
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::ids::{CrmObject, LinkId, RecordId};
use tandem_core::link::{HeldField, ParkedField};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::record::Provenance;
use tandem_core::schema::FieldType;
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_store::views::{Page, PageRequest, RecordFilter, RecordPage, RecordRow};

/// One field of a record with all that its page shows.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FieldView {
    /// Workspace name.
    pub name: String,
    /// Name on pages.
    pub label: String,
    /// What it holds.
    pub ty: FieldType,
    /// Our value.
    pub workspace: Value,
    /// The CRM's value as last read; `None` if the field is not mapped or the record not linked.
    pub crm: Option<Value>,
    /// Where our value came from.
    pub provenance: Option<Provenance>,
    /// Its row of the mapping: CRM field, direction, winner.
    pub mapping: Option<FieldMappingView>,
    /// Refused by the CRM.
    pub parked: Option<ParkedField>,
    /// Both sides changed it: a person must choose.
    pub held: Option<HeldField>,
    /// Why it can't be edited here; `None` if it can.
    pub locked: Option<String>,
}

/// How a field is mapped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldMappingView {
    /// CRM field name.
    pub crm: String,
    /// Which way it travels.
    pub direction: Direction,
    /// Who wins.
    pub winner: Winner,
}

/// A record's page.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RecordDetail {
    /// The record with link, mirror, waiting write, history and names of referenced records.
    pub page: RecordPage,
    /// Its fields in the order of pages.
    pub fields: Vec<FieldView>,
    /// Its page in the CRM, if it is there.
    pub crm_url: Option<String>,
    /// What it can be created as in the CRM, if it has no link.
    pub can_create_as: Vec<CrmObject>,
}

/// What to do with a held field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HoldChoice {
    /// The CRM's value, on both sides.
    Crm,
    /// The workspace's value, on both sides.
    Workspace,
    /// This value, as typed, on both sides.
    Value(String),
}

impl App {
    /// A page of records, latest change first.
    ///
    /// # Errors
    /// `Invalid` with `cursor`.
    pub async fn records(
        &self,
        _actor: &Actor,
        _filter: &RecordFilter,
        _page: &PageRequest,
    ) -> AppResult<Page<RecordRow>> {
        Err(self.not_ready())
    }

    /// One record.
    ///
    /// # Errors
    /// `NotFound`, also if it is of another kind.
    pub async fn record(
        &self,
        _actor: &Actor,
        _kind: Kind,
        _id: RecordId,
    ) -> AppResult<RecordDetail> {
        Err(self.not_ready())
    }

    /// Changes fields; texts are read by the field's type, an empty one clears. Fields whose value
    /// does not change are left alone.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` with the field's name if the text does not fit or the field is locked.
    pub async fn edit_record(
        &self,
        _actor: &Actor,
        _kind: Kind,
        _id: RecordId,
        _texts: &BTreeMap<String, String>,
    ) -> AppResult<()> {
        Err(self.not_ready())
    }

    /// Makes a record, and in the CRM too if `create_as` names an object that this kind maps to.
    ///
    /// # Errors
    /// `Invalid` with the field's name, or `create_as`.
    pub async fn create_record(
        &self,
        _actor: &Actor,
        _kind: Kind,
        _texts: &BTreeMap<String, String>,
        _create_as: Option<CrmObject>,
    ) -> AppResult<RecordId> {
        Err(self.not_ready())
    }

    /// Settles a held field. `seen_crm` is the CRM's value that the person saw, as the page showed it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if it is not held any more or the CRM's value has changed since;
    /// `Invalid` with the field's name.
    pub async fn resolve_hold(
        &self,
        _actor: &Actor,
        _kind: Kind,
        _id: RecordId,
        _field: &str,
        _seen_crm: &str,
        _choice: HoldChoice,
    ) -> AppResult<()> {
        Err(self.not_ready())
    }

    /// Tries a record again that the CRM refused, wholly or in parts.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if nothing of it is set aside.
    pub async fn retry_record(
        &self,
        _actor: &Actor,
        _kind: Kind,
        _id: RecordId,
    ) -> AppResult<LinkId> {
        Err(self.not_ready())
    }
}
