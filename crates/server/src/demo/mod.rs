//! `tandem demo`: a sandbox org and a server that is connected to it, in one process, to play with.
//!
//! Nothing in it knows a short cut: the org is reached over HTTP, the connection is made by the real
//! OAuth flow through the org's log-in page, edits of the workspace go through the API and those of the
//! CRM through the org. With `--once` the whole story is played without a browser and the outcome is
//! checked: both sides must agree on every mapped field.
//!
//! With `--data-dir` everything survives the end of the process, however it ends: Tandem in its
//! database, the org in its state file, and what ties them together in `memory`.

pub mod acts;
pub mod browser;
pub mod compare;
pub mod mapping;
mod memory;
mod org;
mod play;
mod progress;
mod report;
mod stage;
mod story;

use crate::cli::failure::Kind;
use crate::cli::{Failure, print, told_to_stop};
use crate::config::{Log, LogFormat};
use crate::telemetry;
use clap::Args;
use progress::Progress;
use secrecy::ExposeSecret as _;
use stage::Stage;
use std::path::{Path, PathBuf};
use std::pin::pin;

/// How to play.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Play the whole story once, without a browser, check the outcome and end.
    #[arg(long)]
    once: bool,
    /// Let nobody edit but you: to try things one by one.
    #[arg(long, conflicts_with = "once")]
    by_hand: bool,
    /// Port of Tandem's pages on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Keep everything in this directory and go on there next time; without it nothing is kept.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print the outcome of --once as JSON.
    #[arg(long, requires = "once")]
    json: bool,
}

/// Sets the stage, plays until the end or until told to stop, and clears up.
pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    telemetry::start_log(&Log {
        level: "warn".into(),
        format: LogFormat::Text,
    });
    let mut stop = pin!(told_to_stop());
    let dir = Directory::of(args.data_dir.as_deref())?;
    let port = if args.once { 0 } else { args.port };
    let progress = Progress::new();
    let Some(stage) = until_told(stop.as_mut(), Stage::set(dir.path(), port, &progress)).await
    else {
        return stopped(&args);
    };
    let stage = stage?;
    let outcome = until_told(stop, play(&stage, &args, &progress)).await;
    progress.clear();
    stage.strike().await;
    outcome.unwrap_or_else(|| stopped(&args))
}

async fn play(stage: &Stage, args: &DemoArgs, progress: &Progress) -> Result<(), Failure> {
    if args.once {
        return story::tell(stage, progress, args.json).await;
    }
    story::prepare(stage, progress).await?;
    progress.clear();
    greet(stage, args.by_hand);
    if args.by_hand {
        return std::future::pending().await;
    }
    Err(play::forever(stage).await)
}

fn greet(stage: &Stage, by_hand: bool) {
    let org = stage.org();
    let password = stage.password().expose_secret();
    print(&format!("Tandem       {}", stage.tandem_url()));
    print(&format!("Sign in as   {} / {password}", browser::EMAIL));
    print(&format!("The CRM      {}", org.url()));
    print(&format!("Its control  {}/control", org.control_url()));
    print("What to try  docs/operate/demo.md");
    print(if by_hand {
        "Nobody edits but you. Ctrl-C ends it."
    } else {
        "People edit on both sides every few seconds (with --by-hand they don't). Ctrl-C ends it."
    });
}

/// Works until somebody wants an end; then nothing comes of it.
async fn until_told<T>(stop: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        outcome = work => Some(outcome),
        () = stop => None,
    }
}

/// An endless demo has no other end; a story has.
fn stopped(args: &DemoArgs) -> Result<(), Failure> {
    if args.once {
        let text = "stopped before the end of the story";
        return Err(Failure::new(Kind::Failed, text));
    }
    Ok(())
}

/// Where the demo keeps its things.
enum Directory {
    Kept(PathBuf),
    Gone(PathBuf),
}

impl Directory {
    fn of(kept: Option<&Path>) -> Result<Self, Failure> {
        let (path, keep) = match kept {
            Some(path) => (path.to_owned(), true),
            None => {
                let name = format!("tandem-demo-{}", uuid::Uuid::now_v7());
                (std::env::temp_dir().join(name), false)
            }
        };
        std::fs::create_dir_all(&path).map_err(|error| {
            let text = format!(
                "the directory {} can't be made: {error}; name another one with --data-dir",
                path.display()
            );
            Failure::new(Kind::Usage, text)
        })?;
        Ok(if keep {
            Self::Kept(path)
        } else {
            Self::Gone(path)
        })
    }

    fn path(&self) -> &Path {
        let (Self::Kept(path) | Self::Gone(path)) = self;
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Self::Gone(path) = self
            && let Err(error) = std::fs::remove_dir_all(&*path)
        {
            tracing::warn!(%error, path = %path.display(), "the demo's directory stays");
        }
    }
}
