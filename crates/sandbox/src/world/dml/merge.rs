//! Merge: one record takes the place of up to two others of its object.
//!
//! Losers go into the recycle bin with `MasterRecordId` set to the winner, and everything that pointed to them points
//! to the winner, which the vendor does as a system process: only the children's SystemModstamp moves. The winner
//! counts as changed by the user who merged.

use super::{DmlOptions, Errors, Fields};
use crate::world::error::DmlError;
use crate::world::key::Key;
use crate::world::row::Deletion;
use crate::world::schema::ObjectNo;
use crate::world::{Actor, SfId, Value, World};

/// Most records that can be merged into one at a time (documented).
const MAX_LOSERS: usize = 2;

impl World {
    /// Merges `losers` into `master`, which then gets `fields`.
    ///
    /// # Errors
    /// INVALID_OPERATION when the object or the number of records does not allow it; else as delete and update.
    pub fn merge(
        &mut self,
        actor: &Actor,
        object: &str,
        master: &str,
        losers: &[&str],
        fields: &Fields,
    ) -> Result<(), Vec<DmlError>> {
        self.transaction(|world| {
            let ids = world.records_to_merge(actor, object, master, losers);
            let (object_no, master_id, losers) = ids.map_err(|error| vec![error])?;
            for loser in losers {
                // A batch each: undeleting one loser does not bring back the other.
                world.deletions += 1;
                let deletion = Deletion {
                    at: world.now_seconds(),
                    batch: world.deletions,
                };
                world
                    .move_references(object_no, loser, master_id)
                    .map_err(|error| vec![error])?;
                world.lose(object_no, loser, master_id, deletion)?;
            }
            world.update(actor, object, master, fields, &DmlOptions::default())
        })
    }

    fn records_to_merge(
        &self,
        actor: &Actor,
        object: &str,
        master: &str,
        losers: &[&str],
    ) -> Result<(ObjectNo, SfId, Vec<SfId>), DmlError> {
        let to_delete = |id: &&str| self.record_to_delete(actor, object, id).map(|(_, id)| id);
        let losers = losers
            .iter()
            .map(to_delete)
            .collect::<Result<Vec<SfId>, _>>()?;
        let object = self.object_named(actor, object)?;
        let master = self.existing(actor, object, master)?;
        let refused = |message: &str| Err(DmlError::new("INVALID_OPERATION", message));
        if !self.schema.at(object).mergeable {
            return refused("records of this type cannot be merged");
        }
        if losers.is_empty() || losers.len() > MAX_LOSERS {
            return refused("a merge takes one or two records to merge into the master");
        }
        if losers.contains(&master) || losers.first() == losers.get(1) {
            return refused("a merge needs different records");
        }
        Ok((object, master, losers))
    }

    /// Lets every live reference to `from` point to `to`.
    fn move_references(&mut self, object: ObjectNo, from: SfId, to: SfId) -> Result<(), DmlError> {
        for (child, field) in self.schema.stored_references_to(object) {
            for id in self.live_with_value(child, field, &Key::Id(from)) {
                self.check_unlocked(id)?;
                if let Some(mut row) = self.table(child).live(id).cloned() {
                    // A record does not become its own parent.
                    row.set(field, if id == to { Value::Null } else { Value::Id(to) });
                    row.audit.stamp = self.now_seconds().max(row.audit.stamp);
                    self.put(child, row, None);
                }
            }
        }
        Ok(())
    }

    fn lose(
        &mut self,
        object: ObjectNo,
        loser: SfId,
        master: SfId,
        deletion: Deletion,
    ) -> Result<(), Errors> {
        let field = self.schema.at(object).field_no("masterrecordid");
        if let (Some(field), Some(mut row)) = (field, self.table(object).live(loser).cloned()) {
            row.set(field, Value::Id(master));
            self.put(object, row, None);
        }
        self.bin(object, loser, deletion, None)
            .map_err(|error| vec![error])
    }
}
