//! Whether both sides agree: how many fields hold the same, and by name each one that does not.
//!
//! What agreement means is decided in [`tandem_core::agreement`]. The runtime looks every hour; anybody may
//! look now. It costs no API call. A difference without a reason is decided again at once, and told in the
//! log: it is the one thing that this page exists to find.

use super::{Actor, App, AppResult};
use tandem_core::agreement::{Agreement, Standing};
use tandem_core::ids::{LinkId, TeamId};
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{LogDraft, LogSource, LogStatus, LogType};

/// Under this name the store keeps the last [`Agreement`].
const KEPT: &str = "agreement";
/// Links of one look into the database.
const BATCH_LINKS: usize = 1_000;

impl App {
    /// What the last look found, if there was one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn agreement(&self, actor: &Actor) -> AppResult<Option<Agreement>> {
        Ok(self.store().setting(actor.team, KEPT).await?)
    }

    /// Looks now.
    ///
    /// # Errors
    /// `Forbidden`; the database does not answer.
    pub async fn check_agreement(&self, actor: &Actor) -> AppResult<Agreement> {
        actor.must_be_admin()?;
        self.compare_sides(actor.team).await
    }

    /// Has it looked at soon; the result is kept.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn ask_agreement(&self, actor: &Actor) -> AppResult<()> {
        actor.must_be_admin()?;
        self.signals().compare_now(actor.team);
        Ok(())
    }

    /// Goes through every link of a team, keeps what it finds, and has decided again what differs without
    /// a reason.
    pub(crate) async fn compare_sides(&self, team: TeamId) -> AppResult<Agreement> {
        let rules = self.store().rules(team).await?;
        let mut found = Agreement::default();
        let mut after = None;
        loop {
            let batch = self.store().pairings(team, after, BATCH_LINKS).await?;
            let Some(last) = batch.last() else { break };
            after = Some(last.work.link.id);
            for pairing in &batch {
                found.add(&rules, pairing, self.now());
            }
        }
        found.at = Some(self.now());
        self.store().put_setting(team, KEPT, &found).await?;
        self.decide_again(team, &found).await?;
        Ok(found)
    }

    async fn decide_again(&self, team: TeamId, found: &Agreement) -> AppResult<()> {
        let mut links: Vec<LinkId> = found.unexplained().collect();
        links.dedup();
        if links.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let fields = found.count(Standing::Unexplained);
        let summary = format!(
            "{fields} fields of {} records differed and nothing was on its way; they are decided again",
            links.len()
        );
        let mut entry = LogDraft::new(now, LogSource::Tandem, LogType::System, summary);
        entry.status = LogStatus::Failed;
        self.store().retry_links(team, &links, now).await?;
        self.store().append_log(team, entry).await?;
        self.signals().wake(team);
        Ok(())
    }
}
