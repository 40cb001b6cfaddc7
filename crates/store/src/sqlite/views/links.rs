//! Lists of links, and why some are set aside.

use super::page::{Cut, contains, row_number};
use super::query::Query;
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, from_micros, get};
use crate::sqlite::error::DbResult;
use crate::sqlite::incidents;
use crate::sqlite::links::{COLUMNS, LinkRow as StoredLink};
use crate::sqlite::tx::Tx;
use crate::views::{Cause, LinkFilter, LinkRow, LinkStatus, Page, PageRequest};
use rusqlite::{Row, params};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::alert::RefusedField;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{IncidentId, TeamId};
use tandem_core::incident::{Incident, Standing};
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

    /// One incident, also one of which nothing waits any more.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn incident(&self, team: TeamId, id: IncidentId) -> StoreResult<Option<Standing>> {
        self.look(team, move |tx| incidents::standing_of(tx, team, id))
            .await
    }

    /// The links that wait for an incident, oldest first.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team, or for a cursor that no page
    /// gave.
    pub async fn links_of_incident(
        &self,
        team: TeamId,
        id: IncidentId,
        page: &PageRequest,
    ) -> StoreResult<Page<LinkRow>> {
        let cut = Cut::new(page, row_number)?;
        self.look(team, move |tx| {
            let sql = format!(
                "SELECT {COLUMNS}, record.doc AS record_doc FROM (SELECT DISTINCT link FROM aside \
                     WHERE team = ?1 AND incident = ?2 AND link > ?3 ORDER BY link LIMIT ?4) AS waits \
                 JOIN link ON link.id = waits.link \
                 LEFT JOIN record ON record.id = link.record ORDER BY link.id"
            );
            let after = cut.after.unwrap_or_default();
            let rows = tx.rows(&sql, params![team.0, id.0, after, cut.fetch()], read)?;
            Ok(cut.page(rows, |row| row.link.id.to_string()))
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

/// Fields of records that are left alone on purpose are nobody's news.
fn refused_fields(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<RefusedField>> {
    let mut found: BTreeMap<_, RefusedField> = BTreeMap::new();
    for standing in incidents::standings(tx, team)? {
        let Incident {
            cause,
            words,
            skipped_at,
            ..
        } = standing.incident;
        let Some(field) = cause.field.filter(|_| skipped_at.is_none()) else {
            continue;
        };
        let key = (cause.object.clone(), field.clone(), cause.class);
        let refused = found.entry(key).or_insert_with(|| RefusedField {
            object: cause.object,
            field,
            class: cause.class,
            records: 0,
            words,
        });
        refused.records += standing.records;
    }
    let mut refused: Vec<_> = found.into_values().collect();
    refused.retain(|field| field.records > 0);
    refused.sort_by_key(|field| std::cmp::Reverse(field.records));
    Ok(refused)
}

/// A link counts once for a class, however many of its fields were refused for it.
fn causes(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<Cause>> {
    let classes: BTreeMap<IncidentId, ErrorClass> = incidents::standings(tx, team)?
        .into_iter()
        .map(|one| (one.incident.id, one.incident.cause.class))
        .collect();
    let mut found: BTreeMap<ErrorClass, (BTreeSet<i64>, i64)> = BTreeMap::new();
    let sql = "SELECT incident, link, since_us FROM aside WHERE team = ?";
    let rows = tx.rows(sql, [team.0], |row| {
        let incident = IncidentId(get(row, "incident")?);
        Ok((incident, get(row, "link")?, get(row, "since_us")?))
    })?;
    for (incident, link, since) in rows {
        if let Some(class) = classes.get(&incident) {
            let (links, first) = found.entry(*class).or_insert((BTreeSet::new(), since));
            links.insert(link);
            *first = since.min(*first);
        }
    }
    let causes = found.into_iter().map(|(class, (links, since))| {
        Ok(Cause {
            class,
            links: links.len() as u64,
            since: from_micros(since)?,
        })
    });
    let mut causes: Vec<Cause> = causes.collect::<DbResult<_>>()?;
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.links));
    Ok(causes)
}
