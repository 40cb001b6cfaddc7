//! The same documents in a bare table: the least that a step could cost. And, by the same back door,
//! a log and a workspace large enough for the lists.

use crate::Outcome;
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) struct Raw {
    /// The store's own file, beside the store.
    store: Connection,
    bare: Connection,
}

impl Raw {
    pub(crate) fn open(directory: &Path) -> Outcome<Self> {
        let bare = Connection::open(directory.join("bare.db"))?;
        bare.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        bare.pragma_update(None, "synchronous", "FULL")?;
        bare.execute_batch("CREATE TABLE bare (id INTEGER PRIMARY KEY, doc TEXT NOT NULL) STRICT")?;
        let store = Connection::open(directory.join("bench.db"))?;
        Ok(Self { store, bare })
    }

    /// How long it takes to insert the newest `rows` documents of each table, `batch` of each in one
    /// transaction.
    pub(crate) fn insert(
        &mut self,
        tables: &[&str],
        rows: usize,
        batch: usize,
    ) -> Outcome<Duration> {
        let documents = tables
            .iter()
            .map(|table| self.documents(table, rows))
            .collect::<Outcome<Vec<_>>>()?;
        let began = Instant::now();
        for from in (0..rows).step_by(batch) {
            let transaction = self.bare.transaction()?;
            let mut insert = transaction.prepare_cached("INSERT INTO bare (doc) VALUES (?)")?;
            for of_table in &documents {
                for document in of_table.iter().skip(from).take(batch) {
                    insert.execute([document])?;
                }
            }
            drop(insert);
            transaction.commit()?;
        }
        Ok(began.elapsed())
    }

    fn documents(&self, table: &str, rows: usize) -> Outcome<Vec<String>> {
        let sql = format!("SELECT doc FROM {table} ORDER BY id DESC LIMIT {rows}");
        let mut select = self.store.prepare(&sql)?;
        let documents = select.query_map([], |row| row.get(0))?;
        Ok(documents.collect::<Result<_, _>>()?)
    }

    /// Sets something aside for one of fifty causes on as many links, which are not there: only lists of
    /// incidents see it.
    pub(crate) fn refuse(&self, rows: i64) -> Outcome<()> {
        let doc = r#"{"cause":{"object":"Lead","field":"title","class":"too-long","thing":"' || value || '"},
            "words":"data value too large","opened_at":"2026-01-01T00:00:00Z"}"#;
        self.store.execute_batch(&format!(
            "PRAGMA foreign_keys = OFF; \
             INSERT INTO incident (team, key, moving, skipped, doc) \
             SELECT team.id, value, 0, 0, '{doc}' FROM team, \
             (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 50) SELECT value FROM n); \
             INSERT INTO aside (link, field, team, incident, since_us) \
             SELECT 1000000000 + value, 'title', team.id, \
             (SELECT min(id) FROM incident) + value % 50, value FROM team, \
             (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT {rows}) SELECT value FROM n);"
        ))?;
        Ok(())
    }

    /// Copies log entries and records until there are so many of each.
    pub(crate) fn multiply(&self, rows: i64) -> Outcome<()> {
        for (table, columns) in [
            (
                "log",
                "team, at_us, source, kind, status, object, record, link, error_class, search, doc",
            ),
            ("record", "team, kind, search, updated_us, doc"),
        ] {
            let count = format!("SELECT count(*) FROM {table}");
            let known: i64 = self.store.query_row(&count, [], |row| row.get(0))?;
            let mut missing = rows - known;
            while missing > 0 {
                let copied = self.store.execute(
                    &format!(
                        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT ?"
                    ),
                    [missing],
                )?;
                missing -= i64::try_from(copied)?;
            }
        }
        Ok(())
    }
}
