//! What can go wrong inside a database job, and what callers are told.

use rusqlite::ErrorCode;
use tandem_core::store::StoreError;

/// An error on its way out of a job.
#[derive(Debug, thiserror::Error)]
pub(super) enum DbError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored document that is not what its column says.
    #[error("a stored document can't be read: {0}")]
    Document(#[from] serde_json::Error),
}

pub(super) type DbResult<T> = Result<T, DbError>;

impl DbError {
    /// A value in the database that no version of Tandem writes.
    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Corrupt(what.into()))
    }
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Store(error) => error,
            DbError::Document(_) => Self::Corrupt(error.to_string()),
            DbError::Sqlite(error) => from_sqlite(&error),
        }
    }
}

fn from_sqlite(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(text),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        _ => StoreError::Other(text),
    }
}
