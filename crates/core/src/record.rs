//! One record as each side has it.

use crate::ids::{CrmId, CrmObject, RecordId, ReservationId, UserId};
use crate::value::Fields;
use crate::workspace::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The vendor's version stamp of a record. Newer versions have a greater `order`; two versions can
/// share one (Salesforce stamps whole seconds), so equal order does not mean equal content.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Revision {
    /// Grows with time: seconds of `SystemModstamp`, or the row's version number.
    pub order: i64,
    /// The stamp as the vendor wrote it, for conditional writes.
    pub tag: String,
}

/// How one CRM record took the place of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Succession {
    /// Records of one object were merged; the one that lost is deleted.
    Merge,
    /// The record became one of another object; it stays, and can't be changed any more.
    Conversion,
}

/// The CRM record that took another one's place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Successor {
    /// How.
    pub how: Succession,
    /// What it is.
    pub object: CrmObject,
    /// Which one.
    pub id: CrmId,
}

/// When we looked at the CRM: between two moments, counted in reservations of the API budget.
///
/// Every request is reserved before it is made and accounted for after its answer, and the store numbers
/// reservations in the order of its transactions. So the numbers say what came before what, whichever process looked and
/// whatever its clock showed. A look shows a record as it stood somewhere in between; of two looks that overlap
/// nobody knows which was later. The default is before every look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Look {
    /// The reservation that the request was made out of.
    pub began: ReservationId,
    /// The last reservation of anybody that had been made when the answer was accounted for.
    pub ended: ReservationId,
}

impl Look {
    /// Whether it began when the other one was over.
    pub fn is_after(self, other: Self) -> bool {
        self.began > other.ended
    }

    /// What two looks that saw the same are together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            began: self.began.max(other.began),
            ended: self.ended.max(other.ended),
        }
    }
}

/// A CRM record as read at one moment. Fields that were not asked for or can't be seen are absent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CrmRecord {
    /// What it is.
    pub object: CrmObject,
    /// Which one.
    pub id: CrmId,
    /// Its version.
    pub revision: Revision,
    /// When a user or program last changed it, by the CRM's clock; our own writes count.
    pub modified_at: Timestamp,
    /// Set behind our own write: when anybody else last changed it. See [`CrmRecord::changed_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// The CRM user who did.
    pub modified_by: Option<CrmId>,
    /// In the CRM's recycle bin or gone.
    pub deleted: bool,
    /// The record that took its place, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Box<Successor>>,
    /// Values by CRM field name.
    pub fields: Fields,
    /// When the request that brought it was sent, by our clock: for people, and for waits. It orders nothing.
    pub observed_at: Timestamp,
    /// The look that brought it: older evidence never wins. The engine sets it; connectors know nothing of it.
    #[serde(default)]
    pub look: Look,
}

impl CrmRecord {
    /// When somebody but Tandem last changed it, by the CRM's clock and as far as we know: our write of
    /// one field must not make another field's older value look new.
    pub fn changed_at(&self) -> Timestamp {
        self.edited_at.unwrap_or(self.modified_at)
    }

    /// Whether it can be followed: neither deleted nor succeeded by another.
    pub fn lives(&self) -> bool {
        !self.deleted && self.successor.is_none()
    }
}

/// Who put a value where it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person, on our pages.
    User(UserId),
    /// A program, through the workspace API.
    Api(String),
    /// An undo that a person asked for; `None`: the operator at the command line.
    Undo(Option<UserId>),
    /// The sync, from the CRM.
    Crm,
}

impl Origin {
    /// Whether a person meant just this value to stand here: typed it, or had it put back.
    pub fn is_person(&self) -> bool {
        matches!(self, Self::User(_) | Self::Undo(_))
    }
}

/// When a workspace field last changed and through whom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// By our clock.
    pub at: Timestamp,
    /// Through whom.
    pub origin: Origin,
}

/// Why a workspace record was put into the archive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveCause {
    /// Its CRM record was deleted.
    Deleted,
    /// It was merged into this workspace record.
    MergedInto(RecordId),
}

/// Since when and why a workspace record is archived: it is kept, not listed, not edited, and nothing
/// syncs from it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Archived {
    /// By our clock.
    pub at: Timestamp,
    /// Why.
    pub cause: ArchiveCause,
}

/// A workspace record: our own side, always current.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WorkspaceRecord {
    /// Which one.
    pub id: RecordId,
    /// What it is.
    pub kind: Kind,
    /// Values by workspace field name; absent means blank.
    pub fields: Fields,
    /// Where each value came from.
    pub provenance: BTreeMap<String, Provenance>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Set while it is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Archived>,
}

impl WorkspaceRecord {
    /// What pages call the record: its name, or its e-mail address, or its number.
    pub fn display_name(&self) -> String {
        let text = |field: &str| {
            self.fields
                .get(field)
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        let name = match self.kind {
            Kind::Person => format!("{} {}", text("first_name"), text("last_name")),
            _ => text("name"),
        };
        let name = name.trim();
        match (name.is_empty(), self.kind) {
            (false, _) => name.to_owned(),
            (true, Kind::Person) if !text("email").is_empty() => text("email"),
            _ => format!("{} {}", self.kind, self.id),
        }
    }
}
