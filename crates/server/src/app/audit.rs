//! What people did to the sync: one entry for each act, never changed.

use super::{Actor, App, AppResult};
use serde::Serialize;
use tandem_core::Timestamp;
use tandem_core::ids::UserId;
use tandem_store::views::{Page, PageRequest};
use utoipa::ToSchema;

/// One act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct AuditRow {
    /// Its number.
    pub id: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who; `None` for Tandem itself.
    #[schema(value_type = Option<i64>)]
    pub user: Option<UserId>,
    /// Their name.
    pub name: String,
    /// What was done: a stable name, such as `sync.enabled`.
    pub action: String,
    /// The details, without anything secret.
    pub detail: String,
}

impl App {
    /// A page of acts, newest first; administrators only.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with `cursor`.
    pub async fn audit(&self, _actor: &Actor, _page: &PageRequest) -> AppResult<Page<AuditRow>> {
        Err(self.not_ready())
    }
}
