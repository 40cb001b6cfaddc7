//! How far every object was read.

use super::column::{doc, get, json, micros, time_opt};
use super::error::DbResult;
use super::log;
use super::tx::Tx;
use crate::rules;
use rusqlite::{Row, params};
use tandem_core::Timestamp;
use tandem_core::connector::{PageToken, Watermark};
use tandem_core::ids::{CrmObject, TeamId};
use tandem_core::store::{ObjectProgress, PullPosition};
use tandem_core::sync_log::LogDraft;

const SELECT: &str = "SELECT object, watermark_order, watermark_token, page, complete_us, \
     started_us, not_before_us, attempts, rows_read, round, horizon, coverage FROM progress WHERE team = ?";

pub(super) fn all(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<ObjectProgress>> {
    tx.rows(&format!("{SELECT} ORDER BY object"), [team.0], read)
}

/// Progress of one object, also of one that was never read.
pub(super) fn of(tx: &Tx<'_>, team: TeamId, object: &CrmObject) -> DbResult<ObjectProgress> {
    let sql = format!("{SELECT} AND object = ?");
    let known = tx.row(&sql, params![team.0, object.as_str()], read)?;
    Ok(known.unwrap_or_else(|| rules::never_read(object.clone())))
}

pub(super) fn save(tx: &Tx<'_>, team: TeamId, progress: &ObjectProgress) -> DbResult<()> {
    let watermark = progress.position.watermark.as_ref();
    tx.execute(
        "INSERT OR REPLACE INTO progress (team, object, watermark_order, watermark_token, page, \
         complete_us, started_us, not_before_us, attempts, rows_read, round, horizon, coverage) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            team.0,
            progress.object.as_str(),
            watermark.map(|watermark| watermark.order),
            watermark.map(|watermark| &watermark.token),
            progress.position.page.as_ref().map(|page| &page.0),
            progress.complete_at.map(micros),
            progress.started_at.map(micros),
            progress.not_before.map(micros),
            progress.attempts,
            i64::try_from(progress.rows).unwrap_or(i64::MAX),
            progress.position.round,
            json(&progress.horizon)?,
            json(&progress.coverage)?
        ],
    )?;
    Ok(())
}

pub(super) fn failed(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    not_before: Timestamp,
    entry: Option<&LogDraft>,
) -> DbResult<()> {
    let mut progress = of(tx, team, object)?;
    rules::note_failure(&mut progress, not_before);
    save(tx, team, &progress)?;
    if let Some(entry) = entry {
        log::append(tx, team, entry)?;
    }
    Ok(())
}

pub(super) fn drop_page(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    from: &PullPosition,
) -> DbResult<bool> {
    let mut progress = of(tx, team, object)?;
    let dropped = rules::drop_page(&mut progress, from);
    if dropped {
        save(tx, team, &progress)?;
    }
    Ok(dropped)
}

pub(super) fn reset(tx: &Tx<'_>, team: TeamId, object: &CrmObject) -> DbResult<()> {
    let mut progress = of(tx, team, object)?;
    rules::forget_position(&mut progress);
    save(tx, team, &progress)
}

pub(super) fn end_waits(tx: &Tx<'_>, team: TeamId) -> DbResult<()> {
    tx.execute(
        "UPDATE progress SET not_before_us = NULL WHERE team = ? AND not_before_us IS NOT NULL",
        [team.0],
    )?;
    tx.execute(
        "UPDATE intent SET not_before_us = 0 WHERE team = ? AND not_before_us > 0",
        [team.0],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> DbResult<ObjectProgress> {
    let order: Option<i64> = get(row, "watermark_order")?;
    let token: Option<String> = get(row, "watermark_token")?;
    let watermark = order
        .zip(token)
        .map(|(order, token)| Watermark { order, token });
    Ok(ObjectProgress {
        object: CrmObject(get(row, "object")?),
        position: PullPosition {
            round: get(row, "round")?,
            watermark,
            page: get::<Option<String>>(row, "page")?.map(PageToken),
        },
        complete_at: time_opt(row, "complete_us")?,
        started_at: time_opt(row, "started_us")?,
        not_before: time_opt(row, "not_before_us")?,
        attempts: get(row, "attempts")?,
        rows: u64::try_from(get::<i64>(row, "rows_read")?).unwrap_or_default(),
        horizon: doc(row, "horizon")?,
        coverage: doc(row, "coverage")?,
    })
}
