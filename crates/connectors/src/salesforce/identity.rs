//! Who we are, in which org, and who else is there.

use super::Salesforce;
use super::client::Spend;
use super::convert::{id, text};
use super::errors::{Effect, garbled};
use super::soql::{PAGE_ROWS_MAX, query};
use super::wire::{CompositeAnswer, Part, Row};
use serde::Deserialize;
use std::sync::PoisonError;
use tandem_core::connector::{CrmUser, Failure, OrgIdentity};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;

/// Most pages of users read, a call each: fifty thousand of them is not a sales team.
pub(super) const USER_PAGES_MAX: u32 = 25;

/// The parts of userinfo that we use.
#[derive(Deserialize)]
struct UserInfo {
    user_id: String,
    organization_id: String,
    preferred_username: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
}

impl Salesforce {
    /// Userinfo (not metered) and the one row of Organization (one call).
    pub(super) async fn org_identity(&self, spend: &mut Spend) -> Result<OrgIdentity, Failure> {
        let user = self.user_info(spend).await?;
        let user_id = self.remember(&user)?;
        let soql = "SELECT Id, Name, OrganizationType, IsSandbox FROM Organization LIMIT 1";
        let answer = self
            .client
            .composite(vec![Part::get("org", query(soql)?)], Effect::Read, spend)
            .await?;
        let parts = CompositeAnswer::parse(&answer.body)?;
        let rows = parts.query("org", Effect::Read)?;
        let row = rows
            .records
            .first()
            .ok_or_else(|| garbled("the org has no Organization row"))?;
        let org_id = id(row, "Id").ok_or_else(|| garbled("the Organization row has no id"))?;
        if super::canonical_id(&user.organization_id).as_ref() != Some(&org_id) {
            return Err(garbled("the user and the data belong to different orgs"));
        }
        Ok(OrgIdentity {
            org_id: org_id.0,
            org_name: text(row, "Name").unwrap_or_default(),
            edition: text(row, "OrganizationType").unwrap_or_default(),
            sandbox: row.get("IsSandbox").is_some_and(|raw| raw.get() == "true"),
            user_id,
            username: user.preferred_username,
            email: user.email,
            name: user.name,
        })
    }

    /// The connected user; asked once, not metered.
    pub(super) async fn connected_user(&self, spend: &mut Spend) -> Result<CrmId, Failure> {
        let known = self
            .user
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match known {
            Some(user) => Ok(user),
            None => self.remember(&self.user_info(spend).await?),
        }
    }

    fn remember(&self, user: &UserInfo) -> Result<CrmId, Failure> {
        let id = super::canonical_id(&user.user_id);
        let id = id.ok_or_else(|| garbled("userinfo has no user id"))?;
        *self.user.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        Ok(id)
    }

    async fn user_info(&self, spend: &mut Spend) -> Result<UserInfo, Failure> {
        let answer = self.client.userinfo(spend).await?;
        serde_json::from_slice(&answer.body).map_err(|_| garbled("the answer is no userinfo"))
    }

    /// Every user by id, 2,000 a call.
    pub(super) async fn all_users(&self, spend: &mut Spend) -> Result<Vec<CrmUser>, Failure> {
        let mut users: Vec<CrmUser> = Vec::new();
        for _ in 0..USER_PAGES_MAX {
            let after = users
                .last()
                .map(|user| format!(" WHERE Id > '{}'", user.id));
            let soql = format!(
                "SELECT Id, Name, Email, IsActive FROM User{} ORDER BY Id LIMIT {PAGE_ROWS_MAX}",
                after.unwrap_or_default()
            );
            let parts = vec![Part::get("users", query(&soql)?)];
            let answer = self.client.composite(parts, Effect::Read, spend).await?;
            let parts = CompositeAnswer::parse(&answer.body)?;
            let page = parts.query("users", Effect::Read)?;
            for row in &page.records {
                users.push(user(row).ok_or_else(|| garbled("a user has no id"))?);
            }
            if page.records.is_empty() || (page.done && page.records.len() < PAGE_ROWS_MAX) {
                return Ok(users);
            }
        }
        let message = format!(
            "the org has more than {} users",
            USER_PAGES_MAX as usize * PAGE_ROWS_MAX
        );
        Err(Failure::new(ErrorClass::Refused, message))
    }
}

fn user(row: &Row<'_>) -> Option<CrmUser> {
    Some(CrmUser {
        id: id(row, "Id")?,
        name: text(row, "Name").unwrap_or_default(),
        email: text(row, "Email").unwrap_or_default(),
        active: row.get("IsActive").is_some_and(|raw| raw.get() == "true"),
    })
}
