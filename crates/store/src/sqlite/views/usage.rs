//! What the API cost and what the sync did, hour by hour.

use crate::sqlite::SqliteStore;
use crate::sqlite::budget::{self, HOUR_US, hour_us};
use crate::sqlite::column::{count, from_micros, get};
use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use crate::views::{ApiUsage, HOURS_BACK, HourCalls, HourThroughput};
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::ids::TeamId;
use tandem_core::store::StoreResult;

impl SqliteStore {
    /// API calls of the last hours, with the org's own count.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn api_usage(&self, team: TeamId, now: Timestamp) -> StoreResult<ApiUsage> {
        self.look(team, move |tx| api_usage(tx, team, now)).await
    }

    /// What the sync did in each of the last hours and in the one under way, oldest first.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn throughput(
        &self,
        team: TeamId,
        now: Timestamp,
    ) -> StoreResult<Vec<HourThroughput>> {
        self.look(team, move |tx| throughput(tx, team, now)).await
    }
}

fn api_usage(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<ApiUsage> {
    let rows = tx.rows(
        "SELECT hour_us, calls FROM calls_by_hour WHERE team = ? AND hour_us >= ?",
        [team.0, first_hour_us(now)],
        |row| Ok((get::<i64>(row, "hour_us")?, count(row, "calls")?)),
    )?;
    let known: BTreeMap<i64, u64> = rows.into_iter().collect();
    let hours = hours(now)
        .map(|hour| {
            Ok(HourCalls {
                hour: from_micros(hour)?,
                calls: known.get(&hour).copied().unwrap_or_default(),
            })
        })
        .collect::<DbResult<Vec<_>>>()?;
    Ok(ApiUsage {
        spent: hours.iter().map(|hour| hour.calls).sum(),
        hours,
        budget: budget::state(tx, team, now)?,
    })
}

fn throughput(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<Vec<HourThroughput>> {
    let rows = tx.rows(
        "SELECT at_us / ?3 * ?3 AS hour_us, \
         count(*) FILTER (WHERE status = 'success' AND source = 'crm') AS from_crm, \
         count(*) FILTER (WHERE status = 'success' AND source = 'workspace') AS from_workspace, \
         count(*) FILTER (WHERE status <> 'success') AS failed \
         FROM log WHERE team = ?1 AND at_us >= ?2 GROUP BY 1",
        [team.0, first_hour_us(now), HOUR_US],
        |row| {
            let hour: i64 = get(row, "hour_us")?;
            let throughput = HourThroughput {
                hour: from_micros(hour)?,
                from_crm: count(row, "from_crm")?,
                from_workspace: count(row, "from_workspace")?,
                failed: count(row, "failed")?,
            };
            Ok((hour, throughput))
        },
    )?;
    let mut known: BTreeMap<i64, HourThroughput> = rows.into_iter().collect();
    hours(now)
        .map(|hour| match known.remove(&hour) {
            Some(throughput) => Ok(throughput),
            None => Ok(HourThroughput {
                hour: from_micros(hour)?,
                from_crm: 0,
                from_workspace: 0,
                failed: 0,
            }),
        })
        .collect()
}

fn first_hour_us(now: Timestamp) -> i64 {
    hour_us(now) - HOURS_BACK * HOUR_US
}

/// When each hour begins, oldest first, the one under way last.
fn hours(now: Timestamp) -> impl Iterator<Item = i64> {
    let first = first_hour_us(now);
    (0..=HOURS_BACK).map(move |hour| first + hour * HOUR_US)
}
