//! `kill -9` in the middle of the work: what was acknowledged is there, and nothing is half there.

use super::world::{World, at, claim, commit, fields, keep};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tandem_core::connector::WriteOp;
use tandem_core::ids::CrmObject;
use tandem_core::link::Lanes;
use tandem_core::store::SyncStore;
use tandem_core::workspace::Kind;
use tandem_core::write::WriteDraft;
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

/// The child: takes up two links, begins to send the write of one, says so, and does no more.
#[tokio::test]
#[ignore = "started by what_a_killed_process_held_waits_for_nobody"]
async fn holding_child() {
    let file = PathBuf::from(std::env::var_os(FILE).expect("started by the test below"));
    let world = World::open(&file).await;
    for name in ["Birch", "Cedar"] {
        let values = fields(&[("name", name)]);
        world.create(1, Kind::Account, &values).await;
    }
    let held = world.claim(1).await;
    let mut decision = keep(&held[0].link);
    decision.write = Some(WriteDraft {
        op: WriteOp::Create { key: None },
        fields: Vec::new(),
        lock_key: None,
        unmodified_since: None,
    });
    world.decide(1, vec![commit(&held[0], decision)]).await;
    let (object, claim) = (CrmObject::new("Account"), claim(1));
    let sent = world.store.claim_intents(world.team, &object, &claim);
    assert_eq!(sent.await.unwrap().len(), 1);
    writeln!(std::io::stdout(), "acknowledged").unwrap();
    loop {
        std::thread::park();
    }
}

/// Runs a child, kills it once it has acknowledged so much, and returns how much it had by then.
fn run_and_kill(child: &str, file: &Path, enough: usize) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    for line in lines.map_while(Result::ok) {
        acknowledged += usize::from(line.ends_with("acknowledged"));
        if acknowledged == enough {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(!status.success(), "it ended by itself: {status}");
    acknowledged
}

#[tokio::test]
async fn what_a_killed_process_held_waits_for_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tandem.db");
    run_and_kill("sqlite::kill::holding_child", &file, 1);
    let world = World::open(&file).await;
    let doubtful = world.store.claim_doubtful(world.team, &claim(1)).await;
    assert_eq!(doubtful.unwrap().len(), 1, "the write is in doubt at once");
    let sendable = world
        .store
        .sendable_objects(world.team, Lanes::All, at(1))
        .await;
    assert_eq!(sendable.unwrap(), [], "and does not go twice");
    assert_eq!(world.claim(1).await.len(), 1, "the other link is free");
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tandem.db");
    let mut acknowledged = 0;
    for killed in 1..=3 {
        acknowledged += run_and_kill("sqlite::kill::child", &file, ACKNOWLEDGED);
        let world = World::open(&file).await;
        world.store.integrity().await.unwrap();
        let records = all_records(&world).await;
        let unheard = records.len() - acknowledged;
        assert!(
            unheard <= killed,
            "at most one of each run was unheard: {unheard}"
        );
        let due = world.store.backlog(world.team, at(1 << 30)).await;
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
