//! What people and programs do: edits, resolutions and retries.

use super::column::{json, micros};
use super::error::{DbError, DbResult};
use super::links::{self, LinkRow};
use super::tx::Tx;
use super::{log, records, team};
use crate::rules;
use rusqlite::params;
use tandem_core::Timestamp;
use tandem_core::ids::{LinkId, RecordId, TeamId};
use tandem_core::link::Lane;
use tandem_core::store::{HoldResolution, StoreError, WorkspaceEdit};
use tandem_core::value::Fields;

pub(super) fn edit_record(tx: &Tx<'_>, team: TeamId, edit: WorkspaceEdit) -> DbResult<RecordId> {
    let patch = edit.patch.clone();
    let (id, changed) = match edit.record {
        Some(id) => (id, change_fields(tx, team, id, patch, &edit)?),
        None => {
            let (kind, origin) = (edit.kind, &edit.origin);
            let made = records::create(tx, team, kind, patch, origin, edit.now)?;
            (made.id, made.fields.into_keys().collect())
        }
    };
    follow(tx, team, id, &changed, edit)?;
    Ok(id)
}

/// Returns the names of the fields that really changed.
fn change_fields(
    tx: &Tx<'_>,
    team: TeamId,
    id: RecordId,
    patch: Fields,
    edit: &WorkspaceEdit,
) -> DbResult<Vec<String>> {
    let record = records::by_id(tx, team, id)?.filter(|record| record.kind == edit.kind);
    let mut record = record.ok_or_else(|| StoreError::NotFound(format!("{} {id}", edit.kind)))?;
    rules::must_be_current(&record)?;
    let before = record.clone();
    let changed = rules::set_fields(&mut record, patch, &edit.origin, edit.now);
    if !changed.is_empty() {
        records::save(tx, team, &before, &record)?;
    }
    Ok(changed)
}

/// The edit must be synced: its link becomes due, or is made.
fn follow(
    tx: &Tx<'_>,
    team: TeamId,
    record: RecordId,
    changed: &[String],
    edit: WorkspaceEdit,
) -> DbResult<()> {
    let lane = rules::lane_of(&edit.origin);
    match (links::of_record(tx, team, record)?, edit.create_as) {
        (Some(mut row), _) if !changed.is_empty() => {
            row.change(|link| rules::workspace_changed(link, changed, &edit.origin));
            row.make_due(lane, edit.now);
            links::save(tx, &mut row)
        }
        (None, Some(object)) => {
            let half = rules::half_link(LinkId(0), edit.kind, object, Some(record), None);
            links::insert(tx, team, half, lane, edit.now)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

pub(super) fn resolve_hold(tx: &Tx<'_>, team: TeamId, resolution: &HoldResolution) -> DbResult<()> {
    let missing =
        |what: &str| DbError::Store(StoreError::NotFound(format!("{what} {}", resolution.link)));
    let mut row = links::by_ids(tx, team, &[resolution.link])?
        .remove(&resolution.link)
        .ok_or_else(|| missing("link"))?;
    let record = match row.link.record {
        Some(id) => records::by_id(tx, team, id)?,
        None => None,
    };
    let mut record = record.ok_or_else(|| missing("workspace record of link"))?;
    let before = record.clone();
    let rules = team::rules(tx, team)?;
    let pair = rules.pair(&row.link.object);
    let entry = rules::resolve_hold(&mut row.link, &mut record, pair, resolution)?;
    row.change(|_| ());
    row.make_due(rules::lane_of(&resolution.origin), resolution.now);
    records::save(tx, team, &before, &record)?;
    links::save(tx, &mut row)?;
    log::append(tx, team, &entry)?;
    Ok(())
}

/// Returns how many of the links there are. A write that waits for its next try goes now, too.
pub(super) fn retry_links(
    tx: &Tx<'_>,
    team: TeamId,
    ids: &[LinkId],
    now: Timestamp,
) -> DbResult<u32> {
    let mut rows: Vec<LinkRow> = links::by_ids(tx, team, ids)?.into_values().collect();
    for row in &mut rows {
        row.change(rules::retry);
        row.make_due(Lane::Normal, now);
        links::save(tx, row)?;
    }
    end_waits_of(tx, team, ids, now)?;
    Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
}

/// Writes of these links that wait for their next try go now.
pub(super) fn end_waits_of(
    tx: &Tx<'_>,
    team: TeamId,
    ids: &[LinkId],
    now: Timestamp,
) -> DbResult<()> {
    tx.execute(
        "UPDATE intent SET not_before_us = min(not_before_us, ?) \
         WHERE +team = ? AND state = 0 AND link IN (SELECT value FROM json_each(?))",
        params![micros(now), team.0, json(ids)?],
    )?;
    Ok(())
}
