//! `tandem sync`, `logs` and `retry`.

use super::door::Door;
use super::failure::Kind;
use super::{Failure, Json, print};
use crate::app::{App, AppError};
use crate::config::Config;
use crate::runtime::{Work, until_idle};
use ::http::Method;
use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::time::Duration;
use tandem_core::ids::TeamId;

/// How to print.
pub(super) type Output = Json;

/// Which entries.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// `key=value` with the keys of the API: source, type, status, object, text, since, until,
    /// record, error. May be given several times; all must hold.
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Entries to show, at most 200.
    #[arg(long, default_value_t = 20)]
    limit: u16,
    #[command(flatten)]
    output: Json,
}

/// What to try again.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct RetryArgs {
    /// Numbers of log entries.
    #[arg(long, value_name = "NUMBER", num_args = 1..)]
    entry: Vec<i64>,
    /// Everything that was set aside for this reason, such as `too-long`: one record of each incident is tried,
    /// and the others follow if the CRM takes it.
    #[arg(long, value_name = "CODE")]
    cause: Option<String>,
    #[arg(long, group = "print")]
    /// Print JSON for programs.
    json: bool,
}

/// Reads everything now and works until nothing is due; a running server does it itself.
pub(super) async fn sync(config: Config, output: Output) -> Result<(), Failure> {
    let door = Door::open(config).await?;
    let Some(app) = door.own() else {
        door.call(Method::POST, "/api/admin/sync/now", None).await?;
        return say(
            output,
            &json!({"asked": true}),
            "The running server reads every object now.",
        );
    };
    let team = first_team(app).await?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    let work = until_idle(app, team, |work| bar.set_message(line(work))).await;
    bar.finish_and_clear();
    let work = work?;
    if let Some(reason) = &work.refused {
        return Err(Failure::new(
            Kind::NotNow,
            format!("{}; stopped: {reason}", line(&work)),
        ));
    }
    say(
        output,
        &serde_json::to_value(&work).unwrap_or_default(),
        &line(&work),
    )
}

fn line(work: &Work) -> String {
    format!(
        "{} rows read, {} records decided, {} sent, {} taken by the CRM, {} API calls",
        work.rows_read, work.decisions, work.records_sent, work.records_taken, work.api_calls
    )
}

pub(super) async fn first_team(app: &App) -> Result<TeamId, Failure> {
    let teams = app.store().teams().await.map_err(AppError::from)?;
    let first = teams.first().map(|team| team.id);
    first.ok_or_else(|| {
        let text = "Tandem is not set up yet: run `tandem serve` and open its page in a browser";
        Failure::new(Kind::NotNow, text)
    })
}

/// Shows the log.
pub(super) async fn logs(config: Config, args: LogArgs) -> Result<(), Failure> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    for filter in &args.filter {
        let (key, value) = filter.split_once('=').ok_or_else(|| {
            let text = format!("--filter {filter}: write it as key=value, as in status=failed");
            Failure::new(Kind::Usage, text)
        })?;
        query.append_pair(key, value);
    }
    let path = format!("/api/admin/log?{}", query.finish());
    let page = Door::open(config)
        .await?
        .call(Method::GET, &path, None)
        .await?;
    let rows = page["rows"].as_array().cloned().unwrap_or_default();
    if args.output.json {
        print(&page.to_string());
    } else if rows.is_empty() {
        print("No entries.");
    }
    if !args.output.json {
        rows.iter().for_each(|row| print(&entry(row)));
    }
    Ok(())
}

fn entry(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut line = format!(
        "{:>7}  {}  {:<9} {:<8} {:<7}  {}",
        row["id"],
        text("at"),
        text("source"),
        text("type"),
        text("status"),
        text("summary")
    );
    if let Some(error) = row["error"].as_object() {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        line += &format!(
            "\n         {}: {}\n         {}",
            part("class"),
            part("message"),
            part("hint")
        );
    }
    line
}

/// Tries again.
pub(super) async fn retry(config: Config, args: RetryArgs) -> Result<(), Failure> {
    let body = match &args.cause {
        Some(cause) => json!({ "cause": cause }),
        None => json!({ "entries": args.entry }),
    };
    let door = Door::open(config).await?;
    let answer = door
        .call(Method::POST, "/api/admin/log/retry", Some(body))
        .await?;
    let text = match args.cause {
        Some(_) => format!(
            "One record of each incident is tried; if the CRM takes it, the others follow: {} records.",
            answer["records"]
        ),
        None => format!("{} records are tried again.", answer["records"]),
    };
    say(Json { json: args.json }, &answer, &text)
}

fn say(output: Output, json: &Value, text: &str) -> Result<(), Failure> {
    if output.json {
        print(&json.to_string());
    } else {
        print(text);
    }
    Ok(())
}
