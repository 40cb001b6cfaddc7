//! `cargo xtask sim`: runs the simulation, and with `--record` writes what it said to `docs/proof.md`.
//!
//! A campaign of many seeds is split in runs. Each run adds a line to the ledger of its section; the sums above the
//! ledger are made of its lines, so that nothing has to be remembered between runs. The table of mutations is
//! written anew each time.

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use crate::proof::{self, Stamp};
use crate::run;
use crate::step::{self, Profile};

const HEAD: &str = "| date | commit | seeds | from | acts | crashes | requests | answers lost | violations | seconds |\n\
    |---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";

/// Runs the simulation with these arguments of its own and writes down what it said; fails if it did.
pub(crate) fn record(words: &[String]) -> ExitCode {
    let (said, outcome) = run::heard(&step::sim(words, Profile::Release));
    let written = if words.iter().any(|word| word == "--mutations") {
        mutations(&said)
    } else {
        campaign(&said)
    };
    crate::ended(outcome.and(written))
}

fn campaign(said: &str) -> Result<()> {
    let run = Run::read(said).context("the simulation did not say what it ran")?;
    let ledger = proof::section("simulation")?;
    let line = run.line(&Stamp::now()?);
    proof::replace("simulation", &with_line(&ledger, &line))
}

fn mutations(said: &str) -> Result<()> {
    let stamp = Stamp::now()?;
    proof::replace("mutations", &format!("{stamp}\n\n{}", said.trim()))
}

/// What one run of the simulation said.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Run {
    seeds: u64,
    from: u64,
    acts: u64,
    crashes: u64,
    requests: u64,
    lost: u64,
    violations: u64,
    seconds: f64,
}

impl Run {
    /// Reads `9 seeds from 1: 5 acts of people, 2 crashes, 7 requests (1 lost), …, 0.5 s` and `9 passed, 0 failed`.
    fn read(said: &str) -> Option<Self> {
        let line = said.lines().find(|line| line.contains(" seeds from "))?;
        let summary = said.lines().rfind(|line| line.contains(" passed, "))?;
        let words = |text: &str| -> Vec<String> {
            let words =
                text.split(|letter: char| letter.is_whitespace() || "(),:;".contains(letter));
            words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let (counts, results) = (words(line), words(summary));
        let before = |words: &[String], name: &str| -> Option<f64> {
            let at = words.iter().position(|word| word == name)?;
            words.get(at.checked_sub(1)?)?.parse().ok()
        };
        let count = |name: &str| before(&counts, name).map(|number| number as u64);
        let from = counts.iter().position(|word| word == "from")?;
        Some(Self {
            seeds: count("seeds")?,
            from: counts.get(from + 1)?.parse().ok()?,
            acts: count("acts")?,
            crashes: count("crashes")?,
            requests: count("requests")?,
            lost: count("lost")?,
            violations: before(&results, "failed")? as u64,
            seconds: before(&counts, "s")?,
        })
    }

    /// Its line of the ledger.
    fn line(&self, stamp: &Stamp) -> String {
        let Stamp { date, commit, .. } = stamp;
        let Self {
            seeds,
            from,
            acts,
            crashes,
            requests,
            lost,
            violations,
            seconds,
        } = self;
        format!(
            "| {date} | `{commit}` | {seeds} | {from} | {acts} | {crashes} | {requests} | {lost} | {violations} | {seconds:.0} |"
        )
    }
}

/// The section with one more line and new sums.
fn with_line(ledger: &str, line: &str) -> String {
    let known = ledger.lines().filter(|line| line.starts_with("| 2"));
    let lines: Vec<&str> = known.chain([line]).collect();
    format!("{}\n\n{HEAD}{}", sums(&lines), lines.join("\n"))
}

/// Seeds and violations of all runs, and of each state of the code.
fn sums(lines: &[&str]) -> String {
    let mut commits: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut order = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        let number = |at: usize| cell(at).parse::<u64>().unwrap_or_default();
        let sum = commits.entry(cell(2)).or_insert_with(|| {
            order.push(cell(2));
            (0, 0)
        });
        *sum = (sum.0 + number(3), sum.1 + number(9));
    }
    let seeds: u64 = commits.values().map(|sum| sum.0).sum();
    let violations: u64 = commits.values().map(|sum| sum.1).sum();
    let mut text = format!(
        "{seeds} seeds in {} runs, {violations} violations:",
        lines.len()
    );
    for commit in order {
        let (seeds, violations) = commits[commit];
        let _infallible = write!(text, "\n- {commit}: {seeds} seeds, {violations} violations");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "60 seeds from 7: 50 acts of people, 3 crashes, 900 requests (12 lost), 80 log entries, 1.6 s\n\
        seed 9: both sides differ\n59 passed, 1 failed\n";

    fn stamp(commit: &str) -> Stamp {
        Stamp {
            date: "2026-11-24".into(),
            commit: commit.into(),
            machine: String::new(),
        }
    }

    #[test]
    fn a_run_is_read_from_what_the_simulation_says() {
        let run = Run::read(SAID).unwrap();
        let line = run.line(&stamp("abc"));
        assert_eq!(
            line,
            "| 2026-11-24 | `abc` | 60 | 7 | 50 | 3 | 900 | 12 | 1 | 2 |"
        );
        assert_eq!(Run::read("nothing"), None);
    }

    #[test]
    fn a_line_is_added_and_the_sums_are_made_anew() {
        let line = |commit| Run::read(SAID).unwrap().line(&stamp(commit));
        let mut ledger = "Not run yet.".to_owned();
        for commit in ["abc", "abc", "def"] {
            ledger = with_line(&ledger, &line(commit));
        }
        assert!(
            ledger.starts_with("180 seeds in 3 runs, 3 violations:"),
            "{ledger}"
        );
        assert!(
            ledger.contains("- `abc`: 120 seeds, 2 violations"),
            "{ledger}"
        );
        assert!(
            ledger.contains("- `def`: 60 seeds, 1 violations"),
            "{ledger}"
        );
        assert_eq!(ledger.matches("| 2026-11-24 |").count(), 3);
    }
}
