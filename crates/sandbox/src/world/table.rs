//! The rows of one object and the indexes over them.
//!
//! Invariant: every index holds exactly what the rows say, because `replace` is the only way in. Deleted rows are
//! kept and indexed like live ones until they are purged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use jiff::Timestamp;

use super::id::SfId;
use super::key::Key;
use super::row::Row;
use super::schema::{FieldNo, ObjectDef};

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<SfId, Row>,
    by_stamp: BTreeSet<(Timestamp, SfId)>,
    by_value: BTreeSet<(FieldNo, Key, SfId)>,
    deleted: BTreeSet<(Timestamp, SfId)>,
    created: u64,
}

impl Table {
    /// The number of the next record; never given twice.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.created += 1;
        self.created
    }

    /// How many numbers were given.
    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    pub(crate) fn set_created(&mut self, created: u64) {
        self.created = created;
    }

    pub(crate) fn get(&self, id: SfId) -> Option<&Row> {
        self.rows.get(&id)
    }

    pub(crate) fn live(&self, id: SfId) -> Option<&Row> {
        self.get(id).filter(|row| row.is_live())
    }

    pub(crate) fn live_count(&self) -> usize {
        self.rows.len() - self.deleted.len()
    }

    /// Rows whose id lies in a range, in id order.
    pub(crate) fn by_id(
        &self,
        range: impl RangeBounds<SfId>,
    ) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.range(range).map(|(_, row)| row)
    }

    /// Rows by (SystemModstamp, Id).
    pub(crate) fn by_stamp(
        &self,
        range: impl RangeBounds<(Timestamp, SfId)>,
    ) -> impl DoubleEndedIterator<Item = &Row> {
        self.by_stamp
            .range(range)
            .filter_map(|(_, id)| self.rows.get(id))
    }

    /// Rows with this value in an indexed field, in id order. `key` must not be null: nulls are not indexed.
    pub(crate) fn by_value(&self, field: FieldNo, key: &Key) -> impl Iterator<Item = &Row> {
        let range = (field, key.clone(), SfId::MIN)..=(field, key.clone(), SfId::MAX);
        self.by_value
            .range(range)
            .filter_map(|(_, _, id)| self.rows.get(id))
    }

    /// Deleted rows by (time of deletion, Id).
    pub(crate) fn deleted(
        &self,
        range: impl RangeBounds<(Timestamp, SfId)>,
    ) -> impl Iterator<Item = &Row> {
        self.deleted
            .range(range)
            .filter_map(|(_, id)| self.rows.get(id))
    }

    /// Puts `row` in the place of the row with this id, or removes that one; answers the row that was there.
    pub(crate) fn replace(
        &mut self,
        object: &ObjectDef,
        id: SfId,
        row: Option<Row>,
    ) -> Option<Row> {
        let before = self.rows.remove(&id);
        self.index_audit(before.as_ref(), row.as_ref());
        self.index_values(object, before.as_ref(), row.as_ref());
        if let Some(row) = row {
            self.rows.insert(id, row);
        }
        before
    }

    fn index_audit(&mut self, before: Option<&Row>, after: Option<&Row>) {
        if let Some(row) = before {
            self.by_stamp.remove(&(row.audit.stamp, row.id));
            row.deletion
                .map(|deletion| self.deleted.remove(&(deletion.at, row.id)));
        }
        if let Some(row) = after {
            self.by_stamp.insert((row.audit.stamp, row.id));
            row.deletion
                .map(|deletion| self.deleted.insert((deletion.at, row.id)));
        }
    }

    fn index_values(&mut self, object: &ObjectDef, before: Option<&Row>, after: Option<&Row>) {
        for (no, value) in before.into_iter().flat_map(Row::columns) {
            let field = object.at(no);
            let stays = after.is_some_and(|after| after.column(no) == value);
            if field.is_indexed() && !stays {
                let row = before.map_or(SfId::MIN, |row| row.id);
                self.by_value
                    .remove(&(no, Key::of(value, field.case_sensitive), row));
            }
        }
        for (no, value) in after.into_iter().flat_map(Row::columns) {
            let field = object.at(no);
            let was = before.is_some_and(|before| before.column(no) == value);
            if field.is_indexed() && !was {
                let row = after.map_or(SfId::MIN, |row| row.id);
                self.by_value
                    .insert((no, Key::of(value, field.case_sensitive), row));
            }
        }
    }
}

#[cfg(test)]
impl Table {
    /// The indexes are what they would be if they were built anew from the rows.
    pub(crate) fn assert_consistent(&self, object: &ObjectDef) {
        let mut fresh = Table::default();
        for (id, row) in &self.rows {
            assert!(
                row.audit.stamp >= row.audit.modified,
                "{id}: the stamp is before the modification"
            );
            fresh.replace(object, *id, Some(row.clone()));
        }
        assert_eq!(self.by_stamp, fresh.by_stamp);
        assert_eq!(self.by_value, fresh.by_value);
        assert_eq!(self.deleted, fresh.deleted);
    }
}
