//! What an undo puts back: values, and records where they belonged.

use super::error::DbResult;
use super::links::{self, LinkRow};
use super::tx::Tx;
use super::{intents, log, mirrors, records};
use crate::rules;
use tandem_core::ids::{LinkId, RecordId, TeamId};
use tandem_core::record::CrmRecord;
use tandem_core::store::Restore;

/// Returns the records that were still as they were seen.
pub(super) fn restore(tx: &Tx<'_>, team: TeamId, restores: &[Restore]) -> DbResult<Vec<RecordId>> {
    let mut restored = Vec::new();
    for restore in restores {
        if restore_one(tx, team, restore)? {
            restored.push(restore.record);
        }
    }
    Ok(restored)
}

fn restore_one(tx: &Tx<'_>, team: TeamId, restore: &Restore) -> DbResult<bool> {
    let Some(mut record) = records::by_id(tx, team, restore.record)? else {
        return Ok(false);
    };
    let before = record.clone();
    let mut row = links::of_record(tx, team, record.id)?;
    if let Some(home) = restore.home
        && !may_go_home(tx, team, record.id, (row.as_ref(), home))?
    {
        return Ok(false);
    }
    let link = row.as_mut().map(|row| &mut row.link);
    let Some(mut entry) = rules::restore(&mut record, link, restore) else {
        return Ok(false);
    };
    records::save(tx, team, &before, &record)?;
    match (restore.home, row) {
        (Some(home), row) => {
            if let Some(home) = go_home(tx, team, restore, (row, home))? {
                entry = rules::tell_return(entry, &home.link);
            }
        }
        (None, Some(mut row)) => {
            row.change(|_| ());
            row.make_due(restore.lane, restore.now);
            links::save(tx, &mut row)?;
        }
        (None, None) => {}
    }
    log::append(tx, team, &entry)?;
    if restore.home.is_some() {
        links::wake_referring(tx, team, &[record.id], restore.now)?;
    }
    Ok(true)
}

/// Whether the home is free, and neither link is being written.
fn may_go_home(
    tx: &Tx<'_>,
    team: TeamId,
    record: RecordId,
    (now, home): (Option<&LinkRow>, LinkId),
) -> DbResult<bool> {
    for link in now.map(|row| row.link.id).into_iter().chain([home]) {
        if intents::of_link(tx, team, link)?.is_some_and(|intent| intent.is_open()) {
            return Ok(false);
        }
    }
    let home = links::by_ids(tx, team, &[home])?.remove(&home);
    Ok(home.is_some_and(|row| row.link.record.is_none_or(|there| there == record)))
}

/// The record leaves the link that it has, which is a half link then, and gets its home.
fn go_home(
    tx: &Tx<'_>,
    team: TeamId,
    restore: &Restore,
    (row, home): (Option<LinkRow>, LinkId),
) -> DbResult<Option<LinkRow>> {
    if let Some(mut row) = row.filter(|row| row.link.id != home) {
        intents::withdraw_unsent(tx, row.link.id)?;
        row.change(rules::let_go);
        row.make_due(restore.lane, restore.now);
        links::save(tx, &mut row)?;
    }
    let crm = mirrors::of_links(tx, team, &[home])?.remove(&home);
    let lives = crm.as_ref().is_some_and(CrmRecord::lives);
    let Some(mut row) = links::by_ids(tx, team, &[home])?.remove(&home) else {
        return Ok(None);
    };
    row.change(|link| rules::come_home(link, restore.record, lives));
    row.make_due(restore.lane, restore.now);
    links::save(tx, &mut row)?;
    Ok(Some(row))
}
