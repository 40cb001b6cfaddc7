//! The access token in use, and its renewal: one at a time for each connection.
//!
//! Whoever meets an expired token asks for a renewal and names the grant it used. The first renews;
//! those who waited find a newer grant in the vault and take it. A new grant is in the vault before
//! anybody uses it, and one that could not be saved is kept and saved by the next call: with rotated
//! refresh tokens it is the only one that still works.

use super::errors::nothing_sent;
use crate::http::Transport;
use crate::oauth::{self, OAuthApp};
use crate::vault::{Grant, GrantVault, Saved, VaultError};
use std::sync::{Arc, PoisonError, RwLock};
use tandem_core::connector::Failure;
use tandem_core::error::ErrorClass;
use tokio::sync::Mutex;

pub(super) struct Session {
    app: OAuthApp,
    transport: Arc<dyn Transport>,
    vault: Arc<dyn GrantVault>,
    state: Mutex<State>,
    /// Where the org is, as far as we know, for links.
    instance_url: RwLock<String>,
}

#[derive(Default)]
struct State {
    grant: Option<Grant>,
    /// A grant that is not stored yet, and the version that it replaces.
    unsaved: Option<(i64, Grant)>,
}

impl Session {
    pub(super) fn new(
        app: OAuthApp,
        transport: Arc<dyn Transport>,
        vault: Arc<dyn GrantVault>,
    ) -> Self {
        let instance_url = RwLock::new(app.login_origin());
        Self {
            app,
            transport,
            vault,
            state: Mutex::default(),
            instance_url,
        }
    }

    /// The address of the org, or of the sign-in before the first request.
    pub(super) fn instance_url(&self) -> String {
        self.instance_url
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The grant to use now.
    pub(super) async fn current(&self) -> Result<Grant, Failure> {
        let mut state = self.state.lock().await;
        self.save_unsaved(&mut state).await?;
        match &state.grant {
            Some(grant) => Ok(grant.clone()),
            None => {
                let grant = self.vault.load().await.map_err(unusable)?;
                Ok(self.adopt(&mut state, grant))
            }
        }
    }

    /// A grant that is newer than `stale`, renewed if nobody did so meanwhile.
    pub(super) async fn renew(&self, stale: &Grant) -> Result<Grant, Failure> {
        let mut state = self.state.lock().await;
        self.save_unsaved(&mut state).await?;
        let stored = self.vault.load().await.map_err(unusable)?;
        if stored.version != stale.version {
            // Somebody renewed meanwhile, here or in another process.
            return Ok(self.adopt(&mut state, stored));
        }
        let renewed = oauth::refresh(&*self.transport, &self.app, &stored.refresh_token).await;
        match renewed {
            Ok(tokens) => {
                let replaces = stored.version;
                self.store(&mut state, replaces, renewed_grant(stored, tokens))
                    .await
            }
            Err(failure) => self.not_renewed(&mut state, stale, failure).await,
        }
    }

    /// Another process may have renewed with the refresh token that died under our hands.
    async fn not_renewed(
        &self,
        state: &mut State,
        stale: &Grant,
        failure: Failure,
    ) -> Result<Grant, Failure> {
        if failure.class == ErrorClass::ConnectionRevoked {
            let stored = self.vault.load().await.map_err(unusable)?;
            if stored.version != stale.version {
                return Ok(self.adopt(state, stored));
            }
            // A person may store a new grant at any time: look there first from now on.
            state.grant = None;
        }
        // The data request that needed the renewal was refused, however the renewal ended.
        Err(nothing_sent(failure))
    }

    async fn save_unsaved(&self, state: &mut State) -> Result<(), Failure> {
        if let Some((replaces, grant)) = state.unsaved.clone() {
            self.store(state, replaces, grant).await?;
        }
        Ok(())
    }

    /// Saves a new grant and gives the one to use: this, or what somebody stored before.
    async fn store(
        &self,
        state: &mut State,
        replaces: i64,
        grant: Grant,
    ) -> Result<Grant, Failure> {
        // Until it is stored nothing but this copy holds it.
        state.unsaved = Some((replaces, grant.clone()));
        let saved = self.vault.save(replaces, grant.clone()).await;
        let grant = match saved.map_err(unusable)? {
            Saved::Saved => grant,
            Saved::Outrun(stored) => stored,
        };
        state.unsaved = None;
        Ok(self.adopt(state, grant))
    }

    fn adopt(&self, state: &mut State, grant: Grant) -> Grant {
        let mut known = self
            .instance_url
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.clone_from(&grant.instance_url);
        state.grant = Some(grant.clone());
        grant
    }
}

fn renewed_grant(old: Grant, tokens: oauth::Tokens) -> Grant {
    Grant {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token.unwrap_or(old.refresh_token),
        instance_url: tokens.instance_url,
        version: old.version + 1,
    }
}

fn unusable(error: VaultError) -> Failure {
    Failure::new(ErrorClass::NotSent, error.to_string())
}

#[cfg(test)]
mod tests;
