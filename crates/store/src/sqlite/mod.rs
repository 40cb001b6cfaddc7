//! The embedded database: one file, one process.
//!
//! One thread owns the writing connection and runs jobs one after the other, each in a transaction of
//! its own; a few threads with connections of their own serve reads from the last committed state
//! (write-ahead log: readers and the writer never wait for each other).
//!
//! `synchronous = FULL`: a commit is on the disk before a step goes on. With less, a power cut could
//! take back a write intent whose write the CRM has already carried out, and the write would be made
//! again.
//!
//! A lock on a file beside it keeps every other process out. So whoever opens it knows that the holders
//! of all leases in it are gone, and ends them: nothing waits for a process that died.
//!
//! Reading order: `pool.rs` and `tx.rs` (jobs and statements); `links.rs`, `records.rs`, `mirrors.rs`,
//! `intents.rs`, `log.rs` (typed values to rows and back); then one file per step. `steps.rs` lists
//! them all as the trait wants them. What a step does to a record or a link is in [`crate::rules`];
//! here is only how its rows are found and kept.

mod admin;
mod backlog;
mod brake;
mod budget;
mod claim_intents;
mod claim_links;
mod column;
mod commit;
mod edit;
mod error;
mod incidents;
mod intents;
mod links;
mod log;
mod matcher;
mod migrate;
mod mirror;
mod mirrors;
#[cfg(test)]
mod plans;
mod pool;
mod progress;
mod records;
mod restore;
mod settle;
mod stage;
mod steps;
mod team;
mod tx;
mod views;
mod watch;

use self::error::DbResult;
use self::pool::Pool;
use self::tx::Tx;
use rusqlite::{Connection, TransactionBehavior};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;
use tandem_core::store::{StoreError, StoreResult};

pub use self::tx::Failpoint;

/// Threads that serve reads.
const READERS: usize = 3;
/// Prepared statements kept by each connection; there are fewer than that in all.
const PREPARED_STATEMENTS: usize = 256;
/// How long a connection waits for a lock of another (only a backup tool could hold one).
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The store on one SQLite file. Share it by `Arc`. Dropping it waits for the job under way.
pub struct SqliteStore {
    writer: Pool,
    /// Absent in memory, where every connection would have a database of its own.
    readers: Option<Pool>,
    /// Held by the process while the file is open.
    _lock: Option<FileLock>,
}

impl SqliteStore {
    /// Opens the database at `path`, makes it if there is none, brings it to the newest schema, and ends
    /// the leases and waits of the process that had it before: its links can be claimed at once, and what it was
    /// sending is in doubt at once.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process has it open, [`StoreError::Newer`] when a newer Tandem
    /// wrote it, [`StoreError::Corrupt`] when the file is damaged or no database,
    /// [`StoreError::DiskFull`], and [`StoreError::Other`] with the reason when the file can't be opened.
    pub fn open(path: impl AsRef<Path>) -> StoreResult<Self> {
        Self::open_with(path, Failpoint::default())
    }

    /// Like [`SqliteStore::open`], for tests that make it fail at a chosen statement.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: impl AsRef<Path>, failpoint: Failpoint) -> StoreResult<Self> {
        let path = path.as_ref();
        let lock = lock(path)?;
        let writer = writer_connection(path)?;
        let readers = (0..READERS)
            .map(|_| reader_connection(path))
            .collect::<DbResult<Vec<_>>>()?;
        Ok(Self {
            writer: Pool::start(
                vec![writer],
                TransactionBehavior::Immediate,
                failpoint.clone(),
            )?,
            readers: Some(Pool::start(
                readers,
                TransactionBehavior::Deferred,
                failpoint,
            )?),
            _lock: Some(lock),
        })
    }

    /// A database that is gone with the store.
    ///
    /// # Errors
    /// [`StoreError::Other`] when it can't be made.
    pub fn open_in_memory() -> StoreResult<Self> {
        let mut conn = Connection::open_in_memory().map_err(error::DbError::from)?;
        configure(&conn)?;
        migrate::migrate(&mut conn)?;
        let behavior = TransactionBehavior::Immediate;
        Ok(Self {
            writer: Pool::start(vec![conn], behavior, Failpoint::default())?,
            readers: None,
            _lock: None,
        })
    }

    /// Runs a step: one transaction that writes.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> DbResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.writer.transact(job).await
    }

    /// Looks at one consistent state.
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> DbResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.reader().transact(job).await
    }

    fn reader(&self) -> &Pool {
        self.readers.as_ref().unwrap_or(&self.writer)
    }
}

/// The claim on a database file. Given up by name and not just by closing: a child that this process
/// starts holds the open file, too, until it becomes another program.
struct FileLock(File);

impl Drop for FileLock {
    fn drop(&mut self) {
        // What can't be unlocked is let go by the system with the process.
        let _ = self.0.unlock();
    }
}

/// Takes the file beside the database that says it is in use. The system lets go of it with the
/// process, however that ends.
fn lock(path: &Path) -> StoreResult<FileLock> {
    let beside = path.with_added_extension("lock");
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::StorageFull => StoreError::DiskFull,
        _ => StoreError::Other(format!("{} can't be opened: {e}", beside.display())),
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

fn writer_connection(path: &Path) -> DbResult<Connection> {
    let mut conn = Connection::open(path)?;
    configure(&conn)?;
    check_health(&conn)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    migrate::migrate(&mut conn)?;
    incidents::fill(&mut conn)?;
    end_leases(&conn)?;
    Ok(conn)
}

/// Epochs and versions stay: they are the fences, and what the dead process sent may still arrive. Whoever
/// restarts Tandem wants things tried again, so the waits after failures end, too.
fn end_leases(conn: &Connection) -> DbResult<()> {
    Ok(conn.execute_batch(
        "UPDATE link SET leased_until_us = NULL WHERE leased_until_us IS NOT NULL; \
         UPDATE intent SET leased_until_us = NULL WHERE leased_until_us IS NOT NULL; \
         UPDATE intent SET not_before_us = 0 WHERE not_before_us > 0; \
         UPDATE progress SET not_before_us = NULL WHERE not_before_us IS NOT NULL;",
    )?)
}

fn reader_connection(path: &Path) -> DbResult<Connection> {
    let conn = Connection::open(path)?;
    configure(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn configure(conn: &Connection) -> DbResult<()> {
    conn.busy_timeout(LOCK_WAIT)?;
    conn.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -32_000)?; // kibibytes, when negative
    Ok(())
}

/// Damage is found at the start, not in the middle of a step.
fn check_health(conn: &Connection) -> DbResult<()> {
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(error::DbError::corrupt(verdict))
}
