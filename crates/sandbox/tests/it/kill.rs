//! `kill -9` in the middle of the work: whatever was answered is there afterwards.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;
use tandem_sandbox::{Options, Sandbox};

use crate::client::Client;

/// Names the state file to the child process.
const STATE: &str = "TANDEM_SANDBOX_TEST_STATE";
/// The child is this test again; the variable tells it what it is.
const THIS_TEST: &str = "kill::what_was_answered_is_there_after_a_kill";

fn options(path: &Path) -> Options {
    Options {
        state: Some(path.to_owned()),
        ..Options::default()
    }
}

/// What the child does until it is killed.
fn work(path: &Path) -> ! {
    let client = Client::of(Sandbox::open(options(path)).expect("opens"));
    let mut out = std::io::stdout();
    let mut n = 0;
    loop {
        n += 1;
        let description = "d".repeat(n % 30_000);
        let fields = json!({"LastName": format!("Kill {n}"), "Description": description});
        let id = client.create("Contact", fields);
        writeln!(out, "made {id}").expect("the parent listens");
    }
}

/// Runs the child until it has told of `enough` records, then kills it; gives what it told.
fn work_and_die(path: &Path, enough: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(STATE, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let told = |line: std::io::Result<String>| {
        let line = line.ok()?;
        Some(line.split_once("made ")?.1.to_owned())
    };
    let mut made: Vec<String> = lines.by_ref().filter_map(told).take(enough).collect();
    child.kill().expect("killed");
    made.extend(lines.filter_map(told));
    child.wait().expect("gone");
    made
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    if let Some(path) = std::env::var_os(STATE) {
        work(Path::new(&path));
    }
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("org.state");
    let mut made = Vec::new();
    for round in 1..=6 {
        made.extend(work_and_die(&path, round * 37));
        let client = Client::of(Sandbox::open(options(&path)).expect("opens"));
        for id in &made {
            let name = client.field("Contact", id, "LastName");
            assert!(
                name.as_str().is_some_and(|name| name.starts_with("Kill ")),
                "{id}"
            );
        }
        let there = client.query("SELECT COUNT() FROM Contact")["totalSize"]
            .as_u64()
            .expect("a number");
        // Each kill may have come between the writing and the answer of one record.
        assert!(
            (made.len()..=made.len() + round).contains(&(there as usize)),
            "{there}"
        );
    }
}
