//! What an undo looks at: records with the entries that it would take back; and why a value stands.

use super::log;
use super::query::Query;
use crate::rules;
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{count, doc, get, json, micros, named, rows_number};
use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use crate::sqlite::{links, mirrors, records};
use crate::views::{LogRow, UNDO_ENTRIES_MAX, UndoPage, UndoScope, UndoSubject};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{CrmId, LinkId, LogId, RecordId, TeamId};
use tandem_core::store::StoreResult;
use tandem_core::sync_log::{LogDraft, LogType};
use tandem_core::undo::Home;

/// The columns of a query about what was changed, and the index that brings records in their order without a look at
/// the whole window: a run's own, that of a step's moment, or that of all records.
fn changes(columns: &str, scope: &UndoScope) -> String {
    let index = match (scope.run, scope.step) {
        (Some(_), _) => "log_run",
        (None, Some(_)) => "log_newest",
        (None, None) => "log_record",
    };
    format!(
        "SELECT {columns} FROM log INDEXED BY {index} \
         WHERE log.team = ? AND log.record IS NOT NULL \
         AND log.kind IN ('update', 'conflict', 'merge', 'convert', 'unlink')"
    )
}

/// What an undo can't take back is counted and not looked at, however many records were imported.
const OTHERS: &str = "SELECT log.kind, count(*) AS entries FROM log \
     WHERE log.team = ? AND log.kind IN ('create', 'link')";
const NEWEST_OF_EACH: &str = "ORDER BY log.record, log.at_us DESC, log.id DESC LIMIT ?";

impl SqliteStore {
    /// Records with successful changes in the scope, by number, as they stand, each with its entries.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn undo_page(
        &self,
        team: TeamId,
        scope: &UndoScope,
        after: Option<RecordId>,
        records_max: usize,
    ) -> StoreResult<UndoPage> {
        let scope = scope.clone();
        self.look(team, move |tx| load(tx, team, &scope, after, records_max))
            .await
    }

    /// Successful entries in the scope that made or linked a record, by type.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn undo_others(
        &self,
        team: TeamId,
        scope: &UndoScope,
    ) -> StoreResult<Vec<(LogType, u64)>> {
        let scope = scope.clone();
        self.look(team, move |tx| {
            let tail = "GROUP BY log.kind ORDER BY log.kind LIMIT ?";
            let limit = rows_number(LogType::ALL.len());
            scoped(OTHERS, team, &scope).rows(tx, tail, limit, |row| {
                let kind = named(row, "kind", LogType::parse)?;
                Ok((kind, count(row, "entries")?))
            })
        })
        .await
    }

    /// The newest entries about one field of a record that succeeded.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn log_of_field(
        &self,
        team: TeamId,
        record: RecordId,
        field: &str,
        limit: usize,
    ) -> StoreResult<Vec<LogRow>> {
        let field = field.to_owned();
        self.look(team, move |tx| {
            log::of_field(tx, team, record, &field, rows_number(limit))
        })
        .await
    }

    /// The workspace record that is linked to the CRM record with this id, whole or without the suffix
    /// that makes it safe where case is lost.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn record_of_crm(&self, team: TeamId, id: &CrmId) -> StoreResult<Option<RecordId>> {
        let id = id.clone();
        self.look(team, move |tx| {
            tx.row(
                "SELECT record FROM link WHERE team = ?1 AND crm >= ?2 AND crm < ?2 || '~' \
                 AND record IS NOT NULL ORDER BY crm LIMIT 1",
                params![team.0, id.as_str()],
                |row| Ok(RecordId(row.get(0)?)),
            )
        })
        .await
    }
}

fn load(
    tx: &Tx<'_>,
    team: TeamId,
    scope: &UndoScope,
    after: Option<RecordId>,
    records_max: usize,
) -> DbResult<UndoPage> {
    let mut query = scoped(&changes("DISTINCT log.record", scope), team, scope);
    query.and_some("log.record > ?", after.map(|id| id.0));
    let fetch = rows_number(records_max + 1);
    let mut ids = query.rows(tx, "ORDER BY log.record LIMIT ?", fetch, |row| {
        Ok(RecordId(row.get(0)?))
    })?;
    let mut more = ids.len() > records_max;
    ids.truncate(records_max);
    let (mut entries, cut) = entries(tx, team, scope, &ids)?;
    if let Some(cut) = cut {
        entries.remove(&cut);
        more = true;
    }
    Ok(UndoPage {
        crowded: cut.filter(|_| entries.is_empty()),
        next: entries.keys().next_back().copied().filter(|_| more),
        subjects: subjects(tx, team, entries)?,
    })
}

type Entries = BTreeMap<RecordId, Vec<(LogId, LogDraft)>>;

/// The entries of these records, newest first; and the record at which the limit cut them off.
fn entries(
    tx: &Tx<'_>,
    team: TeamId,
    scope: &UndoScope,
    ids: &[RecordId],
) -> DbResult<(Entries, Option<RecordId>)> {
    let mut query = scoped(&changes("log.id, log.record, log.doc", scope), team, scope);
    query.and_some(
        "log.record IN (SELECT value FROM json_each(?))",
        Some(json(ids)?),
    );
    let fetch = rows_number(UNDO_ENTRIES_MAX + 1);
    let rows = query.rows(tx, NEWEST_OF_EACH, fetch, |row| {
        let record = RecordId(get(row, "record")?);
        Ok((record, LogId(get(row, "id")?), doc::<LogDraft>(row, "doc")?))
    })?;
    let cut = rows
        .get(UNDO_ENTRIES_MAX)
        .and_then(|_| rows.last().map(|(record, ..)| *record));
    let mut entries = Entries::new();
    for (record, id, entry) in rows {
        entries.entry(record).or_default().push((id, entry));
    }
    Ok((entries, cut))
}

fn subjects(tx: &Tx<'_>, team: TeamId, entries: Entries) -> DbResult<Vec<UndoSubject>> {
    let ids: Vec<RecordId> = entries.keys().copied().collect();
    let mut ours = records::by_ids(tx, team, &ids)?;
    let mut rows = links::of_records(tx, team, &ids)?;
    let link_ids: Vec<LinkId> = rows.values().map(|row| row.link.id).collect();
    let mut mirrors = mirrors::of_links(tx, team, &link_ids)?;
    let told = entries.values().flatten();
    let told = told.flat_map(|(_, entry)| rules::told_records(entry));
    let held = ours.values();
    let held = held.flat_map(|record| rules::referred_records(&record.fields));
    let targets: BTreeSet<RecordId> = held.chain(told).collect();
    let known = records::crm_ids(tx, team, &targets)?;
    let homes = homes(tx, team, &entries)?;
    let subjects = entries.into_iter().filter_map(|(id, mut entries)| {
        let record = ours.remove(&id)?;
        let mut resolved = record.fields.clone();
        rules::resolve_references(&mut resolved, |id| known.get(&id).cloned());
        for (_, entry) in &mut entries {
            rules::resolve_told(entry, |id| known.get(&id).cloned());
        }
        let link = rows.remove(&id).map(|row| row.link);
        let left = entries.iter().filter_map(|(_, entry)| entry.left);
        let homes = left.filter_map(|left| Some((left, homes.get(&left)?.clone())));
        Some(UndoSubject {
            homes: homes.collect(),
            crm: link.as_ref().and_then(|link| mirrors.remove(&link.id)),
            record,
            resolved,
            link,
            entries,
        })
    });
    Ok(subjects.collect::<Vec<_>>())
}

/// The links that these entries say a record left, as they stand.
fn homes(tx: &Tx<'_>, team: TeamId, entries: &Entries) -> DbResult<BTreeMap<LinkId, Home>> {
    let told = entries.values().flatten();
    let left: BTreeSet<LinkId> = told.filter_map(|(_, entry)| entry.left).collect();
    let left: Vec<LinkId> = left.into_iter().collect();
    let mut crm = mirrors::of_links(tx, team, &left)?;
    let rows = links::by_ids(tx, team, &left)?.into_iter();
    let homes = rows.map(|(id, row)| {
        let crm = crm.remove(&id);
        (
            id,
            Home {
                link: row.link,
                crm,
            },
        )
    });
    Ok(homes.collect())
}

fn scoped(head: &str, team: TeamId, scope: &UndoScope) -> Query {
    let mut query = Query::new(head, team.0);
    query.and("log.status = 'success'");
    let entry = scope.entry.filter(|_| scope.step.is_none());
    query.and_some("log.id = ?", entry.map(|id| id.0));
    query.and_some("log.at_us = ?", scope.step.map(|(at, _)| micros(at)));
    let step = scope.step.map(|(_, link)| link.0);
    query.and_some("log.doc ->> '$.step' = ?", step);
    query.and_some("log.record = ?", scope.record.map(|id| id.0));
    query.and_some(
        "log.source = ?",
        scope.source.map(|one| one.as_str().to_owned()),
    );
    query.and_some(
        "log.object = ?",
        scope.object.as_ref().map(|one| one.0.clone()),
    );
    query.and_some("log.run = ?", scope.run.map(|id| id.0));
    query.and_some("log.at_us >= ?", scope.since.map(micros));
    query.and_some("log.at_us < ?", scope.until.map(micros));
    query
}
