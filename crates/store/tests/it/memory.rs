//! The memory store.

use async_trait::async_trait;
use tandem_core::ids::{LogId, TeamId};
use tandem_core::settings::{Guards, TeamRules};
use tandem_core::store::SyncStore;
use tandem_core::sync_log::LogDraft;
use tandem_store::contract::{self, Subject};
use tandem_store::memory::MemoryStore;

pub(crate) struct Memory(pub(crate) MemoryStore);

#[async_trait]
impl Subject for Memory {
    fn store(&self) -> &dyn SyncStore {
        &self.0
    }

    async fn add_team(&self, rules: TeamRules) -> TeamId {
        self.0.add_team(rules)
    }

    async fn log(&self, team: TeamId) -> Vec<(LogId, LogDraft)> {
        let log = self.0.inspect(team, |view| view.log().to_vec());
        log.expect("the team is there")
    }
}

#[test]
fn it_keeps_the_contract() {
    contract::run(|| Memory(MemoryStore::new(Guards::ALL)));
}
