//! `tandem-proof`: tries from outside what Tandem promises, on the real program.
//!
//! Nothing here looks into Tandem: servers are processes of the `tandem` binary, people use the API that the pages
//! use, the CRM's people use the org's control API, and the judge compares what both sides show. What is tried:
//! - [`torture`]: the server is killed at any moment, thousands of times, while both sides are edited and the
//!   network fails; nothing may be lost, doubled or different.
//! - [`undo`]: a bad mapping rewrites every record while people go on editing; its undo puts back exactly the rest,
//!   with the fewest calls.
//!
//! Standard output gets the figures as Markdown, for `docs/proof.md`; what happens meanwhile goes to standard error.
//! Processes are ended by their own handle, never by name. All chance comes from the seed, but what it meets depends
//! on the machine's timing, so a run can be repeated in kind and not exactly; the simulation is there for that.

mod dice;
mod org;
mod server;
mod torture;
mod undo;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Tries what Tandem promises.
#[derive(Parser)]
struct Cli {
    /// The `tandem` program to try.
    #[arg(long, global = true, value_name = "FILE", default_value = "tandem")]
    tandem: PathBuf,
    /// Where data directories and logs go; those of a trial that fails stay.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Subcommand)]
enum Trial {
    /// Kills the server again and again while both sides are edited.
    Torture(torture::Args),
    /// Lets a bad mapping rewrite every record, and undoes it.
    Undo(undo::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let dir = cli.dir.unwrap_or_else(|| {
        let name = format!("tandem-proof-{}", std::process::id());
        std::env::temp_dir().join(name)
    });
    let outcome = match cli.trial {
        Trial::Torture(args) => torture::run(&cli.tandem, &dir, &args).await,
        Trial::Undo(args) => undo::run(&cli.tandem, &dir, &args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tell(&format!("{why:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A line for the person who waits.
fn tell(line: &str) {
    use std::io::Write as _;
    // Nobody has to listen.
    let _gone = writeln!(std::io::stderr(), "{line}");
}

/// A line of the figures.
fn print(line: &str) {
    use std::io::Write as _;
    // As above.
    let _gone = writeln!(std::io::stdout(), "{line}");
}
