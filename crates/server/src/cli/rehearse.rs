//! `tandem rehearse`.

use super::door::Door;
use super::failure::Kind;
use super::{Failure, Json, print};
use crate::config::Config;
use ::http::Method;
use clap::Args;
use serde_json::Value;

const PLACE: &str = "/api/admin/sync/rehearsal";

/// Whether to rehearse, or only to look.
#[derive(Debug, Args)]
pub(super) struct RehearseArgs {
    /// Show what the last rehearsal found, without a new one.
    #[arg(long)]
    show: bool,
    #[command(flatten)]
    output: Json,
}

/// Rehearses the first run and tells what it found. A running server makes the rehearsal itself; then `--show` tells.
pub(super) async fn rehearse(config: Config, args: RehearseArgs) -> Result<(), Failure> {
    let door = Door::open(config).await?;
    if !args.show {
        door.call(Method::POST, PLACE, None).await?;
        if let Some(app) = door.own() {
            let team = super::data::first_team(app).await?;
            app.rehearse_if_asked(team).await?;
        }
    }
    let state = door.call(Method::GET, PLACE, None).await?;
    if args.output.json {
        print(&state.to_string());
    }
    if let Some(reason) = state["failed"].as_str() {
        return Err(Failure::new(Kind::NotNow, reason));
    }
    if !args.output.json {
        told(&state).iter().for_each(|line| print(line));
    }
    Ok(())
}

fn told(state: &Value) -> Vec<String> {
    if !state["asked_at"].is_null() {
        let text = "The running server rehearses the first run. `tandem rehearse --show` tells what it found.";
        return vec![text.to_owned()];
    }
    let found = &state["last"];
    if found.is_null() {
        return vec!["Nothing was rehearsed yet.".to_owned()];
    }
    let mut lines = vec![format!(
        "Rehearsed at {} for {} API calls; nothing was written.",
        found["at"].as_str().unwrap_or_default(),
        found["calls"]
    )];
    let objects = found["objects"].as_array().into_iter().flatten();
    lines.extend(objects.flat_map(object));
    lines
}

fn object(one: &Value) -> Vec<String> {
    let all = match one["complete"].as_bool() {
        Some(true) => "records in the CRM",
        _ => "records looked at, those that changed longest ago; the CRM has more",
    };
    let name = one["object"].as_str().unwrap_or_default();
    let mut lines = vec![format!("{name}: {} {all}", one["rows"])];
    for (act, label) in [
        ("link", "linked by a match key"),
        ("choose", "match several: a person chooses"),
        ("make_here", "made in the workspace"),
        ("make_there", "created in the CRM"),
        ("change_here", "changed in the workspace"),
        ("change_there", "changed in the CRM"),
        ("hold", "different on both sides: a person decides"),
        ("refuse", "with values that do not fit"),
    ] {
        let count = one["acts"][act].as_u64().unwrap_or_default();
        if count > 0 {
            lines.push(format!("{count:>10} {label}"));
        }
    }
    lines
}
