//! Runs a bound query: candidates from the plan, the filter, order, offset and limit.

use std::cmp::Ordering;

use super::ast::Query;
use super::bind::{Binder, BoundPath};
use super::condition::Condition;
use super::error::SoqlError;
use super::plan::{Access, access};
use super::select::{Selection, has_long_text, select};
use super::{QueryResult, QueryScope, Rows, aggregate};
use crate::world::{Actor, Key, ObjectNo, Row, SfId, Storage, World};

/// Largest OFFSET (documented).
const MAX_OFFSET_ROWS: usize = 2_000;

/// One ORDER BY entry.
struct Sort {
    path: BoundPath,
    case_sensitive: bool,
    descending: bool,
    nulls_last: bool,
    storage: Storage,
}

/// Parses, binds and runs a query for an actor.
pub(crate) fn run(
    world: &World,
    actor: &Actor,
    text: &str,
    scope: QueryScope,
) -> Result<QueryResult, SoqlError> {
    let query = super::parser::parse_query(text)?;
    let object = Binder::object_named(world, actor, text, &query.from)?;
    let alias = query.alias.as_ref().map(|name| name.text.as_str());
    let binder = Binder {
        world,
        actor,
        text,
        object,
        alias,
    };
    let selection = select(&binder, &query)?;
    let condition = query
        .filter
        .as_ref()
        .map(|filter| binder.filter(filter))
        .transpose()?;
    let sorts = query
        .order
        .iter()
        .map(|order| sort(&binder, order))
        .collect::<Result<Vec<_>, _>>()?;
    if query.offset.is_some_and(|offset| offset > MAX_OFFSET_ROWS) {
        let message = format!("Maximum SOQL offset allowed is {MAX_OFFSET_ROWS}");
        return Err(SoqlError::new("NUMBER_OUTSIDE_VALID_RANGE", message));
    }
    let search = Search {
        world,
        actor,
        object,
        scope,
        condition: condition.as_ref(),
    };
    let ids = search.page(&sorts, &query);
    let long_text =
        matches!(&selection, Selection::Columns(nodes) if has_long_text(world, object, nodes));
    Ok(QueryResult {
        object,
        scope,
        rows: rows(world, object, selection, ids),
        long_text,
    })
}

fn rows(world: &World, object: ObjectNo, selection: Selection, ids: Vec<SfId>) -> Rows {
    match selection {
        Selection::Columns(nodes) => Rows::Records { ids, nodes },
        Selection::Aggregates(columns) => {
            Rows::Aggregate(aggregate::row(world, object, &columns, &ids))
        }
        Selection::Count => Rows::Count(ids.len()),
    }
}

fn sort(binder: &Binder<'_>, order: &super::ast::Order) -> Result<Sort, SoqlError> {
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
    let (descending, nulls_last) = (order.descending, order.nulls_last);
    Ok(Sort {
        case_sensitive: field.case_sensitive,
        storage: field.storage,
        path,
        descending,
        nulls_last,
    })
}

/// The rows a query is about, before select list and order.
pub(crate) struct Search<'a> {
    pub(crate) world: &'a World,
    pub(crate) actor: &'a Actor,
    pub(crate) object: ObjectNo,
    pub(crate) scope: QueryScope,
    pub(crate) condition: Option<&'a Condition>,
}

impl<'a> Search<'a> {
    fn page(&self, sorts: &[Sort], query: &Query) -> Vec<SfId> {
        let direct = |sort: &Sort| sort.path.hops.is_empty();
        let stamp_first = sorts
            .first()
            .is_some_and(|sort| direct(sort) && sort.storage == Storage::SystemModstamp);
        let access = access(
            self.world.schema().at(self.object),
            self.condition,
            stamp_first,
        );
        let candidates = self.candidates(&access, stamp_first && sorts[0].descending);
        let matching = candidates.filter(|row| self.matches(row));
        let (skip, take) = (query.offset.unwrap_or(0), query.limit.unwrap_or(usize::MAX));
        if already_sorted(&access, sorts) {
            return matching.skip(skip).take(take).map(|row| row.id).collect();
        }
        let mut rows: Vec<(Vec<Key>, SfId)> = matching
            .map(|row| (self.keys(sorts, row), row.id))
            .collect();
        rows.sort_by(|a, b| compare(sorts, a, b));
        rows.into_iter()
            .skip(skip)
            .take(take)
            .map(|(_, id)| id)
            .collect()
    }

    fn candidates(
        &self,
        access: &'a Access,
        backwards: bool,
    ) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
        let table = self.world.table(self.object);
        match access {
            Access::Ids(ids) => Box::new(ids.iter().filter_map(|id| table.get(*id))),
            Access::Values(field, keys) => {
                Box::new(keys.iter().flat_map(|key| table.by_value(*field, key)))
            }
            Access::Stamps(low, high) if backwards => Box::new(table.by_stamp((*low, *high)).rev()),
            Access::Stamps(low, high) => Box::new(table.by_stamp((*low, *high))),
            Access::IdRange(low, high) => Box::new(table.by_id((*low, *high))),
        }
    }

    pub(crate) fn matches(&self, row: &Row) -> bool {
        (self.scope == QueryScope::All || row.is_live())
            && self.world.can_see(self.actor, self.object, row)
            && self
                .condition
                .is_none_or(|condition| self.world.holds(condition, self.object, row))
    }

    fn keys(&self, sorts: &[Sort], row: &Row) -> Vec<Key> {
        let key = |sort: &Sort| {
            Key::of(
                &self.world.value_at(self.object, row, &sort.path),
                sort.case_sensitive,
            )
        };
        sorts.iter().map(key).collect()
    }
}

/// Whether candidates come in the wanted order: by stamp and then id, by id, or in any order.
fn already_sorted(access: &Access, sorts: &[Sort]) -> bool {
    let direct = sorts.iter().all(|sort| sort.path.hops.is_empty());
    let storages: Vec<(Storage, bool)> = sorts
        .iter()
        .map(|sort| (sort.storage, sort.descending))
        .collect();
    let by_stamp = matches!(
        storages.as_slice(),
        [(Storage::SystemModstamp, _)]
            | [(Storage::SystemModstamp, false), (Storage::Id, false), ..]
            | [(Storage::SystemModstamp, true), (Storage::Id, true), ..]
    );
    let by_id = matches!(storages.as_slice(), [(Storage::Id, false), ..]);
    match access {
        _ if sorts.is_empty() => true,
        Access::Stamps(..) => direct && by_stamp,
        Access::Ids(_) | Access::IdRange(..) => direct && by_id,
        Access::Values(_, keys) => direct && by_id && keys.len() == 1,
    }
}

fn compare(sorts: &[Sort], a: &(Vec<Key>, SfId), b: &(Vec<Key>, SfId)) -> Ordering {
    let by_keys = sorts
        .iter()
        .zip(a.0.iter().zip(&b.0))
        .map(|(sort, (a, b))| match (a.is_null(), b.is_null()) {
            (false, false) if sort.descending => b.cmp(a),
            (false, false) => a.cmp(b),
            (a_null, b_null) if sort.nulls_last => a_null.cmp(&b_null),
            (a_null, b_null) => b_null.cmp(&a_null),
        });
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then(a.1.cmp(&b.1))
}
