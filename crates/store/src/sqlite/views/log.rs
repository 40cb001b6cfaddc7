//! The sync log as people look through it.

use super::page::{Cut, contains, time_and_number};
use super::query::Query;
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, get, micros};
use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use crate::views::{LogFilter, LogRow, Page, PageRequest};
use rusqlite::Row;
use tandem_core::ids::{LogId, RecordId, TeamId};
use tandem_core::record::WorkspaceRecord;
use tandem_core::store::StoreResult;
use tandem_core::sync_log::LogStatus;

const HEAD: &str = "SELECT log.id, log.doc, record.id AS record_id, record.doc AS record_doc, \
     coalesce(log.status <> 'success' AND link.parked > 0, 0) AS retryable FROM log \
     LEFT JOIN record ON record.id = log.record LEFT JOIN link ON link.id = log.link \
     WHERE log.team = ?";
const TAIL: &str = "ORDER BY log.at_us DESC, log.id DESC LIMIT ?";

impl SqliteStore {
    /// The sync log, newest first.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team, or for a cursor that no page
    /// gave.
    pub async fn log(
        &self,
        team: TeamId,
        filter: &LogFilter,
        page: &PageRequest,
    ) -> StoreResult<Page<LogRow>> {
        let cut = Cut::new(page, time_and_number)?;
        let filter = filter.clone();
        self.look(team, move |tx| {
            let rows = query(team, &filter, cut.after).rows(tx, TAIL, cut.fetch(), read)?;
            Ok(cut.page(rows, |row| format!("{}.{}", micros(row.entry.at), row.id)))
        })
        .await
    }

    /// One entry.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn log_entry(&self, team: TeamId, id: LogId) -> StoreResult<Option<LogRow>> {
        self.look(team, move |tx| {
            let mut query = Query::new(HEAD, team.0);
            query.and_some("log.id = ?", Some(id.0));
            Ok(query.rows(tx, TAIL, 1, read)?.pop())
        })
        .await
    }
}

/// The newest entries about a record.
pub(super) fn tail(
    tx: &Tx<'_>,
    team: TeamId,
    record: RecordId,
    limit: i64,
) -> DbResult<Vec<LogRow>> {
    let filter = LogFilter {
        record: Some(record),
        ..LogFilter::default()
    };
    query(team, &filter, None).rows(tx, TAIL, limit, read)
}

/// The newest entries about one field of a record that succeeded.
pub(super) fn of_field(
    tx: &Tx<'_>,
    team: TeamId,
    record: RecordId,
    field: &str,
    limit: i64,
) -> DbResult<Vec<LogRow>> {
    let filter = LogFilter {
        record: Some(record),
        status: Some(LogStatus::Success),
        ..LogFilter::default()
    };
    let mut query = query(team, &filter, None);
    query.and_some(
        "EXISTS (SELECT 1 FROM json_each(log.doc, '$.changes') AS change \
         WHERE change.value ->> '$.workspace' = ?)",
        Some(field.to_owned()),
    );
    query.rows(tx, TAIL, limit, read)
}

fn query(team: TeamId, filter: &LogFilter, after: Option<(i64, i64)>) -> Query {
    let mut query = Query::new(HEAD, team.0);
    let name = |name: &'static str| name.to_owned();
    query.and_some(
        "log.source = ?",
        filter.source.map(|one| name(one.as_str())),
    );
    query.and_some("log.kind = ?", filter.kind.map(|one| name(one.as_str())));
    query.and_some(
        "log.status = ?",
        filter.status.map(|one| name(one.as_str())),
    );
    query.and_some(
        "log.object = ?",
        filter.object.as_ref().map(|one| one.0.clone()),
    );
    query.and_some("log.record = ?", filter.record.map(|one| one.0));
    query.and_some("log.link = ?", filter.link.map(|one| one.0));
    query.and_some(
        "log.error_class = ?",
        filter.error_class.map(|one| name(one.code())),
    );
    query.and_some("log.run = ?", filter.run.map(|one| one.0));
    query.and_some("log.at_us >= ?", filter.since.map(micros));
    query.and_some("log.at_us < ?", filter.until.map(micros));
    if let Some(pattern) = filter.text.as_deref().map(contains) {
        query.and_two(
            r"(log.search LIKE ? ESCAPE '\' OR record.search LIKE ? ESCAPE '\')",
            (pattern.clone(), pattern),
        );
    }
    if let Some(after) = after {
        query.and_two("(log.at_us, log.id) < (?, ?)", after);
    }
    query
}

fn read(row: &Row<'_>) -> DbResult<LogRow> {
    let record_name = match get::<Option<i64>>(row, "record_id")? {
        None => None,
        Some(id) => {
            let mut record: WorkspaceRecord = doc(row, "record_doc")?;
            record.id = RecordId(id);
            Some(record.display_name())
        }
    };
    Ok(LogRow {
        id: LogId(get(row, "id")?),
        entry: doc(row, "doc")?,
        record_name,
        retryable: get(row, "retryable")?,
    })
}
