//! Alerts: what a person must be told of, and what was said of it.

use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, get, json, micros};
use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use crate::sqlite::views::page::{Cut, row_number};
use crate::views::{Page, PageRequest};
use rusqlite::{Row, params};
use tandem_core::Timestamp;
use tandem_core::alert::{
    Alert, Change, Channel, Condition, GIVE_UP_AFTER_SECONDS, Message, review,
};
use tandem_core::ids::{AlertId, TeamId};
use tandem_core::store::{StoreError, StoreResult};

/// An alert that ended before this long has nothing left to say.
const GIVE_UP_AFTER_US: i64 = GIVE_UP_AFTER_SECONDS * 1_000_000;

impl SqliteStore {
    /// Compares the open alerts with what is wrong now (`None`: nothing is watched), opens, updates and
    /// ends them, and gives those of which something may be left to say: all that are open, and those that
    /// ended lately.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a team.
    pub async fn review_alerts(
        &self,
        team: TeamId,
        seen: Option<Vec<Condition>>,
        now: Timestamp,
    ) -> StoreResult<Vec<Alert>> {
        self.step(team, move |tx| {
            let open = open(tx, team)?;
            for change in review(&open, seen.as_deref(), now) {
                match change {
                    Change::Open(condition) => insert(tx, team, condition, now)?,
                    Change::Update(alert) => save(tx, team, &alert)?,
                }
            }
            tx.rows(
                "SELECT id, doc FROM alert WHERE team = ?1 AND (ended_us IS NULL OR ended_us > ?2) \
                 ORDER BY id",
                params![team.0, micros(now).saturating_sub(GIVE_UP_AFTER_US)],
                read,
            )
        })
        .await
    }

    /// Notes how a try to say something of an alert ended: to whom it went, or why not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a team or alert.
    pub async fn note_alert_message(
        &self,
        team: TeamId,
        id: AlertId,
        said: (Channel, Message),
        outcome: Result<String, String>,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.step(team, move |tx| {
            let sql = "SELECT id, doc FROM alert WHERE team = ? AND id = ?";
            let found = tx.row(sql, [team.0, id.0], read)?;
            let mut alert = found.ok_or_else(|| StoreError::NotFound(format!("alert {id}")))?;
            alert.note(said.0, said.1, outcome, now);
            save(tx, team, &alert)
        })
        .await
    }

    /// Alerts that are open, in the order in which they were opened.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a team.
    pub async fn open_alerts(&self, team: TeamId) -> StoreResult<Vec<Alert>> {
        self.look(team, move |tx| open(tx, team)).await
    }

    /// Alerts that are over, newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a cursor that no page gave.
    pub async fn past_alerts(&self, team: TeamId, page: &PageRequest) -> StoreResult<Page<Alert>> {
        let cut = Cut::new(page, row_number)?;
        self.look(team, move |tx| {
            let before = cut.after.unwrap_or(i64::MAX);
            let rows = tx.rows(
                "SELECT id, doc FROM alert WHERE team = ? AND id < ? AND ended_us IS NOT NULL \
                 ORDER BY id DESC LIMIT ?",
                params![team.0, before, cut.fetch()],
                read,
            )?;
            Ok(cut.page(rows, |alert| alert.id.to_string()))
        })
        .await
    }
}

fn open(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<Alert>> {
    let sql = "SELECT id, doc FROM alert WHERE team = ? AND ended_us IS NULL ORDER BY id";
    tx.rows(sql, [team.0], read)
}

fn read(row: &Row<'_>) -> DbResult<Alert> {
    Ok(Alert {
        id: AlertId(get(row, "id")?),
        ..doc(row, "doc")?
    })
}

fn insert(tx: &Tx<'_>, team: TeamId, condition: Condition, now: Timestamp) -> DbResult<()> {
    let alert = Alert::open(AlertId(0), condition, now);
    let sql = "INSERT INTO alert (team, kind, doc) VALUES (?, ?, ?)";
    tx.insert(sql, params![team.0, alert.kind.as_str(), json(&alert)?])?;
    Ok(())
}

fn save(tx: &Tx<'_>, team: TeamId, alert: &Alert) -> DbResult<()> {
    let ended = alert.ended.map(|(at, _)| micros(at));
    tx.execute(
        "UPDATE alert SET ended_us = ?, doc = ? WHERE team = ? AND id = ?",
        params![ended, json(alert)?, team.0, alert.id.0],
    )?;
    Ok(())
}
