//! Recycle bin: delete with what depends on the record, undelete, and the end of both.
//!
//! Deleting moves SystemModstamp to the time of deletion, also of the dependents. A reference that does not
//! cascade (e.g. `ReportsToId`) is emptied by the system, which moves only the child's SystemModstamp; undelete
//! does not restore it.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};

use super::DmlOptions;
use crate::world::convert::parse_id;
use crate::world::error::DmlError;
use crate::world::key::Key;
use crate::world::replication::RECYCLE_BIN_DAYS;
use crate::world::row::{Deletion, Row};
use crate::world::schema::{FieldNo, ObjectNo};
use crate::world::{Actor, SfId, Value, World};

impl World {
    /// Puts a record and its dependents into the recycle bin.
    ///
    /// # Errors
    /// The id is unknown, already deleted, held by a late commit, or the actor may not delete it.
    pub fn delete(
        &mut self,
        actor: &Actor,
        object: &str,
        id: &str,
        options: &DmlOptions,
    ) -> Result<(), Vec<DmlError>> {
        self.transaction(|world| {
            let (object, id) = world.record_to_delete(actor, object, id)?;
            world.deletions += 1;
            let deletion = Deletion {
                at: world.now_seconds(),
                batch: world.deletions,
            };
            world.bin(object, id, deletion, options.visible_at)
        })
        .map_err(|error| vec![error])
    }

    /// Removes a record and its dependents for good, past the recycle bin.
    ///
    /// # Errors
    /// As for [`World::delete`].
    pub fn hard_delete(
        &mut self,
        actor: &Actor,
        object: &str,
        id: &str,
    ) -> Result<(), Vec<DmlError>> {
        self.transaction(|world| {
            world.delete(actor, object, id, &DmlOptions::default())?;
            let (at, batch) = (world.now_seconds(), world.deletions);
            for object in world.stored_objects() {
                let rows = world
                    .table(object)
                    .deleted((at, SfId::MIN)..=(at, SfId::MAX));
                let of_batch = |row: &&Row| row.deletion.is_some_and(|own| own.batch == batch);
                let gone: Vec<SfId> = rows.filter(of_batch).map(|row| row.id).collect();
                gone.into_iter().for_each(|id| world.purge(object, id));
            }
            Ok(())
        })
    }

    pub(super) fn record_to_delete(
        &self,
        actor: &Actor,
        object: &str,
        id: &str,
    ) -> Result<(ObjectNo, SfId), DmlError> {
        let object = self.object_named(actor, object)?;
        let id = self.existing(actor, object, id)?;
        let allowed = self.schema.at(object).deletable && self.rights_on(actor, object).delete;
        if allowed && self.may_delete(actor, object, id) {
            Ok((object, id))
        } else {
            Err(DmlError::no_access())
        }
    }

    pub(super) fn bin(
        &mut self,
        object: ObjectNo,
        id: SfId,
        deletion: Deletion,
        visible_at: Option<Timestamp>,
    ) -> Result<(), DmlError> {
        // Gone already, or about to be: a record may depend on the deleted one in more than one way.
        let batch = |row: &Row| row.deletion.map(|own| own.batch);
        if self.staged_row(id).and_then(batch) == Some(deletion.batch) {
            return Ok(());
        }
        self.check_unlocked(id)?;
        let Some(mut row) = self.table(object).live(id).cloned() else {
            return Ok(());
        };
        row.deletion = Some(deletion);
        row.audit.stamp = deletion.at.max(row.audit.stamp);
        self.put(object, row, visible_at);
        for (child, field) in self.schema.stored_references_to(object) {
            let dependents = self.live_with_value(child, field, &Key::Id(id));
            let cascades = self.schema.at(child).at(field).cascade_delete;
            for dependent in dependents {
                if cascades {
                    self.bin(child, dependent, deletion, visible_at)?;
                } else if let Some(mut row) = self.table(child).live(dependent).cloned() {
                    row.set(field, Value::Null);
                    row.audit.stamp = deletion.at.max(row.audit.stamp);
                    self.put(child, row, visible_at);
                }
            }
        }
        Ok(())
    }

    pub(in crate::world) fn live_with_value(
        &self,
        object: ObjectNo,
        field: FieldNo,
        key: &Key,
    ) -> Vec<SfId> {
        let def = self.schema.at(object);
        let rows = self.table(object).by_value(def, field, key);
        rows.filter(|row| row.is_live()).map(|row| row.id).collect()
    }

    /// Takes a record and what was deleted with it out of the recycle bin. SystemModstamp moves.
    ///
    /// # Errors
    /// The record is not in the recycle bin, or a live record has its unique value by now.
    pub fn undelete(&mut self, actor: &Actor, object: &str, id: &str) -> Result<(), Vec<DmlError>> {
        self.transaction(|world| {
            let object = world.object_named(actor, object)?;
            let id = parse_id(id)?;
            let row = world
                .table(object)
                .get(id)
                .filter(|row| world.can_see(actor, object, row));
            let deletion = row.ok_or_else(DmlError::unknown_id)?.deletion;
            let not_there = || DmlError::new("UNDELETE_FAILED", "Entity is not in the recycle bin");
            world.restore(deletion.ok_or_else(not_there)?)
        })
        .map_err(|error| vec![error])
    }

    fn restore(&mut self, deletion: Deletion) -> Result<(), DmlError> {
        let together = (deletion.at, SfId::MIN)..=(deletion.at, SfId::MAX);
        for object in self.stored_objects() {
            let rows = self.table(object).deleted(together.clone());
            let of_batch = |row: &&Row| row.deletion.is_some_and(|own| own.batch == deletion.batch);
            let rows: Vec<Row> = rows.filter(of_batch).cloned().collect();
            let master = self.schema.at(object).field_no("masterrecordid");
            for mut row in rows {
                row.deletion = None;
                // A merge loser that is back is a record of its own again.
                master
                    .into_iter()
                    .for_each(|field| row.set(field, Value::Null));
                row.audit.stamp = self.now_seconds().max(row.audit.stamp);
                self.check_unique(object, &row)?;
                self.put(object, row, None);
            }
        }
        Ok(())
    }

    /// Removes one record, and what was deleted with it, from the recycle bin for good.
    ///
    /// # Errors
    /// The id is unknown, or the record is not in the recycle bin.
    pub fn purge_record(
        &mut self,
        actor: &Actor,
        object: &str,
        id: &str,
    ) -> Result<(), Vec<DmlError>> {
        let batch = self
            .binned(actor, object, id)
            .map_err(|error| vec![error])?;
        for object in self.stored_objects() {
            let together = (batch.at, SfId::MIN)..=(batch.at, SfId::MAX);
            let rows = self.table(object).deleted(together);
            let of_batch = |row: &&Row| row.deletion.is_some_and(|own| own.batch == batch.batch);
            let ids: Vec<SfId> = rows.filter(of_batch).map(|row| row.id).collect();
            ids.into_iter().for_each(|id| self.purge(object, id));
        }
        Ok(())
    }

    fn binned(&self, actor: &Actor, object: &str, id: &str) -> Result<Deletion, DmlError> {
        let object = self.object_named(actor, object)?;
        let row = self.table(object).get(parse_id(id)?);
        let row = row.filter(|row| self.can_see(actor, object, row));
        let not_there = || DmlError::new("INVALID_ID_FIELD", "Entity is not in the recycle bin");
        row.ok_or_else(DmlError::unknown_id)?
            .deletion
            .ok_or_else(not_there)
    }

    /// Removes everything from the recycle bin for good.
    pub fn empty_recycle_bin(&mut self) {
        self.purge_deleted(Bound::Unbounded);
    }

    /// Removes what was deleted longer ago than the recycle bin keeps.
    pub(crate) fn purge_expired(&mut self) {
        let kept = SignedDuration::from_hours(24 * RECYCLE_BIN_DAYS);
        if let Ok(oldest) = self.now.checked_sub(kept) {
            self.purge_deleted(Bound::Excluded((oldest, SfId::MIN)));
        }
    }

    fn purge_deleted(&mut self, end: Bound<(Timestamp, SfId)>) {
        for object in self.stored_objects() {
            let expired: Vec<SfId> = self
                .table(object)
                .deleted((Bound::Unbounded, end))
                .map(|row| row.id)
                .collect();
            expired.into_iter().for_each(|id| self.purge(object, id));
        }
    }
}
