//! The embedded database.

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows it in tests, not in their helpers"
)]

mod admin;
mod agreement;
mod alerts;
mod kill;
mod log;
mod open;
mod undo;
mod views;
mod world;

use async_trait::async_trait;
use tandem_core::Timestamp;
use tandem_core::ids::{LogId, TeamId};
use tandem_core::settings::TeamRules;
use tandem_core::store::SyncStore;
use tandem_core::sync_log::LogDraft;
use tandem_store::contract::{self, Subject};
use tandem_store::sqlite::SqliteStore;
use tandem_store::views::{LogFilter, PageRequest};
use tempfile::TempDir;

struct Sqlite {
    store: SqliteStore,
    /// The file lives as long as the store.
    _directory: Option<TempDir>,
}

#[async_trait]
impl Subject for Sqlite {
    fn store(&self) -> &dyn SyncStore {
        &self.store
    }

    async fn add_team(&self, rules: TeamRules) -> TeamId {
        let team = self.store.create_team("Team", rules, Timestamp::UNIX_EPOCH);
        team.await.expect("a team").id
    }

    /// By pages of two: the paging is tested along.
    async fn log(&self, team: TeamId) -> Vec<(LogId, LogDraft)> {
        let mut entries = Vec::new();
        let mut page = PageRequest::first(2);
        loop {
            let found = self.store.log(team, &LogFilter::default(), &page).await;
            let found = found.expect("a page of the log");
            entries.extend(found.rows.into_iter().map(|row| (row.id, row.entry)));
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => break,
            }
        }
        entries.sort_by_key(|(id, _)| *id);
        entries
    }
}

#[test]
fn it_keeps_the_contract_in_a_file() {
    // Making a database anew for every case would take longer than the cases.
    let directory = tempfile::tempdir().expect("a directory");
    let empty = directory.path().join("empty.db");
    drop(SqliteStore::open(&empty).expect("a new file"));
    contract::run(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("tandem.db");
        std::fs::copy(&empty, &path).expect("room for a copy");
        Sqlite {
            store: SqliteStore::open(path).expect("a healthy file"),
            _directory: Some(directory),
        }
    });
}

#[test]
fn it_keeps_the_contract_in_memory() {
    contract::run(|| Sqlite {
        store: SqliteStore::open_in_memory().expect("a new database"),
        _directory: None,
    });
}
