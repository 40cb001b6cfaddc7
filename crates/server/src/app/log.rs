//! The sync log: what was done and why, and trying again.

use super::error::no_page;
use super::{Actor, App, AppError, AppResult};
use serde::Serialize;
use tandem_core::ids::{LinkId, LogId};
use tandem_core::store::SyncStore as _;
use tandem_store::views::{LogFilter, LogRow, Page, PageRequest};

/// Most entries that one request may name.
const ENTRIES_MAX: usize = 200;

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
        actor: &Actor,
        filter: &LogFilter,
        page: &PageRequest,
    ) -> AppResult<Page<LogRow>> {
        let found = self.store().log(actor.team, filter, page).await;
        found.map_err(|error| no_page(page, error))
    }

    /// One entry.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn log_entry(&self, actor: &Actor, id: LogId) -> AppResult<LogEntryDetail> {
        let row = self.store().log_entry(actor.team, id).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("log entry {id}")))?;
        let crm_url = match &row.entry.crm {
            Some((object, Some(id))) => self.crm_url(actor.team, object, id).await?,
            _ => None,
        };
        Ok(LogEntryDetail { row, crm_url })
    }

    /// Tries the records of these entries again; answers how many.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if none of them has anything set aside.
    pub async fn retry_entries(&self, actor: &Actor, ids: &[LogId]) -> AppResult<u32> {
        let mut links = Vec::new();
        for id in ids.iter().take(ENTRIES_MAX) {
            let row = self.store().log_entry(actor.team, *id).await?;
            let row = row.ok_or_else(|| AppError::NotFound(format!("log entry {id}")))?;
            links.extend(row.entry.link.filter(|_| row.retryable));
        }
        links.sort_unstable();
        links.dedup();
        let subject = format!("{} log entries", ids.len());
        self.retry(actor, &subject, &links).await
    }
}

impl App {
    /// Takes links up again; the runtime is woken.
    pub(super) async fn retry(
        &self,
        actor: &Actor,
        subject: &str,
        links: &[LinkId],
    ) -> AppResult<u32> {
        let now = self.now();
        let taken_up = self.store().retry_links(actor.team, links, now).await?;
        if taken_up == 0 {
            let text = "nothing of this is set aside any more; it may have gone through meanwhile";
            return Err(AppError::Conflict(text.into()));
        }
        self.signals().wake(actor.team);
        let summary = format!("Tried {taken_up} records again");
        self.act(actor, "sync.retried", subject, summary).await?;
        Ok(taken_up)
    }
}
