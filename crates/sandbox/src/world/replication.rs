//! What getUpdated and getDeleted answer. Windows, minute truncation and HTTP errors are the REST layer's.

use jiff::Timestamp;

use super::row::Row;
use super::{Actor, SfId, World};

/// Days a deleted record stays in the recycle bin.
pub const RECYCLE_BIN_DAYS: i64 = 15;

/// One entry of getDeleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedRecord {
    /// The record.
    pub id: SfId,
    /// When it was deleted.
    pub deleted_date: Timestamp,
}

impl World {
    /// Live records of `object` the actor sees whose SystemModstamp lies in `start..=end`, in stamp order.
    pub fn updated(
        &self,
        actor: &Actor,
        object: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Vec<SfId> {
        let Some(object) = self.schema.object_no(object).filter(|_| start <= end) else {
            return Vec::new();
        };
        let seen = |row: &&Row| row.is_live() && self.can_see(actor, object, row);
        let rows = self
            .table(object)
            .by_stamp((start, SfId::MIN)..=(end, SfId::MAX));
        rows.filter(seen).map(|row| row.id).collect()
    }

    /// Records of `object` deleted in `start..=end` that the actor saw, in order of deletion.
    pub fn deleted(
        &self,
        actor: &Actor,
        object: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Vec<DeletedRecord> {
        let Some(object) = self.schema.object_no(object).filter(|_| start <= end) else {
            return Vec::new();
        };
        let rows = self
            .table(object)
            .deleted((start, SfId::MIN)..=(end, SfId::MAX));
        let entry = |row: &Row| {
            Some(DeletedRecord {
                id: row.id,
                deleted_date: row.deletion?.at,
            })
        };
        rows.filter(|row| self.can_see(actor, object, row))
            .filter_map(entry)
            .collect()
    }

    /// Up to when deletions are not told completely: of the records that are gone for good, the last one's.
    pub fn purged_to(&self) -> Option<Timestamp> {
        self.purged_to
    }

    /// Now, held back to the start of the oldest transaction that is still not visible (documented).
    pub fn latest_date_covered(&self) -> Timestamp {
        let oldest = self.staged.values().map(|staged| staged.started).min();
        oldest.map_or(self.now, |started| started.min(self.now))
    }
}
