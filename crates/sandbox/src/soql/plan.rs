//! How to find the rows of a query without looking at all of them.
//!
//! A condition is turned into boxes, ranges of (SystemModstamp, Id) outside of which no row can match. A keyset page
//! `(SystemModstamp = T AND Id > 'x') OR SystemModstamp > T` gives two boxes that start at (T, x), which is where the
//! index scan starts. Equality with indexed values gives the candidates directly. The condition itself is still
//! evaluated on every candidate, so a plan can be too wide but never wrong.

use std::ops::Bound;

use jiff::Timestamp;

use super::bind::BoundPath;
use super::condition::{Condition, Test};
use crate::world::{FieldNo, Key, ObjectDef, SfId, Storage};

/// Most boxes kept apart; beyond that a condition counts as unbounded.
const MAX_BOXES: usize = 16;

/// Where candidates come from, in the order they come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Access {
    /// These ids, ascending.
    Ids(Vec<SfId>),
    /// Rows with one of these values in an indexed field.
    Values(FieldNo, Vec<Key>),
    /// By (SystemModstamp, Id).
    Stamps(Bound<(Timestamp, SfId)>, Bound<(Timestamp, SfId)>),
    /// By id.
    IdRange(Bound<SfId>, Bound<SfId>),
}

/// Inclusive ranges of stamp and id.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Box2 {
    stamps: (Timestamp, Timestamp),
    ids: (SfId, SfId),
}

const EVERYTHING: Box2 = Box2 {
    stamps: (Timestamp::MIN, Timestamp::MAX),
    ids: (SfId::MIN, SfId::MAX),
};

/// Chooses the access path. `by_stamp` tells that rows are wanted by SystemModstamp, which makes the stamp index
/// worth more than an index over a field many rows share.
pub(crate) fn access(object: &ObjectDef, condition: Option<&Condition>, by_stamp: bool) -> Access {
    let exact = condition.and_then(|condition| exact(object, condition));
    let unique = |access: &Access| match access {
        Access::Values(field, _) => object.at(*field).unique,
        _ => true,
    };
    let (whole, boxes) = condition.map_or((true, vec![EVERYTHING]), |condition| {
        let boxes = boxes(object, condition);
        (boxes.contains(&EVERYTHING), boxes)
    });
    match exact {
        Some(access) if unique(&access) || !by_stamp || whole => return access,
        _ => {}
    }
    let low = boxes
        .iter()
        .map(|b| (b.stamps.0, b.ids.0))
        .min()
        .unwrap_or((Timestamp::MAX, SfId::MAX));
    let high = boxes
        .iter()
        .map(|b| (b.stamps.1, b.ids.1))
        .max()
        .unwrap_or((Timestamp::MIN, SfId::MIN));
    let bounded = low.0 > Timestamp::MIN || high.0 < Timestamp::MAX;
    if by_stamp || bounded {
        return if low > high {
            Access::Ids(Vec::new())
        } else {
            Access::Stamps(Bound::Included(low), Bound::Included(high))
        };
    }
    let low = boxes.iter().map(|b| b.ids.0).min().unwrap_or(SfId::MAX);
    let high = boxes.iter().map(|b| b.ids.1).max().unwrap_or(SfId::MIN);
    if low > high {
        Access::Ids(Vec::new())
    } else {
        Access::IdRange(Bound::Included(low), Bound::Included(high))
    }
}

/// Candidates by equality, when the condition demands one of some ids or indexed values.
fn exact(object: &ObjectDef, condition: &Condition) -> Option<Access> {
    match condition {
        Condition::And(all) => {
            let mut found: Vec<Access> = all.iter().filter_map(|one| exact(object, one)).collect();
            found.sort_by_key(|access| !matches!(access, Access::Ids(_)));
            found.into_iter().next()
        }
        Condition::Test { path, test, .. } if path.hops.is_empty() => {
            let keys: Vec<Key> = match test {
                Test::Equal(key) if !key.is_null() => vec![key.clone()],
                Test::In(keys) if !keys.contains(&Key::Null) => keys.iter().cloned().collect(),
                _ => return None,
            };
            by_equality(object, path, keys)
        }
        _ => None,
    }
}

fn by_equality(object: &ObjectDef, path: &BoundPath, mut keys: Vec<Key>) -> Option<Access> {
    let field = object.at(path.field);
    keys.sort();
    if field.storage == Storage::Id {
        let id = |key| {
            if let Key::Id(id) = key {
                Some(id)
            } else {
                None
            }
        };
        return Some(Access::Ids(keys.into_iter().filter_map(id).collect()));
    }
    field
        .is_indexed()
        .then_some(Access::Values(path.field, keys))
}

/// Boxes that hold every row the condition can be true for.
fn boxes(object: &ObjectDef, condition: &Condition) -> Vec<Box2> {
    match condition {
        Condition::And(all) => all.iter().fold(vec![EVERYTHING], |sofar, one| {
            let next = boxes(object, one);
            if sofar.len() * next.len() > MAX_BOXES {
                return sofar;
            }
            sofar
                .iter()
                .flat_map(|a| next.iter().filter_map(|b| intersect(*a, *b)))
                .collect()
        }),
        Condition::Or(any) => {
            let boxes: Vec<Box2> = any.iter().flat_map(|one| boxes(object, one)).collect();
            if boxes.len() > MAX_BOXES {
                vec![EVERYTHING]
            } else {
                boxes
            }
        }
        Condition::Test { path, test, .. } if path.hops.is_empty() => {
            match object.at(path.field).storage {
                Storage::SystemModstamp => vec![Box2 {
                    stamps: stamp_range(test),
                    ..EVERYTHING
                }],
                Storage::Id => vec![Box2 {
                    ids: id_range(test),
                    ..EVERYTHING
                }],
                _ => vec![EVERYTHING],
            }
        }
        _ => vec![EVERYTHING],
    }
}

fn intersect(a: Box2, b: Box2) -> Option<Box2> {
    let stamps = (a.stamps.0.max(b.stamps.0), a.stamps.1.min(b.stamps.1));
    let ids = (a.ids.0.max(b.ids.0), a.ids.1.min(b.ids.1));
    (stamps.0 <= stamps.1 && ids.0 <= ids.1).then_some(Box2 { stamps, ids })
}

/// Stamps are whole seconds, so `> T` starts at the next second.
fn stamp_range(test: &Test) -> (Timestamp, Timestamp) {
    let second = |key: &Key, plus: i64| match key {
        Key::DateTime(at) => Timestamp::from_second(at.as_second().saturating_add(plus)).ok(),
        _ => None,
    };
    let (low, high) = match test {
        Test::Equal(key) => (second(key, 0), second(key, 0)),
        // A literal with a fraction is cut to its second when parsed, so the next second is the first after it.
        Test::Greater(key) => (second(key, 1), None),
        Test::GreaterOrEqual(key) => (second(key, 0), None),
        Test::Less(key) => (None, second(key, -1)),
        Test::LessOrEqual(key) => (None, second(key, 0)),
        Test::Within(start, end) => (second(start, 0), second(end, -1)),
        _ => (None, None),
    };
    (
        low.unwrap_or(Timestamp::MIN),
        high.unwrap_or(Timestamp::MAX),
    )
}

fn id_range(test: &Test) -> (SfId, SfId) {
    match test {
        Test::Equal(Key::Id(id)) => (*id, *id),
        Test::Greater(Key::Id(id)) | Test::GreaterOrEqual(Key::Id(id)) => (*id, SfId::MAX),
        Test::Less(Key::Id(id)) | Test::LessOrEqual(Key::Id(id)) => (SfId::MIN, *id),
        _ => (SfId::MIN, SfId::MAX),
    }
}
