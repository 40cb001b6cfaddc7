//! A query whose names have their meaning: ready to run, for the actor it was bound for.
//!
//! It holds no borrow of the world, so a result can keep it behind a locator, and a child subquery is run with it once
//! per parent.

use std::sync::Arc;

use super::aggregate::aggregate_of;
use super::ast::{Query, SelectItem};
use super::bind::Binder;
use super::condition::Condition;
use super::error::SoqlError;
use super::group::Groups;
use super::order::Sort;
use super::plan::demanded;
use super::select::{LongTexts, Selection};
use super::term::Term;
use super::{QueryScope, semi_join};
use crate::world::{Actor, ObjectNo, Table, World, asked};

/// Largest OFFSET (documented).
const MAX_OFFSET_ROWS: usize = 2_000;

/// See the module documentation.
#[derive(Debug, Clone)]
pub(crate) struct BoundQuery {
    pub(crate) object: ObjectNo,
    pub(crate) actor: Actor,
    pub(crate) scope: QueryScope,
    /// `USING SCOPE mine`: only rows the actor owns.
    pub(crate) mine: bool,
    pub(crate) condition: Option<Condition<Term>>,
    pub(crate) offset: Option<usize>,
    pub(crate) limit: Option<usize>,
    pub(crate) shape: Shape,
    /// Rows that exist for this query only.
    own: Option<Arc<Table>>,
}

/// What a query answers.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Rows {
        selection: Selection,
        order: Vec<Sort<Term>>,
        long_texts: LongTexts,
    },
    Groups(Groups),
    /// `SELECT COUNT()`
    Count,
}

impl BoundQuery {
    /// Binds a query. `level` is 1 for the outermost one; `children` counts the child subqueries bound so far.
    pub(crate) fn bind(
        binder: &Binder<'_>,
        query: &Query,
        level: usize,
        children: &mut usize,
    ) -> Result<BoundQuery, SoqlError> {
        let aliases = binder.aliases(query)?;
        let binder = &Binder {
            aliases: &aliases,
            ..*binder
        };
        binder.check_parents(query)?;
        let shape = shape(binder, query, level, children)?;
        if let Some(filter) = &query.filter {
            if level == 1 {
                semi_join::check(filter)?;
            } else {
                semi_join::check_none(filter)?;
            }
        }
        let condition = query.filter.as_ref().map(|filter| binder.filter(filter));
        if query.offset.is_some_and(|offset| offset > MAX_OFFSET_ROWS) {
            let message = format!("Maximum SOQL offset allowed is {MAX_OFFSET_ROWS}");
            return Err(SoqlError::new("NUMBER_OUTSIDE_VALID_RANGE", message));
        }
        let condition = condition.transpose()?;
        let demanded =
            |field: &str| demanded(binder.def(binder.object), condition.as_ref()?, field);
        Ok(BoundQuery {
            own: asked(binder.world, binder.object, &demanded)?.map(Arc::new),
            object: binder.object,
            actor: *binder.actor,
            scope: binder.scope,
            mine: mine(binder, query)?,
            condition,
            offset: query.offset,
            limit: query.limit,
            shape,
        })
    }

    /// The rows the query is about.
    pub(crate) fn table<'a>(&'a self, world: &'a World) -> &'a Table {
        let own = self.own.as_deref();
        own.unwrap_or_else(|| world.table(self.object))
    }

    /// What rows are sorted by.
    pub(crate) fn order(&self) -> &[Sort<Term>] {
        match &self.shape {
            Shape::Rows { order, .. } => order,
            Shape::Groups(_) | Shape::Count => &[],
        }
    }

    /// Rows to skip and to take.
    pub(crate) fn page(&self) -> (usize, usize) {
        (self.offset.unwrap_or(0), self.limit.unwrap_or(usize::MAX))
    }
}

fn shape(
    binder: &Binder<'_>,
    query: &Query,
    level: usize,
    children: &mut usize,
) -> Result<Shape, SoqlError> {
    if query.select == [SelectItem::CountRows] && level == 1 {
        return count(query);
    }
    let aggregate = |item: &SelectItem| match item {
        SelectItem::Value { expression, .. } => aggregate_of(unformatted(expression)).is_some(),
        SelectItem::CountRows => true,
        _ => false,
    };
    if query.group.is_some() || query.select.iter().any(aggregate) {
        if level > 1 {
            return Err(SoqlError::malformed(
                "only root queries support aggregate expressions",
            ));
        }
        return Groups::bind(binder, query).map(Shape::Groups);
    }
    let selection = Selection::bind(binder, query, level, children)?;
    let order = query.order.iter().map(|order| Sort::bind(binder, order));
    Ok(Shape::Rows {
        order: order.collect::<Result<_, _>>()?,
        long_texts: selection.long_texts(binder.world),
        selection,
    })
}

/// What is inside a function that only changes how something is shown.
fn unformatted(expression: &super::ast::Expression) -> &super::ast::Expression {
    match expression {
        super::ast::Expression::Call { function, argument }
            if function.text.eq_ignore_ascii_case("FORMAT") =>
        {
            argument
        }
        other => other,
    }
}

fn count(query: &Query) -> Result<Shape, SoqlError> {
    if query.group.is_some() {
        return Err(SoqlError::malformed("COUNT() cannot be used with GROUP BY"));
    }
    if !query.order.is_empty() {
        return Err(SoqlError::malformed("COUNT() cannot be used with ORDER BY"));
    }
    Ok(Shape::Count)
}

/// Whether USING SCOPE narrows the rows to the actor's own.
fn mine(binder: &Binder<'_>, query: &Query) -> Result<bool, SoqlError> {
    let Some(scope) = &query.scope else {
        return Ok(false);
    };
    let owned = binder.def(binder.object).owner.is_some();
    match scope.text.to_ascii_lowercase().as_str() {
        "everything" => Ok(false),
        "mine" if owned => Ok(true),
        _ => {
            let object = &binder.def(binder.object).name;
            let sentence = format!("scope '{}' is not supported by {object}", scope.text);
            Err(binder.refused(scope.at, "MALFORMED_QUERY", &sentence))
        }
    }
}
