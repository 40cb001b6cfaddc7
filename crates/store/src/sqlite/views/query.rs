//! A query whose conditions depend on a filter. Conditions are fixed texts, values are parameters.

use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

/// `SELECT … FROM …` with the conditions that were asked for.
pub(super) struct Query {
    sql: String,
    params: Vec<Value>,
}

impl Query {
    /// `head` ends with a first condition on the team.
    pub(super) fn new(head: &str, team: i64) -> Self {
        Self {
            sql: head.to_owned(),
            params: vec![team.into()],
        }
    }

    /// A condition without a value.
    pub(super) fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// A condition with one value, if there is one to ask for.
    pub(super) fn and_some(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.and(condition);
            self.params.push(value.into());
        }
    }

    /// A condition with two values.
    pub(super) fn and_two(
        &mut self,
        condition: &str,
        values: (impl Into<Value>, impl Into<Value>),
    ) {
        self.and(condition);
        self.params.extend([values.0.into(), values.1.into()]);
    }

    /// Runs it; `tail` orders the rows and ends with `LIMIT ?`.
    pub(super) fn rows<T>(
        mut self,
        tx: &Tx<'_>,
        tail: &str,
        limit: i64,
        map: impl FnMut(&Row<'_>) -> DbResult<T>,
    ) -> DbResult<Vec<T>> {
        self.sql.push(' ');
        self.sql.push_str(tail);
        self.params.push(limit.into());
        tx.rows(&self.sql, params_from_iter(self.params), map)
    }
}
