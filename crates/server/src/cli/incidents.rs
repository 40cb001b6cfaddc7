//! `tandem incidents`: what the CRM refuses, by cause.

use super::door::Door;
use super::{Failure, Json, print};
use crate::config::Config;
use ::http::Method;
use clap::Args;
use serde_json::{Value, json};

/// Which incident, and what to do about it.
#[derive(Debug, Args)]
pub(super) struct IncidentArgs {
    /// The number of one incident; without it all are listed.
    number: Option<i64>,
    /// Carry out a fix that the incident offers, and try one record: map_value, widen, grant, change_crm, wait,
    /// correct or skip.
    #[arg(long, requires = "number", value_name = "NAME")]
    fix: Option<String>,
    /// For the fix map_value: the CRM's value that stands for the refused one.
    #[arg(long, requires = "fix", value_name = "VALUE", default_value = "")]
    crm_value: String,
    /// Try one record again; the others follow if the CRM takes it.
    #[arg(long, requires = "number", conflicts_with = "fix")]
    retry: bool,
    #[command(flatten)]
    output: Json,
}

/// Lists incidents, or does something about one.
pub(super) async fn incidents(config: Config, args: IncidentArgs) -> Result<(), Failure> {
    let door = Door::open(config).await?;
    let path = match args.number {
        Some(number) => format!("/api/admin/incidents/{number}"),
        None => "/api/admin/incidents".to_owned(),
    };
    let found = match (args.fix, args.retry) {
        (Some(fix), _) => {
            let body = json!({ "fix": fix, "crm_value": args.crm_value });
            door.call(Method::POST, &format!("{path}/fix"), Some(body))
                .await?
        }
        (None, true) => {
            door.call(Method::POST, &format!("{path}/retry"), None)
                .await?
        }
        (None, false) => door.call(Method::GET, &path, None).await?,
    };
    if args.output.json {
        print(&found.to_string());
        return Ok(());
    }
    match (found.as_array(), found["outcome"].as_str()) {
        (Some(all), _) if all.is_empty() => print("No incidents: nothing is refused."),
        (Some(all), _) => all.iter().for_each(|one| print(&line(one))),
        (None, Some(outcome)) => print(told(outcome)),
        (None, None) => details(&found).iter().for_each(|line| print(line)),
    }
    Ok(())
}

fn told(outcome: &str) -> &'static str {
    match outcome {
        "trying" => "One record is tried; if the CRM takes it, the others follow.",
        "skipped" => "These records are left alone until their value changes.",
        _ => "Nothing waits for it any more.",
    }
}

fn text<'a>(one: &'a Value, name: &str) -> &'a str {
    one[name].as_str().unwrap_or_default()
}

fn line(one: &Value) -> String {
    let state = match (&one["skipped_at"], one["trial"]["stage"].as_str()) {
        (Value::String(_), _) => "skipped",
        (_, Some(stage)) => stage,
        _ => "open",
    };
    let records = one["records"].as_u64().unwrap_or_default();
    format!(
        "{:>5}  {records:>8} records  {state:<9}  {}",
        one["id"],
        text(one, "title")
    )
}

fn details(one: &Value) -> Vec<String> {
    let mut lines = vec![
        line(one),
        format!("       The CRM’s words: {}", text(one, "words")),
    ];
    if let Some(words) = one["trial"]["words"].as_str() {
        lines.push(format!(
            "       {}: refused again: {words}",
            text(&one["trial"], "fix")
        ));
    }
    let fixes = one["fixes"].as_array().into_iter().flatten();
    lines.extend(fixes.map(|fix| {
        format!(
            "       --fix {:<10} {}",
            text(fix, "fix"),
            text(fix, "advice")
        )
    }));
    lines
}
