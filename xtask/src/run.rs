//! Runs steps: prints each with its duration, passes its output on, counts tests, ends what hangs.

use crate::step::Step;
use crate::tally::Tally;
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Runs the steps in order and stops at the first that fails. With `counts`, ends with the line
/// `N passed, N failed` for all of them together.
pub(crate) fn all(steps: &[Step], counts: bool) -> ExitCode {
    let mut tally = Tally::default();
    let failure = steps.iter().find_map(|step| told(step, &mut tally).err());
    if let Some(why) = &failure {
        eprintln!("xtask: {why:#}");
        // A step can fail without a test that does: a warning, a crash, a hang.
        tally.failed = tally.failed.max(1);
    }
    if counts {
        println!("{} passed, {} failed", tally.passed, tally.failed);
    }
    if failure.is_some() || tally.failed > 0 {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn told(step: &Step, tally: &mut Tally) -> Result<()> {
    println!("==> {}: cargo {}", step.name, step.arguments.join(" "));
    let began = Instant::now();
    let outcome = run(step, tally);
    let word = if outcome.is_ok() { "done" } else { "FAILED" };
    println!(
        "<== {}: {word} in {:.1} s",
        step.name,
        began.elapsed().as_secs_f64()
    );
    outcome.with_context(|| step.name)
}

/// Runs one step; what it printed, and how it ended.
pub(crate) fn heard(step: &Step) -> (String, Result<()>) {
    println!("==> {}: cargo {}", step.name, step.arguments.join(" "));
    let mut ears = Ears::default();
    let outcome = pass_through(
        &mut command(step),
        step.limit,
        &mut Tally::default(),
        &mut ears,
    );
    (ears.heard, outcome.context(step.name))
}

fn run(step: &Step, tally: &mut Tally) -> Result<()> {
    supervise(&mut command(step), step.limit, tally)
}

fn command(step: &Step) -> Command {
    let mut cargo = cargo();
    cargo
        .args(&step.arguments)
        .envs(step.environment.iter().copied());
    cargo
}

/// A screen that also remembers.
#[derive(Default)]
struct Ears {
    heard: String,
}

impl Write for Ears {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.heard += &String::from_utf8_lossy(bytes);
        std::io::stdout().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stdout().flush()
    }
}

/// Cargo, in the workspace's folder.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// Runs a program to its end, passes its output on and counts the tests in it; fails if the program does, or if it
/// is not done in time.
pub(crate) fn supervise(command: &mut Command, limit: Duration, tally: &mut Tally) -> Result<()> {
    pass_through(command, limit, tally, &mut std::io::stdout())
}

fn pass_through(
    command: &mut Command,
    limit: Duration,
    tally: &mut Tally,
    screen: &mut impl Write,
) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} does not start"))?;
    let output = child.stdout.take().context("there is no output")?;
    if !pass_on(output, limit, tally, screen)? {
        end(&mut child)?;
        bail!("still running after {} minutes", limit.as_secs() / 60);
    }
    let status = child.wait().context("it can't be waited for")?;
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

/// Prints and counts the output, line by line; `false` if it did not end in time.
fn pass_on(
    output: impl Read + Send + 'static,
    limit: Duration,
    tally: &mut Tally,
    screen: &mut impl Write,
) -> Result<bool> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let sent = line.map(|line| sender.send(line));
            if !matches!(sent, Ok(Ok(()))) {
                break;
            }
        }
    });
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => {
                let line = String::from_utf8_lossy(&line);
                tally.read(line.trim_end());
                writeln!(screen, "{line}").context("standard output is closed")?;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
            Err(RecvTimeoutError::Timeout) => return Ok(false),
        }
    }
}

/// Ends a program. What it started itself notices at its next line of output.
pub(crate) fn end(child: &mut Child) -> Result<()> {
    child.kill().context("it can't be ended")?;
    child.wait().context("it can't be waited for")?;
    Ok(())
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_counted_and_waited_for() {
        let mut tally = Tally::default();
        let output = &b"test result: ok. 2 passed; 0 failed; 0 ignored\n\xff\nlast"[..];
        let mut screen = Vec::new();
        assert!(pass_on(output, Duration::from_secs(60), &mut tally, &mut screen).unwrap());
        assert_eq!((tally.passed, tally.failed), (2, 0));
        assert!(screen.ends_with("\u{fffd}\nlast\n".as_bytes()));
    }

    #[test]
    fn output_that_does_not_end_is_given_up() {
        let mut tally = Tally::default();
        let (silent, _held_open) = std::io::pipe().unwrap();
        let mut screen = Vec::new();
        assert!(!pass_on(silent, Duration::from_millis(1), &mut tally, &mut screen).unwrap());
    }
}
