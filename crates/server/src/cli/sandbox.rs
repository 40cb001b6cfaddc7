//! `tandem sandbox`: an org to play with, until told to stop.

use super::failure::Kind;
use super::{Failure, Json, print, told_to_stop};
use clap::Args;
use std::path::PathBuf;
use tandem_core::Timestamp;
use tandem_sandbox::Options;
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::shell::{Running, ServeOptions, serve};
use tandem_sandbox::state::StateError;

/// How the org is made and where it listens.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Port of the org on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of the control API on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// Records to invent: leads. Contacts, accounts and opportunities follow in proportion.
    #[arg(long, default_value_t = 300)]
    seed_size: usize,
    /// Keep the org in this file and go on with it next time; without it its records are gone at the end.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Starts the generators: the same seed makes the same org.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave the external id field out, as in an org where nobody made one.
    #[arg(long)]
    no_external_ids: bool,
    /// Give a new refresh token with every refresh and end the old one.
    #[arg(long)]
    rotate_refresh_tokens: bool,
    /// API calls allowed in 24 hours.
    #[arg(long, default_value_t = 15_000)]
    call_limit: u64,
    #[command(flatten)]
    output: Json,
}

/// Serves the org and prints how to connect to it.
pub(super) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    let stop = told_to_stop();
    let kept = args.state.is_some();
    let options = ServeOptions {
        org: Options {
            seed: args.seed,
            now: Timestamp::now(),
            external_ids: !args.no_external_ids,
            records: in_proportion(args.seed_size),
            call_limit_24h: args.call_limit,
            rotate_refresh_tokens: args.rotate_refresh_tokens,
            state: args.state,
            ..Options::default()
        },
        port: args.port,
        control_port: args.control_port,
    };
    let running = start(options).await?;
    let credentials = running.credentials();
    if args.output.json {
        print(&serde_json::to_string(&credentials).map_err(std::io::Error::other)?);
    } else {
        let org = &credentials.salesforce;
        print(&format!("Sandbox org      {}", org.url));
        print(&format!(
            "Control API      {}/control",
            running.control_url()
        ));
        print(&format!(
            "Sign in as       {} / {}",
            org.username, org.password
        ));
        print(&format!(
            "Connected app    {} / {}",
            org.client_id, org.client_secret
        ));
        print(if kept {
            "Ctrl-C ends it; the next start with the same --state goes on."
        } else {
            "Ctrl-C ends it; its records are gone then."
        });
    }
    stop.await;
    running.stop().await?;
    Ok(())
}

/// Serves an org.
///
/// # Errors
/// A port is taken, or the state file can't be used.
pub(crate) async fn start(options: ServeOptions) -> Result<Running, Failure> {
    let ports = (options.port, options.control_port);
    let failed = |error: std::io::Error| {
        if let Some(state) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return unusable(state);
        }
        if error.kind() == std::io::ErrorKind::AddrInUse {
            return Failure::new(
                Kind::PortInUse,
                format!(
                    "another program uses port {} or {} of 127.0.0.1: stop it, or choose others \
                     with --port and --control-port (0 takes a free one)",
                    ports.0, ports.1
                ),
            );
        }
        Failure::from(error)
    };
    serve(options).await.map_err(failed)
}

/// The other reasons name their way out themselves.
fn unusable(error: &StateError) -> Failure {
    let way_out = match error {
        StateError::Io { .. } => "; check the rights of its directory and the space on its disk",
        _ => "",
    };
    Failure::new(Kind::Database, format!("{error}{way_out}"))
}

/// For 300 leads 200 contacts, 80 accounts and 40 opportunities.
pub(crate) fn in_proportion(leads: usize) -> SeedSize {
    SeedSize {
        leads,
        contacts: leads * 2 / 3,
        accounts: leads * 4 / 15,
        opportunities: leads * 2 / 15,
    }
}
