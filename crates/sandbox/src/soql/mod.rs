//! SOQL: lexer, parser, binding to the schema and evaluation over a [`World`](crate::world::World).
//!
//! A query passes `lexer` → `parser` → `bind`, `condition`, `select` (names become fields, as the actor may see
//! them) → `plan` (which index) → `run`. Conditions of validation rules and automations, and formulas, go the same
//! way up to `bind`.
//!
//! It knows neither HTTP nor pages; the records are rendered by the world.
//!
//! Flat rows, as CSV shows them, do not go through JSON: [`QueryResult::columns`] names the columns in the order they
//! were selected, and `World::flat_rows(&result)` gives a [`FlatRows`] whose `write(index, &mut sink)` hands the cells
//! of one row to a [`ColumnSink`]; false when the row is gone. [`QueryResult::bulk_refusal`] says why a query cannot be
//! a Bulk query.

pub(crate) mod aggregate;
pub(crate) mod ast;
pub(crate) mod bind;
pub(crate) mod condition;
mod dates;
mod error;
mod eval;
mod flat;
pub(crate) mod lexer;
mod order;
pub(crate) mod parser;
mod plan;
pub(crate) mod run;
pub(crate) mod select;

#[cfg(test)]
mod tests;

pub use error::SoqlError;
pub use flat::{ColumnSink, FlatRows};

use crate::world::{ObjectNo, SfId};
use flat::Column;
use select::Node;

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
    pub(crate) object: ObjectNo,
    pub(crate) scope: QueryScope,
    pub(crate) rows: Rows,
    pub(crate) long_text: bool,
    /// The query has an OFFSET.
    pub(crate) offset: bool,
}

#[derive(Debug)]
pub(crate) enum Rows {
    Records {
        ids: Vec<SfId>,
        nodes: Vec<Node>,
        columns: Vec<Column>,
    },
    /// The columns of the one row of a query with aggregates and no GROUP BY.
    Aggregate(Vec<(String, serde_json::Value)>),
    /// `SELECT COUNT()`.
    Count(usize),
}

impl QueryResult {
    /// Rows in all, the envelope's `totalSize`. For `SELECT COUNT()` the count, with no rows to render.
    pub fn total_size(&self) -> usize {
        match &self.rows {
            Rows::Records { ids, .. } => ids.len(),
            Rows::Aggregate(_) => 1,
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

    /// The select list has a long text area, which halves the page size (recorded).
    pub fn selects_long_text(&self) -> bool {
        self.long_text
    }
}
