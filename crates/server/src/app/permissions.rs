//! The check of what the connected user may do in the CRM, before anything depends on it.

use super::{Actor, App, AppResult};
use serde::Serialize;
use tandem_core::Timestamp;
use tandem_core::ids::CrmObject;
use utoipa::ToSchema;

/// What is asked of one object or field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See it.
    Read,
    /// Change it.
    Edit,
    /// Make it.
    Create,
}

/// One right that the sync uses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct PermissionItem {
    /// The object.
    #[schema(value_type = String)]
    pub object: CrmObject,
    /// The field; `None` for the object itself.
    pub field: Option<String>,
    /// What is asked.
    pub right: Right,
    /// Whether the user has it.
    pub granted: bool,
    /// Sync can't be enabled without it.
    pub required: bool,
    /// What fails without it.
    pub consequence: String,
    /// What to grant, where.
    pub fix: String,
}

/// The result of one check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct PermissionReport {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub checked_at: Timestamp,
    /// Whom it is about: the CRM sign-in name.
    pub username: String,
    /// Nothing required is missing.
    pub ok: bool,
    /// Every right, missing ones first.
    pub items: Vec<PermissionItem>,
}

impl App {
    /// Asks the CRM now (one API call) and tells which rights are there. Required: read every object
    /// of a mapping. Fields that can't be used only cost themselves.
    ///
    /// # Errors
    /// `Conflict` if nobody is connected; `Unavailable` if the CRM does not answer.
    pub async fn check_permissions(&self, _actor: &Actor) -> AppResult<PermissionReport> {
        Err(self.not_ready())
    }
}
