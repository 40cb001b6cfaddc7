//! Three versions of a record become one: what both sides agreed on last, what the CRM has now, what
//! the workspace has now. Pure; the heart of Tandem.
//!
//! [`reconcile`] looks at one link and returns a [`Decision`]: data that the store carries out in one
//! transaction, with no choice left. Field by field the rules are in [`field`].

pub mod field;

use crate::ids::RecordId;
use crate::link::{BaseVersion, HeldField, LinkState, ParkedField, ParkedLink};
use crate::record::Revision;
use crate::sync_log::LogDraft;
use crate::value::Fields;
use crate::write::WriteDraft;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What happens to the workspace side.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum RecordChange {
    /// Nothing.
    #[default]
    None,
    /// A new record with these fields, linked.
    Create(Fields),
    /// These fields of the linked record are set.
    Patch(Fields),
    /// An existing record is linked; a half link of its own is absorbed, and the link stays due.
    Adopt(RecordId),
}

/// The new state of the link; replaces what was there.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkOutcome {
    /// Whether anything moves from now on.
    pub state: LinkState,
    /// The new base.
    pub base: BaseVersion,
    /// The CRM revision that was looked at.
    pub revision: Option<Revision>,
    /// Refused fields.
    pub parked_fields: BTreeMap<String, ParkedField>,
    /// Fields that wait for a person.
    pub held_fields: BTreeMap<String, HeldField>,
    /// Set while the whole record is parked.
    pub parked: Option<ParkedLink>,
}

/// What reconcile returns. The store gives the log entries their link and record where they lack them.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// The workspace side.
    pub record: RecordChange,
    /// The link.
    pub link: LinkOutcome,
    /// What shall be written to the CRM; replaces an intent that was not sent yet, `None` withdraws it.
    pub write: Option<WriteDraft>,
    /// The entries that tell it.
    pub log: Vec<LogDraft>,
    /// Set when the link must be looked at again though nothing changes, because it waits for another.
    pub again_at: Option<Timestamp>,
}
