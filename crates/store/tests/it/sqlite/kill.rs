//! `kill -9` in the middle of the work: what was acknowledged is there, and nothing is half there.

use super::world::{World, fields};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tandem_core::store::SyncStore;
use tandem_core::workspace::Kind;
use tandem_store::views::{LinkStatus, PageRequest, RecordFilter};

/// Set in the child: the file to write to.
const FILE: &str = "TANDEM_STORE_KILL_TEST_FILE";
/// Records that the child has acknowledged when it is killed.
const ACKNOWLEDGED: usize = 25;

/// The child: adds records, each with the half link that makes it sync, and says so after each.
#[tokio::test]
#[ignore = "started by what_was_acknowledged_survives_kill_9"]
async fn child() {
    let file = PathBuf::from(std::env::var_os(FILE).expect("started by the test below"));
    let world = World::open(&file).await;
    for number in 0.. {
        let name = format!("Mill {number}");
        world
            .create(number, Kind::Account, &fields(&[("name", &name)]))
            .await;
        writeln!(std::io::stdout(), "acknowledged").unwrap();
    }
}

/// Runs the child, kills it in the middle, and returns how many records it had acknowledged.
fn write_and_die(file: &Path) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::kill::child", "--ignored", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    for line in lines.map_while(Result::ok) {
        acknowledged += usize::from(line.ends_with("acknowledged"));
        if acknowledged == ACKNOWLEDGED {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(!status.success(), "it ended by itself: {status}");
    acknowledged
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tandem.db");
    let mut acknowledged = 0;
    for killed in 1..=3 {
        acknowledged += write_and_die(&file);
        let world = World::open(&file).await;
        world.store.integrity().await.unwrap();
        let records = all_records(&world).await;
        let unheard = records.len() - acknowledged;
        assert!(
            unheard <= killed,
            "at most one of each run was unheard: {unheard}"
        );
        let due = world
            .store
            .backlog(world.team, super::world::at(1 << 30))
            .await;
        assert_eq!(due.unwrap().links_due, records.len() as u64);
        assert!(records.iter().all(|status| *status == LinkStatus::Pending));
    }
}

/// How the link of each record stands.
async fn all_records(world: &World) -> Vec<LinkStatus> {
    let mut found = Vec::new();
    let mut page = PageRequest::first(100);
    loop {
        let filter = RecordFilter::default();
        let rows = world
            .store
            .records(world.team, &filter, &page)
            .await
            .unwrap();
        found.extend(rows.rows.iter().map(|row| {
            row.link
                .as_ref()
                .map_or(LinkStatus::NotLinked, |link| link.status)
        }));
        match rows.next {
            Some(next) => page.cursor = Some(next),
            None => return found,
        }
    }
}
