//! ORDER BY: what rows are sorted by, and when they already are.
//!
//! Text sorts without regard to case, picklists by the order of their list (values outside it come after), nulls
//! first unless told otherwise. Rows that are equal come by id, so that an answer never depends on chance.

use std::cmp::Ordering;

use super::ast::Order;
use super::bind::Binder;
use super::error::SoqlError;
use super::plan::Access;
use super::term::Term;
use crate::world::{Key, ObjectNo, Row, SfId, Storage, World};

/// One ORDER BY entry over the subjects of rows (terms) or of groups (columns).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sort<T> {
    pub(crate) by: T,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

impl Sort<Term> {
    pub(crate) fn bind(binder: &Binder<'_>, order: &Order) -> Result<Sort<Term>, SoqlError> {
        let by = binder.term(&order.by)?;
        let field = by.typed(binder.world).field;
        if !field.sortable() {
            let sentence = format!("field '{}' can not be sorted in a query call", field.name);
            return Err(binder.refused(order.by.at(), "MALFORMED_QUERY", &sentence));
        }
        Ok(Sort {
            by,
            descending: order.descending,
            nulls_last: order.nulls_last,
        })
    }

    pub(crate) fn key(&self, world: &World, object: ObjectNo, row: &Row) -> Key {
        let value = world.term_value(object, row, &self.by);
        self.by.typed(world).sort_key(&value)
    }
}

/// Whether candidates come in the wanted order: by stamp and then id, by id, or in any order.
pub(crate) fn already_sorted(world: &World, access: &Access, sorts: &[Sort<Term>]) -> bool {
    let by_id = sorts
        .first()
        .is_none_or(|sort| sort.by.is(world, Storage::Id) && !sort.descending);
    match access {
        Access::Stamps(..) => sorts.is_empty() || by_stamp(world, sorts),
        Access::Ids(_) | Access::IdRange(..) => by_id,
        Access::Values(_, keys) => sorts.is_empty() || (by_id && keys.len() == 1),
    }
}

fn by_stamp(world: &World, sorts: &[Sort<Term>]) -> bool {
    match sorts {
        [stamp] => stamp.by.is(world, Storage::SystemModstamp),
        [stamp, id, ..] => {
            stamp.by.is(world, Storage::SystemModstamp)
                && id.by.is(world, Storage::Id)
                && stamp.descending == id.descending
        }
        [] => false,
    }
}

/// Compares the keys of two rows, entry by entry.
pub(crate) fn compare_keys<T>(sorts: &[Sort<T>], a: &[Key], b: &[Key]) -> Ordering {
    let pairs = sorts.iter().zip(a.iter().zip(b));
    let by_keys = pairs.map(|(sort, (a, b))| match (a.is_null(), b.is_null()) {
        (false, false) if sort.descending => b.cmp(a),
        (false, false) => a.cmp(b),
        (a_null, b_null) if sort.nulls_last => a_null.cmp(&b_null),
        (a_null, b_null) => b_null.cmp(&a_null),
    });
    by_keys.fold(Ordering::Equal, Ordering::then)
}

/// Compares two rows; equal ones by id.
pub(crate) fn compare(
    sorts: &[Sort<Term>],
    a: &(Vec<Key>, SfId),
    b: &(Vec<Key>, SfId),
) -> Ordering {
    compare_keys(sorts, &a.0, &b.0).then(a.1.cmp(&b.1))
}
