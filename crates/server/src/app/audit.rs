//! What people did to the sync: one entry for each act, never changed.

use super::error::no_page;
use super::{Actor, App, AppResult};
use tandem_core::ids::{TeamId, UserId};
use tandem_store::admin::{AuditEntry, AuditRow};
use tandem_store::views::{Page, PageRequest};

impl App {
    /// A page of acts, newest first; administrators only.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with `cursor`.
    pub async fn audit(&self, actor: &Actor, page: &PageRequest) -> AppResult<Page<AuditRow>> {
        actor.must_be_admin()?;
        let found = self.store().audit(actor.team, page).await;
        found.map_err(|error| no_page(page, error))
    }
}

impl App {
    /// Notes an act: what was done (a stable name), to what, in one sentence.
    pub(super) async fn act(
        &self,
        actor: &Actor,
        action: &str,
        subject: &str,
        summary: String,
    ) -> AppResult<()> {
        self.note(actor.team, actor.user, action, subject, summary)
            .await
    }

    /// Like [`App::act`], before there is an actor.
    pub(super) async fn note(
        &self,
        team: TeamId,
        by: Option<UserId>,
        action: &str,
        subject: &str,
        summary: String,
    ) -> AppResult<()> {
        let entry = AuditEntry {
            at: self.now(),
            by,
            action: action.into(),
            subject: subject.into(),
            summary,
        };
        self.store().append_audit(team, entry).await?;
        Ok(())
    }
}
