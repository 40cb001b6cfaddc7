//! Runs a bound query: candidates from the plan, the filter, order, offset and limit.

use super::ast::Query;
use super::bind::Binder;
use super::condition::Condition;
use super::error::SoqlError;
use super::order::{Sort, already_sorted, compare};
use super::plan::{Access, access};
use super::select::{Selection, has_long_text, select};
use super::{QueryResult, QueryScope, Rows, aggregate};
use crate::world::{Actor, Key, ObjectNo, Row, SfId, Storage, World};

/// Largest OFFSET (documented).
const MAX_OFFSET_ROWS: usize = 2_000;

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
        .map(|order| Sort::bind(&binder, order))
        .collect::<Result<Vec<_>, _>>()?;
    if query.offset.is_some_and(|offset| offset > MAX_OFFSET_ROWS) {
        let message = format!("Maximum SOQL offset allowed is {MAX_OFFSET_ROWS}");
        return Err(SoqlError::new("NUMBER_OUTSIDE_VALID_RANGE", message));
    }
    let rights = world.rights_on(actor, object);
    let search = Search {
        sees_all: rights.view_all || rights.modify_all,
        world,
        actor,
        object,
        scope,
        condition: condition.as_ref(),
    };
    let ids = search.page(&sorts, &query);
    let long_text =
        matches!(&selection, Selection::Columns(nodes, _) if has_long_text(world, object, nodes));
    Ok(QueryResult {
        object,
        scope,
        rows: rows(world, object, selection, ids),
        long_text,
        offset: query.offset.is_some(),
    })
}

fn rows(world: &World, object: ObjectNo, selection: Selection, ids: Vec<SfId>) -> Rows {
    match selection {
        Selection::Columns(nodes, columns) => Rows::Records {
            ids,
            nodes,
            columns,
        },
        Selection::Aggregates(columns) => {
            Rows::Aggregate(aggregate::row(world, object, &columns, &ids))
        }
        Selection::Count => Rows::Count(ids.len()),
    }
}

/// The rows a query is about, before select list and order.
struct Search<'a> {
    world: &'a World,
    actor: &'a Actor,
    object: ObjectNo,
    scope: QueryScope,
    condition: Option<&'a Condition>,
    /// The actor sees every row of the object, so no row has to be asked.
    sees_all: bool,
}

impl<'a> Search<'a> {
    fn page(&self, sorts: &[Sort<'_>], query: &Query) -> Vec<SfId> {
        let stamp_first = sorts
            .first()
            .is_some_and(|sort| sort.is(Storage::SystemModstamp));
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
            .map(|row| {
                (
                    sorts
                        .iter()
                        .map(|sort| sort.key(self.world, self.object, row))
                        .collect(),
                    row.id,
                )
            })
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
        let object = self.world.schema().at(self.object);
        match access {
            Access::Ids(ids) => Box::new(ids.iter().filter_map(|id| table.get(*id))),
            Access::Values(field, keys) => Box::new(
                keys.iter()
                    .flat_map(|key| table.by_value(object, *field, key)),
            ),
            Access::Stamps(low, high) if backwards => Box::new(table.by_stamp(*low..=*high).rev()),
            Access::Stamps(low, high) => Box::new(table.by_stamp(*low..=*high)),
            Access::IdRange(low, high) => Box::new(table.by_id(*low..=*high)),
        }
    }

    fn matches(&self, row: &Row) -> bool {
        (self.scope == QueryScope::All || row.is_live())
            && (self.sees_all || self.world.can_see(self.actor, self.object, row))
            && self
                .condition
                .is_none_or(|condition| self.world.holds(condition, self.object, row))
    }
}
