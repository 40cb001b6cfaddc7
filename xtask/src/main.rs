//! `cargo xtask`: what developers and CI run. `cargo xtask test` is everything that CI runs.
//!
//! A command is a list of [`step`]s, each a `cargo` command with a time limit. Steps run one after the
//! other; the first that fails ends the command. Nothing is needed beside a Rust toolchain, but for
//! [`clients`], which run in the languages they are written in.
//!
//! The tidy test (`tests/tidy`) holds what the compiler does not: who may import whom, which rooms may
//! sleep or read the environment, module docs, sizes.

mod bench;
mod clients;
mod proof;
mod prove;
mod run;
mod sim;
mod step;
mod tally;
mod torture;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use step::Profile;

/// Development tasks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Formatting, lints and documentation, without a warning.
    Check,
    /// Everything that CI runs: check, every test, the fixed seeds of the simulation.
    Test {
        /// Without the documentation, and with a tenth of the seeds.
        #[arg(long)]
        quick: bool,
    },
    /// Seeds of the simulation.
    Sim(SimArgs),
    /// Kills the real server thousands of times while both sides are edited, and compares them at the end.
    Torture {
        /// How many kills.
        #[arg(long, default_value_t = 10_000)]
        kills: u64,
        /// Starts all chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Worlds that are tortured at the same time.
        #[arg(long, default_value_t = 2)]
        workers: u64,
        #[command(flatten)]
        trial: torture::Trial,
    },
    /// Tries a promise at full size and writes its section of docs/proof.md.
    Prove {
        #[command(subcommand)]
        promise: prove::Promise,
    },
    /// Client libraries of others, unmodified, against the sandbox: the one that needs Python only.
    Clients {
        /// Those in other languages, too.
        #[arg(long)]
        all: bool,
    },
    /// Recorded answers of real orgs against the sandbox's, key by key.
    Fidelity {
        /// Folder of recordings; they are not part of the repository.
        #[arg(long)]
        fixtures: PathBuf,
    },
    /// Measures and writes `docs/benchmarks.md` anew.
    Bench {
        /// Contacts in the sandbox.
        #[arg(long, default_value_t = 1_000_000)]
        contacts: usize,
        /// The date to write down, if not today's.
        #[arg(long)]
        date: Option<String>,
    },
    /// Writes `openapi/` anew from the code.
    Openapi {
        /// Only compares.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Args)]
struct SimArgs {
    /// How many seeds; 200 if nothing is said.
    #[arg(long)]
    seeds: Option<u64>,
    /// As many seeds as fit in so many minutes.
    #[arg(long, conflicts_with = "seeds")]
    minutes: Option<u64>,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Only this one, told line by line and made twice.
    #[arg(long, conflicts_with_all = ["seeds", "minutes", "from", "mutations"])]
    seed: Option<u64>,
    /// Turns each guard of the engine off and shows the first seed that notices.
    #[arg(long)]
    mutations: bool,
    /// Writes the outcome to docs/proof.md.
    #[arg(long, conflicts_with = "seed")]
    record: bool,
}

fn perform(task: Task) -> ExitCode {
    match task {
        Task::Check => run::all(&step::check(), false),
        Task::Test { quick: false } => run::all(&step::everything(), true),
        Task::Test { quick: true } => run::all(&step::quick(), true),
        Task::Sim(args) if args.record => sim::record(&words(&args)),
        Task::Sim(args) => run::all(&[step::sim(&words(&args), Profile::Release)], false),
        Task::Torture {
            kills,
            seed,
            workers,
            trial,
        } => {
            let numbers = [("--kills", kills), ("--seed", seed), ("--workers", workers)];
            let words = numbers.map(|(name, number)| format!("{name}={number}"));
            ended(torture::run("torture", &words, &trial))
        }
        Task::Prove { promise } => ended(prove::run(&promise)),
        Task::Clients { all } => clients::run(all),
        Task::Fidelity { fixtures } => run::all(&[step::fidelity(&fixtures)], false),
        Task::Bench { contacts, date } => ended(bench::write(contacts, date)),
        Task::Openapi { check } => run::all(&[step::openapi(!check)], false),
    }
}

/// The arguments as the simulation's own command line has them.
fn words(args: &SimArgs) -> Vec<String> {
    if let Some(seed) = args.seed {
        return vec!["--seed".into(), seed.to_string()];
    }
    let mut words = vec!["--from".into(), args.from.to_string()];
    for (word, number) in [("--seeds", args.seeds), ("--minutes", args.minutes)] {
        words.extend(
            number
                .into_iter()
                .flat_map(|number| [word.into(), number.to_string()]),
        );
    }
    words.extend(args.mutations.then(|| "--mutations".into()));
    words
}

fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn main() -> ExitCode {
    perform(Cli::parse().task)
}
