//! What was decided about a record, as the edit that carries it out and the entry that tells it.

use super::{FieldUndo, Verdict};
use crate::ids::{LinkId, LogId, RecordId, RunId, UserId};
use crate::link::{Lane, RecordLink};
use crate::record::{Origin, WorkspaceRecord};
use crate::sync_log::{FieldChange, LogDraft, LogSource, LogType, Rule};
use crate::value::{Fields, Value};
use crate::workspace::Kind;
use jiff::Timestamp;

/// Values of one record to put back, as an [`undo`](super::undo) decided on what was seen.
#[derive(Clone, PartialEq, Debug)]
pub struct Restore {
    /// Which record.
    pub record: RecordId,
    /// The version of its link; `None` if it had none. Fences what the CRM side held.
    pub version: Option<i64>,
    /// The link that it goes back to, out of the archive. Nothing is done unless that is free or its own.
    pub home: Option<LinkId>,
    /// What the workspace fields held, as stored: fences our own side.
    pub seen: Fields,
    /// What they shall hold; the same names.
    pub patch: Fields,
    /// Through whom.
    pub origin: Origin,
    /// Lane of the work that it makes.
    pub lane: Lane,
    /// When.
    pub now: Timestamp,
    /// The entry that tells it.
    pub entry: LogDraft,
}

/// Who undoes, and when.
#[derive(Clone, Debug)]
pub struct By {
    /// The person, if it is one.
    pub user: Option<UserId>,
    /// Through whom.
    pub origin: Origin,
    /// The run that it is.
    pub run: Option<RunId>,
    /// Lane of the work that it makes.
    pub lane: Lane,
    /// By our clock.
    pub now: Timestamp,
}

/// The edit that carries an undo of one record out; `None` if nothing is put back.
pub fn restore(
    record: &WorkspaceRecord,
    link: Option<&RecordLink>,
    fields: &[FieldUndo],
    by: &By,
) -> Option<Restore> {
    let mut entry = entry(record.kind, fields, by.user, by.now)?;
    entry.run = by.run;
    let patch = fields.iter().filter_map(|field| match &field.verdict {
        Verdict::Restore { value, .. } => Some((field.field.clone(), value.clone())),
        _ => None,
    });
    let patch: Fields = patch.collect();
    let seen = patch.keys().map(|name| {
        let stored = record.fields.get(name).unwrap_or(&Value::Null);
        (name.clone(), stored.clone())
    });
    Some(Restore {
        record: record.id,
        version: link.map(|link| link.version),
        home: fields.iter().find_map(home),
        seen: seen.collect(),
        patch,
        origin: by.origin.clone(),
        lane: by.lane,
        now: by.now,
        entry,
    })
}

fn home(field: &FieldUndo) -> Option<LinkId> {
    match &field.verdict {
        Verdict::Return { home, .. } => Some(*home),
        _ => None,
    }
}

/// The entry that an undo leaves about a record; `None` if nothing is put back.
pub fn entry(
    kind: Kind,
    fields: &[FieldUndo],
    by: Option<UserId>,
    now: Timestamp,
) -> Option<LogDraft> {
    let changes: Vec<FieldChange> = fields.iter().filter_map(change).collect();
    let returned = fields.iter().find_map(|field| match &field.verdict {
        Verdict::Return { place, .. } => Some(place),
        _ => None,
    });
    let undone = undone(fields);
    let which = match undone.as_slice() {
        [] => return None,
        [one] => format!("entry #{one}"),
        several => format!("{} entries", several.len()),
    };
    let values = match changes.as_slice() {
        [] => None,
        [one] => Some(format!("put back {}", one.workspace)),
        several => Some(format!("put back {} fields of this {kind}", several.len())),
    };
    let place = returned.map(|place| format!("this {kind} is back, {place}"));
    let what: Vec<String> = place.into_iter().chain(values).collect();
    let summary = format!("Undid {which}: {}", what.join("; "));
    let told = match changes.is_empty() {
        true => LogType::Link,
        false => LogType::Update,
    };
    let mut entry = LogDraft::new(now, LogSource::Tandem, told, summary);
    entry.by = by;
    entry.changes = changes;
    Some(entry)
}

/// The entries of which something is taken back, oldest first.
fn undone(fields: &[FieldUndo]) -> Vec<LogId> {
    let moved = fields.iter().filter(|field| {
        matches!(
            field.verdict,
            Verdict::Restore { .. } | Verdict::Return { .. }
        )
    });
    let mut undone: Vec<LogId> = moved.flat_map(|f| f.entries.iter().copied()).collect();
    undone.sort_unstable();
    undone.dedup();
    undone
}

fn change(field: &FieldUndo) -> Option<FieldChange> {
    let Verdict::Restore { value, .. } = &field.verdict else {
        return None;
    };
    Some(FieldChange {
        workspace: field.field.clone(),
        crm: field.crm.clone(),
        before: field.now.clone(),
        after: value.clone(),
        rule: Rule::Undone,
        rejected: Value::Null,
    })
}
