//! The link of a workspace record and a CRM record, and what both sides agreed on last.
//!
//! A link with one side only is a *half link*: a CRM record that has no workspace record yet, or the
//! other way round. All work hangs on links, so ten edits of a record are one piece of work.

use crate::bounce::Flip;
use crate::error::ErrorClass;
use crate::ids::{CrmId, CrmObject, LinkId, LogId, PlanId, RecordId};
use crate::record::Revision;
use crate::value::Value;
use crate::workspace::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How urgent a piece of work is. Earlier lanes are served first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A person just did it.
    Live,
    /// A change that a poll found, a retry.
    Normal,
    /// First imports and other mass work.
    Bulk,
}

/// Which lanes a worker takes work from. A worker of its own for people's edits never has its hands full
/// when one comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lanes {
    /// Everything, the best lane first.
    #[default]
    All,
    /// Only what people just did.
    Live,
    /// Everything else.
    Scheduled,
}

impl Lanes {
    /// Those that are served together with a lane.
    pub fn of(lane: Lane) -> Self {
        match lane {
            Lane::Live => Self::Live,
            Lane::Normal | Lane::Bulk => Self::Scheduled,
        }
    }

    /// The lanes, the best first.
    pub fn each(self) -> &'static [Lane] {
        match self {
            Self::All => &[Lane::Live, Lane::Normal, Lane::Bulk],
            Self::Live => &[Lane::Live],
            Self::Scheduled => &[Lane::Normal, Lane::Bulk],
        }
    }

    /// Those of people and all others apart, as they are served.
    pub fn apart(self) -> &'static [Self] {
        match self {
            Self::All => &[Self::Live, Self::Scheduled],
            Self::Live => &[Self::Live],
            Self::Scheduled => &[Self::Scheduled],
        }
    }

    /// Whether a lane is among them.
    pub fn take(self, lane: Lane) -> bool {
        self.each().contains(&lane)
    }
}

/// Whether the two sides are held together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Both sides follow each other (or the missing side is about to be made).
    Active,
    /// Taken apart, by a deletion in the CRM or a person; nothing moves.
    Unlinked,
    /// Several workspace records match; a person must choose.
    Ambiguous,
}

/// What both sides held when they last agreed on a field. The two may differ in spelling: the CRM
/// rounds, trims or maps what it is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Agreed {
    /// The CRM's value.
    pub crm: Value,
    /// The workspace's value.
    pub workspace: Value,
}

/// The ancestor of the three-way merge: agreed values by workspace field name.
pub type BaseVersion = BTreeMap<String, Agreed>;

/// A field that the CRM refused. It is tried again when its value changes, or when a person says so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ParkedField {
    /// The refused value, in the CRM's form.
    pub value: Value,
    /// The workspace's value that it stood for: as long as that stands, nothing is sent, whatever a value map
    /// makes of it. `None` for an edit of the CRM that was to be put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Value>,
    /// Our own check refused it, by what the CRM says of the field: nothing was sent. It goes as soon as the
    /// check lets it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
    /// Why it was refused.
    pub class: ErrorClass,
    /// The CRM's own words.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
}

/// A field that both sides changed and whose rule says that a person decides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldField {
    /// The CRM's value when it was held.
    pub crm: Value,
    /// The workspace's value when it was held.
    pub workspace: Value,
    /// Since when.
    pub since: Timestamp,
}

/// An edit in the CRM that our write met unseen and overwrote. It is put back, and then the three-way
/// merge decides as if the write had never been.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PutBack {
    /// The edit.
    pub value: Value,
    /// What our write left there; if something else stands there by now, nothing is put back.
    pub sent: Value,
}

/// A value that was sent, whose answer was lost, and which did not stand in the CRM when we looked, or could
/// not be seen there. If the CRM shows it after all, it is our own write and what both sides agreed on then.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Doubted {
    /// What is agreed if it happened.
    pub agreed: Agreed,
    /// The CRM's value that it replaces if it is carried out: as far as we know what stands there.
    pub replaces: Value,
    /// Until when the platform may still carry it out: a look from after that time ends the doubt. `None`:
    /// the field could not be seen; the first look at it does.
    pub until: Option<Timestamp>,
}

/// A whole record that the CRM refused, or that can't be decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ParkedLink {
    /// Why.
    pub class: ErrorClass,
    /// In the CRM's own words, or ours.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// The entry that tells it.
    pub log: Option<LogId>,
}

/// The durable fact "this workspace record is that CRM record", with the state of its agreement.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordLink {
    /// Which link.
    pub id: LinkId,
    /// The workspace side's kind.
    pub kind: Kind,
    /// The CRM side's object.
    pub object: CrmObject,
    /// The workspace side; `None` until it is made or matched.
    pub record: Option<RecordId>,
    /// The CRM side; `None` until it is created there.
    pub crm: Option<CrmId>,
    /// Whether anything moves.
    pub state: LinkState,
    /// Set where the CRM took the link apart: its record was deleted, or another took its place. If the
    /// record comes back the link is whole again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// What was agreed last.
    pub base: BaseVersion,
    /// The CRM version that the base was read from.
    pub revision: Option<Revision>,
    /// Refused fields by workspace name.
    pub parked_fields: BTreeMap<String, ParkedField>,
    /// Fields that wait for a person, by workspace name.
    pub held_fields: BTreeMap<String, HeldField>,
    /// Overwritten edits to put back, by workspace name.
    #[serde(default)]
    pub put_back: BTreeMap<String, PutBack>,
    /// Writes that may still turn up in the CRM, oldest first, by workspace name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub doubted: BTreeMap<String, Vec<Doubted>>,
    /// How values went to and fro lately, oldest first, by workspace name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flips: BTreeMap<String, Vec<Flip>>,
    /// The plans of the brake that hold it: nothing moves until they are approved or no longer apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<PlanId>,
    /// Set while the whole record waits for its cause to change.
    pub parked: Option<ParkedLink>,
    /// Tries since the last success.
    pub attempts: u32,
    /// Grows with every change of the link or of either side: the fence of optimistic commits.
    pub version: i64,
}
