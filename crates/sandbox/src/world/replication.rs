//! What getUpdated and getDeleted answer.

use jiff::Timestamp;

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
        let _ = (actor, object, start, end);
        todo!()
    }

    /// Records of `object` deleted in `start..=end` that the actor saw, in order of deletion.
    pub fn deleted(
        &self,
        actor: &Actor,
        object: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Vec<DeletedRecord> {
        let _ = (actor, object, start, end);
        todo!()
    }

    /// Now, held back to the start of the oldest transaction that is still not visible.
    pub fn latest_date_covered(&self) -> Timestamp {
        todo!()
    }

    /// Removes everything from the recycle bin for good.
    pub fn empty_recycle_bin(&mut self) {
        todo!()
    }
}
