//! Many seeds, on every core, until they are done, the time is up or somebody says stop.

use crate::mutants::Without;
use crate::{Report, Violation, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Which seeds to run.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first.
    pub from: u64,
    /// How many at most.
    pub seeds: u64,
    /// No new one is begun after this time.
    pub within: Option<Duration>,
    /// The first violation ends it.
    pub until_broken: bool,
}

/// What came of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tally {
    /// Seeds that were run: all from the first one on.
    pub seeds: u64,
    /// What the clean ones did, added up; the fingerprint means nothing.
    pub sum: Report,
    /// Broken invariants, by seed.
    pub violations: Vec<Violation>,
    /// How long it took.
    pub took: Duration,
}

impl Tally {
    /// Seeds without a violation.
    pub fn clean(&self) -> u64 {
        self.seeds - self.violations.len() as u64
    }

    fn count(&mut self, result: Result<Report, Violation>) {
        self.seeds += 1;
        match result {
            Err(violation) => self.violations.push(violation),
            Ok(report) => {
                self.sum.acts += report.acts;
                self.sum.crashes += report.crashes;
                self.sum.requests += report.requests;
                self.sum.lost += report.lost;
                self.sum.entries += report.entries;
            }
        }
    }
}

impl Campaign {
    /// Runs the seeds; `stop` ends it early, after the runs under way. Every violation is told as soon as it is found.
    pub fn run(
        &self,
        without: Without,
        stop: &AtomicBool,
        tell: &(dyn Fn(&Violation) + Sync),
    ) -> Tally {
        let began = Instant::now();
        let (next, tally) = (AtomicU64::new(self.from), Mutex::new(Tally::default()));
        let over = || {
            stop.load(Ordering::Relaxed) || self.within.is_some_and(|most| began.elapsed() >= most)
        };
        let work = || {
            while !over() {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= self.from.saturating_add(self.seeds) {
                    break;
                }
                let result = run(seed, without);
                if let Err(violation) = &result {
                    tell(violation);
                    next.fetch_max(
                        if self.until_broken { u64::MAX / 2 } else { 0 },
                        Ordering::Relaxed,
                    );
                }
                if let Ok(mut tally) = tally.lock() {
                    tally.count(result);
                }
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(work);
            }
        });
        let mut tally = tally.into_inner().unwrap_or_default();
        tally.violations.sort_by_key(|violation| violation.seed);
        tally.took = began.elapsed();
        tally
    }
}
