//! An undo, and the answer to “why is this value here?”.

use super::value;
use crate::app::undo::{UndoLine, UndoReport};
use crate::app::why::{Moved, Why};
use serde::Serialize;
use std::fmt::Display;
use tandem_core::undo::{Side, Verdict};
use utoipa::ToSchema;

/// What an undo does or did.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct UndoJson {
    /// It was carried out; else this is a preview.
    applied: bool,
    /// The run that the entries of this undo are: give it back as `continues` with `after`. Null of a preview.
    run: Option<i64>,
    /// The end of the window: give it back with `after`.
    until: Option<String>,
    /// Records looked at.
    records: u64,
    /// Records of which something is put back.
    records_restored: u64,
    /// Fields put back in the workspace.
    restored: u64,
    /// Those of them that go to the CRM, too.
    to_crm: u64,
    /// Records that go back to where they belonged: out of the archive, to the link that they left.
    returned: u64,
    /// API calls that the writes take at least; null while nobody is connected.
    api_calls: Option<u64>,
    /// Fields left alone, by reason.
    kept: Vec<ReasonJson>,
    /// Fields and entries that can't be undone, by reason.
    cannot: Vec<ReasonJson>,
    /// Records that changed at this very moment; they are as they were.
    overtaken: u64,
    /// Field by field: every one that is left alone, and at most 200 that are put back.
    lines: Vec<UndoLineJson>,
    /// Fields that are put back and not listed.
    left_out: u64,
    /// `after` of the next call; null when every record was looked at.
    next: Option<i64>,
}

/// Why, and how often.
#[derive(Serialize, ToSchema)]
struct ReasonJson {
    /// In words.
    reason: String,
    /// How many.
    count: u64,
}

/// One field of one record.
#[derive(Serialize, ToSchema)]
struct UndoLineJson {
    /// `person`, `account` or `opportunity`.
    kind: &'static str,
    /// The record's number.
    record: i64,
    /// Its name.
    name: String,
    /// Workspace field; `record` for the place of the record itself, whose values are words for people.
    field: String,
    /// CRM field.
    crm: String,
    /// What stands there now.
    now: serde_json::Value,
    /// `restore`, `return`, `kept` or `cannot`.
    verdict: &'static str,
    /// The value that is put back.
    value: serde_json::Value,
    /// The CRM gets it, too.
    to_crm: bool,
    /// Why not, in words.
    reason: Option<String>,
    /// The entries that are undone, newest first.
    entries: Vec<i64>,
}

impl UndoJson {
    /// The report, as what it is.
    pub(in super::super) fn of(report: UndoReport, applied: bool) -> Self {
        let reasons = |all: Vec<(String, u64)>| {
            let reasons = all.into_iter();
            reasons.map(|(reason, count)| ReasonJson { reason, count })
        };
        Self {
            applied,
            run: report.run.map(|run| run.0),
            until: report.scope.until.map(|at| at.to_string()),
            records: report.records,
            records_restored: report.records_restored,
            restored: report.restored,
            to_crm: report.to_crm,
            returned: report.returned,
            api_calls: report.calls,
            kept: reasons(counted(&report.kept)).collect(),
            cannot: reasons(counted(&report.cannot)).collect(),
            overtaken: report.overtaken,
            lines: report.lines.into_iter().map(UndoLineJson::from).collect(),
            left_out: report.left_out,
            next: report.next.map(|id| id.0),
        }
    }
}

fn counted<T: Display>(reasons: &std::collections::BTreeMap<T, u64>) -> Vec<(String, u64)> {
    let reasons = reasons.iter();
    reasons
        .map(|(why, count)| (why.to_string(), *count))
        .collect()
}

impl From<UndoLine> for UndoLineJson {
    fn from(line: UndoLine) -> Self {
        let field = line.field;
        let nothing = serde_json::Value::Null;
        let (verdict, put_back, to_crm, reason) = match &field.verdict {
            Verdict::Restore {
                value: back,
                to_crm,
            } => ("restore", value(back), *to_crm, None),
            Verdict::Return { place, .. } => ("return", place.as_str().into(), false, None),
            Verdict::Kept(kept) => ("kept", nothing, false, Some(kept.to_string())),
            Verdict::Cannot(why) => ("cannot", nothing, false, Some(why.to_string())),
        };
        Self {
            kind: line.record.0.as_str(),
            record: line.record.1.0,
            name: line.name,
            now: value(&field.now),
            verdict,
            value: put_back,
            to_crm,
            reason,
            entries: field.entries.iter().map(|id| id.0).collect(),
            field: field.field,
            crm: field.crm,
        }
    }
}

/// Why a field holds its value.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct WhyJson {
    /// `person`, `account` or `opportunity`.
    kind: &'static str,
    /// The record's number.
    record: i64,
    /// Its name.
    name: String,
    /// Workspace field.
    field: String,
    /// CRM field; null if it is not mapped.
    crm_field: Option<String>,
    /// Our value.
    workspace: serde_json::Value,
    /// The CRM's value as last read.
    crm: serde_json::Value,
    /// Who put our value there.
    set_by: Option<String>,
    /// When.
    set_at: Option<String>,
    /// The log entry that left it; null if it was typed here and did not go out yet.
    entry: Option<i64>,
    /// What moved the field, newest first, at most ten.
    past: Vec<MovedJson>,
    /// What the next change will do.
    next: NextJson,
}

/// One change of the field.
#[derive(Serialize, ToSchema)]
struct MovedJson {
    /// The log entry.
    entry: i64,
    /// When.
    at: String,
    /// The side that was changed: `crm` or `workspace`.
    side: &'static str,
    /// The value before.
    before: serde_json::Value,
    /// The value after.
    after: serde_json::Value,
    /// The rule that decided, in words.
    rule: &'static str,
    /// The value that lost.
    rejected: serde_json::Value,
    /// The person who caused it.
    by: Option<String>,
}

/// What the next change will do.
#[derive(Serialize, ToSchema)]
struct NextJson {
    /// What stops the field from moving now.
    stopped: Option<String>,
    /// If the CRM changes.
    crm_changes: String,
    /// If the workspace changes.
    workspace_changes: String,
    /// If both change.
    both_change: String,
}

impl From<Why> for WhyJson {
    fn from(why: Why) -> Self {
        let field = why.field;
        Self {
            kind: why.record.0.as_str(),
            record: why.record.1.0,
            name: why.name,
            crm_field: field.mapping.map(|mapping| mapping.crm),
            workspace: value(&field.workspace),
            crm: field.crm.as_ref().map_or(serde_json::Value::Null, value),
            set_by: why.who,
            set_at: field.provenance.map(|set| set.at.to_string()),
            entry: why.entry.map(|id| id.0),
            past: why.past.into_iter().map(MovedJson::from).collect(),
            next: NextJson {
                stopped: why.next.stopped,
                crm_changes: why.next.crm_changes,
                workspace_changes: why.next.workspace_changes,
                both_change: why.next.both_change,
            },
            field: field.name,
        }
    }
}

impl From<Moved> for MovedJson {
    fn from(moved: Moved) -> Self {
        let change = moved.change;
        Self {
            entry: moved.entry.0,
            at: moved.at.to_string(),
            side: match moved.side {
                Side::Crm => "crm",
                Side::Workspace => "workspace",
            },
            before: value(&change.before),
            after: value(&change.after),
            rule: change.rule.label(),
            rejected: value(&change.rejected),
            by: moved.by,
        }
    }
}
