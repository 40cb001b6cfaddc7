//! `tandem-sim`: runs seeds, in as many threads as there are cores, and prints what broke.
//!
//! `tandem-sim --seeds N [--from S]` runs N seeds; `--seed S` one, twice, and compares; `--mutations`
//! turns each guard off and shows the first seed that notices. Exit code 1 on any violation, or on a
//! guard that nobody misses.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tandem_core::settings::Guards;
use tandem_sim::{Report, Violation, run, run_told};

struct Arguments {
    seeds: u64,
    from: u64,
    one: Option<u64>,
    mutations: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut parsed = Arguments {
        seeds: 200,
        from: 1,
        one: None,
        mutations: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words
                .next()
                .ok_or_else(|| format!("{word} needs a number"))?;
            value
                .parse::<u64>()
                .map_err(|_| format!("{word} {value}: not a number"))
        };
        match word.as_str() {
            "--seeds" => parsed.seeds = number()?,
            "--from" => parsed.from = number()?,
            "--seed" => parsed.one = Some(number()?),
            "--mutations" => parsed.mutations = true,
            other => return Err(format!("{other} is not known; see the top of this file")),
        }
    }
    Ok(parsed)
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let clean = match (arguments.one, arguments.mutations) {
        (Some(seed), _) => replay(seed),
        (None, true) => mutations(&arguments),
        (None, false) => campaign(&arguments),
    };
    if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One seed, told, then again: a run made twice must be identical.
fn replay(seed: u64) -> bool {
    let first = run_told(seed, Guards::ALL, &mut |line| println!("{line}"));
    let second = run(seed, Guards::ALL);
    match &first {
        Ok(report) => println!("seed {seed}: clean, {report:?}"),
        Err(violation) => println!("seed {seed}: {}", violation.what),
    }
    if first != second {
        println!("seed {seed} is not deterministic: {second:?}");
    }
    first.is_ok() && first == second
}

fn campaign(arguments: &Arguments) -> bool {
    let began = Instant::now();
    let (reports, violations) = run_all(arguments, Guards::ALL, false);
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    println!(
        "{} seeds from {}: {} acts of people, {} crashes, {} requests ({} lost), {} log entries, {:.1} s",
        arguments.seeds,
        arguments.from,
        sum(|r| r.acts),
        sum(|r| r.crashes),
        sum(|r| r.requests),
        sum(|r| r.lost),
        sum(|r| r.entries),
        began.elapsed().as_secs_f64()
    );
    for violation in violations.iter().take(10) {
        println!("seed {}: {}", violation.seed, violation.what);
    }
    println!("{} passed, {} failed", reports.len(), violations.len());
    violations.is_empty()
}

fn mutations(arguments: &Arguments) -> bool {
    let all = Guards::ALL;
    let table = [
        ("echo check", Guards { echo: false, ..all }),
        (
            "intent",
            Guards {
                intent: false,
                ..all
            },
        ),
        (
            "overlap",
            Guards {
                overlap: false,
                ..all
            },
        ),
        ("base in settle", Guards { base: false, ..all }),
        (
            "lease",
            Guards {
                lease: false,
                ..all
            },
        ),
    ];
    println!(
        "{:<16} {:>6}  what the simulation says when it is off",
        "guard", "seed"
    );
    let mut noticed = true;
    for (name, guards) in table {
        let (_, violations) = run_all(arguments, guards, true);
        match violations.first() {
            Some(first) => println!("{name:<16} {:>6}  {}", first.seed, first.what),
            None => {
                noticed = false;
                println!(
                    "{name:<16} {:>6}  nothing: the guard is not needed or not checked",
                    "-"
                );
            }
        }
    }
    noticed
}

/// Runs the seeds on every core; violations come sorted by seed.
fn run_all(
    arguments: &Arguments,
    guards: Guards,
    stop_at_first: bool,
) -> (Vec<Report>, Vec<Violation>) {
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from.saturating_add(arguments.seeds);
    let results = Mutex::new((Vec::new(), Vec::new()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let result = run(seed, guards);
                    let Ok(mut results) = results.lock() else {
                        break;
                    };
                    match result {
                        Ok(report) => results.0.push(report),
                        Err(violation) => {
                            results.1.push(violation);
                            if stop_at_first {
                                next.store(end, Ordering::Relaxed);
                            }
                        }
                    }
                }
            });
        }
    });
    let (reports, mut violations) = results.into_inner().unwrap_or_default();
    violations.sort_by_key(|violation| violation.seed);
    (reports, violations)
}
