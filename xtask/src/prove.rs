//! `cargo xtask prove`: tries a promise at full size and writes its section of `docs/proof.md`, whatever was found.
//!
//! The undo is tried on the real program, like the torture; the day of the budget and the stories of merges and
//! deletions live in the simulation.

use anyhow::Result;

use crate::proof::{self, Stamp};
use crate::run;
use crate::step::{self, Profile, Step};
use crate::torture::{self, Trial};

/// What to prove.
#[derive(clap::Subcommand)]
pub(crate) enum Promise {
    /// A bad mapping rewrites every record while people edit; its undo puts back exactly the rest, with the fewest calls.
    Undo {
        /// How many records are rewritten.
        #[arg(long, default_value_t = 100_000)]
        records: u64,
        /// Percent of them that people edit.
        #[arg(long, default_value_t = 5)]
        edited_percent: u64,
        /// Starts all chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The build that developers have anyway, instead of the one that is released.
        #[arg(long)]
        debug: bool,
        /// Only shows the figures.
        #[arg(long)]
        look: bool,
    },
    /// Ten times overload for a virtual day, with crashes and two processes: no call is over, and people notice nothing.
    Budget {
        /// Starts all chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// API calls that the org allows in 24 hours.
        #[arg(long, default_value_t = 15_000)]
        allowance: u64,
        /// Only shows the figures.
        #[arg(long)]
        look: bool,
    },
    /// Merged, converted, deleted, brought back: every written story and random ones, each undone at its end.
    Scenarios {
        /// How many random stories.
        #[arg(long, default_value_t = 2_000)]
        random: u64,
        /// The seed of the first of them.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// Only shows the figures.
        #[arg(long)]
        look: bool,
    },
}

/// Tries it.
///
/// # Errors
/// It does not hold, or can't be tried.
pub(crate) fn run(promise: &Promise) -> Result<()> {
    match *promise {
        Promise::Undo {
            records,
            edited_percent,
            seed,
            debug,
            look,
        } => {
            let numbers = [
                ("--records", records),
                ("--edited-percent", edited_percent),
                ("--seed", seed),
            ];
            let words = numbers.map(|(name, number)| format!("{name}={number}"));
            let record = !look;
            torture::run("undo", &words, &Trial { debug, record })
        }
        Promise::Budget {
            seed,
            allowance,
            look,
        } => simulated(
            "budget",
            &step::budget_day(seed, allowance, Profile::Release),
            look,
        ),
        Promise::Scenarios { random, from, look } => simulated(
            "scenarios",
            &step::scenarios(random, from, Profile::Release),
            look,
        ),
    }
}

/// Runs a trial of the simulation; what it prints is its section.
fn simulated(section: &str, trial: &Step, look: bool) -> Result<()> {
    let (figures, outcome) = run::heard(trial);
    if !look && !figures.trim().is_empty() {
        proof::replace(section, &format!("{}\n\n{figures}", Stamp::now()?))?;
    }
    outcome
}
