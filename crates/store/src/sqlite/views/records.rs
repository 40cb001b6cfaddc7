//! Lists of workspace records.

use super::page::{Cut, contains, time_and_number};
use super::query::Query;
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{get, micros, named};
use crate::sqlite::error::DbResult;
use crate::sqlite::records::read as read_record;
use crate::views::{LinkStatus, LinkSummary, Page, PageRequest, RecordFilter, RecordRow};
use rusqlite::Row;
use tandem_core::ids::{CrmId, CrmObject, LinkId, TeamId};
use tandem_core::store::StoreResult;
use tandem_core::workspace::Kind;

const COLUMNS: &str = "SELECT record.id, record.doc, link.id AS link, link.object, link.crm, \
     link.status, link.due_us IS NOT NULL AS due";

impl SqliteStore {
    /// Workspace records, last changed first.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team, or for a cursor that no page
    /// gave.
    pub async fn records(
        &self,
        team: TeamId,
        filter: &RecordFilter,
        page: &PageRequest,
    ) -> StoreResult<Page<RecordRow>> {
        let cut = Cut::new(page, time_and_number)?;
        let filter = filter.clone();
        self.look(team, move |tx| {
            let rows = query(team, &filter, cut.after).rows(
                tx,
                "ORDER BY record.updated_us DESC, record.id DESC LIMIT ?",
                cut.fetch(),
                read,
            )?;
            Ok(cut.page(rows, |row| format!("{}.{}", micros(row.updated_at), row.id)))
        })
        .await
    }
}

/// Few links have the rarer states, so a list of those begins with the links.
fn query(team: TeamId, filter: &RecordFilter, after: Option<(i64, i64)>) -> Query {
    let rare = filter
        .link
        .is_some_and(|status| !matches!(status, LinkStatus::Linked | LinkStatus::NotLinked));
    let from = if rare {
        "FROM link CROSS JOIN record ON record.id = link.record WHERE link.team = ?"
    } else {
        "FROM record LEFT JOIN link ON link.record = record.id WHERE record.team = ?"
    };
    let mut query = Query::new(&format!("{COLUMNS} {from}"), team.0);
    query.and(match filter.archived {
        true => "record.archived = 1",
        false => "record.archived = 0",
    });
    let kind = filter.kind.map(|kind| kind.as_str().to_owned());
    query.and_some("record.kind = ?", kind);
    let search = filter.search.as_deref().map(contains);
    query.and_some(r"record.search LIKE ? ESCAPE '\'", search);
    match filter.link {
        Some(LinkStatus::NotLinked) => query.and("link.id IS NULL"),
        status => query.and_some("link.status = ?", status.map(|one| one.as_str().to_owned())),
    }
    if let Some(after) = after {
        query.and_two("(record.updated_us, record.id) < (?, ?)", after);
    }
    query
}

fn read(row: &Row<'_>) -> DbResult<RecordRow> {
    let record = read_record(row)?;
    let name = record.display_name();
    let link = match get::<Option<i64>>(row, "link")? {
        None => None,
        Some(id) => Some(LinkSummary {
            id: LinkId(id),
            object: CrmObject(get(row, "object")?),
            crm: get::<Option<String>>(row, "crm")?.map(CrmId),
            status: named(row, "status", LinkStatus::parse)?,
            due: get(row, "due")?,
        }),
    };
    let kind: Kind = record.kind;
    Ok(RecordRow {
        id: record.id,
        kind,
        name,
        fields: record.fields,
        link,
        updated_at: record.updated_at,
    })
}
