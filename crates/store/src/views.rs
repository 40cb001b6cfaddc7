//! What pages and the API list: plain data, read from one snapshot each.
//!
//! Nothing here is part of a step. A view may be behind by the work of a moment, never wrong about it.
//! The methods that fill these types are inherent on `SqliteStore`:
//!
//! ```text
//! records(team, &RecordFilter, &PageRequest)  -> Page<RecordRow>
//! record_page(team, RecordId)                 -> Option<RecordPage>
//! links(team, &LinkFilter, &PageRequest)      -> Page<LinkRow>
//! log(team, &LogFilter, &PageRequest)         -> Page<LogRow>
//! log_entry(team, LogId)                      -> Option<LogRow>
//! log_of_field(team, RecordId, field, limit)  -> Vec<LogRow>
//! undo_page(team, &UndoScope, after, limit)   -> UndoPage
//! undo_others(team, &UndoScope)               -> Vec<(LogType, u64)>
//! pairings(team, after, limit)                -> Vec<Pairing>
//! counts(team)                                -> SyncCounts
//! causes(team)                                -> Vec<Cause>
//! refused_fields(team)                        -> Vec<RefusedField>
//! incident(team, IncidentId)                  -> Option<Standing>
//! links_of_incident(team, IncidentId, page)   -> Page<LinkRow>
//! api_usage(team, now)                        -> ApiUsage
//! throughput(team, now)                       -> Vec<HourThroughput>
//! ```

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::budget::BudgetState;
pub use tandem_core::budget::HourCalls;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LinkId, LogId, RecordId, RunId};
use tandem_core::link::{LinkState, RecordLink};
use tandem_core::record::{CrmRecord, WorkspaceRecord};
use tandem_core::sync_log::{LogDraft, LogSource, LogStatus, LogType};
use tandem_core::undo::Home;
use tandem_core::value::Fields;
use tandem_core::workspace::Kind;
use tandem_core::write::WriteIntent;

/// Most rows that one page holds, whatever was asked for.
pub const PAGE_ROWS_MAX: usize = 200;
/// Most entries of the log that a record's page holds; the rest is in the log.
pub const RECORD_LOG_ROWS_MAX: usize = 50;
/// Most entries that one page of an undo looks at.
pub const UNDO_ENTRIES_MAX: usize = 5_000;
/// Hours that [`ApiUsage`] and throughput look back.
pub const HOURS_BACK: i64 = 24;

/// Which page of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PageRequest {
    /// [`Page::next`] of the page before; `None` starts at the newest.
    pub cursor: Option<String>,
    /// Rows wanted, cut to 1..=[`PAGE_ROWS_MAX`].
    pub limit: usize,
}

impl PageRequest {
    /// The newest `limit` rows.
    pub fn first(limit: usize) -> Self {
        Self {
            cursor: None,
            limit,
        }
    }

    /// The rows after a cursor.
    pub fn after(cursor: impl Into<String>, limit: usize) -> Self {
        Self {
            cursor: Some(cursor.into()),
            limit,
        }
    }
}

/// Some rows of a list, newest first. The cursor is the last row's own key, so rows that come or go
/// between two pages never make one appear twice or be left out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where to go on; `None` on the last page.
    pub next: Option<String>,
}

/// How the link of a record stands, as a person sees it: the first that applies, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// Taken apart: nothing moves.
    Unlinked,
    /// A field, the choice among several matches, or a plan of the brake waits for a person.
    Held,
    /// A field or the whole record was refused by the CRM and is set aside.
    Refused,
    /// One side is still to be made or matched.
    Pending,
    /// Both sides follow each other.
    Linked,
    /// The record has no link at all.
    NotLinked,
}

impl LinkStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Unlinked,
        Self::Held,
        Self::Refused,
        Self::Pending,
        Self::Linked,
        Self::NotLinked,
    ];

    /// The name used in the database, the API and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unlinked => "unlinked",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Pending => "pending",
            Self::Linked => "linked",
            Self::NotLinked => "not_linked",
        }
    }

    /// The name that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unlinked => "Unlinked",
            Self::Held => "Waits for a person",
            Self::Refused => "Refused by the CRM",
            Self::Pending => "On its way",
            Self::Linked => "Linked",
            Self::NotLinked => "Not linked",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The status of a link.
    pub fn of(link: &RecordLink) -> Self {
        match link.state {
            LinkState::Unlinked => Self::Unlinked,
            LinkState::Ambiguous => Self::Held,
            LinkState::Active if !link.plans.is_empty() => Self::Held,
            LinkState::Active if !link.held_fields.is_empty() => Self::Held,
            LinkState::Active if link.parked.is_some() || !link.parked_fields.is_empty() => {
                Self::Refused
            }
            LinkState::Active if link.record.is_none() || link.crm.is_none() => Self::Pending,
            LinkState::Active => Self::Linked,
        }
    }
}

/// Which records to list; every part that is set must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RecordFilter {
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Text that the name, e-mail address, company or website contains, in any case.
    pub search: Option<String>,
    /// How its link stands.
    pub link: Option<LinkStatus>,
    /// The archive instead of the current records.
    pub archived: bool,
}

/// The link of a listed record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkSummary {
    /// Which link.
    pub id: LinkId,
    /// The CRM object.
    pub object: CrmObject,
    /// The CRM record, once there is one.
    pub crm: Option<CrmId>,
    /// How it stands.
    pub status: LinkStatus,
    /// A change of it is waiting to be looked at.
    pub due: bool,
}

/// One record of a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordRow {
    /// Which record.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// What pages call it.
    pub name: String,
    /// Values by workspace field name.
    pub fields: Fields,
    /// Its link, if any.
    pub link: Option<LinkSummary>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which links to list; every part that is set must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LinkFilter {
    /// How it stands.
    pub status: Option<LinkStatus>,
    /// Only this CRM object.
    pub object: Option<CrmObject>,
    /// Only links that something refused for this reason.
    pub cause: Option<ErrorClass>,
}

/// One link of a list; unlike [`RecordRow`] also a CRM record that has no workspace record yet.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LinkRow {
    /// The link, with what is parked and held.
    pub link: RecordLink,
    /// The workspace record's name, or the CRM record's id.
    pub name: String,
    /// How it stands.
    pub status: LinkStatus,
}

/// Which entries of the sync log to list; every part that is set must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LogFilter {
    /// Where the change came from.
    pub source: Option<LogSource>,
    /// What happened.
    pub kind: Option<LogType>,
    /// How it ended.
    pub status: Option<LogStatus>,
    /// The CRM object.
    pub object: Option<CrmObject>,
    /// Text that the summary, the error or the record's name contains, in any case.
    pub text: Option<String>,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// About this workspace record.
    pub record: Option<RecordId>,
    /// About this link.
    pub link: Option<LinkId>,
    /// Failed for this reason.
    pub error_class: Option<ErrorClass>,
    /// Of this run.
    pub run: Option<RunId>,
}

/// One entry of the sync log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LogRow {
    /// Its number.
    pub id: LogId,
    /// What it says.
    #[serde(flatten)]
    pub entry: LogDraft,
    /// The workspace record's name as it is now, where it has one.
    pub record_name: Option<String>,
    /// Trying again makes sense: its link still has something set aside.
    pub retryable: bool,
}

/// What an undo is to take back; every part that is set must hold. Only successes count.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct UndoScope {
    /// Only this entry; its record must be given, too.
    pub entry: Option<LogId>,
    /// Only of this workspace record.
    pub record: Option<RecordId>,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only what came from there.
    pub source: Option<LogSource>,
    /// Only of this CRM object.
    pub object: Option<CrmObject>,
    /// Only what this run did.
    pub run: Option<RunId>,
    /// The entries of one step of mirroring, of whatever records, in place of the one entry.
    pub step: Option<(Timestamp, LinkId)>,
}

/// A record as it stands, with the entries that an undo would take back.
#[derive(Clone, PartialEq, Debug)]
pub struct UndoSubject {
    /// Our side, as stored.
    pub record: WorkspaceRecord,
    /// Its fields with references resolved to CRM ids where the target is linked.
    pub resolved: Fields,
    /// Its link.
    pub link: Option<RecordLink>,
    /// The CRM side as last read.
    pub crm: Option<CrmRecord>,
    /// The links that the entries say it left.
    pub homes: BTreeMap<LinkId, Home>,
    /// The entries, newest first, with references resolved like the record's.
    pub entries: Vec<(LogId, LogDraft)>,
}

/// Some records of an undo, by number.
#[derive(Clone, PartialEq, Debug)]
pub struct UndoPage {
    /// The records.
    pub subjects: Vec<UndoSubject>,
    /// The record to go on after; `None` on the last page.
    pub next: Option<RecordId>,
    /// The next record alone has more than [`UNDO_ENTRIES_MAX`] entries.
    pub crowded: Option<RecordId>,
}

/// A record that a value refers to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Referenced {
    /// What pages call it.
    pub name: String,
    /// Its page, if it is a workspace record.
    pub record: Option<(Kind, RecordId)>,
}

/// Everything that a record's page shows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordPage {
    /// Our side.
    pub record: WorkspaceRecord,
    /// What pages call it.
    pub name: String,
    /// Its link with base, parked and held fields.
    pub link: Option<RecordLink>,
    /// How the link stands.
    pub status: LinkStatus,
    /// When its link is looked at next, if something is waiting.
    pub due_at: Option<Timestamp>,
    /// The CRM side as last read.
    pub crm: Option<CrmRecord>,
    /// The write that is waiting or under way.
    pub intent: Option<WriteIntent>,
    /// Its newest log entries, at most [`RECORD_LOG_ROWS_MAX`].
    pub log: Vec<LogRow>,
    /// Who the references on both sides are, by the reference's text
    /// ([`tandem_core::value::Value`]'s `Display`); unknown ones are absent.
    pub names: BTreeMap<String, Referenced>,
}

/// Records of one kind, by how their links stand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KindCounts {
    /// The kind.
    pub kind: Kind,
    /// All records.
    pub records: u64,
    /// Records by status; a status without records is absent.
    pub by_status: BTreeMap<LinkStatus, u64>,
}

/// What is known of one CRM object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectCounts {
    /// The object.
    pub object: CrmObject,
    /// Links by status, including CRM records without a workspace record.
    pub by_status: BTreeMap<LinkStatus, u64>,
    /// Links due now or later.
    pub due: u64,
    /// Writes that are waiting, under way or in doubt.
    pub writes: u64,
}

/// How many of everything.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SyncCounts {
    /// By kind, parents before children.
    pub kinds: Vec<KindCounts>,
    /// By CRM object, by name.
    pub objects: Vec<ObjectCounts>,
}

/// One reason for which links are set aside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// The reason.
    pub class: ErrorClass,
    /// Links set aside for it, wholly or with a field.
    pub links: u64,
    /// Since when the first of them is.
    pub since: Timestamp,
}

/// What the API costs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ApiUsage {
    /// Ours, for each of the last [`HOURS_BACK`] hours and the one under way, oldest first.
    pub hours: Vec<HourCalls>,
    /// Ours over those hours.
    pub spent: u64,
    /// The org's own count and what we spent since it was read.
    pub budget: BudgetState,
}

/// What the sync did in one hour, in entries of the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HourThroughput {
    /// When the hour begins.
    pub hour: Timestamp,
    /// Entries that succeeded with a change that came from the CRM.
    pub from_crm: u64,
    /// Entries that succeeded with a change that came from the workspace.
    pub from_workspace: u64,
    /// Entries that failed or wait for a person.
    pub failed: u64,
}

#[cfg(test)]
mod tests {
    use super::LinkStatus;

    #[test]
    fn a_status_is_found_by_its_name() {
        for status in LinkStatus::ALL {
            assert_eq!(LinkStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(LinkStatus::parse("gone"), None);
    }
}
