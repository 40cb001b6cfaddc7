//! How fast the embedded database takes the steps of a large import, and how long its lists take.
//!
//! ```text
//! cargo run --release -p tandem-store --example bench [records]
//! ```
//!
//! Every step is compared with the least that could be done: inserting the documents that it wrote into
//! a bare table of another file, in transactions of the same size, with the same safety. The ratio says
//! what indexes, fences and decoding cost; unlike rows per second it says so on any machine.
//!
//! Only the store is on the clock. Decisions and outcomes are made by `tandem-core` between the calls,
//! as the engine makes them.

mod lists;
mod raw;
mod steps;
mod world;

use raw::Raw;
use std::error::Error;
use std::time::Duration;
use world::World;

/// Records imported if nothing else is asked for.
const RECORDS: usize = 10_000;
/// Entries and records that the lists are measured with.
const LISTED: i64 = 100_000;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a step did and how long it took.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) rows: usize,
    pub(crate) took: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let records = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => RECORDS,
    };
    println!("machine: {}", machine());
    println!("| step | rows | rate | × least |\n|---|---:|---:|---:|");
    let directory = tempfile::tempdir()?;
    let world = World::open(&directory.path().join("bench.db")).await?;
    let mut raw = Raw::open(directory.path())?;
    let step = steps::stage(&world, records).await?;
    report(
        &step,
        raw.insert(&["mirror", "link"], records, steps::PAGE_ROWS)?,
    );
    let step = steps::import(&world).await?;
    let written = ["record", "link", "log"];
    report(&step, raw.insert(&written, records, steps::LINKS)?);
    let step = steps::edit(&world, records).await?;
    report(&step, raw.insert(&["record", "link"], records, 1)?);
    let step = steps::decide(&world).await?;
    report(
        &step,
        raw.insert(&["link", "intent"], records, steps::LINKS)?,
    );
    let step = steps::send(&world).await?;
    let written = ["mirror", "link", "log"];
    report(&step, raw.insert(&written, records, steps::INTENTS)?);
    raw.multiply(LISTED)?;
    raw.refuse(LISTED)?;
    lists::measure(&world, LISTED).await
}

fn report(step: &Measured, bare: Duration) {
    let seconds = step.took.as_secs_f64();
    println!(
        "| {} | {} | {:.0} rows/s | {:.1} |",
        step.name,
        step.rows,
        step.rows as f64 / seconds,
        seconds / bare.as_secs_f64(),
    );
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = about
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown CPU", |(_, name)| name.trim());
    format!("{cores} cores, {name}")
}
