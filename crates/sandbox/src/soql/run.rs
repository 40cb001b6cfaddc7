//! Runs a bound query: candidates from the plan, the filter, order, offset and limit.

use std::cell::Cell;
use std::sync::Arc;

use super::bind::Binder;
use super::bound::{BoundQuery, Shape};
use super::condition::Condition;
use super::error::SoqlError;
use super::order::{Sort, already_sorted, compare};
use super::parser::parse_query;
use super::plan::{Access, access};
use super::term::Term;
use super::{QueryResult, QueryScope, Rows};
use crate::world::{Actor, FieldNo, Key, ObjectNo, Row, SfId, Storage, Table, World};

/// Parses, binds and runs a query for an actor.
pub(crate) fn run(
    world: &World,
    actor: &Actor,
    text: &str,
    scope: QueryScope,
) -> Result<QueryResult, SoqlError> {
    let query = Arc::new(bind(world, actor, text, scope)?);
    let search = Search::of(world, &query, None);
    let rows = match &query.shape {
        Shape::Rows { order, .. } => Rows::Records(search.page(order, query.page())),
        Shape::Count => Rows::Count(search.count(query.page())),
        Shape::Groups(groups) => {
            let access = search.access(&[]);
            let matching = search.matching(&access, false);
            let rows = groups.run(world, query.object, matching, query.page())?;
            Rows::Groups(rows)
        }
    };
    let rows_examined = search.rows_examined.get();
    Ok(QueryResult {
        query,
        rows,
        rows_examined,
    })
}

/// Parses and binds a query.
pub(crate) fn bind(
    world: &World,
    actor: &Actor,
    text: &str,
    scope: QueryScope,
) -> Result<BoundQuery, SoqlError> {
    let query = parse_query(text)?;
    let from = &query.from.path;
    let Some(name) = from.parts.first().filter(|_| from.parts.len() == 1) else {
        return Err(SoqlError::unexpected(text, from.at(), &from.text()));
    };
    let object = Binder::object_named(world, actor, text, name)?;
    let binder = Binder {
        scope,
        ..Binder::new(world, actor, text, object)
    };
    BoundQuery::bind(&binder, &query, 1, &mut 0)
}

/// The children of one parent: the ids a child subquery finds.
pub(crate) fn children(
    world: &World,
    query: &BoundQuery,
    reference: FieldNo,
    parent: SfId,
) -> Vec<SfId> {
    let Shape::Rows { order, .. } = &query.shape else {
        return Vec::new();
    };
    Search::of(world, query, Some((reference, parent))).page(order, query.page())
}

/// The rows a query is about, before select list and order.
pub(crate) struct Search<'a> {
    world: &'a World,
    actor: &'a Actor,
    object: ObjectNo,
    scope: QueryScope,
    condition: Option<&'a Condition<Term>>,
    table: &'a Table,
    mine: bool,
    /// Only the children of this parent, by this field.
    parent: Option<(FieldNo, SfId)>,
    /// The actor sees every row of the object, so no row has to be asked.
    sees_all: bool,
    /// Candidates looked at so far.
    rows_examined: Cell<usize>,
}

impl<'a> Search<'a> {
    /// All rows of a binder's object that meet a condition.
    pub(crate) fn new(binder: &Binder<'a>, condition: Option<&'a Condition<Term>>) -> Search<'a> {
        let rights = binder.world.rights_on(binder.actor, binder.object);
        Search {
            world: binder.world,
            actor: binder.actor,
            object: binder.object,
            scope: binder.scope,
            condition,
            table: binder.world.table(binder.object),
            mine: false,
            parent: None,
            sees_all: rights.view_all || rights.modify_all,
            rows_examined: Cell::new(0),
        }
    }

    pub(crate) fn of(
        world: &'a World,
        query: &'a BoundQuery,
        parent: Option<(FieldNo, SfId)>,
    ) -> Search<'a> {
        let binder = Binder {
            scope: query.scope,
            ..Binder::new(world, &query.actor, "", query.object)
        };
        Search {
            mine: query.mine,
            table: query.table(world),
            parent,
            ..Search::new(&binder, query.condition.as_ref())
        }
    }

    /// The values of a term over all rows, nulls left out.
    pub(crate) fn keys(&self, term: &Term) -> impl Iterator<Item = Key> {
        let access = self.access(&[]);
        let keys: Vec<Key> = self
            .matching(&access, false)
            .map(|row| Key::of(&self.world.term_value(self.object, row, term), false))
            .filter(|key| !key.is_null())
            .collect();
        keys.into_iter()
    }

    /// How many rows an access leads to.
    pub(crate) fn candidate_count(&self, access: &Access) -> usize {
        self.candidates(access, false).count()
    }

    fn count(&self, (skip, take): (usize, usize)) -> usize {
        let access = self.access(&[]);
        self.matching(&access, false).skip(skip).take(take).count()
    }

    /// Where the candidates come from.
    pub(crate) fn access(&self, sorts: &[Sort<Term>]) -> Access {
        if let Some((reference, parent)) = self.parent {
            let key = self.world.reference_key(self.object, reference, parent);
            return Access::Values(reference, vec![key]);
        }
        access(
            self.world,
            self.object,
            self.condition,
            self.stamp_first(sorts),
        )
    }

    fn stamp_first(&self, sorts: &[Sort<Term>]) -> bool {
        let stamp = |sort: &Sort<Term>| sort.by.is(self.world, Storage::SystemModstamp);
        sorts.first().is_some_and(stamp)
    }

    fn page(&self, sorts: &[Sort<Term>], (skip, take): (usize, usize)) -> Vec<SfId> {
        let access = self.access(sorts);
        let backwards = self.stamp_first(sorts) && sorts[0].descending;
        let matching = self.matching(&access, backwards);
        if already_sorted(self.world, &access, sorts) {
            return matching.skip(skip).take(take).map(|row| row.id).collect();
        }
        let keys = |row: &Row| -> Vec<Key> {
            let key = |sort: &Sort<Term>| sort.key(self.world, self.object, row);
            sorts.iter().map(key).collect()
        };
        let mut rows: Vec<(Vec<Key>, SfId)> = matching.map(|row| (keys(row), row.id)).collect();
        rows.sort_by(|a, b| compare(sorts, a, b));
        let page = rows.into_iter().skip(skip).take(take);
        page.map(|(_, id)| id).collect()
    }

    fn matching<'s>(
        &'s self,
        access: &'s Access,
        backwards: bool,
    ) -> impl Iterator<Item = &'s Row> {
        self.candidates(access, backwards).filter(|row| {
            self.rows_examined.set(self.rows_examined.get() + 1);
            self.matches(row)
        })
    }

    fn candidates<'s>(
        &'s self,
        access: &'s Access,
        backwards: bool,
    ) -> Box<dyn Iterator<Item = &'s Row> + 's> {
        let (table, def) = (self.table, self.world.schema().at(self.object));
        match access {
            Access::Ids(ids) => Box::new(ids.iter().filter_map(|id| table.get(*id))),
            Access::Values(field, keys) => {
                let rows = |key| table.by_value(def, *field, key);
                Box::new(keys.iter().flat_map(rows))
            }
            Access::Stamps(low, high) if backwards => Box::new(table.by_stamp(*low..=*high).rev()),
            Access::Stamps(low, high) => Box::new(table.by_stamp(*low..=*high)),
            Access::IdRange(low, high) => Box::new(table.by_id(*low..=*high)),
        }
    }

    fn matches(&self, row: &Row) -> bool {
        (self.scope == QueryScope::All || row.is_live())
            && (self.sees_all || self.world.can_see(self.actor, self.object, row))
            && (!self.mine || self.owns(row))
            && self
                .condition
                .is_none_or(|condition| self.world.holds(condition, self.object, row))
    }

    fn owns(&self, row: &Row) -> bool {
        let owner = self.world.schema().at(self.object).owner;
        owner.is_some_and(|owner| row.column(owner).as_id() == Some(self.actor.user))
    }
}
