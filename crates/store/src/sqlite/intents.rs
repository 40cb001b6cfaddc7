//! Write intents as rows: at most one for a link.

use super::column::{doc, get, json, lane_number, micros};
use super::error::DbResult;
use super::tx::Tx;
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::connector::WriteOp;
use tandem_core::ids::{CrmObject, IntentId, LinkId, TeamId};
use tandem_core::write::{IntentState, WriteIntent};

pub(super) const COLUMNS: &str =
    "intent.id, intent.epoch, intent.not_before_us, intent.leased_until_us, intent.doc";

/// States as their columns have them; SQL in this directory spells them out.
pub(super) fn state_number(state: IntentState) -> i64 {
    match state {
        IntentState::Pending => 0,
        IntentState::Sending => 1,
        IntentState::Doubtful => 2,
    }
}

/// An intent with its fence and its place in the queue.
#[derive(Clone, Debug)]
pub(super) struct IntentRow {
    pub(super) intent: WriteIntent,
    /// Moves with every claim and every settle.
    pub(super) epoch: i64,
    pub(super) not_before_us: i64,
    pub(super) leased_until_us: Option<i64>,
}

impl IntentRow {
    /// A row of [`COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> DbResult<Self> {
        let mut intent: WriteIntent = doc(row, "doc")?;
        intent.id = IntentId(get(row, "id")?);
        Ok(Self {
            intent,
            epoch: get(row, "epoch")?,
            not_before_us: get(row, "not_before_us")?,
            leased_until_us: get(row, "leased_until_us")?,
        })
    }

    /// Whether it is being sent or in doubt: then nothing about its link is decided.
    pub(super) fn is_open(&self) -> bool {
        self.intent.state != IntentState::Pending
    }
}

pub(super) fn by_ids(
    tx: &Tx<'_>,
    team: TeamId,
    ids: &[IntentId],
) -> DbResult<BTreeMap<IntentId, IntentRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM intent WHERE +team = ? AND id IN (SELECT value FROM json_each(?))"
    );
    let rows = tx.rows(&sql, params![team.0, json(ids)?], IntentRow::read)?;
    Ok(rows.into_iter().map(|row| (row.intent.id, row)).collect())
}

pub(super) fn by_links(
    tx: &Tx<'_>,
    team: TeamId,
    links: &[LinkId],
) -> DbResult<BTreeMap<LinkId, IntentRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM intent WHERE +team = ? AND link IN (SELECT value FROM json_each(?))"
    );
    let rows = tx.rows(&sql, params![team.0, json(links)?], IntentRow::read)?;
    Ok(rows.into_iter().map(|row| (row.intent.link, row)).collect())
}

pub(super) fn of_link(tx: &Tx<'_>, team: TeamId, link: LinkId) -> DbResult<Option<IntentRow>> {
    Ok(by_links(tx, team, &[link])?.remove(&link))
}

/// The creates of an object that are being sent or in doubt.
pub(super) fn open_creates(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
) -> DbResult<Vec<WriteIntent>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM intent WHERE team = ? AND object = ? AND state > 0 AND is_create \
         ORDER BY id"
    );
    let rows = tx.rows(&sql, params![team.0, object.as_str()], IntentRow::read)?;
    Ok(rows.into_iter().map(|row| row.intent).collect())
}

/// Adds an intent that may be sent from `not_before` on; it gets its id here.
pub(super) fn insert(
    tx: &Tx<'_>,
    team: TeamId,
    intent: &WriteIntent,
    not_before_us: i64,
) -> DbResult<()> {
    tx.execute(
        "INSERT INTO intent (team, link, object, is_create, lock_key, lane, state, \
         not_before_us, epoch, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        params![
            team.0,
            intent.link.0,
            intent.object.as_str(),
            matches!(intent.draft.op, WriteOp::Create { .. }),
            intent.draft.lock_key,
            lane_number(intent.lane),
            state_number(intent.state),
            not_before_us,
            json(intent)?
        ],
    )?;
    Ok(())
}

/// Writes back how far an intent is; what it wants never changes.
pub(super) fn save(tx: &Tx<'_>, row: &IntentRow) -> DbResult<()> {
    tx.execute(
        "UPDATE intent SET state = ?, not_before_us = ?, leased_until_us = ?, epoch = ?, doc = ? \
         WHERE id = ?",
        params![
            state_number(row.intent.state),
            row.not_before_us,
            row.leased_until_us,
            row.epoch,
            json(&row.intent)?,
            row.intent.id.0
        ],
    )?;
    Ok(())
}

pub(super) fn remove(tx: &Tx<'_>, id: IntentId) -> DbResult<()> {
    tx.execute("DELETE FROM intent WHERE id = ?", [id.0])?;
    Ok(())
}

/// Drops the intent of a link if it was not sent: what it wanted is decided anew.
pub(super) fn withdraw_unsent(tx: &Tx<'_>, link: LinkId) -> DbResult<()> {
    tx.execute("DELETE FROM intent WHERE link = ? AND state = 0", [link.0])?;
    Ok(())
}

/// When the lease of a claim ends, in microseconds.
pub(super) fn lease_end_us(now: Timestamp, lease_seconds: u32) -> i64 {
    micros(now).saturating_add(i64::from(lease_seconds) * 1_000_000)
}
