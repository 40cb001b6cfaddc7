//! Connections and their sealed grants.

use crate::admin::{Connection, ConnectionDetails, Connectors, GrantSwap, SealedGrant};
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, get, json};
use crate::sqlite::error::DbResult;
use crate::sqlite::team;
use crate::sqlite::tx::Tx;
use rusqlite::{Row, params};
use tandem_core::ids::{ConnectionId, TeamId, UserId};
use tandem_core::settings::ConnectionState;
use tandem_core::store::{StoreError, StoreResult};
use tandem_core::sync_log::LogDraft;

/// Under this name a team's choice is kept.
const CONNECTORS: &str = "connectors";
const COLUMNS: &str = "SELECT id, member, doc FROM connection";

impl SqliteStore {
    /// Keeps a new connection, without a grant yet.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn create_connection(
        &self,
        team: TeamId,
        user: Option<UserId>,
        details: ConnectionDetails,
    ) -> StoreResult<ConnectionId> {
        self.write(move |tx| {
            tx.insert(
                "INSERT INTO connection (team, member, doc) VALUES (?, ?, ?)",
                params![team.0, user.map(|user| user.0), json(&details)?],
            )
            .map(ConnectionId)
        })
        .await
    }

    /// Changes what is known of a connection; its grant stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a connection.
    pub async fn save_connection(
        &self,
        team: TeamId,
        id: ConnectionId,
        details: ConnectionDetails,
    ) -> StoreResult<()> {
        self.write(move |tx| {
            let changed = tx.execute(
                "UPDATE connection SET doc = ? WHERE team = ? AND id = ?",
                params![json(&details)?, team.0, id.0],
            )?;
            found(changed, id)
        })
        .await
    }

    /// Removes a connection with its grant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a connection.
    pub async fn delete_connection(&self, team: TeamId, id: ConnectionId) -> StoreResult<()> {
        self.write(move |tx| {
            let sql = "DELETE FROM connection WHERE team = ? AND id = ?";
            found(tx.execute(sql, [team.0, id.0])?, id)
        })
        .await
    }

    /// One connection.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn connection(
        &self,
        team: TeamId,
        id: ConnectionId,
    ) -> StoreResult<Option<Connection>> {
        self.read(move |tx| {
            let sql = format!("{COLUMNS} WHERE team = ? AND id = ?");
            tx.row(&sql, [team.0, id.0], read)
        })
        .await
    }

    /// A team's connections, oldest first.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn connections(&self, team: TeamId) -> StoreResult<Vec<Connection>> {
        self.read(move |tx| {
            let sql = format!("{COLUMNS} WHERE team = ? ORDER BY id");
            tx.rows(&sql, [team.0], read)
        })
        .await
    }

    /// The sealed grant of a connection, if it has one.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn grant(&self, team: TeamId, id: ConnectionId) -> StoreResult<Option<SealedGrant>> {
        self.read(move |tx| load_grant(tx, team, id)).await
    }

    /// Replaces a grant if it still has the `expected` version (0: there is none yet).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a connection.
    pub async fn replace_grant(
        &self,
        team: TeamId,
        id: ConnectionId,
        expected: i64,
        blob: Vec<u8>,
    ) -> StoreResult<GrantSwap> {
        self.write(move |tx| {
            let saved = tx.row(
                "UPDATE connection SET grant_blob = ?, grant_version = grant_version + 1 \
                 WHERE team = ? AND id = ? AND grant_version = ? RETURNING grant_version",
                params![blob, team.0, id.0, expected],
                |row| Ok(row.get(0)?),
            )?;
            match saved {
                Some(version) => Ok(GrantSwap::Saved(version)),
                None => load_grant(tx, team, id).map(GrantSwap::Outrun),
            }
        })
        .await
    }

    /// Which connections the team's sync uses.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn connectors(&self, team: TeamId) -> StoreResult<Connectors> {
        let stored = self.setting(team, CONNECTORS).await?;
        Ok(stored.unwrap_or_default())
    }

    /// Changes which connections the team's sync uses, the state of the main one where one is given, and tells
    /// it: one transaction. With `only_if_lost` nothing happens, and it is `false`, unless the main connection
    /// is lost at this moment.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn put_connectors(
        &self,
        team: TeamId,
        connectors: Connectors,
        state: Option<ConnectionState>,
        entry: LogDraft,
        only_if_lost: bool,
    ) -> StoreResult<bool> {
        self.write(move |tx| {
            let stands = team::connection_state(tx, team)?;
            if only_if_lost && !matches!(stands, ConnectionState::Lost { .. }) {
                return Ok(false);
            }
            tx.execute(
                "INSERT INTO setting (team, name, doc) VALUES (?, ?, ?) \
                 ON CONFLICT DO UPDATE SET doc = excluded.doc",
                params![team.0, CONNECTORS, json(&connectors)?],
            )?;
            let state = state.unwrap_or(stands);
            team::set_connection_state(tx, team, &state, Some(&entry))?;
            Ok(true)
        })
        .await
    }

    /// Forgets a grant; its version stays used up.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a connection.
    pub async fn delete_grant(&self, team: TeamId, id: ConnectionId) -> StoreResult<()> {
        self.write(move |tx| {
            let changed = tx.execute(
                "UPDATE connection SET grant_blob = NULL, grant_version = grant_version + 1 \
                 WHERE team = ? AND id = ?",
                [team.0, id.0],
            )?;
            found(changed, id)
        })
        .await
    }
}

fn load_grant(tx: &Tx<'_>, team: TeamId, id: ConnectionId) -> DbResult<Option<SealedGrant>> {
    let grant = tx.row(
        "SELECT grant_version, grant_blob FROM connection WHERE team = ? AND id = ?",
        [team.0, id.0],
        |row| {
            let version = get(row, "grant_version")?;
            let blob: Option<Vec<u8>> = get(row, "grant_blob")?;
            Ok(blob.map(|blob| SealedGrant { version, blob }))
        },
    )?;
    grant.ok_or_else(|| missing(id).into())
}

fn read(row: &Row<'_>) -> DbResult<Connection> {
    Ok(Connection {
        id: ConnectionId(get(row, "id")?),
        user: get::<Option<i64>>(row, "member")?.map(UserId),
        details: doc(row, "doc")?,
    })
}

fn missing(id: ConnectionId) -> StoreError {
    StoreError::NotFound(format!("connection {id}"))
}

fn found(changed: usize, id: ConnectionId) -> DbResult<()> {
    if changed == 0 {
        return Err(missing(id).into());
    }
    Ok(())
}
