//! The audit trail: one entry for each act of a person. Entries are never changed.

use crate::admin::{AuditEntry, AuditRow};
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, get, json};
use crate::sqlite::views::page::{Cut, row_number};
use crate::views::{Page, PageRequest};
use rusqlite::params;
use tandem_core::ids::TeamId;
use tandem_core::store::StoreResult;

impl SqliteStore {
    /// Appends an entry; returns its number.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn append_audit(&self, team: TeamId, entry: AuditEntry) -> StoreResult<i64> {
        self.write(move |tx| {
            tx.insert(
                "INSERT INTO audit (team, doc) VALUES (?, ?)",
                params![team.0, json(&entry)?],
            )
        })
        .await
    }

    /// The audit trail of a team, newest first.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] for a cursor that no page gave.
    pub async fn audit(&self, team: TeamId, page: &PageRequest) -> StoreResult<Page<AuditRow>> {
        let cut = Cut::new(page, row_number)?;
        self.read(move |tx| {
            let before = cut.after.unwrap_or(i64::MAX);
            let rows = tx.rows(
                "SELECT id, doc FROM audit WHERE team = ? AND id < ? ORDER BY id DESC LIMIT ?",
                params![team.0, before, cut.fetch()],
                |row| {
                    Ok(AuditRow {
                        id: get(row, "id")?,
                        entry: doc(row, "doc")?,
                    })
                },
            )?;
            Ok(cut.page(rows, |row| row.id.to_string()))
        })
        .await
    }
}
