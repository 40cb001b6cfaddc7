//! Signed-in browsers.

use super::users;
use crate::admin::{Session, TokenHash};
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{micros, time};
use rusqlite::params;
use tandem_core::Timestamp;
use tandem_core::ids::UserId;
use tandem_core::store::StoreResult;

impl SqliteStore {
    /// Signs a person in.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn create_session(
        &self,
        token: TokenHash,
        user: UserId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO session (token_hash, member, created_us, expires_us) VALUES (?, ?, ?, ?)",
                params![token, user.0, micros(now), micros(expires_at)],
            )?;
            Ok(())
        })
        .await
    }

    /// The session of a token: not expired, of a person who may sign in.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn session(&self, token: TokenHash, now: Timestamp) -> StoreResult<Option<Session>> {
        self.read(move |tx| {
            let sql = format!(
                "SELECT {}, session.created_us AS since_us, session.expires_us \
                 FROM session JOIN member ON member.id = session.member \
                 WHERE token_hash = ? AND session.expires_us > ? AND member.active",
                users::COLUMNS
            );
            tx.row(&sql, params![token, micros(now)], |row| {
                Ok(Session {
                    user: users::read(row)?,
                    created_at: time(row, "since_us")?,
                    expires_at: time(row, "expires_us")?,
                })
            })
        })
        .await
    }

    /// Signs a browser out; a token that is not known is no error.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn delete_session(&self, token: TokenHash) -> StoreResult<()> {
        self.write(move |tx| {
            tx.execute("DELETE FROM session WHERE token_hash = ?", params![token])?;
            Ok(())
        })
        .await
    }

    /// Removes sessions that ended; says how many.
    ///
    /// # Errors
    /// As every method: what the database says.
    pub async fn purge_sessions(&self, now: Timestamp) -> StoreResult<usize> {
        self.write(move |tx| tx.execute("DELETE FROM session WHERE expires_us <= ?", [micros(now)]))
            .await
    }
}
