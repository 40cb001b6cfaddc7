//! Entries of the sync log: appended, never changed (the database refuses).

use super::column::{json, micros};
use super::error::DbResult;
use super::links::LinkRow;
use super::tx::Tx;
use crate::rules;
use rusqlite::params;
use tandem_core::ids::{LogId, TeamId};
use tandem_core::sync_log::LogDraft;

pub(super) fn append(tx: &Tx<'_>, team: TeamId, entry: &LogDraft) -> DbResult<LogId> {
    let id = tx.insert(
        "INSERT INTO log (team, at_us, source, kind, status, object, record, link, error_class, \
         run, search, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            team.0,
            micros(entry.at),
            entry.source.as_str(),
            entry.kind.as_str(),
            entry.status.as_str(),
            entry.crm.as_ref().map(|(object, _)| object.as_str()),
            entry.record.map(|(_, id)| id.0),
            entry.link.map(|id| id.0),
            entry.error.as_ref().map(|error| error.class.code()),
            entry.run.map(|run| run.0),
            search_text(entry),
            json(entry)?
        ],
    )?;
    Ok(LogId(id))
}

/// Writes the entries of a decision or an outcome, and points a parked record to its entry. The caller
/// saves the row.
pub(super) fn tell(
    tx: &Tx<'_>,
    team: TeamId,
    row: &mut LinkRow,
    entries: Vec<LogDraft>,
) -> DbResult<()> {
    let mut written = Vec::with_capacity(entries.len());
    for mut entry in entries {
        rules::complete_log(&mut entry, &row.link);
        written.push((append(tx, team, &entry)?, entry.status));
    }
    rules::note_parking_entry(&mut row.link, &written);
    Ok(())
}

fn search_text(entry: &LogDraft) -> String {
    let mut parts = vec![entry.summary.as_str()];
    if let Some((_, Some(id))) = &entry.crm {
        parts.push(id.as_str());
    }
    if let Some(error) = &entry.error {
        parts.extend([error.code.as_str(), error.message.as_str()]);
    }
    parts.join("\n").to_lowercase()
}
