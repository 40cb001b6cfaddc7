//! People who sign in.

use crate::admin::{Credentials, NewUser, Role, User, UserPatch};
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{get, micros, named, time};
use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use rusqlite::{Row, params};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, TeamId, UserId};
use tandem_core::store::{StoreError, StoreResult};

pub(super) const COLUMNS: &str = "member.id, member.team, member.email, member.name, member.role, \
     member.active, member.crm_user, member.created_us, member.password_hash";

impl SqliteStore {
    /// Adds a person; `None` when the e-mail address is taken.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a team.
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> StoreResult<Option<User>> {
        self.write(move |tx| insert(tx, &new, now)).await
    }

    /// One person.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn user(&self, user: UserId) -> StoreResult<Option<User>> {
        self.read(move |tx| {
            let sql = format!("SELECT {COLUMNS} FROM member WHERE id = ?");
            tx.row(&sql, [user.0], read)
        })
        .await
    }

    /// The person who signs in with an e-mail address, in any case.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn credentials(&self, email: &str) -> StoreResult<Option<Credentials>> {
        let email = email.trim().to_lowercase();
        self.read(move |tx| {
            let sql = format!("SELECT {COLUMNS} FROM member WHERE email = ?");
            tx.row(&sql, [email], |row| {
                Ok(Credentials {
                    user: read(row)?,
                    password_hash: get(row, "password_hash")?,
                })
            })
        })
        .await
    }

    /// Everybody of a team, in the order they were added.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn users(&self, team: TeamId) -> StoreResult<Vec<User>> {
        self.read(move |tx| {
            let sql = format!("SELECT {COLUMNS} FROM member WHERE team = ? ORDER BY id");
            tx.rows(&sql, [team.0], read)
        })
        .await
    }

    /// Changes a person of a team.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a person.
    pub async fn update_user(
        &self,
        team: TeamId,
        user: UserId,
        patch: UserPatch,
    ) -> StoreResult<()> {
        self.write(move |tx| update(tx, team, user, &patch)).await
    }
}

fn insert(tx: &Tx<'_>, new: &NewUser, now: Timestamp) -> DbResult<Option<User>> {
    let known: bool = tx.value(
        "SELECT EXISTS (SELECT 1 FROM team WHERE id = ?)",
        [new.team.0],
    )?;
    if !known {
        return Err(StoreError::NotFound(format!("team {}", new.team)).into());
    }
    let sql = format!(
        "INSERT INTO member (team, email, name, role, active, password_hash, created_us) \
         VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (email) DO NOTHING RETURNING {}",
        COLUMNS.replace("member.", "")
    );
    let params = params![
        new.team.0,
        new.email.trim().to_lowercase(),
        new.name,
        new.role.as_str(),
        new.password_hash,
        micros(now)
    ];
    tx.row(&sql, params, read)
}

fn update(tx: &Tx<'_>, team: TeamId, user: UserId, patch: &UserPatch) -> DbResult<()> {
    let crm_user = patch.crm_user.as_ref();
    let changed = tx.execute(
        "UPDATE member SET name = coalesce(?, name), role = coalesce(?, role), \
         active = coalesce(?, active), password_hash = coalesce(?, password_hash), \
         crm_user = iif(?, ?, crm_user) WHERE team = ? AND id = ?",
        params![
            patch.name,
            patch.role.map(Role::as_str),
            patch.active,
            patch.password_hash,
            crm_user.is_some(),
            crm_user.and_then(|id| id.as_ref().map(CrmId::as_str)),
            team.0,
            user.0
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound(format!("user {user}")).into());
    }
    if patch.active == Some(false) || patch.password_hash.is_some() {
        tx.execute("DELETE FROM session WHERE member = ?", [user.0])?;
    }
    Ok(())
}

pub(super) fn read(row: &Row<'_>) -> DbResult<User> {
    Ok(User {
        id: UserId(get(row, "id")?),
        team: TeamId(get(row, "team")?),
        email: get(row, "email")?,
        name: get(row, "name")?,
        role: named(row, "role", Role::parse)?,
        active: get(row, "active")?,
        crm_user: get::<Option<String>>(row, "crm_user")?.map(CrmId),
        created_at: time(row, "created_us")?,
    })
}
