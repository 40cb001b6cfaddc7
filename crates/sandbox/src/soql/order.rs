//! ORDER BY: what rows are sorted by, and when they already are.
//!
//! Text sorts without regard to case, picklists by the order of their list (values outside it come after), nulls
//! first unless told otherwise. Rows that are equal come by id, so that an answer never depends on chance.

use std::cmp::Ordering;

use super::ast::Order;
use super::bind::{Binder, BoundPath};
use super::error::SoqlError;
use super::plan::Access;
use crate::world::{FieldDef, FieldType, Key, ObjectNo, Row, SfId, Storage, World};

/// One ORDER BY entry.
pub(crate) struct Sort<'a> {
    path: BoundPath,
    field: &'a FieldDef,
    pub(crate) descending: bool,
    nulls_last: bool,
}

impl<'a> Sort<'a> {
    pub(crate) fn bind(binder: &Binder<'a>, order: &Order) -> Result<Sort<'a>, SoqlError> {
        let path = binder.path(&order.path)?;
        let field = binder.field(&path);
        if !field.sortable() {
            let sentence = format!("field '{}' can not be sorted in a query call", field.name);
            return Err(SoqlError::at(
                binder.text,
                order.path.at(),
                "MALFORMED_QUERY",
                &sentence,
            ));
        }
        Ok(Sort {
            path,
            field,
            descending: order.descending,
            nulls_last: order.nulls_last,
        })
    }

    /// Sorts by this audit field of the queried object itself.
    pub(crate) fn is(&self, storage: Storage) -> bool {
        self.path.hops.is_empty() && self.field.storage == storage
    }

    pub(crate) fn key(&self, world: &World, object: ObjectNo, row: &Row) -> Key {
        let value = world.value_at(object, row, &self.path);
        let listed = self
            .field
            .picklist_values
            .iter()
            .position(|entry| Some(entry.value.as_str()) == value.as_text());
        match (self.field.field_type, listed) {
            (FieldType::Picklist, Some(position)) => Key::Number(position.into()),
            _ => Key::of(&value, self.field.case_sensitive),
        }
    }
}

/// Whether candidates come in the wanted order: by stamp and then id, by id, or in any order.
pub(crate) fn already_sorted(access: &Access, sorts: &[Sort<'_>]) -> bool {
    let by_id = sorts
        .first()
        .is_none_or(|sort| sort.is(Storage::Id) && !sort.descending);
    match access {
        Access::Stamps(..) => sorts.is_empty() || by_stamp(sorts),
        Access::Ids(_) | Access::IdRange(..) => by_id,
        Access::Values(_, keys) => sorts.is_empty() || (by_id && keys.len() == 1),
    }
}

fn by_stamp(sorts: &[Sort<'_>]) -> bool {
    match sorts {
        [stamp] => stamp.is(Storage::SystemModstamp),
        [stamp, id, ..] => {
            stamp.is(Storage::SystemModstamp)
                && id.is(Storage::Id)
                && stamp.descending == id.descending
        }
        [] => false,
    }
}

/// Compares the keys of two rows, entry by entry.
pub(crate) fn compare(sorts: &[Sort<'_>], a: &(Vec<Key>, SfId), b: &(Vec<Key>, SfId)) -> Ordering {
    let pairs = sorts.iter().zip(a.0.iter().zip(&b.0));
    let by_keys = pairs.map(|(sort, (a, b))| match (a.is_null(), b.is_null()) {
        (false, false) if sort.descending => b.cmp(a),
        (false, false) => a.cmp(b),
        (a_null, b_null) if sort.nulls_last => a_null.cmp(&b_null),
        (a_null, b_null) => b_null.cmp(&a_null),
    });
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then(a.1.cmp(&b.1))
}
