//! The grant of one connection, sealed in the database. The version numbers are the store's.

use crate::vault::Sealer;
use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tandem_connectors::vault::{Grant, GrantVault, Saved, VaultError};
use tandem_core::ids::{ConnectionId, TeamId};
use tandem_store::admin::{GrantSwap, SealedGrant};
use tandem_store::sqlite::SqliteStore;

/// Keeps one connection's grant.
pub(super) struct StoredVault {
    pub(super) store: Arc<SqliteStore>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) team: TeamId,
    pub(super) connection: ConnectionId,
}

/// What is sealed. Lives only between memory and cipher.
#[derive(Serialize, Deserialize)]
struct Plain {
    access_token: String,
    refresh_token: String,
    instance_url: String,
}

#[async_trait]
impl GrantVault for StoredVault {
    async fn load(&self) -> Result<Grant, VaultError> {
        let sealed = self.store.grant(self.team, self.connection).await;
        let sealed = sealed.map_err(|error| VaultError(error.to_string()))?;
        let sealed = sealed.ok_or_else(|| VaultError("it was removed".into()))?;
        self.open(&sealed)
    }

    async fn save(&self, expected_version: i64, grant: Grant) -> Result<Saved, VaultError> {
        let blob = self.seal(&grant)?;
        let swap = self
            .store
            .replace_grant(self.team, self.connection, expected_version, blob)
            .await
            .map_err(|error| VaultError(error.to_string()))?;
        match swap {
            GrantSwap::Saved(_) => Ok(Saved::Saved),
            GrantSwap::Outrun(Some(other)) => self.open(&other).map(Saved::Outrun),
            GrantSwap::Outrun(None) => Err(VaultError("it was removed".into())),
        }
    }
}

impl StoredVault {
    fn open(&self, sealed: &SealedGrant) -> Result<Grant, VaultError> {
        let failed = |error: &dyn std::fmt::Display| VaultError(error.to_string());
        let plain = self
            .sealer
            .open(self.team, self.connection, &sealed.blob)
            .map_err(|error| failed(&error))?;
        // The parser's own message could quote what it read.
        let plain: Plain = serde_json::from_slice(&plain)
            .map_err(|_| failed(&"it was written by another Tandem"))?;
        Ok(Grant {
            access_token: SecretString::from(plain.access_token),
            refresh_token: SecretString::from(plain.refresh_token),
            instance_url: plain.instance_url,
            version: sealed.version,
        })
    }

    fn seal(&self, grant: &Grant) -> Result<Vec<u8>, VaultError> {
        let plain = Plain {
            access_token: grant.access_token.expose_secret().to_owned(),
            refresh_token: grant.refresh_token.expose_secret().to_owned(),
            instance_url: grant.instance_url.clone(),
        };
        let plain = serde_json::to_vec(&plain).map_err(|error| VaultError(error.to_string()))?;
        self.sealer
            .seal(self.team, self.connection, &plain)
            .map_err(|error| VaultError(error.to_string()))
    }
}
