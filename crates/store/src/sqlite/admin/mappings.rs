//! Schema snapshots, published mappings and the CRM's users.

use crate::admin::{PublishedMapping, SchemaSnapshot};
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{doc, get, json, micros, time};
use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use rusqlite::{Row, params};
use tandem_core::Timestamp;
use tandem_core::connector::CrmUser;
use tandem_core::ids::{CrmId, CrmObject, TeamId, UserId};
use tandem_core::mapping::ObjectMapping;
use tandem_core::schema::ObjectSchema;
use tandem_core::store::StoreResult;

impl SqliteStore {
    /// Keeps what the connected user sees of these objects; each replaces the one before.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn save_schemas(
        &self,
        team: TeamId,
        schemas: Vec<ObjectSchema>,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.write(move |tx| {
            for schema in &schemas {
                tx.execute(
                    "INSERT INTO object_schema (team, object, read_us, doc) VALUES (?, ?, ?, ?) \
                     ON CONFLICT DO UPDATE SET read_us = excluded.read_us, doc = excluded.doc",
                    params![team.0, schema.name.as_str(), micros(now), json(schema)?],
                )?;
            }
            Ok(())
        })
        .await
    }

    /// All snapshots of a team, by object.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn schemas(&self, team: TeamId) -> StoreResult<Vec<SchemaSnapshot>> {
        self.read(move |tx| {
            tx.rows(
                "SELECT read_us, doc FROM object_schema WHERE team = ? ORDER BY object",
                [team.0],
                |row| {
                    Ok(SchemaSnapshot {
                        schema: doc(row, "doc")?,
                        read_at: time(row, "read_us")?,
                    })
                },
            )
        })
        .await
    }

    /// Publishes a mapping that was edited from version [`ObjectMapping::version`] (0: from nothing)
    /// as the next version, and returns that. `None` when somebody else published in between: nothing
    /// is changed then. The rules in force are another matter: see
    /// [`tandem_core::store::SyncStore::put_rules`].
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn publish_mapping(
        &self,
        team: TeamId,
        mapping: ObjectMapping,
        by: Option<UserId>,
        now: Timestamp,
    ) -> StoreResult<Option<PublishedMapping>> {
        self.write(move |tx| publish(tx, team, mapping, by, now))
            .await
    }

    /// The newest version of every mapping of a team, by object.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn mappings(&self, team: TeamId) -> StoreResult<Vec<PublishedMapping>> {
        self.read(move |tx| {
            tx.rows(
                "SELECT published_us, published_by, doc, max(version) FROM mapping \
                 WHERE team = ? GROUP BY object ORDER BY object",
                [team.0],
                read,
            )
        })
        .await
    }

    /// Every version of a mapping, newest first.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn mapping_history(
        &self,
        team: TeamId,
        object: &CrmObject,
    ) -> StoreResult<Vec<PublishedMapping>> {
        let object = object.clone();
        self.read(move |tx| {
            tx.rows(
                "SELECT published_us, published_by, doc FROM mapping \
                 WHERE team = ? AND object = ? ORDER BY version DESC",
                params![team.0, object.as_str()],
                read,
            )
        })
        .await
    }

    /// Replaces the list of the CRM's users.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn replace_crm_users(&self, team: TeamId, users: Vec<CrmUser>) -> StoreResult<()> {
        self.write(move |tx| {
            tx.execute("DELETE FROM crm_user WHERE team = ?", [team.0])?;
            for user in &users {
                tx.execute(
                    "INSERT OR REPLACE INTO crm_user (team, id, name, email, active) \
                     VALUES (?, ?, ?, ?, ?)",
                    params![team.0, user.id.as_str(), user.name, user.email, user.active],
                )?;
            }
            Ok(())
        })
        .await
    }

    /// The CRM's users as last read, by name.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn crm_users(&self, team: TeamId) -> StoreResult<Vec<CrmUser>> {
        self.read(move |tx| {
            tx.rows(
                "SELECT id, name, email, active FROM crm_user WHERE team = ? ORDER BY name, id",
                [team.0],
                |row| {
                    Ok(CrmUser {
                        id: CrmId(get(row, "id")?),
                        name: get(row, "name")?,
                        email: get(row, "email")?,
                        active: get(row, "active")?,
                    })
                },
            )
        })
        .await
    }
}

fn publish(
    tx: &Tx<'_>,
    team: TeamId,
    mut mapping: ObjectMapping,
    by: Option<UserId>,
    now: Timestamp,
) -> DbResult<Option<PublishedMapping>> {
    let current: u32 = tx.value(
        "SELECT coalesce(max(version), 0) FROM mapping WHERE team = ? AND object = ?",
        params![team.0, mapping.object.as_str()],
    )?;
    if current != mapping.version {
        return Ok(None);
    }
    mapping.version = current + 1;
    tx.execute(
        "INSERT INTO mapping (team, object, version, published_us, published_by, doc) \
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            team.0,
            mapping.object.as_str(),
            mapping.version,
            micros(now),
            by.map(|user| user.0),
            json(&mapping)?
        ],
    )?;
    Ok(Some(PublishedMapping {
        mapping,
        published_at: now,
        published_by: by,
    }))
}

fn read(row: &Row<'_>) -> DbResult<PublishedMapping> {
    Ok(PublishedMapping {
        mapping: doc(row, "doc")?,
        published_at: time(row, "published_us")?,
        published_by: get::<Option<i64>>(row, "published_by")?.map(UserId),
    })
}
