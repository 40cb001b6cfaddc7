//! The commands. Each is a thin line over [`app`](crate::app), the API or the runtime, and prints for
//! people, or with `--json` for programs. What went wrong goes to standard error, with the way out.
//!
//! Exit codes: see [`Failure`].

mod data;
mod doctor;
mod door;
pub(crate) mod failure;
mod incidents;
mod plans;
mod rehearse;
mod sandbox;
mod serve;
mod undo;
mod verify;

pub use failure::Failure;
pub(crate) use sandbox::start as start_org;

use crate::config::load;
use crate::demo;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Keeps a workspace and a Salesforce org in agreement.
#[derive(Debug, Parser)]
#[command(
    name = "tandem",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong command or configuration, \
    3 the database can't be used, 4 the port is in use, 5 not possible in the present state, \
    6 the CRM does not answer."
)]
pub struct Cli {
    /// Configuration file; without it `tandem.toml` here, if there is one.
    #[arg(long, global = true, value_name = "FILE", env = "TANDEM_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages and API, and keep both sides in sync, until told to stop.
    Serve,
    /// Play with two sides at once: a sandbox org and a server that is already connected to it.
    Demo(demo::DemoArgs),
    /// Serve a sandbox org: an emulator of Salesforce for tests and for playing.
    Sandbox(sandbox::SandboxArgs),
    /// Read every object now and carry out everything that is due.
    Sync(data::Output),
    /// Show the sync log, newest first.
    Logs(data::LogArgs),
    /// Show what the CRM refuses, by cause, and fix it.
    Incidents(incidents::IncidentArgs),
    /// Show what the brake holds because it would touch far more records than normal, and decide it.
    Plans(plans::PlanArgs),
    /// Show what the first run would link, make and change, before sync is turned on; nothing is written.
    #[command(visible_alias = "plan")]
    Rehearse(rehearse::RehearseArgs),
    /// Try again what the CRM refused.
    Retry(data::RetryArgs),
    /// Put back what the sync changed: of an entry, a record, a version of a mapping, a window of time.
    Undo(undo::UndoArgs),
    /// Tell why a field holds its value, and what its next change will do.
    Why(undo::WhyArgs),
    /// Compare both sides field by field and name every difference.
    Verify(data::Output),
    /// Check configuration, data, database and CRM connection.
    Doctor(data::Output),
    /// Print the configuration's defaults with their explanation.
    Defaults,
}

/// Runs the command line of this process.
///
/// # Errors
/// See [`Failure`]; its text is meant for standard error, its code for the shell.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let config = || load(cli.config.as_deref(), std::env::vars());
    match cli.command {
        Command::Serve => serve::serve(config()?).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Sync(output) => data::sync(config()?, output).await,
        Command::Logs(args) => data::logs(config()?, args).await,
        Command::Incidents(args) => incidents::incidents(config()?, args).await,
        Command::Plans(args) => plans::plans(config()?, args).await,
        Command::Rehearse(args) => rehearse::rehearse(config()?, args).await,
        Command::Retry(args) => data::retry(config()?, args).await,
        Command::Undo(args) => undo::undo(config()?, args).await,
        Command::Why(args) => undo::why(config()?, args).await,
        Command::Verify(output) => verify::verify(config()?, output).await,
        Command::Doctor(output) => doctor::run(config(), output).await,
        Command::Defaults => {
            print(crate::config::DEFAULTS.trim_end());
            Ok(())
        }
    }
}

/// Prints a line to standard output. A reader that has gone away (`| head`) ends the output, not us.
pub(crate) fn print(line: &str) {
    use std::io::Write as _;
    let _gone = writeln!(std::io::stdout(), "{line}");
}

/// How to print.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Json {
    /// Print JSON for programs.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Ends when somebody wants this process to end: Ctrl-C, or a service manager. It listens from this call
/// on, not from the first await, so that a signal between “it is ready” and the waiting counts.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = signal(SignalKind::terminate()).and_then(|terminate| {
            let interrupt = signal(SignalKind::interrupt())?;
            Ok((terminate, interrupt))
        });
        async move {
            // Without signals the system's own way of ending a process remains.
            let Ok((mut terminate, mut interrupt)) = signals else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    }
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
