//! The indexes over the rows of one object: by stamp, by the values of keys and references, by time of deletion.
//!
//! Invariant: an index holds exactly what the rows say. Deleted rows are indexed like live ones until they are purged.
//!
//! Entries are kept small, since a row has several: a time is its microseconds, a value its hash. So whoever looks up a
//! value has to look at the row, too.

use std::collections::BTreeSet;
use std::ops::{Bound, RangeBounds};

use jiff::Timestamp;

use super::id::SfId;
use super::key::Key;
use super::row::Row;
use super::schema::{FieldNo, ObjectDef};
use super::value::Value;

/// A time and a record, as bounds of a range.
pub(crate) type Moment = (Timestamp, SfId);

/// Microseconds of a time, and a record.
type At = (i64, SfId);

/// See the module documentation.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Index {
    /// By SystemModstamp.
    stamps: BTreeSet<At>,
    /// Hashes of field and value; nulls are left out.
    values: BTreeSet<(u64, SfId)>,
    /// By the time of deletion.
    deletions: BTreeSet<At>,
}

impl Index {
    /// The index of all these rows, which is much faster than adding them one by one.
    pub(super) fn of<'r>(
        object: &'r ObjectDef,
        rows: impl Iterator<Item = &'r Row> + Clone,
    ) -> Index {
        let values = |row| {
            let indexed = changed(object, row, None);
            indexed.map(move |(no, value)| entry(object, row, no, value))
        };
        Index {
            stamps: rows.clone().map(stamp).collect(),
            values: rows.clone().flat_map(values).collect(),
            deletions: rows.filter_map(deletion).collect(),
        }
    }

    /// Takes note that a row was added, changed or removed.
    pub(super) fn update(&mut self, object: &ObjectDef, before: Option<&Row>, after: Option<&Row>) {
        let [was, is] = [before, after].map(|row| row.map(stamp));
        replace(&mut self.stamps, was, is);
        let [was, is] = [before, after].map(|row| row.and_then(deletion));
        replace(&mut self.deletions, was, is);
        if let Some(row) = before {
            for (no, value) in changed(object, row, after) {
                self.values.remove(&entry(object, row, no, value));
            }
        }
        if let Some(row) = after {
            for (no, value) in changed(object, row, before) {
                self.values.insert(entry(object, row, no, value));
            }
        }
    }

    /// Records by (SystemModstamp, Id).
    pub(super) fn by_stamp(
        &self,
        range: impl RangeBounds<Moment>,
    ) -> impl DoubleEndedIterator<Item = SfId> {
        self.stamps.range(micros(range)).map(|(_, id)| *id)
    }

    /// Records that probably have this value in an indexed field, in id order; none that has is left out.
    pub(super) fn by_value(&self, field: FieldNo, key: &Key) -> impl Iterator<Item = SfId> {
        let hash = key.hash_in(field);
        let range = (hash, SfId::MIN)..=(hash, SfId::MAX);
        self.values.range(range).map(|(_, id)| *id)
    }

    /// Deleted records by (time of deletion, Id).
    pub(super) fn deleted(&self, range: impl RangeBounds<Moment>) -> impl Iterator<Item = SfId> {
        self.deletions.range(micros(range)).map(|(_, id)| *id)
    }

    /// How many records are deleted.
    pub(super) fn deleted_count(&self) -> usize {
        self.deletions.len()
    }
}

fn micros(range: impl RangeBounds<Moment>) -> (Bound<At>, Bound<At>) {
    let bound = |bound: Bound<&Moment>| bound.map(|(at, id)| (at.as_microsecond(), *id));
    (bound(range.start_bound()), bound(range.end_bound()))
}

fn stamp(row: &Row) -> At {
    (row.audit.stamp.as_microsecond(), row.id)
}

fn deletion(row: &Row) -> Option<At> {
    row.deletion
        .map(|deletion| (deletion.at.as_microsecond(), row.id))
}

fn replace<T: Ord>(set: &mut BTreeSet<T>, was: Option<T>, is: Option<T>) {
    if was == is {
        return;
    }
    if let Some(entry) = was {
        set.remove(&entry);
    }
    set.extend(is);
}

/// The indexed values of a row that the other row does not have.
fn changed<'r>(
    object: &'r ObjectDef,
    row: &'r Row,
    other: Option<&'r Row>,
) -> impl Iterator<Item = (FieldNo, &'r Value)> {
    let indexed = row.columns().filter(|(no, _)| object.at(*no).is_indexed());
    indexed.filter(move |(no, value)| other.is_none_or(|other| other.column(*no) != *value))
}

fn entry(object: &ObjectDef, row: &Row, no: FieldNo, value: &Value) -> (u64, SfId) {
    let key = Key::of(value, object.at(no).case_sensitive);
    (key.hash_in(no), row.id)
}
