//! SOQL: lexer, parser, binding to the schema and evaluation over a [`World`](crate::world::World).
//!
//! A query passes `lexer` → `parser` → `bound` (names become fields, as the actor may see them; `select`, `condition`,
//! `order` and `group` bind the clauses) → `plan` (which index) → `run` → `render` or `flat`. Conditions of validation
//! rules and automations, and formulas, go the same way up to `bind`.
//!
//! A query is bound to *terms* (`term`): fields, perhaps of parents, perhaps through a function. Conditions and sort
//! orders are written over any kind of subject, so that the same code filters and sorts rows (by terms) and groups (by
//! columns).
//!
//! It knows neither HTTP nor pages; the records are rendered by the world.
//!
//! Flat rows, as CSV shows them, do not go through JSON: [`QueryResult::columns`] names the columns in the order they
//! were selected, and `World::flat_rows(&result)` gives a [`FlatRows`] whose `write(index, &mut sink)` hands the cells
//! of one row to a [`ColumnSink`]; false when the row is gone. [`QueryResult::bulk_refusal`] says why a query cannot be
//! a Bulk query.

mod aggregate;
pub(crate) mod ast;
pub(crate) mod bind;
mod bound;
mod calendar;
mod condition;
mod dates;
mod error;
mod eval;
mod explain;
mod flat;
mod format;
mod group;
pub(crate) mod lexer;
mod metadata;
mod names;
mod order;
pub(crate) mod parser;
mod plan;
mod render;
pub(crate) mod run;
mod select;
mod semi_join;
mod term;

#[cfg(test)]
mod tests;

pub use error::SoqlError;
pub use explain::QueryPlan;
pub use flat::{ColumnSink, FlatRows};
pub use metadata::{ColumnMetadata, QueryMetadata};
pub use render::{Page, Paging};

use std::sync::Arc;

use crate::world::{ObjectNo, SfId};
use bound::{BoundQuery, Shape};
use group::GroupRows;

/// Which records a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryScope {
    /// `query`: live records.
    Live,
    /// `queryAll`: deleted records too.
    All,
}

/// What a query found: the ids are fixed when it runs, values are read when rows are rendered. Small enough to keep
/// behind a query locator.
#[derive(Debug)]
pub struct QueryResult {
    query: Arc<BoundQuery>,
    rows: Rows,
    rows_examined: usize,
}

#[derive(Debug)]
enum Rows {
    Records(Vec<SfId>),
    /// The rows of a query with aggregates or GROUP BY.
    Groups(GroupRows),
    /// `SELECT COUNT()`.
    Count(usize),
}

impl QueryResult {
    /// Rows in all, the envelope's `totalSize`. For `SELECT COUNT()` the count, with no rows to render.
    pub fn total_size(&self) -> usize {
        match &self.rows {
            Rows::Records(ids) => ids.len(),
            Rows::Groups(groups) => groups.rows.len(),
            Rows::Count(count) => *count,
        }
    }

    /// Rows that can be rendered: 0 for `SELECT COUNT()`.
    pub fn row_count(&self) -> usize {
        if let Rows::Count(_) = self.rows {
            0
        } else {
            self.total_size()
        }
    }

    /// The object the rows are of.
    pub(crate) fn object(&self) -> ObjectNo {
        self.query.object
    }

    /// Which rows the query saw.
    pub fn scope(&self) -> QueryScope {
        self.query.scope
    }

    /// The select list has a long text area, which halves the page size (recorded).
    pub fn selects_long_text(&self) -> bool {
        matches!(self.query.shape, Shape::Rows { long_texts, .. } if long_texts.all > 0)
    }

    /// Custom long text areas in the select list; two or more make pages small (documented).
    pub fn custom_long_texts(&self) -> usize {
        match self.query.shape {
            Shape::Rows { long_texts, .. } => long_texts.custom,
            Shape::Groups(_) | Shape::Count => 0,
        }
    }

    /// Rows that were looked at to find these: what the query cost, in a measure that does not depend on the machine.
    pub fn rows_examined(&self) -> usize {
        self.rows_examined
    }
}
