//! `tandem sandbox`: an org to play with, until told to stop.

use super::failure::Kind;
use super::{Failure, Json, print, told_to_stop};
use clap::Args;
use std::path::{Path, PathBuf};
use tandem_core::Timestamp;
use tandem_sandbox::faults::FaultRule;
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::shell::{Running, ServeOptions, serve};
use tandem_sandbox::state::StateError;
use tandem_sandbox::{Edition, Options};

/// Longest time an answer can be made to take.
const MAX_LATENCY_MILLIS: u64 = 60_000;

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
    /// Contacts to invent, instead of the proportion; up to a million start in seconds.
    #[arg(long)]
    contacts: Option<usize>,
    /// Accounts to invent, instead of the proportion.
    #[arg(long)]
    accounts: Option<usize>,
    /// Opportunities to invent, instead of the proportion.
    #[arg(long)]
    opportunities: Option<usize>,
    /// What the customer bought: developer, enterprise, unlimited, or professional, which has no API.
    #[arg(long, default_value = "developer", value_parser = edition)]
    edition: Edition,
    /// API calls allowed in 24 hours; without it what the edition allows.
    #[arg(long)]
    call_limit: Option<u64>,
    /// Milliseconds each answer takes: `50`, or `20-80` for a time drawn for each.
    #[arg(long, default_value = "0", value_name = "MS", value_parser = latency)]
    latency: (u64, u64),
    /// Faults to begin with: a file with a JSON list of rules, as the control API takes them.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    #[command(flatten)]
    output: Json,
}

/// Serves the org and prints how to connect to it.
pub(super) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    let stop = told_to_stop();
    let kept = args.state.is_some();
    let faults = args
        .faults
        .as_deref()
        .map_or_else(|| Ok(Vec::new()), fault_script)?;
    let proportion = in_proportion(args.seed_size);
    let options = ServeOptions {
        org: Options {
            seed: args.seed,
            now: Timestamp::now(),
            external_ids: !args.no_external_ids,
            records: SeedSize {
                leads: proportion.leads,
                contacts: args.contacts.unwrap_or(proportion.contacts),
                accounts: args.accounts.unwrap_or(proportion.accounts),
                opportunities: args.opportunities.unwrap_or(proportion.opportunities),
            },
            edition: args.edition,
            call_limit_24h: args.call_limit.unwrap_or(args.edition.call_limit_24h()),
            latency_millis: args.latency,
            rotate_refresh_tokens: args.rotate_refresh_tokens,
            state: args.state,
            ..Options::default()
        },
        port: args.port,
        control_port: args.control_port,
    };
    let running = start(options).await?;
    for rule in faults {
        let added = running.sandbox().add_fault(rule);
        added.map_err(|error| Failure::new(Kind::Usage, format!("--faults: {error}")))?;
    }
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

fn edition(text: &str) -> Result<Edition, String> {
    let all = [
        ("developer", Edition::Developer),
        ("professional", Edition::Professional),
        ("enterprise", Edition::Enterprise),
        ("unlimited", Edition::Unlimited),
    ];
    let known = all.iter().find(|(name, _)| *name == text);
    let names = all.map(|(name, _)| name).join(", ");
    known
        .map(|(_, edition)| *edition)
        .ok_or(format!("choose one of {names}"))
}

/// `50` or `20-80`, milliseconds.
fn latency(text: &str) -> Result<(u64, u64), String> {
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| {
        text.trim()
            .parse::<u64>()
            .map_err(|error| error.to_string())
    };
    let range = (number(least)?, number(most)?);
    if range.0 <= range.1 && range.1 <= MAX_LATENCY_MILLIS {
        Ok(range)
    } else {
        Err(format!(
            "the least comes first, and the most is at most {MAX_LATENCY_MILLIS}"
        ))
    }
}

fn fault_script(path: &Path) -> Result<Vec<FaultRule>, Failure> {
    let refused = |error: String| {
        let message = format!("--faults {}: {error}", path.display());
        Failure::new(Kind::Usage, message)
    };
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| refused(error.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_a_time_or_a_range() {
        assert_eq!(latency("50"), Ok((50, 50)));
        assert_eq!(latency("20-80"), Ok((20, 80)));
        for wrong in ["", "fast", "80-20", "0-60001"] {
            assert!(latency(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_edition_has_a_name() {
        assert_eq!(edition("professional"), Ok(Edition::Professional));
        assert!(edition("gold").is_err());
    }
}
