//! Lists of links, and why some are set aside.

use super::page::{Cut, contains, row_number};
use super::query::Query;
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, rows_number};
use crate::sqlite::error::DbResult;
use crate::sqlite::links::{COLUMNS, LinkRow as StoredLink};
use crate::sqlite::tx::Tx;
use crate::views::{Cause, LinkFilter, LinkRow, LinkStatus, Page, PageRequest};
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::alert::RefusedField;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{LinkId, TeamId};
use tandem_core::link::RecordLink;
use tandem_core::record::WorkspaceRecord;
use tandem_core::store::StoreResult;

impl SqliteStore {
    /// Links, newest first; also those of CRM records without a workspace record.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team, or for a cursor that no page
    /// gave.
    pub async fn links(
        &self,
        team: TeamId,
        filter: &LinkFilter,
        page: &PageRequest,
    ) -> StoreResult<Page<LinkRow>> {
        let cut = Cut::new(page, row_number)?;
        let filter = filter.clone();
        self.look(team, move |tx| {
            let query = query(team, &filter, cut.after);
            let rows = query.rows(tx, "ORDER BY link.id DESC LIMIT ?", cut.fetch(), read)?;
            Ok(cut.page(rows, |row| row.link.id.to_string()))
        })
        .await
    }

    /// Why links are set aside, the most frequent reason first.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn causes(&self, team: TeamId) -> StoreResult<Vec<Cause>> {
        self.look(team, move |tx| causes(tx, team)).await
    }

    /// Fields that the CRM refused, by object, field and reason, the most frequent first.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn refused_fields(&self, team: TeamId) -> StoreResult<Vec<RefusedField>> {
        self.look(team, move |tx| refused_fields(tx, team)).await
    }

    /// The links that are set aside for a reason, oldest first, at most `limit`: what a retry of a
    /// whole cause goes through.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn links_of_cause(
        &self,
        team: TeamId,
        class: ErrorClass,
        limit: usize,
    ) -> StoreResult<Vec<LinkId>> {
        self.look(team, move |tx| {
            tx.rows(
                r"SELECT id FROM link WHERE team = ? AND (parked > 0 OR held > 0)
                  AND causes LIKE ? ESCAPE '\' ORDER BY id LIMIT ?",
                params![team.0, cause_pattern(class), rows_number(limit)],
                |row| Ok(LinkId(row.get(0)?)),
            )
        })
        .await
    }
}

fn query(team: TeamId, filter: &LinkFilter, before: Option<i64>) -> Query {
    let head = format!(
        "SELECT {COLUMNS}, record.doc AS record_doc FROM link \
         LEFT JOIN record ON record.id = link.record WHERE link.team = ?"
    );
    let mut query = Query::new(&head, team.0);
    let status = filter.status.map(|status| status.as_str().to_owned());
    query.and_some("link.status = ?", status);
    let object = filter.object.as_ref().map(|object| object.0.clone());
    query.and_some("link.object = ?", object);
    if let Some(class) = filter.cause {
        query.and("(link.parked > 0 OR link.held > 0)");
        query.and_some(r"link.causes LIKE ? ESCAPE '\'", Some(cause_pattern(class)));
    }
    query.and_some("link.id < ?", before);
    query
}

fn cause_pattern(class: ErrorClass) -> String {
    let code = contains(class.code());
    format!("% {} %", code.trim_matches('%'))
}

fn read(row: &Row<'_>) -> DbResult<LinkRow> {
    let link = StoredLink::read(row)?.link;
    let crm = link.crm.as_ref().map(ToString::to_string);
    let name = match link.record {
        Some(id) => {
            let mut record: WorkspaceRecord = doc(row, "record_doc")?;
            record.id = id;
            record.display_name()
        }
        None => crm.unwrap_or_default(),
    };
    Ok(LinkRow {
        name,
        status: LinkStatus::of(&link),
        link,
    })
}

fn set_aside(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<StoredLink>> {
    let sql = format!("SELECT {COLUMNS} FROM link WHERE team = ? AND (parked > 0 OR held > 0)");
    tx.rows(&sql, [team.0], StoredLink::read)
}

fn refused_fields(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<RefusedField>> {
    let mut found: BTreeMap<_, RefusedField> = BTreeMap::new();
    for StoredLink { link, .. } in set_aside(tx, team)? {
        for (field, parked) in link.parked_fields {
            let key = (link.object.clone(), field.clone(), parked.class);
            let refused = found.entry(key).or_insert_with(|| RefusedField {
                object: link.object.clone(),
                field,
                class: parked.class,
                records: 0,
                words: parked.message,
            });
            refused.records += 1;
        }
    }
    let mut refused: Vec<_> = found.into_values().collect();
    refused.sort_by_key(|field| std::cmp::Reverse(field.records));
    Ok(refused)
}

fn causes(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<Cause>> {
    let links = set_aside(tx, team)?;
    let mut found: BTreeMap<ErrorClass, Cause> = BTreeMap::new();
    for row in &links {
        for (class, since) in reasons(&row.link) {
            let cause = found.entry(class).or_insert(Cause {
                class,
                links: 0,
                since,
            });
            cause.links += 1;
            cause.since = cause.since.min(since);
        }
    }
    let mut causes: Vec<Cause> = found.into_values().collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.links));
    Ok(causes)
}

/// Each reason for which something of a link is set aside, with the time of its first case.
fn reasons(link: &RecordLink) -> BTreeMap<ErrorClass, Timestamp> {
    let fields = link.parked_fields.values();
    let whole = link.parked.as_ref().map(|one| (one.class, one.since));
    let mut reasons = BTreeMap::new();
    for (class, since) in fields.map(|one| (one.class, one.since)).chain(whole) {
        let first = reasons.entry(class).or_insert(since);
        *first = since.min(*first);
    }
    reasons
}
