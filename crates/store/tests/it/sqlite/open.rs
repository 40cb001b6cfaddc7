//! Opening, closing, backing up: whose file it is and whether it is whole.

use super::world::{World, at, fields};
use rusqlite::Connection;
use std::path::Path;
use tandem_core::store::{StoreError, SyncStore};
use tandem_core::workspace::Kind;
use tandem_store::sqlite::SqliteStore;

fn refused(path: &Path) -> StoreError {
    match SqliteStore::open(path) {
        Ok(_) => panic!("{} must be refused", path.display()),
        Err(error) => error,
    }
}

#[test]
fn a_second_process_is_told_that_it_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tandem.db");
    let first = SqliteStore::open(&path).unwrap();
    assert!(matches!(refused(&path), StoreError::Busy));
    drop(first);
    SqliteStore::open(&path).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tandem.db");
    std::fs::write(&path, "a letter, not a database\n".repeat(400)).unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
}

#[test]
fn a_newer_file_is_refused_with_both_versions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tandem.db");
    drop(SqliteStore::open(&path).unwrap());
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 999).unwrap();
    drop(raw);
    let error = refused(&path);
    assert!(
        matches!(error, StoreError::Newer { found: 999, known } if known < 999),
        "{error}"
    );
}

#[test]
fn another_programs_file_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("theirs.db");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(raw);
    let error = refused(&path);
    assert!(error.to_string().contains("another program"), "{error}");
    let raw = Connection::open(&path).unwrap();
    let tables: i64 = raw
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = refused(&directory.path().join("nowhere").join("tandem.db"));
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn damaged_pages_are_found_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tandem.db");
    let world = World::open(&path).await;
    for number in 0..200 {
        let name = format!("Mill {number}");
        world
            .add(number, Kind::Account, &fields(&[("name", &name)]))
            .await;
    }
    drop(world);
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart_and_in_a_backup() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tandem.db");
    let copy = directory.path().join("copy.db");
    let world = World::open(&path).await;
    let id = world
        .add(1, Kind::Account, &fields(&[("name", "Amber Mill")]))
        .await;
    world.store.backup(&copy).await.unwrap();
    let again = world.store.backup(&copy).await.unwrap_err();
    assert!(again.to_string().contains("exists already"), "{again}");
    world.store.integrity().await.unwrap();
    let team = world.team;
    drop(world);
    for file in [&path, &copy] {
        let store = SqliteStore::open(file).unwrap();
        let record = store.record(team, id).await.unwrap().unwrap();
        assert_eq!(record.display_name(), "Amber Mill");
        assert_eq!(record.created_at, at(1));
    }
}

#[tokio::test]
async fn a_step_of_an_unknown_team_says_so() {
    let store = SqliteStore::open_in_memory().unwrap();
    let team = tandem_core::ids::TeamId(404);
    let error = store.backlog(team, at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound(_)), "{error}");
    let error = store.retry_links(team, &[], at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound(_)), "{error}");
}
