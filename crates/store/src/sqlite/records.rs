//! Workspace records as rows, with their match keys and what they refer to.

use super::column::{doc, get, json, micros};
use super::error::DbResult;
use super::tx::Tx;
use crate::rules;
use rusqlite::{Row, params};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, RecordId, TeamId};
use tandem_core::record::{Origin, WorkspaceRecord};
use tandem_core::value::Fields;
use tandem_core::workspace::Kind;

/// Fields in whose text the lists search.
const SEARCHED_FIELDS: [&str; 7] = [
    "first_name",
    "last_name",
    "name",
    "email",
    "company",
    "website",
    "phone",
];

pub(super) fn by_ids(
    tx: &Tx<'_>,
    team: TeamId,
    ids: &[RecordId],
) -> DbResult<BTreeMap<RecordId, WorkspaceRecord>> {
    let rows: Vec<WorkspaceRecord> = tx.rows(
        "SELECT id, doc FROM record WHERE +team = ? AND id IN (SELECT value FROM json_each(?))",
        params![team.0, json(ids)?],
        read,
    )?;
    Ok(rows.into_iter().map(|record| (record.id, record)).collect())
}

pub(super) fn by_id(tx: &Tx<'_>, team: TeamId, id: RecordId) -> DbResult<Option<WorkspaceRecord>> {
    Ok(by_ids(tx, team, &[id])?.remove(&id))
}

/// A row with `id` and `doc`. The column knows the id better than the document.
pub(super) fn read(row: &Row<'_>) -> DbResult<WorkspaceRecord> {
    let mut record: WorkspaceRecord = doc(row, "doc")?;
    record.id = RecordId(get(row, "id")?);
    Ok(record)
}

/// Makes a record with these fields.
pub(super) fn create(
    tx: &Tx<'_>,
    team: TeamId,
    kind: Kind,
    fields: Fields,
    origin: &Origin,
    now: Timestamp,
) -> DbResult<WorkspaceRecord> {
    let mut record = rules::new_record(RecordId(0), kind, now);
    rules::set_fields(&mut record, fields, origin, now);
    let id = tx.insert(
        "INSERT INTO record (team, kind, search, updated_us, doc) VALUES (?, ?, ?, ?, ?)",
        params![
            team.0,
            kind.as_str(),
            search_text(&record.fields),
            micros(record.updated_at),
            json(&record)?
        ],
    )?;
    record.id = RecordId(id);
    save_keys(tx, team, &record)?;
    save_references(tx, team, &record)?;
    Ok(record)
}

/// Writes back a changed record; `before` is what it was.
pub(super) fn save(
    tx: &Tx<'_>,
    team: TeamId,
    before: &WorkspaceRecord,
    record: &WorkspaceRecord,
) -> DbResult<()> {
    save_row(tx, record)?;
    if rules::keys_of(before) != rules::keys_of(record) {
        tx.execute("DELETE FROM match_key WHERE record = ?", [record.id.0])?;
        save_keys(tx, team, record)?;
    }
    if targets(&before.fields) != targets(&record.fields) {
        tx.execute("DELETE FROM reference WHERE record = ?", [record.id.0])?;
        save_references(tx, team, record)?;
    }
    Ok(())
}

/// Loads a record, changes it and writes it back; nothing where there is none.
pub(super) fn amend(
    tx: &Tx<'_>,
    team: TeamId,
    id: RecordId,
    change: impl FnOnce(&mut WorkspaceRecord),
) -> DbResult<()> {
    if let Some(mut record) = by_id(tx, team, id)? {
        let before = record.clone();
        change(&mut record);
        save(tx, team, &before, &record)?;
    }
    Ok(())
}

/// The records whose fields refer to this one by our id.
pub(super) fn referring_to(tx: &Tx<'_>, team: TeamId, id: RecordId) -> DbResult<Vec<RecordId>> {
    tx.rows(
        "SELECT record FROM reference WHERE team = ? AND target = ? ORDER BY record",
        [team.0, id.0],
        |row| Ok(RecordId(row.get(0)?)),
    )
}

/// The CRM ids of those of these records that are linked to a CRM record.
pub(super) fn crm_ids(
    tx: &Tx<'_>,
    team: TeamId,
    records: &BTreeSet<RecordId>,
) -> DbResult<BTreeMap<RecordId, CrmId>> {
    let rows = tx.rows(
        "SELECT record, crm FROM link WHERE +team = ? AND +crm IS NOT NULL \
         AND record IN (SELECT value FROM json_each(?))",
        params![team.0, json(records)?],
        |row| Ok((RecordId(row.get(0)?), CrmId(row.get(1)?))),
    )?;
    Ok(rows.into_iter().collect())
}

fn save_row(tx: &Tx<'_>, record: &WorkspaceRecord) -> DbResult<()> {
    tx.execute(
        "UPDATE record SET search = ?, updated_us = ?, archived = ?, doc = ? WHERE id = ?",
        params![
            search_text(&record.fields),
            micros(record.updated_at),
            record.archived.is_some(),
            json(record)?,
            record.id.0
        ],
    )?;
    Ok(())
}

fn save_keys(tx: &Tx<'_>, team: TeamId, record: &WorkspaceRecord) -> DbResult<()> {
    for key in rules::keys_of(record) {
        tx.execute(
            "INSERT OR IGNORE INTO match_key (team, key, kind, record) VALUES (?, ?, ?, ?)",
            params![team.0, key, record.kind.as_str(), record.id.0],
        )?;
    }
    Ok(())
}

fn save_references(tx: &Tx<'_>, team: TeamId, record: &WorkspaceRecord) -> DbResult<()> {
    for target in targets(&record.fields) {
        tx.execute(
            "INSERT INTO reference (team, target, record) VALUES (?, ?, ?)",
            [team.0, target.0, record.id.0],
        )?;
    }
    Ok(())
}

fn targets(fields: &Fields) -> BTreeSet<RecordId> {
    rules::referred_records(fields).collect()
}

/// What a search looks through, in lower case. First and last name stand side by side, so that a whole
/// name is found.
fn search_text(fields: &Fields) -> String {
    let found: Vec<String> = SEARCHED_FIELDS
        .iter()
        .filter_map(|field| fields.get(*field))
        .map(|value| value.to_string().to_lowercase())
        .collect();
    found.join(" ")
}
