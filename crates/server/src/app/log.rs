//! The sync log: what was done and why, and trying again.

use super::{Actor, App, AppResult};
use serde::Serialize;
use tandem_core::error::ErrorClass;
use tandem_core::ids::LogId;
use tandem_store::views::{LogFilter, LogRow, Page, PageRequest};

/// Most links that one retry takes up at once; the rest needs another click.
pub const RETRY_LINKS_MAX: usize = 10_000;

/// An entry's page.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LogEntryDetail {
    /// The entry.
    pub row: LogRow,
    /// The CRM record's page, if it names one.
    pub crm_url: Option<String>,
}

impl App {
    /// A page of the log, newest first. Readable whether or not sync is on.
    ///
    /// # Errors
    /// `Invalid` with `cursor`.
    pub async fn log(
        &self,
        _actor: &Actor,
        _filter: &LogFilter,
        _page: &PageRequest,
    ) -> AppResult<Page<LogRow>> {
        Err(self.not_ready())
    }

    /// One entry.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn log_entry(&self, _actor: &Actor, _id: LogId) -> AppResult<LogEntryDetail> {
        Err(self.not_ready())
    }

    /// Tries the records of these entries again; answers how many.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if none of them has anything set aside.
    pub async fn retry_entries(&self, _actor: &Actor, _ids: &[LogId]) -> AppResult<u32> {
        Err(self.not_ready())
    }

    /// Tries everything again that was set aside for one reason, at most [`RETRY_LINKS_MAX`] links;
    /// answers how many.
    ///
    /// # Errors
    /// `Conflict` if nothing is.
    pub async fn retry_cause(&self, _actor: &Actor, _class: ErrorClass) -> AppResult<u32> {
        Err(self.not_ready())
    }
}
