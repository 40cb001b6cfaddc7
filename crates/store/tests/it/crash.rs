//! The embedded database dies at every statement of every step, and loses nothing.

use async_trait::async_trait;
use rusqlite::Connection;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use tandem_core::Timestamp;
use tandem_core::ids::{LogId, TeamId};
use tandem_core::settings::TeamRules;
use tandem_core::store::SyncStore;
use tandem_core::sync_log::LogDraft;
use tandem_store::contract::crash::{self, CrashSubject};
use tandem_store::contract::{Subject, restart};
use tandem_store::sqlite::{Failpoint, SqliteStore};

struct Mortal {
    store: SqliteStore,
    failpoint: Failpoint,
    path: PathBuf,
}

impl Mortal {
    fn open(path: PathBuf) -> Self {
        let failpoint = Failpoint::default();
        let store = SqliteStore::open_with(&path, failpoint.clone()).expect("a healthy file");
        Self {
            store,
            failpoint,
            path,
        }
    }
}

#[async_trait]
impl Subject for Mortal {
    fn store(&self) -> &dyn SyncStore {
        &self.store
    }

    async fn add_team(&self, rules: TeamRules) -> TeamId {
        let team = self.store.create_team("Team", rules, Timestamp::UNIX_EPOCH);
        team.await.expect("a team").id
    }

    async fn log(&self, _: TeamId) -> Vec<(LogId, LogDraft)> {
        Vec::new()
    }
}

#[async_trait]
impl CrashSubject for Mortal {
    fn fail_at(&self, nth: u32) {
        self.failpoint.arm(nth);
    }

    fn disarm(&self) -> bool {
        self.failpoint.disarm()
    }

    async fn dump(&self) -> String {
        dump(&Connection::open(&self.path).expect("a second reader"))
    }

    fn reopen(self) -> Self {
        let path = self.path.clone();
        drop(self);
        Self::open(path)
    }
}

/// Every row of every table.
fn dump(database: &Connection) -> String {
    let mut tables = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .expect("the list of tables");
    let names = tables.query_map([], |row| row.get::<_, String>(0));
    let mut text = String::new();
    for name in names.expect("the names") {
        let name = name.expect("a name");
        let mut all = database
            .prepare(&format!("SELECT * FROM \"{name}\""))
            .expect("a table");
        let columns = all.column_count();
        let mut rows = all.query([]).expect("its rows");
        while let Some(row) = rows.next().expect("a row") {
            let values = (0..columns).map(|column| row.get_ref(column).expect("a value"));
            writeln!(text, "{name} {:?}", values.collect::<Vec<_>>()).expect("text has room");
        }
    }
    text
}

/// Runs a suite on copies of an empty database.
fn on_copies(suite: impl FnOnce(&dyn Fn() -> Mortal)) {
    let directory = tempfile::tempdir().expect("a directory");
    let empty = directory.path().join("empty.db");
    drop(SqliteStore::open(&empty).expect("a new file"));
    let made = AtomicUsize::new(0);
    suite(&|| {
        let number = made.fetch_add(1, Ordering::Relaxed);
        let path = directory.path().join(format!("{number}.db"));
        std::fs::copy(&empty, &path).expect("room for a copy");
        Mortal::open(path)
    });
}

#[test]
fn every_step_is_all_or_nothing() {
    on_copies(|make| crash::run(make));
}

#[test]
fn a_restart_waits_for_nobody() {
    on_copies(|make| restart::run(make));
}
