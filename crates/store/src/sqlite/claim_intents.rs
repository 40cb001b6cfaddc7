//! Unsent and doubtful intents out.

use super::column::{lane_numbers, micros, rows_number};
use super::error::DbResult;
use super::intents::{self, COLUMNS, IntentRow, lease_end_us};
use super::team;
use super::tx::Tx;
use crate::rules;
use rusqlite::params;
use tandem_core::Timestamp;
use tandem_core::ids::{CrmObject, IntentId, TeamId};
use tandem_core::link::{Lane, Lanes};
use tandem_core::store::{Claim, ClaimedIntent, SENDABLE_COUNT_MAX, Sendable};
use tandem_core::write::IntentState;

/// Pending intents of object `?2` of team `?1` in lanes `?5` that could be sent at `?3`: due, decided on what is
/// known, and nobody is sending one with the same lock key.
const SENDABLE: &str = "FROM intent WHERE team = ?1 AND object = ?2 AND state = 0 \
     AND lane IN (SELECT value FROM json_each(?5)) \
     AND not_before_us <= ?3 AND (lock_key IS NULL OR NOT EXISTS (\
         SELECT 1 FROM intent AS other WHERE other.team = intent.team \
         AND other.lock_key = intent.lock_key AND other.state = 1 \
         AND other.leased_until_us > ?3)) \
     AND NOT EXISTS (SELECT 1 FROM link WHERE link.id = intent.link AND link.due_us <= ?3) \
     ORDER BY lane, id LIMIT ?4";

pub(super) fn sendable_objects(
    tx: &Tx<'_>,
    team: TeamId,
    lanes: Lanes,
    now: Timestamp,
) -> DbResult<Vec<Sendable>> {
    let rules = team::rules(tx, team)?;
    let waiting = tx.rows(
        "SELECT DISTINCT object FROM intent WHERE team = ?",
        [team.0],
        |row| Ok(CrmObject(row.get(0)?)),
    )?;
    let mut best = Vec::new();
    for (turn, some) in lanes.apart().iter().enumerate() {
        for object in &waiting {
            let rows = sendable(tx, team, object, *some, now, SENDABLE_COUNT_MAX)?;
            let Some(first) = rows.first() else { continue };
            let rank = rules.pairs.iter().position(|pair| pair.object == *object);
            let oldest: (Lane, IntentId) = (first.intent.lane, first.intent.id);
            let sendable = Sendable {
                object: object.clone(),
                lane: first.intent.lane,
                records: rows.len(),
                conditional: rows
                    .iter()
                    .all(|row| row.intent.draft.unmodified_since.is_some()),
            };
            best.push(((turn, rank.unwrap_or(usize::MAX), oldest), sendable));
        }
    }
    best.sort_by_key(|(order, _)| *order);
    Ok(best.into_iter().map(|(_, sendable)| sendable).collect())
}

pub(super) fn claim_intents(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    claim: &Claim,
) -> DbResult<Vec<ClaimedIntent>> {
    let rows = sendable(tx, team, object, claim.lanes, claim.now, claim.limit)?;
    give_out(tx, rows, true, claim)
}

pub(super) fn claim_doubtful(
    tx: &Tx<'_>,
    team: TeamId,
    claim: &Claim,
) -> DbResult<Vec<ClaimedIntent>> {
    let sql = format!(
        "WITH doubtful AS (SELECT * FROM intent WHERE team = ?1 AND state > 0 \
             AND (leased_until_us IS NULL OR leased_until_us <= ?2) \
             AND (state = 1 OR not_before_us <= ?2) \
             AND lane IN (SELECT value FROM json_each(?4))) \
         SELECT {} FROM doubtful AS intent \
         WHERE object = (SELECT object FROM doubtful ORDER BY lane, id LIMIT 1) \
         ORDER BY lane, id LIMIT ?3",
        COLUMNS
    );
    let params = params![
        team.0,
        micros(claim.now),
        rows_number(claim.limit),
        lane_numbers(claim.lanes)?
    ];
    let rows = tx.rows(&sql, params, IntentRow::read)?;
    give_out(tx, rows, false, claim)
}

fn sendable(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    lanes: Lanes,
    now: Timestamp,
    limit: usize,
) -> DbResult<Vec<IntentRow>> {
    let params = params![
        team.0,
        object.as_str(),
        micros(now),
        rows_number(limit),
        lane_numbers(lanes)?
    ];
    tx.rows(
        &format!("SELECT {COLUMNS} {SENDABLE}"),
        params,
        IntentRow::read,
    )
}

/// Intents to be resolved stay what they are: whether their answer was ever told of shows in their state.
fn give_out(
    tx: &Tx<'_>,
    rows: Vec<IntentRow>,
    sends: bool,
    claim: &Claim,
) -> DbResult<Vec<ClaimedIntent>> {
    let mut claimed = Vec::with_capacity(rows.len());
    for mut row in rows {
        row.intent.sent_at.get_or_insert(claim.now);
        if sends {
            row.intent.state = IntentState::Sending;
            row.intent.last_sent_at = Some(claim.now);
        } else {
            rules::may_have_been_sent(&mut row.intent, claim.now);
        }
        row.epoch += 1;
        row.leased_until_us = Some(lease_end_us(claim.now, claim.lease_seconds));
        intents::save(tx, &row)?;
        claimed.push(ClaimedIntent {
            intent: row.intent,
            epoch: row.epoch,
        });
    }
    Ok(claimed)
}
