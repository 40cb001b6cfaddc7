//! The two switches: whether merges and deletions of the CRM are followed in the workspace.

use super::{Actor, App, AppResult};
use serde::{Deserialize, Serialize};
use tandem_core::settings::{OnDeletion, SyncSettings};
use tandem_core::store::SyncStore as _;
use utoipa::ToSchema;

/// What a recognized deletion does to the workspace record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeletionChoice {
    /// It is put into the archive.
    #[default]
    Archive,
    /// It is unlinked and stays listed.
    Unlink,
}

/// What is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mirroring {
    /// Merges: a record goes over to the survivor, or is merged into the one that has it. Off: it is unlinked.
    pub recognize_merges: bool,
    /// Deletions. Off: the record is unlinked and stays.
    pub recognize_deletions: bool,
    /// What a recognized deletion does.
    #[serde(default)]
    pub on_deletion: DeletionChoice,
}

impl From<&SyncSettings> for Mirroring {
    fn from(settings: &SyncSettings) -> Self {
        Self {
            recognize_merges: settings.recognize_merges,
            recognize_deletions: settings.recognize_deletions,
            on_deletion: match settings.on_deletion {
                OnDeletion::Archive => DeletionChoice::Archive,
                OnDeletion::Unlink => DeletionChoice::Unlink,
            },
        }
    }
}

impl App {
    /// What is followed at present.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mirroring(&self, actor: &Actor) -> AppResult<Mirroring> {
        let rules = self.store().rules(actor.team).await?;
        Ok(Mirroring::from(&rules.settings))
    }

    /// Sets what is followed from now on. Records that were unlinked or archived before stay as they are.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn set_mirroring(&self, actor: &Actor, choice: Mirroring) -> AppResult<()> {
        actor.must_be_admin()?;
        self.change_settings(actor.team, |settings| {
            settings.recognize_merges = choice.recognize_merges;
            settings.recognize_deletions = choice.recognize_deletions;
            settings.on_deletion = match choice.on_deletion {
                DeletionChoice::Archive => OnDeletion::Archive,
                DeletionChoice::Unlink => OnDeletion::Unlink,
            };
        })
        .await?;
        let word = |on| if on { "on" } else { "off" };
        let summary = format!(
            "Recognize CRM merges: {}; recognize CRM deletions: {}{}",
            word(choice.recognize_merges),
            word(choice.recognize_deletions),
            match (choice.recognize_deletions, choice.on_deletion) {
                (true, DeletionChoice::Archive) => ", archive",
                (true, DeletionChoice::Unlink) => ", unlink only",
                (false, _) => "",
            }
        );
        self.act(actor, "sync.mirroring", "sync", summary).await
    }
}
