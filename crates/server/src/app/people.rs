//! User Management: the team's users and who they are in the CRM.

use super::session::Role;
use super::{Actor, App, AppResult};
use tandem_core::connector::CrmUser;
use tandem_core::ids::{CrmId, UserId};

/// One user of the team.
#[derive(Clone, PartialEq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct UserView {
    /// Which user.
    #[schema(value_type = i64)]
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// May sign in.
    pub active: bool,
    /// Who they are in the CRM: mapped by e-mail address, correctable.
    #[schema(value_type = Option<String>)]
    pub crm_user: Option<CrmId>,
    /// Holds the connection that the team's sync uses.
    pub main_connector: bool,
}

impl App {
    /// The team's users, by name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn users(&self, _actor: &Actor) -> AppResult<Vec<UserView>> {
        Err(self.not_ready())
    }

    /// The CRM's users as last read.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn crm_users(&self, _actor: &Actor) -> AppResult<Vec<CrmUser>> {
        Err(self.not_ready())
    }

    /// Corrects who a user is in the CRM; `None` forgets it.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` with `crm_user` if the CRM has no such user.
    pub async fn set_crm_user(
        &self,
        _actor: &Actor,
        _user: UserId,
        _crm_user: Option<CrmId>,
    ) -> AppResult<()> {
        Err(self.not_ready())
    }
}
