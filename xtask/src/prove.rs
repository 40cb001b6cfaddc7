//! `cargo xtask prove`: tries a promise at full size and writes its section of `docs/proof.md`, whatever was found.
//!
//! The undo is tried on the real program, like the torture; the day of the budget lives in the simulation.

use anyhow::{Context as _, Result};

use crate::proof::{self, Stamp};
use crate::run;
use crate::step::{self, Profile};
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
        } => budget(seed, allowance, look),
    }
}

fn budget(seed: u64, allowance: u64, look: bool) -> Result<()> {
    let day = step::budget_day(seed, allowance, Profile::Release);
    let (said, outcome) = run::heard(&day);
    if !look {
        let figures = figures(&said).context("the day has no table")?;
        proof::replace("budget", &format!("{}\n\n{figures}", Stamp::now()?))?;
    }
    outcome
}

/// What follows the line that names the step.
fn figures(said: &str) -> Option<&str> {
    let begin = said.find("Seed ")?;
    Some(said[begin..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_what_the_day_says_of_itself() {
        let said = "Compiling x\nSeed 1, 2.\n\n| day |\n|---|\n";
        assert_eq!(figures(said), Some("Seed 1, 2.\n\n| day |\n|---|"));
        assert_eq!(figures("error"), None);
    }
}
