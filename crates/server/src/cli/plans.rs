//! `tandem plans`: what the brake holds, and what to do with it.

use super::door::Door;
use super::{Failure, Json, print};
use crate::config::Config;
use ::http::Method;
use clap::Args;
use serde_json::Value;

/// Values of a plan that are shown; the page and `--json` show the others.
const VALUES_SHOWN: usize = 10;

/// Which plan, and what to do with it.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The number of one plan; without it all are listed.
    number: Option<i64>,
    /// Carry it out.
    #[arg(long, requires = "number", group = "act")]
    approve: bool,
    /// Leave its records as they are.
    #[arg(long, requires = "number", group = "act")]
    keep: bool,
    /// Read its objects from the beginning: what stands as before leaves the plan.
    #[arg(long, requires = "number", group = "act")]
    look_again: bool,
    #[command(flatten)]
    output: Json,
}

impl PlanArgs {
    /// The act's name in the API, and what is said when it is done.
    fn act(&self) -> Option<(&'static str, &'static str)> {
        if self.approve {
            Some(("approve", "Approved. The held records are carried out now."))
        } else if self.keep {
            Some(("keep", "Declined. The held records stay as they are."))
        } else {
            let told = "Its objects are read from the beginning.";
            self.look_again.then_some(("look-again", told))
        }
    }
}

/// Lists plans, shows one, or decides it.
pub(super) async fn plans(config: Config, args: PlanArgs) -> Result<(), Failure> {
    let door = Door::open(config).await?;
    let path = match args.number {
        Some(number) => format!("/api/admin/plans/{number}"),
        None => "/api/admin/plans".to_owned(),
    };
    let act = args.act();
    let found = match act {
        Some((act, _)) => {
            door.call(Method::POST, &format!("{path}/{act}"), None)
                .await?
        }
        None => door.call(Method::GET, &path, None).await?,
    };
    if args.output.json {
        print(&found.to_string());
        return Ok(());
    }
    match (act, found.as_array()) {
        (Some((_, told)), _) => print(told),
        (None, Some(plans)) if plans.is_empty() => print("Nothing is held."),
        (None, Some(plans)) => plans.iter().for_each(|plan| print(&line(plan))),
        (None, None) => details(&found).iter().for_each(|line| print(line)),
    }
    Ok(())
}

fn text<'a>(one: &'a Value, name: &str) -> &'a str {
    one[name].as_str().unwrap_or_default()
}

fn line(plan: &Value) -> String {
    let records = plan["records"].as_u64().unwrap_or_default();
    let allowed = plan["allowed"].as_u64().unwrap_or_default();
    format!(
        "{:>5}  {:<9}  {:>8} records  {} in the {}, since {}; {allowed} passed before",
        plan["id"],
        text(plan, "state"),
        records,
        text(plan, "effect"),
        text(plan, "side"),
        text(plan, "opened_at"),
    )
}

fn details(page: &Value) -> Vec<String> {
    let mut lines = vec![line(&page["plan"])];
    let records = page["records"].as_array().into_iter().flatten();
    let values = records.flat_map(|record| {
        let name = text(record, "name");
        let changes = record["changes"].as_array().cloned().unwrap_or_default();
        let whole = changes.is_empty().then(|| format!("       {name}"));
        let change = move |change: Value| {
            let (before, after) = (&change["before"], &change["after"]);
            format!(
                "       {name}: {} {before} -> {after}",
                text(&change, "field")
            )
        };
        whole.into_iter().chain(changes.into_iter().map(change))
    });
    let mut values = values.fuse();
    lines.extend(values.by_ref().take(VALUES_SHOWN));
    if values.next().is_some() || !page["next"].is_null() {
        lines.push("       … and more: see its page, or --json".to_owned());
    }
    lines
}
