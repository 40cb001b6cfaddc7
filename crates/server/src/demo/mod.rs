//! `tandem demo`: a sandbox org and a server that is connected to it, in one process, to play with.
//!
//! Nothing in it knows a short cut: the org is reached over HTTP, the connection is made by the real
//! OAuth flow through the org's log-in page, edits of the workspace go through the API and those of the
//! CRM through the org. With `--once` the whole story is played without a browser and the outcome is
//! checked: both sides must agree on every mapped field.
//!
//! With `--data-dir` everything survives the end of the process, however it ends: Tandem in its
//! database, the org in a journal (`org`).

mod acts;
mod browser;
mod compare;
mod journal;
mod mapping;
mod org;
mod play;
mod report;
mod stage;
mod story;

use crate::cli::{Failure, print, told_to_stop};
use crate::config::{Log, LogFormat};
use crate::telemetry;
use clap::Args;
use secrecy::ExposeSecret as _;
use stage::Stage;
use std::path::PathBuf;

/// How to play.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Play the whole story once, without a browser, check the outcome and end.
    #[arg(long)]
    once: bool,
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

/// Sets the stage and plays.
pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    telemetry::start_log(&Log {
        level: "warn".into(),
        format: LogFormat::Text,
    });
    let dir = Directory::of(args.data_dir)?;
    let port = if args.once { 0 } else { args.port };
    let stage = Stage::set(dir.path(), port).await?;
    if args.once {
        return story::tell(stage, args.json).await;
    }
    story::prepare(&stage).await?;
    print(&format!("Tandem      {}", stage.tandem_url()));
    print(&format!(
        "Sign in as  {} / {}",
        browser::EMAIL,
        stage.password().expose_secret()
    ));
    print(&format!("Org         {}", stage.org().url()));
    print("Edits happen on both sides every few seconds. Ctrl-C ends it.");
    tokio::select! {
        failure = play::forever(&stage) => return Err(failure),
        () = told_to_stop() => {}
    }
    stage.strike().await;
    Ok(())
}

/// Where the demo keeps its things.
enum Directory {
    Kept(PathBuf),
    Gone(PathBuf),
}

impl Directory {
    fn of(kept: Option<PathBuf>) -> Result<Self, Failure> {
        match kept {
            Some(path) => {
                std::fs::create_dir_all(&path)?;
                Ok(Self::Kept(path))
            }
            None => {
                let name = format!("tandem-demo-{}", uuid::Uuid::now_v7());
                let path = std::env::temp_dir().join(name);
                std::fs::create_dir(&path)?;
                Ok(Self::Gone(path))
            }
        }
    }

    fn path(&self) -> &std::path::Path {
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
