//! The API budget: what the org said, what we spent since, and the slices under way.

use super::column::{from_micros, get, micros, time_opt};
use super::error::DbResult;
use super::team;
use super::tx::Tx;
use crate::rules::{self, RESERVATION_SECONDS};
use rusqlite::params;
use tandem_core::Timestamp;
use tandem_core::budget::{BudgetState, may_ask, may_spend};
use tandem_core::connector::OrgUsage;
use tandem_core::ids::{ReservationId, TeamId};
use tandem_core::link::Lane;

/// Microseconds of an hour.
pub(super) const HOUR_US: i64 = 3_600_000_000;

pub(super) fn state(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<BudgetState> {
    let reserved: i64 = tx.value(
        "SELECT coalesce(sum(calls), 0) FROM reservation WHERE team = ? AND made_us > ?",
        params![team.0, expired_us(now)],
    )?;
    Ok(BudgetState {
        reserved: count(reserved),
        ..spent(tx, team)?
    })
}

pub(super) fn reserve(
    tx: &Tx<'_>,
    team: TeamId,
    calls: u32,
    lane: Lane,
    now: Timestamp,
) -> DbResult<Result<ReservationId, String>> {
    let settings = team::rules(tx, team)?.settings;
    tx.execute(
        "DELETE FROM reservation WHERE team = ? AND made_us <= ?",
        params![team.0, expired_us(now)],
    )?;
    let verdict = may_spend(
        &state(tx, team, now)?,
        calls,
        lane,
        settings.api_threshold_percent,
        settings.live_reserve_percent,
    );
    if let Err(reason) = verdict {
        return Ok(Err(reason));
    }
    Ok(Ok(insert(tx, team, calls, now)?))
}

pub(super) fn reserve_question(
    tx: &Tx<'_>,
    team: TeamId,
    now: Timestamp,
) -> DbResult<Option<ReservationId>> {
    if !may_ask(&spent(tx, team)?, now) {
        return Ok(None);
    }
    tx.execute(
        "INSERT INTO budget (team, asked_at_us) VALUES (?, ?) \
         ON CONFLICT DO UPDATE SET asked_at_us = excluded.asked_at_us",
        params![team.0, micros(now)],
    )?;
    insert(tx, team, 1, now).map(Some)
}

fn insert(tx: &Tx<'_>, team: TeamId, calls: u32, now: Timestamp) -> DbResult<ReservationId> {
    let id = tx.insert(
        "INSERT INTO reservation (team, calls, made_us) VALUES (?, ?, ?)",
        params![team.0, calls, micros(now)],
    )?;
    Ok(ReservationId(id))
}

pub(super) fn spend(
    tx: &Tx<'_>,
    team: TeamId,
    reservation: ReservationId,
    calls: u32,
    usage: Option<OrgUsage>,
    now: Timestamp,
) -> DbResult<()> {
    tx.execute(
        "DELETE FROM reservation WHERE team = ? AND id = ?",
        [team.0, reservation.0],
    )?;
    let mut state = spent(tx, team)?;
    rules::spend(&mut state, calls, usage, now);
    let org = state.org.as_ref();
    tx.execute(
        "INSERT INTO budget (team, org_used, org_max, org_at_us, spent_since) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET org_used = excluded.org_used, org_max = excluded.org_max, \
         org_at_us = excluded.org_at_us, spent_since = excluded.spent_since",
        params![
            team.0,
            org.map(|(usage, _)| number(usage.used)),
            org.map(|(usage, _)| number(usage.max)),
            org.map(|(_, at)| micros(*at)),
            number(state.spent_since)
        ],
    )?;
    tx.execute(
        "INSERT INTO calls_by_hour (team, hour_us, calls) VALUES (?, ?, ?) \
         ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
        params![team.0, hour_us(now), calls],
    )?;
    Ok(())
}

/// When the hour of an instant began.
pub(super) fn hour_us(at: Timestamp) -> i64 {
    micros(at).div_euclid(HOUR_US) * HOUR_US
}

/// Everything but the reservations.
fn spent(tx: &Tx<'_>, team: TeamId) -> DbResult<BudgetState> {
    let known = tx.row(
        "SELECT org_used, org_max, org_at_us, spent_since, asked_at_us FROM budget WHERE team = ?",
        [team.0],
        |row| {
            let used: Option<i64> = get(row, "org_used")?;
            let max: Option<i64> = get(row, "org_max")?;
            let at: Option<i64> = get(row, "org_at_us")?;
            let usage = used.zip(max).map(|(used, max)| OrgUsage {
                used: count(used),
                max: count(max),
            });
            Ok(BudgetState {
                org: usage.zip(at.map(from_micros).transpose()?),
                spent_since: count(get(row, "spent_since")?),
                reserved: 0,
                asked_at: time_opt(row, "asked_at_us")?,
            })
        },
    )?;
    Ok(known.unwrap_or_default())
}

/// Reservations made then or before no longer stand.
fn expired_us(now: Timestamp) -> i64 {
    micros(now) - RESERVATION_SECONDS * 1_000_000
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
