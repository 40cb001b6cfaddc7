//! No step walks through a whole team: every statement that the contract makes the store run is
//! explained by SQLite, and must find its rows by more than the team.

use super::SqliteStore;
use crate::contract::{self, Subject};
use crate::views::{LogFilter, PageRequest};
use async_trait::async_trait;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use tandem_core::Timestamp;
use tandem_core::ids::{LogId, TeamId};
use tandem_core::settings::TeamRules;
use tandem_core::store::SyncStore;
use tandem_core::sync_log::LogDraft;

/// Tables that grow with the records.
const LARGE: [&str; 7] = [
    "intent",
    "link",
    "log",
    "match_key",
    "mirror",
    "record",
    "reference",
];

/// What may begin with a team alone: queues read from their best end up to a limit, sums over an index
/// that has only what is waiting, and the log, newest first.
const QUEUES: [&str; 4] = ["link_due", "link_aside", "intent_queue", "log_newest"];

/// The one statement that does: new rules are a reason to look at every link of an object.
const ON_PURPOSE: &str = "WHERE team = ?3 AND object = ?4";

/// Statements seen so far.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub(super) fn note(sql: &str) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.contains(sql) {
        seen.insert(sql.to_owned());
    }
}

struct Memory(SqliteStore);

#[async_trait]
impl Subject for Memory {
    fn store(&self) -> &dyn SyncStore {
        &self.0
    }

    async fn add_team(&self, rules: TeamRules) -> TeamId {
        let team = self.0.create_team("Team", rules, Timestamp::UNIX_EPOCH);
        team.await.unwrap().id
    }

    async fn log(&self, team: TeamId) -> Vec<(LogId, LogDraft)> {
        let page = PageRequest::first(200);
        let log = self.0.log(team, &LogFilter::default(), &page).await;
        let mut rows = log.unwrap().rows;
        rows.sort_by_key(|row| row.id);
        rows.into_iter().map(|row| (row.id, row.entry)).collect()
    }
}

/// The steps of a plan that walk through more than they should.
fn walks(schema: &Connection, sql: &str) -> Vec<String> {
    let mut explain = schema
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let parameters = vec![rusqlite::types::Null; explain.parameter_count()];
    explain
        .query_map(rusqlite::params_from_iter(parameters), |row| row.get(3))
        .unwrap()
        .map(Result::unwrap)
        .filter(|step: &String| is_walk(step))
        .collect()
}

fn is_walk(step: &str) -> bool {
    let mut words = step.split(' ');
    let (verb, table) = (words.next(), words.next().unwrap_or_default());
    let whole = verb == Some("SCAN") || step.ends_with("(team=?)");
    whole && LARGE.contains(&table) && !QUEUES.iter().any(|queue| step.contains(queue))
}

#[test]
fn no_step_walks_through_a_whole_team() {
    contract::run(|| Memory(SqliteStore::open_in_memory().unwrap()));
    let mut schema = Connection::open_in_memory().unwrap();
    super::migrate::migrate(&mut schema).unwrap();
    let seen = SEEN.lock().unwrap().clone();
    assert!(seen.len() > 40, "only {} statements were seen", seen.len());
    for sql in seen.iter().filter(|sql| !sql.ends_with(ON_PURPOSE)) {
        let walks = walks(&schema, sql);
        assert!(walks.is_empty(), "{sql}\n{walks:#?}");
    }
}

#[test]
fn a_walk_is_told_from_a_search() {
    for (step, expected) in [
        ("SCAN link", true),
        ("SEARCH link USING INDEX link_status (team=?)", true),
        ("SEARCH link USING INDEX link_due (team=?)", false),
        ("SEARCH link USING INDEX link_record (record=?)", false),
        ("SEARCH progress USING PRIMARY KEY (team=?)", false),
    ] {
        assert_eq!(is_walk(step), expected, "{step}");
    }
}
