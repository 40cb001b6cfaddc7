//! A team's rules and the state of its main connection.

use super::column::{doc, json};
use super::error::DbResult;
use super::tx::Tx;
use super::{incidents, links, log, progress};
use crate::rules::{self as on, wants_more};
use rusqlite::params;
use tandem_core::Timestamp;
use tandem_core::ids::TeamId;
use tandem_core::link::Lane;
use tandem_core::mapping::PairRules;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::StoreError;
use tandem_core::sync_log::LogDraft;

/// Every step begins with it: nothing is ever done for a team that is not there.
pub(super) fn require(tx: &Tx<'_>, team: TeamId) -> DbResult<()> {
    let known = tx.row("SELECT 1 FROM team WHERE id = ?", [team.0], |_| Ok(()))?;
    Ok(known.ok_or_else(|| missing(team))?)
}

pub(super) fn rules(tx: &Tx<'_>, team: TeamId) -> DbResult<TeamRules> {
    let sql = "SELECT rules FROM team WHERE id = ?";
    let rules = tx.row(sql, [team.0], |row| doc(row, "rules"))?;
    Ok(rules.ok_or_else(|| missing(team))?)
}

/// Publishes rules. Links of pairs with another version than before become due, as mass work; what the
/// CRM refused as a whole may go now.
pub(super) fn put_rules(
    tx: &Tx<'_>,
    team: TeamId,
    new: &TeamRules,
    now: Timestamp,
) -> DbResult<()> {
    let before = rules(tx, team)?;
    tx.execute(
        "UPDATE team SET rules = ? WHERE id = ?",
        params![json(new)?, team.0],
    )?;
    let changed =
        |pair: &&PairRules| before.pair(&pair.object).map(|old| old.version) != Some(pair.version);
    for pair in &new.pairs {
        if wants_more(before.pair(&pair.object), pair) {
            progress::reset(tx, team, &pair.object)?;
        }
    }
    let skipped = incidents::skipped(tx, team)?;
    for pair in new.pairs.iter().filter(changed) {
        for mut row in links::parked(tx, team, &pair.object)? {
            row.change(|link| on::rules_changed(link, &skipped));
            row.make_due(Lane::Bulk, now);
            links::save(tx, &mut row)?;
        }
        links::wake_object(tx, team, &pair.object, now)?;
    }
    Ok(())
}

pub(super) fn connection_state(tx: &Tx<'_>, team: TeamId) -> DbResult<ConnectionState> {
    let sql = "SELECT connection FROM team WHERE id = ?";
    let state = tx.row(sql, [team.0], |row| doc(row, "connection"))?;
    Ok(state.ok_or_else(|| missing(team))?)
}

pub(super) fn set_connection_state(
    tx: &Tx<'_>,
    team: TeamId,
    state: &ConnectionState,
    entry: Option<&LogDraft>,
) -> DbResult<()> {
    tx.execute(
        "UPDATE team SET connection = ? WHERE id = ?",
        params![json(state)?, team.0],
    )?;
    if let Some(entry) = entry {
        log::append(tx, team, entry)?;
    }
    Ok(())
}

fn missing(team: TeamId) -> StoreError {
    StoreError::NotFound(format!("team {team}"))
}
