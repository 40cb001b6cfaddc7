//! The API budget: the team's ledger as rows. What a reservation and a count mean is decided in
//! [`tandem_core::budget`]; here the books are opened, written and closed.

use super::column::{count, from_micros, get, micros, time, time_opt};
use super::error::DbResult;
use super::tx::Tx;
use super::{log, team};
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::budget::{
    BudgetState, HourCalls, Ledger, Pace, Slice, Spent, Told, may_ask, may_spend,
};
use tandem_core::connector::OrgUsage;
use tandem_core::ids::{ReservationId, TeamId};
use tandem_core::link::Lane;
use tandem_core::sync_log::LogDraft;

/// Microseconds of an hour.
pub(super) const HOUR_US: i64 = 3_600_000_000;
/// Hours of the org's window.
const WINDOW_HOURS: i64 = 24;

pub(super) fn state(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<BudgetState> {
    Ok(load(tx, team)?.state(now))
}

pub(super) fn reserve(
    tx: &Tx<'_>,
    team: TeamId,
    calls: u32,
    lane: Lane,
    now: Timestamp,
) -> DbResult<Result<ReservationId, String>> {
    let settings = team::rules(tx, team)?.settings;
    let books = load(tx, team)?;
    let verdict = may_spend(
        &books.state(now),
        calls,
        lane,
        settings.api_threshold_percent,
        settings.live_reserve_percent,
    );
    match verdict {
        Ok(()) => change(tx, team, books, |books| books.reserve(calls, now)).map(Ok),
        Err(reason) => Ok(Err(reason)),
    }
}

pub(super) fn reserve_question(
    tx: &Tx<'_>,
    team: TeamId,
    now: Timestamp,
) -> DbResult<Option<ReservationId>> {
    let threshold = team::rules(tx, team)?.settings.api_threshold_percent;
    let books = load(tx, team)?;
    if !may_ask(&books.state(now), threshold, now) {
        return Ok(None);
    }
    let reserved = change(tx, team, books, |books| {
        books.asked_at = Some(now);
        books.reserve(1, now)
    });
    reserved.map(Some)
}

pub(super) fn spend(
    tx: &Tx<'_>,
    team: TeamId,
    reservation: ReservationId,
    spent: Spent,
    now: Timestamp,
) -> DbResult<ReservationId> {
    let books = load(tx, team)?;
    let last = change(tx, team, books, |books| {
        books.settle(reservation, spent, now);
        books.last
    })?;
    tx.execute(
        "INSERT INTO calls_by_hour (team, hour_us, calls) VALUES (?, ?, ?) \
         ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
        params![team.0, hour_us(now), spent.calls],
    )?;
    Ok(last)
}

pub(super) fn set_pace(
    tx: &Tx<'_>,
    team: TeamId,
    (from, to): (Pace, Pace),
    entry: &LogDraft,
    now: Timestamp,
) -> DbResult<bool> {
    let books = load(tx, team)?;
    if books.pace != from {
        return Ok(false);
    }
    change(tx, team, books, |books| {
        (books.pace, books.pace_since) = (to, Some(now));
    })?;
    log::append(tx, team, entry)?;
    Ok(true)
}

pub(super) fn calls_by_hour(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<Vec<HourCalls>> {
    tx.rows(
        "SELECT hour_us, calls FROM calls_by_hour WHERE team = ? AND hour_us >= ? AND calls > 0 \
         ORDER BY hour_us",
        [team.0, hour_us(now) - WINDOW_HOURS * HOUR_US],
        |row| {
            Ok(HourCalls {
                hour: time(row, "hour_us")?,
                calls: count(row, "calls")?,
            })
        },
    )
}

/// When the hour of an instant began.
pub(super) fn hour_us(at: Timestamp) -> i64 {
    micros(at).div_euclid(HOUR_US) * HOUR_US
}

fn load(tx: &Tx<'_>, team: TeamId) -> DbResult<Ledger> {
    let head = tx.row(
        "SELECT org_used, org_max, org_at_us, told_by, asked_at_us, last_reservation, pace, pace_us \
         FROM budget WHERE team = ?",
        [team.0],
        read_head,
    )?;
    let slices = tx.rows(
        "SELECT id, calls, open_until_us, closed FROM slice WHERE team = ?",
        [team.0],
        read_slice,
    )?;
    Ok(Ledger {
        slices: slices.into_iter().collect(),
        ..head.unwrap_or_default()
    })
}

fn read_head(row: &Row<'_>) -> DbResult<Ledger> {
    let used: Option<i64> = get(row, "org_used")?;
    let max: Option<i64> = get(row, "org_max")?;
    let at: Option<i64> = get(row, "org_at_us")?;
    let known = used.zip(max).zip(at.map(from_micros).transpose()?);
    let by = ReservationId(get(row, "told_by")?);
    Ok(Ledger {
        told: known.map(|((used, max), at)| Told {
            usage: OrgUsage {
                used: unsigned(used),
                max: unsigned(max),
            },
            at,
            by,
        }),
        asked_at: time_opt(row, "asked_at_us")?,
        last: ReservationId(get(row, "last_reservation")?),
        pace: Pace::of_factor(get(row, "pace")?).unwrap_or_default(),
        pace_since: time_opt(row, "pace_us")?,
        slices: BTreeMap::new(),
    })
}

fn read_slice(row: &Row<'_>) -> DbResult<(ReservationId, Slice)> {
    let slice = Slice {
        calls: get(row, "calls")?,
        open_until: time(row, "open_until_us")?,
        closed: get::<Option<i64>>(row, "closed")?.map(ReservationId),
    };
    Ok((ReservationId(get(row, "id")?), slice))
}

/// Changes the books and writes down what is different.
fn change<R>(
    tx: &Tx<'_>,
    team: TeamId,
    mut books: Ledger,
    change: impl FnOnce(&mut Ledger) -> R,
) -> DbResult<R> {
    let before = books.slices.clone();
    let result = change(&mut books);
    save_head(tx, team, &books)?;
    for id in before.keys().filter(|id| !books.slices.contains_key(id)) {
        tx.execute(
            "DELETE FROM slice WHERE team = ? AND id = ?",
            [team.0, id.0],
        )?;
    }
    for (id, slice) in books.slices {
        if before.get(&id) != Some(&slice) {
            save_slice(tx, team, id, slice)?;
        }
    }
    Ok(result)
}

fn save_head(tx: &Tx<'_>, team: TeamId, books: &Ledger) -> DbResult<()> {
    let told = books.told.as_ref();
    tx.execute(
        "INSERT OR REPLACE INTO budget (team, org_used, org_max, org_at_us, told_by, asked_at_us, \
         last_reservation, pace, pace_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            team.0,
            told.map(|told| signed(told.usage.used)),
            told.map(|told| signed(told.usage.max)),
            told.map(|told| micros(told.at)),
            told.map_or(0, |told| told.by.0),
            books.asked_at.map(micros),
            books.last.0,
            books.pace.factor(),
            books.pace_since.map(micros)
        ],
    )?;
    Ok(())
}

fn save_slice(tx: &Tx<'_>, team: TeamId, id: ReservationId, slice: Slice) -> DbResult<()> {
    tx.execute(
        "INSERT OR REPLACE INTO slice (team, id, calls, open_until_us, closed) VALUES (?, ?, ?, ?, ?)",
        params![
            team.0,
            id.0,
            slice.calls,
            micros(slice.open_until),
            slice.closed.map(|last| last.0)
        ],
    )?;
    Ok(())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
