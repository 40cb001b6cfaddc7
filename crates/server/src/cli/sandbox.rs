//! `tandem sandbox`: an org to play with, until told to stop.

use super::{Failure, Json, print, told_to_stop};
use clap::Args;
use tandem_core::Timestamp;
use tandem_sandbox::Options;
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::shell::{ServeOptions, serve};

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
    let options = ServeOptions {
        org: Options {
            seed: args.seed,
            now: Timestamp::now(),
            external_ids: !args.no_external_ids,
            records: in_proportion(args.seed_size),
            call_limit_24h: args.call_limit,
            rotate_refresh_tokens: args.rotate_refresh_tokens,
            ..Options::default()
        },
        port: args.port,
        control_port: args.control_port,
    };
    let running = serve(options).await?;
    let credentials = running.credentials();
    if args.output.json {
        print(&serde_json::to_string(&credentials).map_err(std::io::Error::other)?);
    } else {
        let org = &credentials.salesforce;
        print(&format!("Sandbox org      {}", org.url));
        print(&format!("Control API      {}", running.control_url()));
        print(&format!(
            "Sign in as       {} / {}",
            org.username, org.password
        ));
        print(&format!(
            "Connected app    {} / {}",
            org.client_id, org.client_secret
        ));
        print("Ctrl-C ends it; its records are gone then.");
    }
    told_to_stop().await;
    running.stop().await?;
    Ok(())
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
