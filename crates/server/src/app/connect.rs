//! Connecting the team to its CRM by OAuth, and disconnecting.
//!
//! The flow is the web server flow with PKCE. Its state is random, good for ten minutes and one use,
//! and bound to the session that began it, so that nobody can finish another person's flow.

mod adopt;
mod flows;

pub(super) use flows::Flows;

use super::connectors::ConnectorRole;
use super::{Actor, App, AppError, AppResult, secret};
use flows::Flow;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tandem_connectors::oauth::{self, OAuthApp, Pkce};
use tandem_core::connector::Failure;
use tandem_core::ids::{ConnectionId, CrmObject, TeamId};
use tandem_core::mapping::MappingProblem;
use tandem_core::settings::ConnectionState;
use tandem_core::store::SyncStore as _;
use utoipa::ToSchema;

/// What the CRM sent the browser back with.
#[derive(Debug)]
pub struct Callback {
    /// Set if the person agreed.
    pub code: Option<SecretString>,
    /// The state given to [`App::start_connect`]'s address.
    pub state: String,
    /// Set if they did not, or if the CRM refused.
    pub error: Option<String>,
    /// The CRM's words about it.
    pub error_description: Option<String>,
}

/// What connecting found.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct ConnectReport {
    /// The org's name.
    pub org_name: String,
    /// The connected CRM user's sign-in name.
    pub username: String,
    /// What the connection does now: a further one stands by where nobody does.
    pub role: ConnectorRole,
    /// The first connection of this team: its mappings were just made.
    pub first: bool,
    /// Fields mapped automatically, inbound only.
    pub fields_mapped: usize,
    /// CRM users read.
    pub users: usize,
    /// Users of the team found in the CRM by their address.
    pub users_mapped: usize,
    /// Mapped fields that the connected user can't use, by object.
    #[schema(value_type = Vec<Object>)]
    pub problems: Vec<(CrmObject, MappingProblem)>,
}

impl App {
    /// Begins a connection: the address of the CRM's consent page to send the browser to.
    ///
    /// # Errors
    /// `Forbidden` for members; `Conflict` if no connected app is configured.
    pub async fn start_connect(&self, actor: &Actor) -> AppResult<String> {
        actor.must_be_admin()?;
        let app = self.oauth_app()?;
        let pkce = Pkce::from_random(secret::random_bytes()?);
        let state = oauth::state_from_random(secret::random_bytes()?);
        let callback = self.config().oauth_callback_url();
        let url = oauth::authorize_url(&app, &callback, &state, &pkce);
        let flow = Flow {
            session: actor.session,
            verifier: pkce.verifier,
            begun_at: self.now(),
        };
        self.0.flows.begin(state, flow);
        Ok(url.into())
    }

    /// Ends it: stores the grant, learns who and where we are, reads what the user sees; on the first
    /// connection also maps the standard fields, inbound only. While another user's connection works, the new
    /// one stands by, or is a spare where somebody does already.
    ///
    /// # Errors
    /// `Conflict` if the person declined, the state is not ours, or the org is not this team's;
    /// `Unavailable` if the CRM does not answer.
    pub async fn finish_connect(
        &self,
        actor: &Actor,
        callback: Callback,
    ) -> AppResult<ConnectReport> {
        actor.must_be_admin()?;
        let flow = self
            .0
            .flows
            .take(&callback.state, actor.session, self.now());
        let flow = flow.ok_or_else(|| {
            let text = "this answer of the CRM does not belong to a connection begun here in the \
                        last ten minutes; press Connect again";
            AppError::Conflict(text.into())
        })?;
        let code = agreed(&callback)?;
        let app = self.oauth_app()?;
        let callback_url = self.config().oauth_callback_url();
        let transport = self.transport().as_ref();
        let code = code.expose_secret();
        let tokens = oauth::exchange_code(transport, &app, &callback_url, code, &flow.verifier)
            .await
            .map_err(|failure| refused(failure, &callback_url))?;
        self.adopt(actor, &app, tokens).await
    }

    /// Revokes the grant at the CRM and forgets it. Sync stops; links, mappings and queue stay.
    ///
    /// # Errors
    /// `Forbidden`; `Conflict` if nobody is connected.
    pub async fn disconnect(&self, actor: &Actor) -> AppResult<()> {
        actor.must_be_admin()?;
        let nobody = || AppError::Conflict("nobody is connected to the CRM".into());
        let connection = self.main_connection(actor.team).await?.ok_or_else(nobody)?;
        self.revoke(actor.team, connection.id).await?;
        self.change_settings(actor.team, |settings| settings.enabled = false)
            .await?;
        self.store().delete_grant(actor.team, connection.id).await?;
        let state = ConnectionState::None;
        self.store()
            .set_connection_state(actor.team, state, None)
            .await?;
        self.drop_connector(actor.team);
        let subject = &connection.details.identity.username;
        self.act(
            actor,
            "crm.disconnected",
            subject,
            "Disconnected from the CRM".into(),
        )
        .await
    }
}

impl App {
    /// Gives a connection's grant back. One that can't be read or revoked is to be forgotten all the same.
    pub(super) async fn revoke(&self, team: TeamId, connection: ConnectionId) -> AppResult<()> {
        let app = self.oauth_app()?;
        if let Ok(grant) = self.vault(team, connection).load().await {
            let transport = self.transport().as_ref();
            let revoked = oauth::revoke(transport, &app, &grant.refresh_token).await;
            if let Err(failure) = revoked {
                tracing::warn!(%failure, "the CRM did not confirm that the grant is revoked");
            }
        }
        Ok(())
    }

    /// The connected app that the operator configured.
    pub(super) fn oauth_app(&self) -> AppResult<OAuthApp> {
        let settings = &self.config().salesforce;
        if settings.client_id.is_empty() {
            let text = "no connected app is configured: set salesforce.client_id and \
                        salesforce.client_secret in tandem.toml, then restart Tandem";
            return Err(AppError::Conflict(text.into()));
        }
        let secret = settings.client_secret.clone();
        let secret = Some(secret).filter(|secret| !secret.expose_secret().is_empty());
        OAuthApp::new(&settings.login_url, &settings.client_id, secret)
            .map_err(|error| AppError::Conflict(format!("salesforce.login_url: {error}")))
    }
}

/// The code, if the person agreed.
fn agreed(callback: &Callback) -> AppResult<&SecretString> {
    match (&callback.code, callback.error.as_deref()) {
        (Some(code), None) => Ok(code),
        (_, Some("access_denied")) => Err(AppError::Conflict(
            "the connection was declined in the CRM; press Connect again and choose Allow".into(),
        )),
        (_, error) => {
            let error = error.unwrap_or("no code");
            let words = callback.error_description.as_deref().unwrap_or_default();
            let failure = oauth::oauth_failure(error, words);
            Err(AppError::Conflict(format!(
                "the CRM refused the connection: {} ({error})",
                failure.message
            )))
        }
    }
}

/// What a refusal of the code means: the person has just agreed, so it is about the connected app.
fn refused(failure: Failure, callback_url: &str) -> AppError {
    let what_to_do = match failure.code.as_str() {
        "invalid_client" | "invalid_client_id" => {
            "check salesforce.client_id and salesforce.client_secret against the connected app"
        }
        "redirect_uri_mismatch" => "add the callback address to the connected app",
        "invalid_grant" => "press Connect again; the CRM's code is good only once and for minutes",
        _ => return failure.into(),
    };
    AppError::Conflict(format!(
        "the CRM refused the connected app: {} ({}); {what_to_do}. The callback address is {callback_url}",
        failure.message, failure.code
    ))
}
