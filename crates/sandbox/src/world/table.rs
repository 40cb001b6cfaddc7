//! The rows of one object and the indexes over them.
//!
//! Invariant: the index fits the rows, because `replace` is the only way in, except while a load puts it off: rows are
//! then only written, and looked up by id, until `end_load`.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use super::id::SfId;
use super::index::{Index, Moment};
use super::key::Key;
use super::row::Row;
use super::schema::{FieldNo, ObjectDef};

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Boxed, so that room kept free in the tree is small.
    rows: BTreeMap<SfId, Box<Row>>,
    index: Index,
    loading: bool,
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
        self.rows.get(&id).map(Box::as_ref)
    }

    pub(crate) fn live(&self, id: SfId) -> Option<&Row> {
        self.get(id).filter(|row| row.is_live())
    }

    pub(crate) fn live_count(&self) -> usize {
        self.rows.len() - self.index().deleted_count()
    }

    /// Rows whose id lies in a range, in id order.
    pub(crate) fn by_id(
        &self,
        range: impl RangeBounds<SfId>,
    ) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.range(range).map(|(_, row)| &**row)
    }

    /// Rows by (SystemModstamp, Id).
    pub(crate) fn by_stamp(
        &self,
        range: impl RangeBounds<Moment>,
    ) -> impl DoubleEndedIterator<Item = &Row> {
        self.index().by_stamp(range).filter_map(|id| self.get(id))
    }

    /// Rows with this value in an indexed field, in id order. `key` must not be null: nulls are not indexed.
    pub(crate) fn by_value<'t>(
        &'t self,
        object: &'t ObjectDef,
        field: FieldNo,
        key: &'t Key,
    ) -> impl Iterator<Item = &'t Row> {
        let case_sensitive = object.at(field).case_sensitive;
        let has = move |row: &&Row| Key::of(row.column(field), case_sensitive) == *key;
        let ids = self.index().by_value(field, key);
        ids.filter_map(|id| self.get(id)).filter(has)
    }

    /// Deleted rows by (time of deletion, Id).
    pub(crate) fn deleted(&self, range: impl RangeBounds<Moment>) -> impl Iterator<Item = &Row> {
        self.index().deleted(range).filter_map(|id| self.get(id))
    }

    /// Puts `row` in the place of the row with this id, or removes that one; answers the row that was there.
    pub(crate) fn replace(
        &mut self,
        object: &ObjectDef,
        id: SfId,
        row: Option<Row>,
    ) -> Option<Row> {
        let row = row.map(Box::new);
        if !self.loading {
            let before = self.rows.get(&id).map(Box::as_ref);
            self.index.update(object, before, row.as_deref());
        }
        let before = match row {
            Some(row) => self.rows.insert(id, row),
            None => self.rows.remove(&id),
        };
        before.map(|row| *row)
    }

    /// Puts the index off, since many rows are to come.
    pub(crate) fn begin_load(&mut self) {
        self.loading = true;
    }

    /// Makes up for the index.
    pub(crate) fn end_load(&mut self, object: &ObjectDef) {
        self.loading = false;
        self.index = self.fresh_index(object);
    }

    fn fresh_index(&self, object: &ObjectDef) -> Index {
        Index::of(object, self.rows.values().map(Box::as_ref))
    }

    fn index(&self) -> &Index {
        debug_assert!(
            !self.loading,
            "rows are found by id only while many are loaded"
        );
        &self.index
    }
}

#[cfg(test)]
impl Table {
    /// The index is what it would be if it were built anew from the rows.
    pub(crate) fn assert_consistent(&self, object: &ObjectDef) {
        for (id, row) in &self.rows {
            assert!(
                row.audit.stamp >= row.audit.modified,
                "{id}: the stamp is before the modification"
            );
        }
        assert_eq!(self.index, self.fresh_index(object));
    }
}
