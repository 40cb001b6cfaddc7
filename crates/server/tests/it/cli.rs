//! The binary as the shell sees it: exit codes, messages, stopping.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

fn tandem(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
    command
        .current_dir(dir)
        .env("TANDEM_SERVER__DATA_DIR", dir.join("data"))
        .env("TANDEM_SERVER__LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null());
    command
}

fn dir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Runs to the end; checks code and message.
fn ends(command: &mut Command, code: i32, parts: &[&str]) -> Output {
    let output = command.output().expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    for part in parts {
        assert!(errors.contains(part), "{part:?} is missing in {errors}");
    }
    output
}

/// What a server answers.
fn get(address: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).expect("connects");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("asks");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    answer
}

/// A server that runs until it is told to stop.
struct Serving(Child);

impl Serving {
    fn start(dir: &Path) -> Self {
        let mut child = tandem(dir)
            .arg("serve")
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let ready = lines
            .map_while(Result::ok)
            .any(|line| line.contains("is ready"));
        assert!(ready, "the server ended before it was ready");
        Self(child)
    }

    fn told_to_stop(mut self) -> Option<i32> {
        let id = self.0.id().to_string();
        let told = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill runs");
        assert!(told.success());
        self.0.wait().expect("ends").code()
    }
}

#[test]
fn a_wrong_configuration_is_named() {
    let dir = dir();
    let mut command = tandem(dir.path());
    command.arg("serve").env("TANDEM_SERVER__LISTEN", "here");
    ends(
        &mut command,
        2,
        &["server.listen", "TANDEM_SERVER__LISTEN", "127.0.0.1:8080"],
    );
    ends(tandem(dir.path()).arg("swerve"), 2, &["swerve"]);
    ends(
        tandem(dir.path()).args(["--config", "none.toml", "serve"]),
        2,
        &["none.toml"],
    );
}

#[test]
fn a_taken_port_is_named_and_the_data_is_not_touched() {
    let dir = dir();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = tandem(dir.path());
    command.arg("serve").env("TANDEM_SERVER__LISTEN", &address);
    ends(&mut command, 4, &[&address, "server.listen"]);
    assert!(!dir.path().join("data").exists());
}

#[test]
fn a_file_that_is_no_database_is_told_and_left_alone() {
    let dir = dir();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("makes");
    let text = "not a database, ".repeat(100);
    std::fs::write(data.join("tandem.db"), &text).expect("writes");
    ends(
        tandem(dir.path()).arg("serve"),
        3,
        &["damaged", "restore the last backup"],
    );
    let kept = std::fs::read_to_string(data.join("tandem.db")).expect("reads");
    assert_eq!(kept, text);
}

#[test]
fn a_server_stops_when_told_and_the_command_line_talks_to_it_meanwhile() {
    let dir = dir();
    let serving = Serving::start(dir.path());
    ends(
        tandem(dir.path()).arg("serve"),
        3,
        &["in use by another process"],
    );
    ends(tandem(dir.path()).arg("logs"), 5, &["not set up yet"]);
    assert_eq!(serving.told_to_stop(), Some(0));
    assert!(!dir.path().join("data/operator.json").exists());
    ends(tandem(dir.path()).arg("sync"), 5, &["not set up yet"]);
}

#[test]
fn a_doctor_finds_what_is_missing() {
    let dir = dir();
    let output = ends(
        tandem(dir.path()).args(["doctor", "--json"]),
        1,
        &["checks failed"],
    );
    let findings: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let bad: Vec<_> = findings
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["good"] == false)
        .map(|finding| finding["what"].as_str().expect("a name"))
        .collect();
    assert_eq!(bad, ["connected app", "sync", "CRM"]);
}

#[test]
fn the_sandbox_tells_how_to_connect() {
    let dir = dir();
    let mut command = tandem(dir.path());
    command
        .args(["sandbox", "--json", "--seed-size", "10"])
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("a line");
    let credentials: Value = serde_json::from_str(&line).expect("JSON");
    for name in [
        "url",
        "org_id",
        "username",
        "password",
        "client_id",
        "client_secret",
        "refresh_token",
    ] {
        let text = credentials["salesforce"][name].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{name}");
    }
    assert!(credentials["control"]["url"].is_string());
    assert_eq!(Serving(child).told_to_stop(), Some(0));
}

/// The whole house at once: OAuth, import, edits, conflicts, refusals, a lost answer, both sides equal.
#[test]
fn the_demos_story_ends_well_and_goes_on_in_its_directory() {
    let dir = dir();
    let tell = || {
        let mut command = tandem(dir.path());
        command.args(["demo", "--once", "--json", "--data-dir", "demo"]);
        let output = ends(&mut command, 0, &[]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report
    };
    let first = tell();
    assert_eq!(first["comparison"]["differences"], 0);
    assert!(first["comparison"]["fields"].as_u64() > Some(100_000));
    assert_eq!(first["conflicts"].as_array().map(Vec::len), Some(15));
    assert_eq!(first["calls_metered"], first["calls_accounted"]);
    assert_eq!(first["retries"], 3);
    let second = tell();
    assert_eq!(second["resumed"], true);
    assert_eq!(second["retries"], 3);
    assert_eq!(second["comparison"]["differences"], 0);
    assert!(second["comparison"]["records"].as_u64() > first["comparison"]["records"].as_u64());
}

/// Killed in the middle of the story, at a step that it names, the same directory must still end well.
#[test]
fn a_killed_demo_goes_on_where_it_was() {
    let dir = dir();
    let story = || {
        let mut command = tandem(dir.path());
        command.args(["demo", "--once", "--json", "--data-dir", "demo"]);
        command
    };
    let mut child = story()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let there = lines.any(|line| line.is_ok_and(|line| line.starts_with("New people")));
    assert!(there, "the story ended before its middle");
    child.kill().expect("kills");
    child.wait().expect("is gone");
    let output = ends(&mut story(), 0, &[]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["resumed"], true);
    assert_eq!(report["comparison"]["differences"], 0);
}

#[test]
fn a_demo_says_where_everything_is_and_ends_when_told() {
    let dir = dir();
    let mut command = tandem(dir.path());
    command.args(["demo", "--port", "0", "--by-hand"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let told: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.contains("Ctrl-C"))
        .collect();
    for part in ["Tandem", "Sign in as", "The CRM", "demo.md"] {
        assert!(told.iter().any(|line| line.contains(part)), "{told:?}");
    }
    let address = told.iter().find_map(|line| line.split("http://").nth(1));
    let metrics = get(address.expect("an address"), "/metrics");
    for name in [
        "tandem_links_due{",
        "tandem_writes_open{",
        "tandem_crm_api_calls_24h{",
    ] {
        assert!(metrics.contains(name), "{name} is missing in {metrics}");
    }
    assert_eq!(Serving(child).told_to_stop(), Some(0));
}

#[test]
fn a_demo_tells_what_to_do_about_a_port_or_directory_that_it_cannot_have() {
    let dir = dir();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let mut command = tandem(dir.path());
    ends(
        command.args(["demo", "--port", &port]),
        4,
        &[&port, "--port"],
    );
    std::fs::write(dir.path().join("demo.json"), "{}").expect("writes");
    let mut command = tandem(dir.path());
    command.args(["demo", "--port", "0", "--data-dir", "."]);
    ends(&mut command, 3, &["demo.json", "--data-dir"]);
}

#[test]
fn a_sandbox_goes_on_with_its_file() {
    let dir = dir();
    let org = |more: &[&str]| {
        let mut command = tandem(dir.path());
        command
            .args([
                "sandbox",
                "--json",
                "--seed-size",
                "10",
                "--state",
                "org.state",
            ])
            .args(more);
        command
    };
    let id = || {
        let mut child = org(&[]).stdout(Stdio::piped()).spawn().expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        assert_eq!(Serving(child).told_to_stop(), Some(0));
        let credentials: Value = serde_json::from_str(&line).expect("JSON");
        credentials["salesforce"]["org_id"].clone()
    };
    assert_eq!(id(), id());
    ends(
        &mut org(&["--seed", "2"]),
        3,
        &["org.state", "other options"],
    );
}

#[test]
fn an_undo_says_what_it_needs() {
    let dir = dir();
    let run = |args: &[&str], code, parts: &[&str]| {
        ends(tandem(dir.path()).args(args), code, parts);
    };
    run(&["undo"], 2, &["--since"]);
    run(&["undo", "--entry", "1", "--record", "2"], 2, &["--record"]);
    let both = ["undo", "--entry", "1", "--yes", "--dry-run"];
    run(&both, 2, &["--dry-run"]);
    run(&["undo", "--entry", "1"], 5, &["not set up yet"]);
    run(&["why", "1"], 2, &["<FIELD>"]);
    run(&["why", "1", "phone"], 5, &["not set up yet"]);
}
