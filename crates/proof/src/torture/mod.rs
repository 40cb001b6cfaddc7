//! Torture: `kill -9` at any moment, thousands of times.
//!
//! The kills are dealt out to worlds ([`world`]): each is an org, an empty data directory, and people on both sides. A
//! world begins with kills during the first start and the first import, goes on with kills at drawn moments while
//! both sides are edited and people of the CRM merge, delete and bring back ([`tidying`]) in bad [`weather`], and ends in peace: the faults stop, Tandem comes to rest, and
//! [`judge`] compares. What people were told is stored stands in the [`book`].
//!
//! A world that is sound leaves nothing behind; one that is not leaves its directory, and the run fails.

mod book;
mod judge;
mod people;
mod report;
mod tidying;
mod weather;
mod world;

use anyhow::{Context as _, Result, bail};
use futures_util::future::join_all;
use report::Report;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Instant;
use world::World;

/// How much to torture.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many kills.
    #[arg(long, default_value_t = 10_000)]
    kills: usize,
    /// Starts all chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Worlds at the same time.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Most kills of one world, before it is judged.
    #[arg(long, default_value_t = 250)]
    world_kills: usize,
    /// Leads that the org of a world begins with; others in proportion.
    #[arg(long, default_value_t = 150)]
    leads: usize,
}

/// The worlds still to come, and what came of those before.
struct Run {
    tandem: PathBuf,
    dir: PathBuf,
    seed: u64,
    leads: usize,
    began: Instant,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Kills of each world to come.
    to_come: Vec<usize>,
    worlds: u64,
    report: Report,
}

/// Runs it and prints the figures.
///
/// # Errors
/// Something was lost, doubled or different, or could not be tried; the text says what and where it can be looked at.
pub(crate) async fn run(tandem: &Path, dir: &Path, args: &Args) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let worlds = args.kills.div_ceil(args.world_kills.max(1)).max(1);
    let share = |n: usize| args.kills / worlds + usize::from(n < args.kills % worlds);
    let state = State {
        to_come: (0..worlds).map(share).collect(),
        ..State::default()
    };
    let run = Run {
        tandem: std::path::absolute(tandem)?,
        dir: dir.to_owned(),
        seed: args.seed,
        leads: args.leads,
        began: Instant::now(),
        state: RefCell::new(state),
    };
    let workers = args.workers.clamp(1, worlds);
    join_all((0..workers).map(|_| work(&run))).await;
    let report = run.state.take().report;
    report.print(args.seed, workers, run.began.elapsed());
    match report.faults.is_empty() {
        true => Ok(()),
        false => bail!(
            "what was promised does not hold:\n  {}",
            report.faults.join("\n  ")
        ),
    }
}

impl Run {
    /// Number and kills of the next world.
    fn next(&self) -> Option<(u64, usize)> {
        let mut state = self.state.borrow_mut();
        let kills = state.to_come.pop()?;
        state.worlds += 1;
        Some((state.worlds, kills))
    }
}

/// One world after the other. The worlds share a thread: what works are the processes.
async fn work(run: &Run) {
    while let Some((number, kills)) = run.next() {
        let dir = run.dir.join(format!("world-{number}"));
        let mut report = one(run, &dir, number, kills).await.unwrap_or_else(|error| {
            let mut report = Report::default();
            report.faults.push(format!("{error:#}"));
            report
        });
        if report.faults.is_empty() {
            // Nothing to look at.
            let _left = std::fs::remove_dir_all(&dir);
        }
        for fault in &mut report.faults {
            *fault = format!("world {number}, see {}: {fault}", dir.display());
        }
        crate::tell(&report.line(number, run.began.elapsed()));
        run.state.borrow_mut().report.add(report);
    }
}

async fn one(run: &Run, dir: &Path, number: u64, kills: usize) -> Result<Report> {
    std::fs::create_dir_all(dir)?;
    let seed = run.seed.wrapping_mul(1_000_003).wrapping_add(number);
    let mut world = World::make(&run.tandem, dir, run.leads, seed)?;
    world.torment(kills).await?;
    judge::judge(world).await
}
