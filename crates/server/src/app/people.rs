//! User Management: the team's users and who they are in the CRM.

use super::session::Role;
use super::{Actor, App, AppError, AppResult};
use tandem_core::connector::CrmUser;
use tandem_core::ids::{CrmId, UserId};
use tandem_store::admin::UserPatch;

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
    #[schema(value_type = String)]
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
    /// The team's users, by address.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn users(&self, actor: &Actor) -> AppResult<Vec<UserView>> {
        let main = self
            .main_connection(actor.team)
            .await?
            .and_then(|main| main.user);
        let users = self.store().users(actor.team).await?;
        let mut views: Vec<_> = users
            .into_iter()
            .map(|user| UserView {
                main_connector: main == Some(user.id),
                id: user.id,
                name: user.name,
                email: user.email,
                role: user.role,
                active: user.active,
                crm_user: user.crm_user,
            })
            .collect();
        views.sort_by(|a, b| a.email.cmp(&b.email));
        Ok(views)
    }

    /// The CRM's users as last read.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn crm_users(&self, actor: &Actor) -> AppResult<Vec<CrmUser>> {
        Ok(self.store().crm_users(actor.team).await?)
    }

    /// Corrects who a user is in the CRM; `None` forgets it.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` with `crm_user` if the CRM has no such user.
    pub async fn set_crm_user(
        &self,
        actor: &Actor,
        user: UserId,
        crm_user: Option<CrmId>,
    ) -> AppResult<()> {
        actor.must_be_admin()?;
        if let Some(id) = &crm_user {
            let known = self.store().crm_users(actor.team).await?;
            if !known.iter().any(|known| known.id == *id) {
                let message = "the CRM has no user of this id; connect again to read its users";
                return Err(AppError::invalid("crm_user", message));
            }
        }
        let summary = match &crm_user {
            Some(id) => format!("Mapped user {user} to the CRM user {id}"),
            None => format!("Removed the CRM user of user {user}"),
        };
        let patch = UserPatch {
            crm_user: Some(crm_user),
            ..UserPatch::default()
        };
        self.store().update_user(actor.team, user, patch).await?;
        self.act(actor, "user.mapped", &user.to_string(), summary)
            .await
    }
}
