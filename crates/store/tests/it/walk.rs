//! Both stores hear the same random stories and must tell the same.

use crate::memory::Memory;
use async_trait::async_trait;
use tandem_core::Timestamp;
use tandem_core::ids::{LogId, TeamId};
use tandem_core::settings::{Guards, TeamRules};
use tandem_core::store::SyncStore;
use tandem_core::sync_log::LogDraft;
use tandem_store::contract::{Subject, walk};
use tandem_store::memory::MemoryStore;
use tandem_store::sqlite::SqliteStore;
use tandem_store::views::{LogFilter, PageRequest};

const SEEDS: u64 = 20;
const STEPS: u32 = 300;

struct Sqlite(SqliteStore);

#[async_trait]
impl Subject for Sqlite {
    fn store(&self) -> &dyn SyncStore {
        &self.0
    }

    async fn add_team(&self, rules: TeamRules) -> TeamId {
        let team = self.0.create_team("Team", rules, Timestamp::UNIX_EPOCH);
        team.await.expect("a team").id
    }

    async fn log(&self, team: TeamId) -> Vec<(LogId, LogDraft)> {
        let mut page = PageRequest::first(100);
        let mut entries = Vec::new();
        loop {
            let found = self.0.log(team, &LogFilter::default(), &page).await;
            let found = found.expect("a page of the log");
            entries.extend(found.rows.into_iter().map(|row| (row.id, row.entry)));
            page.cursor = found.next;
            if page.cursor.is_none() {
                break;
            }
        }
        entries.sort_by_key(|(id, _)| *id);
        entries
    }
}

#[test]
fn the_stores_agree_on_random_stories() {
    for seed in 0..SEEDS {
        let memory = walk::run(Memory(MemoryStore::new(Guards::ALL)), seed, STEPS);
        let store = SqliteStore::open_in_memory().expect("a database in memory");
        let sqlite = walk::run(Sqlite(store), seed, STEPS);
        for (number, (left, right)) in memory.iter().zip(&sqlite).enumerate() {
            assert_eq!(left, right, "seed {seed}, line {number}");
        }
        assert_eq!(memory.len(), sqlite.len(), "seed {seed}");
    }
}

#[test]
fn a_story_told_twice_is_the_same() {
    let tell = || walk::run(Memory(MemoryStore::new(Guards::ALL)), 7, STEPS);
    assert_eq!(tell(), tell());
}
