//! How an undo is carried out on one record.

use super::{complete_log, revive, set_fields, workspace_changed};
use tandem_core::link::RecordLink;
use tandem_core::record::WorkspaceRecord;
use tandem_core::store::Restore;
use tandem_core::sync_log::LogDraft;
use tandem_core::value::Value;

/// Puts the values back, takes the record out of the archive if it goes home, and returns the entry that tells
/// it; `None`, and nothing done, if the record or its link is not as it was seen.
pub fn restore(
    record: &mut WorkspaceRecord,
    link: Option<&mut RecordLink>,
    restore: &Restore,
) -> Option<LogDraft> {
    let holds =
        |(name, seen): (&String, &Value)| record.fields.get(name).unwrap_or(&Value::Null) == seen;
    if link.as_ref().map(|link| link.version) != restore.version || !restore.seen.iter().all(holds)
    {
        return None;
    }
    match restore.home {
        Some(_) => revive(record, restore.now),
        None if record.archived.is_some() => return None,
        None => {}
    }
    let patch = restore.patch.clone();
    let changed = set_fields(record, patch, &restore.origin, restore.now);
    let mut entry = restore.entry.clone();
    entry.record = Some((record.kind, record.id));
    if let (Some(link), None) = (link, restore.home) {
        workspace_changed(link, &changed, &restore.origin);
        complete_log(&mut entry, link);
    }
    Some(entry)
}

/// Names the link that the record of an entry went home to.
pub fn tell_return(mut entry: LogDraft, home: &RecordLink) -> LogDraft {
    complete_log(&mut entry, home);
    entry
}
