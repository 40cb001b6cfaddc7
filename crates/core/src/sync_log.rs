//! The sync log: one entry for each decision and each write, with its reason and every value that
//! lost. Entries are never changed; a retry that succeeds is a new entry.

use crate::error::ErrorClass;
use crate::ids::{CrmId, CrmObject, LinkId, RecordId, RunId, UserId};
use crate::value::Value;
use crate::workspace::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in the database, the API and addresses.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The name that people read.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The value of that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }
    };
}

pub(crate) use named;

named! {
    /// Where the change came from.
    LogSource {
        /// The CRM changed.
        Crm = "crm", "CRM";
        /// The workspace changed.
        Workspace = "workspace", "Workspace";
        /// Tandem itself: a rule, a retry, a resolution.
        Tandem = "tandem", "Tandem";
    }
}

named! {
    /// What happened.
    LogType {
        /// A record was made.
        Create = "create", "Create";
        /// Values were changed.
        Update = "update", "Update";
        /// Two records were linked.
        Link = "link", "Link";
        /// A link was taken apart.
        Unlink = "unlink", "Unlink";
        /// A merge in the CRM was followed.
        Merge = "merge", "CRM Merge";
        /// A conversion in the CRM was followed.
        Convert = "convert", "Convert";
        /// Both sides changed a field; a rule decided.
        Conflict = "conflict", "Conflict";
        /// A field or record waits for a person.
        Held = "held", "Held";
        /// The connection, the schema or the allowance changed state.
        System = "system", "System";
    }
}

named! {
    /// How it ended.
    LogStatus {
        /// Done.
        Success = "success", "Success";
        /// Refused or failed; the entry says why and whether it is tried again by itself.
        Failed = "failed", "Failed";
        /// It waits for a person.
        Waiting = "waiting", "Waiting";
    }
}

named! {
    /// The rule that decided about a field.
    Rule {
        /// The record was new on this side.
        NewRecord = "new_record", "New record";
        /// Only the CRM changed.
        OnlyCrmChanged = "only_crm_changed", "Only the CRM changed";
        /// Only the workspace changed.
        OnlyWorkspaceChanged = "only_workspace_changed", "Only the workspace changed";
        /// Both changed to the same value.
        BothAgree = "both_agree", "Both sides agree";
        /// The CRM rewrote what we sent: rounding, trimming, automation.
        StoredAs = "stored_as", "As the CRM stored it";
        /// One side had a value, the other was blank, and they had never agreed.
        FilledBlank = "filled_blank", "Filled a blank";
        /// Both changed; the CRM wins.
        CrmWins = "crm_wins", "CRM wins";
        /// Both changed; the workspace wins.
        WorkspaceWins = "workspace_wins", "Workspace wins";
        /// Both changed; the later change wins.
        MostRecent = "most_recent", "Most recent wins";
        /// Both changed; a person decides.
        Hold = "hold", "Held for a person";
        /// It follows from a merge in the CRM.
        Followed = "followed", "CRM merge followed";
        /// A person decided a held conflict.
        PersonDecided = "person_decided", "A person decided";
        /// The field travels one way only.
        OneWay = "one_way", "One-way field";
        /// A blank never erases this field.
        BlankNeverErases = "blank_never_erases", "A blank never erases";
        /// The value can't be held by the other side.
        DoesNotFit = "does_not_fit", "Value does not fit";
        /// The record referred to is not in the CRM yet.
        WaitsForReference = "waits_for_reference", "Waits for the record it refers to";
        /// The value went to and fro; the field is set aside.
        Bouncing = "bouncing", "Went to and fro";
        /// The CRM refused the value.
        Refused = "refused", "Refused by the CRM";
        /// Our write met an edit that we had not seen; the edit is kept here.
        Overtaken = "overtaken", "Met an unseen edit";
        /// Our own write, found in the CRM long after its answer was lost.
        TurnedUp = "turned_up", "A lost write turned up";
        /// A person undid an entry; the value from before was put back.
        Undone = "undone", "Undone by a person";
    }
}

/// One field of a log entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldChange {
    /// Workspace field name.
    pub workspace: String,
    /// CRM field name.
    pub crm: String,
    /// The value on the side that was acted on, before.
    pub before: Value,
    /// The value after.
    pub after: Value,
    /// The rule that decided.
    pub rule: Rule,
    /// The value that lost, where one did: never thrown away silently.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub rejected: Value,
}

/// A failure as told in an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogError {
    /// Its class.
    pub class: ErrorClass,
    /// The CRM's own code, such as `STRING_TOO_LONG`; empty where there is none.
    pub code: String,
    /// The CRM's own words.
    pub message: String,
    /// CRM fields that it names.
    pub fields: Vec<String>,
}

/// What became of a workspace record when the CRM took its link apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It is kept, and follows nothing.
    Unlinked,
    /// It was put into the archive.
    Archived,
    /// It was merged into this record and put into the archive.
    MergedInto(RecordId),
    /// It follows this CRM record.
    Follows {
        /// What it is.
        object: CrmObject,
        /// Which one.
        id: CrmId,
    },
}

/// An entry about to be written; the store gives it its id.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LogDraft {
    /// When, by our clock.
    pub at: Timestamp,
    /// Where the change came from.
    pub source: LogSource,
    /// What happened.
    pub kind: LogType,
    /// How it ended.
    pub status: LogStatus,
    /// The link it is about.
    pub link: Option<LinkId>,
    /// The workspace record.
    pub record: Option<(Kind, RecordId)>,
    /// The CRM record.
    pub crm: Option<(CrmObject, Option<CrmId>)>,
    /// The person who caused it, where one did.
    pub by: Option<UserId>,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The link that the workspace record left with this, or that was taken apart: where it belonged before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<LinkId>,
    /// What became of the record that left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
    /// The link whose decision this is a part of, where it tells of several records. Entries with the same time and
    /// the same link are one step, and are undone together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<LinkId>,
    /// One sentence for people: what happened and why.
    pub summary: String,
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// What went wrong.
    pub error: Option<LogError>,
    /// API calls that it cost, shared out over its batch: hundredths of a call.
    pub calls_hundredths: u32,
}

impl LogDraft {
    /// A successful entry without links; the caller fills in what it knows.
    pub fn new(
        at: Timestamp,
        source: LogSource,
        kind: LogType,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            at,
            source,
            kind,
            status: LogStatus::Success,
            link: None,
            record: None,
            crm: None,
            by: None,
            run: None,
            left: None,
            became: None,
            step: None,
            summary: summary.into(),
            changes: Vec::new(),
            error: None,
            calls_hundredths: 0,
        }
    }
}
