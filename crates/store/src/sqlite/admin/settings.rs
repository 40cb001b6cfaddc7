//! Small documents of the server: a team's settings by name, and facts about the installation.

use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, json};
use rusqlite::params;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tandem_core::ids::TeamId;
use tandem_core::store::{StoreError, StoreResult};

impl SqliteStore {
    /// Keeps a document of a team under a name.
    ///
    /// # Errors
    /// [`StoreError::Other`] for a value that is not representable as JSON.
    pub async fn put_setting<T: Serialize + Sync + ?Sized>(
        &self,
        team: TeamId,
        name: &str,
        value: &T,
    ) -> StoreResult<()> {
        let name = name.to_owned();
        let value = json(value).map_err(|e| StoreError::Other(e.to_string()))?;
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO setting (team, name, doc) VALUES (?, ?, ?) \
                 ON CONFLICT DO UPDATE SET doc = excluded.doc",
                params![team.0, name, value],
            )?;
            Ok(())
        })
        .await
    }

    /// A document of a team, if one was kept under that name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not a `T`.
    pub async fn setting<T: DeserializeOwned + Send + 'static>(
        &self,
        team: TeamId,
        name: &str,
    ) -> StoreResult<Option<T>> {
        let name = name.to_owned();
        self.read(move |tx| {
            tx.row(
                "SELECT doc FROM setting WHERE team = ? AND name = ?",
                params![team.0, name],
                |row| doc(row, "doc"),
            )
        })
        .await
    }

    /// Keeps a fact about this installation, such as the check value of its key.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn put_meta(&self, name: &str, value: &str) -> StoreResult<()> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO meta (name, value) VALUES (?, ?) \
                 ON CONFLICT DO UPDATE SET value = excluded.value",
                params![name, value],
            )?;
            Ok(())
        })
        .await
    }

    /// A fact about this installation.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn meta(&self, name: &str) -> StoreResult<Option<String>> {
        let name = name.to_owned();
        self.read(move |tx| {
            tx.row("SELECT value FROM meta WHERE name = ?", [name], |row| {
                Ok(row.get(0)?)
            })
        })
        .await
    }
}
