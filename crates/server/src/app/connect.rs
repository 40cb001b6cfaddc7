//! Connecting the team to its CRM by OAuth, and disconnecting.
//!
//! The flow is the web server flow with PKCE. Its state is random, good for ten minutes and one use,
//! and bound to the session that began it, so that nobody can finish another person's flow.

use super::{Actor, App, AppResult};
use secrecy::SecretString;
use serde::Serialize;
use tandem_core::ids::CrmObject;
use tandem_core::mapping::MappingProblem;
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
    pub async fn start_connect(&self, _actor: &Actor) -> AppResult<String> {
        Err(self.not_ready())
    }

    /// Ends it: stores the grant, learns who and where we are, reads what the user sees; on the first
    /// connection also maps the standard fields, inbound only.
    ///
    /// # Errors
    /// `Conflict` if the person declined, the state is not ours, or the org is not this team's;
    /// `Unavailable` if the CRM does not answer.
    pub async fn finish_connect(
        &self,
        _actor: &Actor,
        _callback: Callback,
    ) -> AppResult<ConnectReport> {
        Err(self.not_ready())
    }

    /// Revokes the grant at the CRM and forgets it. Sync stops; links, mappings and queue stay.
    ///
    /// # Errors
    /// `Forbidden`; `Conflict` if nobody is connected.
    pub async fn disconnect(&self, _actor: &Actor) -> AppResult<()> {
        Err(self.not_ready())
    }
}
