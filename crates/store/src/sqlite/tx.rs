//! One open transaction, as the steps use it.
//!
//! Every statement of a step passes here: it is prepared once per connection, and tests can make any
//! one of them fail ([`Failpoint`]), the commit included.

use super::error::{DbError, DbResult};
use rusqlite::{CachedStatement, Connection, Params, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tandem_core::store::StoreError;

/// For tests: lets a store fail at a chosen statement, as if the process had died there.
#[derive(Clone, Debug, Default)]
pub struct Failpoint(Arc<AtomicI64>);

impl Failpoint {
    /// The `nth` statement from now on fails (1 is the next), once. The commit of a job counts as one.
    pub fn arm(&self, nth: u32) {
        self.0.store(i64::from(nth), Ordering::SeqCst);
    }

    /// Nothing fails any more. True if it was still armed: fewer statements than that were run.
    pub fn disarm(&self) -> bool {
        self.0.swap(0, Ordering::SeqCst) > 0
    }

    fn pass(&self) -> DbResult<()> {
        let armed = self.0.load(Ordering::Relaxed) > 0;
        if armed && self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            return Err(StoreError::Other("stopped by a test".into()).into());
        }
        Ok(())
    }
}

/// An open transaction. Dropping it rolls back.
pub(super) struct Tx<'c> {
    conn: &'c Connection,
    failpoint: &'c Failpoint,
}

impl<'c> Tx<'c> {
    /// Runs `job` in one transaction: committed if it returns `Ok`, without any trace otherwise.
    pub(super) fn run<T>(
        conn: &mut Connection,
        failpoint: &Failpoint,
        behavior: rusqlite::TransactionBehavior,
        job: impl FnOnce(&Tx<'_>) -> DbResult<T>,
    ) -> DbResult<T> {
        let transaction = conn.transaction_with_behavior(behavior)?;
        let value = job(&Tx {
            conn: &transaction,
            failpoint,
        })?;
        failpoint.pass()?;
        transaction.commit()?;
        Ok(value)
    }

    fn statement(&self, sql: &str) -> DbResult<CachedStatement<'c>> {
        #[cfg(test)]
        super::plans::note(sql);
        self.failpoint.pass()?;
        Ok(self.conn.prepare_cached(sql)?)
    }

    /// Runs a statement; returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> DbResult<usize> {
        Ok(self.statement(sql)?.execute(params)?)
    }

    /// Inserts one row; returns its number.
    pub(super) fn insert(&self, sql: &str, params: impl Params) -> DbResult<i64> {
        Ok(self.statement(sql)?.insert(params)?)
    }

    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut map: impl FnMut(&Row<'_>) -> DbResult<T>,
    ) -> DbResult<Vec<T>> {
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(map(row)?);
        }
        Ok(found)
    }

    /// The first row of a query, if any.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> DbResult<T>,
    ) -> DbResult<Option<T>> {
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params)?;
        match rows.next()? {
            Some(row) => map(row).map(Some),
            None => Ok(None),
        }
    }

    /// The one value of a query that always has one row.
    pub(super) fn value<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> DbResult<T> {
        self.row(sql, params, |row| Ok(row.get(0)?))?
            .ok_or_else(|| DbError::Sqlite(rusqlite::Error::QueryReturnedNoRows))
    }
}
