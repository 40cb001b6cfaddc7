//! Teams.

use crate::admin::Team;
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{get, json, micros, time};
use crate::sqlite::error::DbResult;
use rusqlite::{Row, params};
use tandem_core::Timestamp;
use tandem_core::ids::TeamId;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::StoreResult;

const COLUMNS: &str = "SELECT id, name, created_us FROM team";

impl SqliteStore {
    /// Makes a team. `rules` are its first rules; only their key prefix must be chosen by the caller.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn create_team(
        &self,
        name: &str,
        rules: TeamRules,
        now: Timestamp,
    ) -> StoreResult<Team> {
        let name = name.to_owned();
        self.write(move |tx| {
            let id = tx.insert(
                "INSERT INTO team (name, created_us, rules, connection) VALUES (?, ?, ?, ?)",
                params![
                    name,
                    micros(now),
                    json(&rules)?,
                    json(&ConnectionState::None)?
                ],
            )?;
            Ok(Team {
                id: TeamId(id),
                name,
                created_at: now,
            })
        })
        .await
    }

    /// One team.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn team(&self, team: TeamId) -> StoreResult<Option<Team>> {
        self.read(move |tx| tx.row(&format!("{COLUMNS} WHERE id = ?"), [team.0], read))
            .await
    }

    /// All teams, oldest first.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn teams(&self) -> StoreResult<Vec<Team>> {
        self.read(|tx| tx.rows(&format!("{COLUMNS} ORDER BY id"), [], read))
            .await
    }
}

fn read(row: &Row<'_>) -> DbResult<Team> {
    Ok(Team {
        id: TeamId(get(row, "id")?),
        name: get(row, "name")?,
        created_at: time(row, "created_us")?,
    })
}
