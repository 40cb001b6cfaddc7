//! Where the tokens of one connection are kept.
//!
//! A refresh may bring a new refresh token and end the old one. So a new [`Grant`] is saved before
//! its first use, and a save names the version that it replaces: of two processes that renew at the
//! same time, one is told that it was outrun and goes on with the other's grant.

use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::{Mutex, PoisonError};

/// The tokens of one connection. `Debug` shows none of them.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Goes with every request; ends without notice.
    pub access_token: SecretString,
    /// Gets new access tokens until somebody revokes it.
    pub refresh_token: SecretString,
    /// Where data requests go, without a slash at the end; may change with a refresh.
    pub instance_url: String,
    /// Grows with every save.
    pub version: i64,
}

/// How a save ended.
#[derive(Clone, Debug)]
pub enum Saved {
    /// The new grant is stored durably.
    Saved,
    /// Somebody saved another grant before: this one, which stays.
    Outrun(Grant),
}

/// The grant can't be read or stored, in words for the log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the stored access grant can't be used: {0}")]
pub struct VaultError(pub String);

/// Keeps the grant of one connection.
#[async_trait]
pub trait GrantVault: Send + Sync {
    /// The grant as stored now.
    ///
    /// # Errors
    /// There is none, or the store can't be read.
    async fn load(&self) -> Result<Grant, VaultError>;

    /// Stores `grant` if the stored version is still `expected_version`; durable when it returns.
    ///
    /// # Errors
    /// The store can't be written; nothing changed.
    async fn save(&self, expected_version: i64, grant: Grant) -> Result<Saved, VaultError>;
}

/// A vault in memory, for tests and the simulation.
#[derive(Debug)]
pub struct MemoryVault {
    grant: Mutex<Grant>,
}

impl MemoryVault {
    /// A vault that holds this grant.
    pub fn new(grant: Grant) -> Self {
        Self {
            grant: Mutex::new(grant),
        }
    }
}

#[async_trait]
impl GrantVault for MemoryVault {
    async fn load(&self) -> Result<Grant, VaultError> {
        Ok(self
            .grant
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    async fn save(&self, expected_version: i64, grant: Grant) -> Result<Saved, VaultError> {
        let mut stored = self.grant.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.version != expected_version {
            return Ok(Saved::Outrun(stored.clone()));
        }
        *stored = grant;
        Ok(Saved::Saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn grant(version: i64, access: &str) -> Grant {
        Grant {
            access_token: access.into(),
            refresh_token: "hush-refresh".into(),
            instance_url: "https://acme.example".into(),
            version,
        }
    }

    #[tokio::test]
    async fn the_first_save_wins() {
        let vault = MemoryVault::new(grant(1, "old"));
        let first = vault.save(1, grant(2, "first")).await.expect("saved");
        assert!(matches!(first, Saved::Saved));
        let second = vault.save(1, grant(2, "second")).await.expect("answered");
        let Saved::Outrun(kept) = second else {
            panic!("{second:?}");
        };
        assert_eq!(kept.access_token.expose_secret(), "first");
    }

    #[test]
    fn debug_shows_no_token() {
        let text = format!("{:?}", grant(1, "hush-access"));
        assert!(!text.contains("hush"), "{text}");
    }
}
