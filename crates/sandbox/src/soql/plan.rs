//! How to find the rows of a query without looking at all of them.
//!
//! A condition is turned into windows, ranges of (SystemModstamp, Id) outside of which no row can match. A keyset
//! page `(SystemModstamp = T AND Id > 'x') OR SystemModstamp > T` gives two windows that start at (T, x), which is
//! where the index scan starts. Equality with indexed values gives the candidates directly, also when the values are
//! those of a parent: the parents are found first, then the rows that point to them. The condition itself is still
//! evaluated on every candidate, so a plan can be too wide but never wrong.

use jiff::Timestamp;

use super::bind::{BoundPath, Fields, Leaf, Place};
use super::condition::{Condition, Test};
use super::term::Term;
use crate::world::{FieldNo, Key, ObjectDef, ObjectNo, Row, SfId, Storage, World};

/// Most parents looked up for an equality with a parent's field; beyond that it counts as no help.
const MAX_PARENTS_FOUND: usize = 1_000;
/// Most windows kept apart; beyond that a condition counts as unbounded.
const MAX_WINDOWS: usize = 16;

/// Where candidates come from, in the order they come. Ranges are inclusive.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Access {
    /// These ids, ascending.
    Ids(Vec<SfId>),
    /// Rows with one of these values in an indexed field.
    Values(FieldNo, Vec<Key>),
    /// By (SystemModstamp, Id).
    Stamps((Timestamp, SfId), (Timestamp, SfId)),
    /// By id.
    IdRange(SfId, SfId),
}

/// Inclusive ranges of stamp and id.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    stamps: (Timestamp, Timestamp),
    ids: (SfId, SfId),
}

const EVERYTHING: Window = Window {
    stamps: (Timestamp::MIN, Timestamp::MAX),
    ids: (SfId::MIN, SfId::MAX),
};

/// Chooses the access path. `by_stamp` tells that rows are wanted by SystemModstamp, which makes the stamp index
/// worth more than an index over a field many rows share.
pub(crate) fn access(
    world: &World,
    object: ObjectNo,
    condition: Option<&Condition<Term>>,
    by_stamp: bool,
) -> Access {
    let def = world.schema().at(object);
    let windows = condition.map_or_else(|| vec![EVERYTHING], |condition| windows(def, condition));
    let page = by_stamp && !windows.contains(&EVERYTHING);
    let exact = condition.and_then(|condition| exact(world, object, condition));
    if let Some(access) = exact.filter(|access| !page || selectivity(def, access).0 < SHARED) {
        return access;
    }
    let stamps = hull(
        windows
            .iter()
            .map(|w| ((w.stamps.0, w.ids.0), (w.stamps.1, w.ids.1))),
    );
    let bounded = |range: &((Timestamp, SfId), (Timestamp, SfId))| {
        range.0.0 > Timestamp::MIN || range.1.0 < Timestamp::MAX
    };
    if let Some((low, high)) = stamps.filter(|range| by_stamp || bounded(range)) {
        return Access::Stamps(low, high);
    }
    let ids = hull(windows.iter().map(|window| window.ids));
    ids.map_or_else(
        || Access::Ids(Vec::new()),
        |(low, high)| Access::IdRange(low, high),
    )
}

/// The range that holds all ranges; none when there are none, as for a condition nothing can meet.
fn hull<T: Ord + Copy>(ranges: impl Iterator<Item = (T, T)>) -> Option<(T, T)> {
    ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Rank of an index over a field many rows may share.
const SHARED: u8 = 2;

/// The smaller, the fewer rows an access by equality leads to: its rank, then how many values it looks up.
fn selectivity(object: &ObjectDef, access: &Access) -> (u8, usize) {
    match access {
        Access::Ids(ids) => (0, ids.len()),
        Access::Values(field, keys) if object.at(*field).unique => (1, keys.len()),
        Access::Values(_, keys) => (SHARED, keys.len()),
        Access::Stamps(..) | Access::IdRange(..) => (SHARED, usize::MAX),
    }
}

/// Candidates by equality, when the condition demands one of some ids or indexed values.
fn exact(world: &World, object: ObjectNo, condition: &Condition<Term>) -> Option<Access> {
    match condition {
        Condition::And(all) => {
            let found = all.iter().filter_map(|one| exact(world, object, one));
            found.min_by_key(|access| selectivity(world.schema().at(object), access))
        }
        Condition::Test { subject, test, .. } if subject.function.is_none() => {
            let keys = test.exact_keys()?;
            match subject.path.own_field() {
                Some(field) => by_equality(world.schema().at(object), field, keys),
                None => by_parents(world, object, &subject.path, keys),
            }
        }
        _ => None,
    }
}

fn by_equality(object: &ObjectDef, no: FieldNo, mut keys: Vec<Key>) -> Option<Access> {
    let field = object.at(no);
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
    field.is_indexed().then_some(Access::Values(no, keys))
}

/// Candidates by equality with a parent's field: from the parents back along the path.
fn by_parents(world: &World, object: ObjectNo, path: &BoundPath, keys: Vec<Key>) -> Option<Access> {
    let mut steps = Vec::new();
    let mut place = object;
    for hop in &path.hops {
        let (Fields::One(reference), Place::Object(to)) = (&hop.reference, hop.to) else {
            return None;
        };
        steps.push((place, *reference));
        place = to;
    }
    let Leaf::Field(Fields::One(field)) = path.leaf else {
        return None;
    };
    let mut access = by_equality(world.schema().at(place), field, keys)?;
    for (below, reference) in steps.into_iter().rev() {
        let key = |id| world.reference_key(below, reference, id);
        let parents: Vec<Key> = match access {
            Access::Ids(ids) => ids.into_iter().map(key).collect(),
            Access::Values(field, keys) => {
                let rows = keys
                    .iter()
                    .flat_map(|key| rows_with(world, place, field, key));
                rows.map(|row| key(row.id))
                    .take(MAX_PARENTS_FOUND + 1)
                    .collect()
            }
            Access::Stamps(..) | Access::IdRange(..) => return None,
        };
        if parents.len() > MAX_PARENTS_FOUND {
            return None;
        }
        access = by_equality(world.schema().at(below), reference, parents)?;
        place = below;
    }
    Some(access)
}

/// The values a condition demands of an own field by equality.
pub(crate) fn demanded(
    object: &ObjectDef,
    condition: &Condition<Term>,
    field: &str,
) -> Option<Vec<Key>> {
    match condition {
        Condition::And(all) => all.iter().find_map(|one| demanded(object, one, field)),
        Condition::Test { subject, test, .. } if subject.function.is_none() => {
            subject
                .path
                .own_field()
                .filter(|no| object.field_no(field) == Some(*no))?;
            test.exact_keys()
        }
        _ => None,
    }
}

/// The rows with a value in an indexed field.
pub(crate) fn rows_with<'w>(
    world: &'w World,
    object: ObjectNo,
    field: FieldNo,
    key: &'w Key,
) -> impl Iterator<Item = &'w Row> {
    let def = world.schema().at(object);
    world.table(object).by_value(def, field, key)
}

/// Windows that hold every row the condition can be true for.
fn windows(object: &ObjectDef, condition: &Condition<Term>) -> Vec<Window> {
    match condition {
        Condition::And(all) => all.iter().fold(vec![EVERYTHING], |sofar, one| {
            let next = windows(object, one);
            if sofar.len() * next.len() > MAX_WINDOWS {
                return sofar;
            }
            sofar
                .iter()
                .flat_map(|a| next.iter().filter_map(|b| intersect(*a, *b)))
                .collect()
        }),
        Condition::Or(any) => {
            let windows: Vec<Window> = any.iter().flat_map(|one| windows(object, one)).collect();
            if windows.len() > MAX_WINDOWS {
                vec![EVERYTHING]
            } else {
                windows
            }
        }
        Condition::Test { subject, test, .. } => {
            let own = subject.own_field().map(|field| object.at(field).storage);
            match own.unwrap_or(Storage::Column) {
                Storage::SystemModstamp => vec![Window {
                    stamps: stamp_range(test),
                    ..EVERYTHING
                }],
                // SystemModstamp is never before LastModifiedDate, so it shares the lower bound.
                Storage::LastModifiedDate => {
                    vec![Window {
                        stamps: (stamp_range(test).0, Timestamp::MAX),
                        ..EVERYTHING
                    }]
                }
                Storage::Id => vec![Window {
                    ids: id_range(test),
                    ..EVERYTHING
                }],
                _ => vec![EVERYTHING],
            }
        }
        Condition::Not(_) => vec![EVERYTHING],
    }
}

fn intersect(a: Window, b: Window) -> Option<Window> {
    let stamps = (a.stamps.0.max(b.stamps.0), a.stamps.1.min(b.stamps.1));
    let ids = (a.ids.0.max(b.ids.0), a.ids.1.min(b.ids.1));
    (stamps.0 <= stamps.1 && ids.0 <= ids.1).then_some(Window { stamps, ids })
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
