//! Backup and health.

use crate::sqlite::SqliteStore;
use crate::sqlite::error::{DbError, DbResult};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs;
use std::path::{Path, PathBuf};
use tandem_core::store::{StoreError, StoreResult};

impl SqliteStore {
    /// Copies the database, as it is at one moment, to a new file, while the sync goes on. The file
    /// appears under its name only when it is complete.
    ///
    /// # Errors
    /// [`StoreError::Other`] when there is such a file already or it can't be written,
    /// [`StoreError::DiskFull`].
    pub async fn backup(&self, to: impl Into<PathBuf>) -> StoreResult<()> {
        let to = to.into();
        self.reader()
            .with_connection(move |conn| back_up(conn, &to))
            .await
    }

    /// Looks at every page, index and reference. Slow on a large database.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with what is wrong.
    pub async fn integrity(&self) -> StoreResult<()> {
        self.reader().with_connection(|conn| check(conn)).await
    }
}

fn back_up(conn: &Connection, to: &Path) -> DbResult<()> {
    let unwritable = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::StorageFull => StoreError::DiskFull,
        _ => StoreError::Other(format!("{} can't be written: {e}", to.display())),
    };
    if to.try_exists().map_err(unwritable)? {
        let text = format!("{} exists already: choose another name", to.display());
        return Err(StoreError::Other(text).into());
    }
    let part = to.with_added_extension("part");
    let copied = copy(conn, &part).and_then(|()| Ok(fs::rename(&part, to).map_err(unwritable)?));
    if copied.is_err() {
        // What is left is of no use; the first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    copied
}

fn copy(conn: &Connection, part: &Path) -> DbResult<()> {
    let mut target = Connection::open(part)?;
    let step = Backup::new(conn, &mut target)?.step(-1)?;
    if step != StepResult::Done {
        return Err(StoreError::Busy.into());
    }
    check(&target)
}

fn check(conn: &Connection) -> DbResult<()> {
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(DbError::corrupt(verdict));
    }
    let mut stray = conn.prepare("PRAGMA foreign_key_check")?;
    match stray.query([])?.next()? {
        Some(row) => {
            let table: String = row.get(0)?;
            Err(DbError::corrupt(format!(
                "a row of {table} refers to nothing"
            )))
        }
        None => Ok(()),
    }
}
