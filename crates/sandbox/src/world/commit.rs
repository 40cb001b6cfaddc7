//! The door through which every row is written: indexes, undo, and commits that become visible late.
//!
//! Every row that is put in place is remembered as touched, so that it can be written down (see `image`).
//!
//! A late commit is kept aside with the stamps it was made with and put in place by the clock. Until then readers
//! see the old row and writers find it locked.

use jiff::Timestamp;

use super::World;
use super::error::DmlError;
use super::id::SfId;
use super::row::Row;
use super::schema::ObjectNo;

/// How to take back one step.
#[derive(Debug)]
pub(crate) enum Undo {
    Row {
        object: ObjectNo,
        id: SfId,
        before: Option<Row>,
    },
    Staged(StageKey),
}

/// When a late commit becomes visible, and its number among all late commits.
pub(crate) type StageKey = (Timestamp, u64);

/// A committed row nobody can see yet.
#[derive(Debug, Clone)]
pub(crate) struct Staged {
    pub(crate) object: ObjectNo,
    pub(crate) row: Row,
    pub(crate) started: Timestamp,
}

impl World {
    /// Runs `work` as one transaction: when it returns an error, everything it changed is undone (used-up ids
    /// excepted). May be nested.
    pub fn transaction<T, E>(
        &mut self,
        work: impl FnOnce(&mut World) -> Result<T, E>,
    ) -> Result<T, E> {
        let mark = self.undo.len();
        self.transaction_depth += 1;
        let outcome = work(self);
        self.transaction_depth -= 1;
        if outcome.is_err() {
            self.undo_to(mark);
        } else if self.transaction_depth == 0 {
            self.undo.clear();
        }
        outcome
    }

    fn undo_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Row { object, id, before }) => drop(self.replace(object, id, before)),
                Some(Undo::Staged(key)) => drop(self.staged.remove(&key)),
                None => return,
            }
        }
    }

    pub(super) fn replace(&mut self, object: ObjectNo, id: SfId, row: Option<Row>) -> Option<Row> {
        if self.schema.at(object).administrative {
            self.forget_computed();
        }
        self.touched.insert((object, id));
        self.tables[object.0 as usize].replace(self.schema.at(object), id, row)
    }

    /// Writes a row now, or keeps it aside until `visible_at`.
    pub(crate) fn put(&mut self, object: ObjectNo, mut row: Row, visible_at: Option<Timestamp>) {
        row.shrink();
        match visible_at.filter(|at| *at > self.now) {
            Some(at) => self.stage(
                at,
                Staged {
                    object,
                    row,
                    started: self.now,
                },
            ),
            None => {
                let id = row.id;
                let before = self.replace(object, id, Some(row));
                self.log(Undo::Row { object, id, before });
            }
        }
    }

    /// Removes a row for good.
    pub(crate) fn purge(&mut self, object: ObjectNo, id: SfId) {
        let before = self.replace(object, id, None);
        let deletion = before.as_ref().and_then(|row| row.deletion);
        self.purged_to = self.purged_to.max(deletion.map(|deletion| deletion.at));
        self.log(Undo::Row { object, id, before });
    }

    fn stage(&mut self, at: Timestamp, staged: Staged) {
        self.late_commits += 1;
        let key = (at, self.late_commits);
        self.staged.insert(key, staged);
        self.log(Undo::Staged(key));
    }

    fn log(&mut self, step: Undo) {
        if self.transaction_depth > 0 {
            self.undo.push(step);
        }
    }

    /// Shows the late commits whose time has come.
    pub(crate) fn reveal_staged(&mut self) {
        while let Some(key) = self.staged.first().map(|(key, _)| *key)
            && key.0 <= self.now
            && let Some(Staged { object, row, .. }) = self.staged.remove(&key)
        {
            self.replace(object, row.id, Some(row));
        }
    }

    /// The row a late commit will show for this id.
    pub(crate) fn staged_row(&self, id: SfId) -> Option<&Row> {
        let mut rows = self.staged.values().map(|staged| &staged.row);
        rows.find(|row| row.id == id)
    }

    /// When the late commit that holds this record becomes visible.
    pub(crate) fn held_until(&self, id: SfId) -> Option<Timestamp> {
        let mut staged = self.staged.iter();
        staged
            .find(|(_, staged)| staged.row.id == id)
            .map(|((at, _), _)| *at)
    }

    /// Refuses a record that a late commit still holds.
    pub(crate) fn check_unlocked(&self, id: SfId) -> Result<(), DmlError> {
        if self.staged_row(id).is_none() {
            return Ok(());
        }
        let message =
            format!("unable to obtain exclusive access to this record or 1 records: {id}");
        Err(DmlError::new("UNABLE_TO_LOCK_ROW", message))
    }
}
