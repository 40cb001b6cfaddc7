//! Brings a database file to the schema that this Tandem knows.
//!
//! Migrations are numbered, run in order, each in one transaction with the note that it ran. They are
//! never edited once released: a checksum of each is kept and compared at every start. There is no way
//! down; a backup is the way back.

use super::error::{DbError, DbResult};
use rusqlite::{Connection, TransactionBehavior, params};
use tandem_core::store::StoreError;

/// `TNDM`, in the file's header: tells our files from other programs'.
const APPLICATION_ID: i32 = 0x544e_444d;

const MIGRATIONS: [&str; 13] = [
    include_str!("../../migrations/0001_sync.sql"),
    include_str!("../../migrations/0002_admin.sql"),
    include_str!("../../migrations/0003_asking_again.sql"),
    include_str!("../../migrations/0004_alerts.sql"),
    include_str!("../../migrations/0005_horizon.sql"),
    include_str!("../../migrations/0006_incidents.sql"),
    include_str!("../../migrations/0007_brake.sql"),
    include_str!("../../migrations/0008_ledger.sql"),
    include_str!("../../migrations/0009_watch.sql"),
    include_str!("../../migrations/0010_mirroring.sql"),
    include_str!("../../migrations/0011_runs.sql"),
    include_str!("../../migrations/0012_key_names_link.sql"),
    include_str!("../../migrations/0013_coverage.sql"),
];

/// Checks whose file it is and runs what is missing.
pub(super) fn migrate(conn: &mut Connection) -> DbResult<()> {
    run(conn, &MIGRATIONS)
}

fn run(conn: &mut Connection, migrations: &[&str]) -> DbResult<()> {
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    let found = check_owner(conn)?;
    if found > known {
        return Err(StoreError::Newer { found, known }.into());
    }
    conn.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_version (
             version INTEGER PRIMARY KEY, checksum INTEGER NOT NULL) STRICT",
    )?;
    for (version, sql) in (1u32..).zip(migrations) {
        if version <= found {
            verify(conn, version, sql)?;
        } else {
            apply(conn, version, sql)?;
        }
    }
    Ok(())
}

/// The schema version of a file of ours; 0 for an empty one, which becomes ours.
fn check_owner(conn: &Connection) -> DbResult<u32> {
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (owner, version) = (pragma("application_id")?, pragma("user_version")?);
    if owner == APPLICATION_ID {
        return Ok(u32::try_from(version).unwrap_or_default());
    }
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if owner != 0 || tables > 0 {
        let text = "the file belongs to another program: choose another data directory";
        return Err(StoreError::Other(text.into()).into());
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(0)
}

fn apply(conn: &mut Connection, version: u32, sql: &str) -> DbResult<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(sql)?;
    tx.execute(
        "INSERT INTO schema_version (version, checksum) VALUES (?, ?)",
        params![version, checksum(sql)],
    )?;
    tx.pragma_update(None, "user_version", version)?;
    Ok(tx.commit()?)
}

fn verify(conn: &Connection, version: u32, sql: &str) -> DbResult<()> {
    let kept: i64 = conn.query_row(
        "SELECT checksum FROM schema_version WHERE version = ?",
        [version],
        |row| row.get(0),
    )?;
    if kept == checksum(sql) {
        return Ok(());
    }
    Err(DbError::corrupt(format!(
        "migration {version} is not the one that this file was made with"
    )))
}

/// FNV-1a: finds an edited file; it need not withstand an attacker.
fn checksum(sql: &str) -> i64 {
    let hash = sql
        .bytes()
        .filter(|byte| *byte != b'\r')
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(conn: &mut Connection, migrations: &[&str]) -> StoreError {
        run(conn, migrations).expect_err("must be refused").into()
    }

    #[test]
    fn missing_migrations_run_once_and_in_order() {
        let mut conn = Connection::open_in_memory().unwrap();
        let first = "CREATE TABLE a (x)";
        let second = "CREATE TABLE b AS SELECT * FROM a";
        run(&mut conn, &[first]).unwrap();
        run(&mut conn, &[first, second]).unwrap();
        run(&mut conn, &[first, second]).unwrap();
        assert_eq!(check_owner(&conn).unwrap(), 2);
    }

    #[test]
    fn a_failing_migration_leaves_no_trace() {
        let mut conn = Connection::open_in_memory().unwrap();
        let error = refused(
            &mut conn,
            &["CREATE TABLE a (x)", "CREATE TABLE b (x); nonsense"],
        );
        assert!(error.to_string().contains("nonsense"), "{error}");
        assert_eq!(check_owner(&conn).unwrap(), 1);
        run(&mut conn, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        run(&mut conn, &["CREATE TABLE a (x)"]).unwrap();
        let error = refused(&mut conn, &["CREATE TABLE a (y)"]);
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    }

    #[test]
    fn a_newer_file_is_refused_with_both_versions() {
        let mut conn = Connection::open_in_memory().unwrap();
        run(&mut conn, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        let error = refused(&mut conn, &["CREATE TABLE a (x)"]);
        assert!(
            matches!(error, StoreError::Newer { found: 2, known: 1 }),
            "{error}"
        );
    }

    #[test]
    fn a_file_of_another_program_is_left_alone() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        let error = refused(&mut conn, &["CREATE TABLE a (x)"]);
        assert!(error.to_string().contains("another program"), "{error}");
    }
}
