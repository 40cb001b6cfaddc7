//! What a version of a mapping is answerable for: the fields whose rows it changed, from its publication until
//! a later version changed those rows again.
//!
//! An undo of a version takes back the first move of those fields in that time: publishing decides every record anew, so
//! that move is the version's doing, and what moved later was changed by somebody. A row that is still in force can't be undone:
//! an undo is an edit, and the row would move it on to where the mistake leads.

use crate::ids::LogId;
use crate::mapping::{FieldMapping, ObjectMapping};
use crate::sync_log::{FieldChange, LogDraft, LogType};
use crate::value::Value;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A version's time at work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleWindow {
    /// When it was published.
    pub since: Timestamp,
    /// The workspace fields that it changed, each with the time at which its row was changed again.
    pub fields: BTreeMap<String, Timestamp>,
}

/// Why a version can't be undone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoWindow {
    /// There is no such version.
    #[error("there is no version {0} of this mapping")]
    Unknown(u32),
    /// It is at work.
    #[error(
        "what version {0} changed in the mapping is still in force, and would move again what is put back: correct the \
         mapping first"
    )]
    InForce(u32),
    /// It has the rows of the version before.
    #[error("version {0} changed no row of the mapping, so it moved nothing of its own")]
    ChangedNothing(u32),
}

impl RuleWindow {
    /// The window of a version, of all versions of its mapping with the times of their publication, in any order.
    ///
    /// # Errors
    /// See [`NoWindow`].
    pub fn of(history: &[(&ObjectMapping, Timestamp)], version: u32) -> Result<Self, NoWindow> {
        let mut history = history.to_vec();
        history.sort_by_key(|(mapping, _)| mapping.version);
        let at = history
            .iter()
            .position(|(mapping, _)| mapping.version == version)
            .ok_or(NoWindow::Unknown(version))?;
        let (mapping, since) = history[at];
        let before = at.checked_sub(1).map(|before| history[before].0);
        let changed: Vec<&FieldMapping> = mapping
            .fields
            .iter()
            .filter(|row| before.and_then(|before| row_of(before, row)) != Some(row))
            .collect();
        if changed.is_empty() {
            return Err(NoWindow::ChangedNothing(version));
        }
        let ended = changed.into_iter().filter_map(|row| {
            let mut later = history[at + 1..].iter();
            let end = later.find(|(later, _)| row_of(later, row) != Some(row))?;
            Some((row.workspace.clone(), end.1))
        });
        let fields: BTreeMap<String, Timestamp> = ended.collect();
        match fields.is_empty() {
            true => Err(NoWindow::InForce(version)),
            false => Ok(Self { since, fields }),
        }
    }

    /// When the last of its rows was changed again.
    pub fn until(&self) -> Timestamp {
        self.fields.values().max().copied().unwrap_or(self.since)
    }

    /// Leaves of a record's entries, newest first, what the version moved: the first change of each of its fields,
    /// with the entry that tells the same change again. Whatever changed after that came from somebody who
    /// worked with the new rule, and stays.
    pub fn narrow(&self, entries: &mut Vec<(LogId, LogDraft)>) {
        let mut moved: BTreeMap<String, Moved> = BTreeMap::new();
        for (_, entry) in entries.iter_mut().rev() {
            let at = entry.at;
            // No mapping makes a merge.
            let follows = matches!(entry.kind, LogType::Merge | LogType::Convert);
            entry.changes.retain(|change| {
                let until = self.fields.get(&change.workspace);
                let within = !follows && at >= self.since && until.is_some_and(|until| at < *until);
                within && Moved::takes(&mut moved, change)
            });
        }
        entries.retain(|(_, entry)| !entry.changes.is_empty());
    }
}

/// How far a field's first change was told.
struct Moved {
    after: Value,
    over: bool,
}

impl Moved {
    /// Whether this is the first change of its field, or the same one told again.
    fn takes(moved: &mut BTreeMap<String, Self>, change: &FieldChange) -> bool {
        if change.before == change.after {
            return false;
        }
        let first = moved
            .entry(change.workspace.clone())
            .or_insert_with(|| Self {
                after: change.after.clone(),
                over: false,
            });
        first.over |= first.after != change.after;
        !first.over
    }
}

/// The row of the same workspace field.
fn row_of<'a>(mapping: &'a ObjectMapping, row: &FieldMapping) -> Option<&'a FieldMapping> {
    let mut rows = mapping.fields.iter();
    rows.find(|other| other.workspace == row.workspace)
}
