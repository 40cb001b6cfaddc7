//! `tandem-sim`: runs seeds, in as many threads as there are cores, and prints what broke.
//!
//! | words | what they do |
//! |---|---|
//! | `--seeds N` | so many seeds, 200 by default |
//! | `--minutes M` | as many seeds as fit, instead |
//! | `--from S` | the first of them, 1 by default |
//! | `--seed S` | only this one, told line by line, made twice and compared |
//! | `--without GUARD` | with this guard taken away, named as in the table |
//! | `--mutations` | takes each guard away and shows the first seed that notices |
//!
//! Ctrl-C ends a campaign after the runs under way, with its summary. Exit code 1 on any violation, on a run that is
//! not the same the second time, and on a guard that nobody misses.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tandem_core::settings::Guards;
use tandem_sim::campaign::{Campaign, Tally};
use tandem_sim::mutants::{Mutation, Without, mutations};
use tandem_sim::{Violation, run, run_told};

/// Runs are made of small and short-lived pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds of a campaign that does not say how many.
const SEEDS: u64 = 200;
/// Seeds in which a missing guard must be noticed.
const MUTATION_SEEDS: u64 = 2_000;
/// Violations that a summary shows.
const SHOWN: usize = 10;

/// Somebody wants the campaign to end.
static STOP: AtomicBool = AtomicBool::new(false);

#[derive(Default)]
struct Arguments {
    seeds: Option<u64>,
    minutes: Option<u64>,
    from: Option<u64>,
    one: Option<u64>,
    without: Option<Mutation>,
    mutations: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: String| {
            let parsed = text.parse::<u64>();
            parsed.map_err(|_| format!("{word} {text}: not a number"))
        };
        match word.as_str() {
            "--seeds" => parsed.seeds = Some(number(value()?)?),
            "--minutes" => parsed.minutes = Some(number(value()?)?),
            "--from" => parsed.from = Some(number(value()?)?),
            "--seed" => parsed.one = Some(number(value()?)?),
            "--without" => parsed.without = Some(guard(&value()?)?),
            "--mutations" => parsed.mutations = true,
            other => return Err(format!("{other} is not known; see the top of {}", file!())),
        }
    }
    Ok(parsed)
}

fn guard(name: &str) -> Result<Mutation, String> {
    let known = mutations();
    let found = known.iter().find(|mutation| mutation.name == name).copied();
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|mutation| mutation.name).collect();
        format!(
            "no guard is called “{name}”; there are: {}",
            names.join(", ")
        )
    })
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    stop_at_ctrl_c();
    let clean = match (arguments.one, arguments.mutations) {
        (Some(seed), _) => replay(seed, without(&arguments)),
        (None, true) => table(&arguments),
        (None, false) => campaign(&arguments),
    };
    if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn without(arguments: &Arguments) -> Without {
    arguments
        .without
        .map_or(Guards::ALL.into(), |mutation| mutation.without)
}

/// A second Ctrl-C ends the program at once.
fn stop_at_ctrl_c() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(tokio::signal::ctrl_c())?;
        STOP.store(true, Ordering::Relaxed);
        runtime.block_on(tokio::signal::ctrl_c())?;
        std::process::exit(130);
        #[expect(unreachable_code, reason = "gives the thread its type")]
        std::io::Result::Ok(())
    });
}

/// One seed, told, then again: a run made twice must be identical.
fn replay(seed: u64, without: Without) -> bool {
    let first = run_told(seed, without, &mut |line| println!("{line}"));
    let second = run(seed, without);
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
    let default = if arguments.minutes.is_some() {
        u64::MAX
    } else {
        SEEDS
    };
    let campaign = Campaign {
        from: arguments.from.unwrap_or(1),
        seeds: arguments.seeds.unwrap_or(default),
        within: arguments
            .minutes
            .map(|minutes| Duration::from_secs(60 * minutes)),
        until_broken: false,
    };
    let tally = campaign.run(without(arguments), &STOP, &tell);
    summary(campaign.from, &tally);
    tally.violations.is_empty()
}

fn tell(violation: &Violation) {
    eprintln!("seed {}: {}", violation.seed, violation.what);
}

fn summary(from: u64, tally: &Tally) {
    let Tally {
        seeds,
        sum,
        violations,
        took,
    } = tally;
    println!(
        "{seeds} seeds from {from}: {} acts of people, {} crashes, {} requests ({} lost), {} log entries, {:.1} s",
        sum.acts,
        sum.crashes,
        sum.requests,
        sum.lost,
        sum.entries,
        took.as_secs_f64()
    );
    for violation in violations.iter().take(SHOWN) {
        println!("seed {}: {}", violation.seed, violation.what);
    }
    println!("{} passed, {} failed", tally.clean(), violations.len());
}

/// The mutation table, as Markdown.
fn table(arguments: &Arguments) -> bool {
    println!("| guard taken away | told in | seed | what the simulation says |\n|---|---|--:|---|");
    let mut missed = true;
    let all = mutations();
    let chosen = all
        .iter()
        .filter(|row| arguments.without.is_none_or(|one| one.name == row.name));
    for mutation in chosen.take_while(|_| !STOP.load(Ordering::Relaxed)) {
        let seeds = arguments.seeds.unwrap_or(MUTATION_SEEDS);
        let Mutation { name, told, .. } = mutation;
        match first_to_notice(mutation, arguments.from.unwrap_or(1), seeds) {
            Some(first) => println!(
                "| {name} | {told} | {} | {} |",
                first.seed,
                in_a_cell(&first.what)
            ),
            None => {
                missed = false;
                println!(
                    "| {name} | {told} | – | nothing in {seeds} seeds: not needed, or not checked |"
                );
            }
        }
    }
    missed
}

/// The first violation that is due to the mutation: with every guard in place that seed is clean.
fn first_to_notice(mutation: &Mutation, from: u64, seeds: u64) -> Option<Violation> {
    let end = from.saturating_add(seeds);
    let mut next = from;
    while next < end {
        let campaign = Campaign {
            from: next,
            seeds: end - next,
            within: None,
            until_broken: true,
        };
        let tally = campaign.run(mutation.without, &STOP, &|_| {});
        let mut found = tally.violations.into_iter();
        if let Some(noticed) = found.find(|found| run(found.seed, Guards::ALL).is_ok()) {
            return Some(noticed);
        }
        next += tally.seeds.max(1);
    }
    None
}

/// Without what would end the cell, and no longer than a line.
fn in_a_cell(text: &str) -> String {
    const MOST: usize = 160;
    let text = text.replace('|', "\\|").replace('\n', " ");
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
