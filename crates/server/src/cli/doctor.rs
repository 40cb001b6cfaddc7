//! `tandem doctor`: looks at everything that Tandem needs, one line for each, with the way out.

use super::door::Door;
use super::failure::Kind;
use super::{Failure, data::Output, print};
use crate::config::{Config, ConfigError};
use ::http::Method;
use serde::Serialize;
use serde_json::Value;

/// One thing looked at.
#[derive(Serialize)]
struct Finding {
    /// What was looked at.
    what: &'static str,
    /// Whether it is as it should be.
    good: bool,
    /// What was found, and what to do.
    detail: String,
}

/// Looks and tells. Fails if anything is wrong.
pub(super) async fn run(
    config: Result<Config, ConfigError>,
    output: Output,
) -> Result<(), Failure> {
    let findings = look(config).await;
    if output.json {
        let json = serde_json::to_string(&findings).map_err(std::io::Error::other)?;
        print(&json);
    } else {
        for finding in &findings {
            let mark = if finding.good { "ok  " } else { "FAIL" };
            print(&format!("{mark}  {:<14} {}", finding.what, finding.detail));
        }
    }
    match findings.iter().filter(|finding| !finding.good).count() {
        0 => Ok(()),
        wrong => Err(Failure::new(
            Kind::Failed,
            format!("{wrong} of {} checks failed", findings.len()),
        )),
    }
}

async fn look(config: Result<Config, ConfigError>) -> Vec<Finding> {
    let config = match config {
        Ok(config) => config,
        Err(error) => return vec![finding("configuration", Err(error.to_string()))],
    };
    let app = match config.salesforce.client_id.as_str() {
        "" => Err("salesforce.client_id is empty: register a connected app and name it".into()),
        _ => Ok(format!("callback address {}", config.oauth_callback_url())),
    };
    let mut findings = vec![
        finding("configuration", Ok(config.public_url())),
        finding("connected app", app),
    ];
    let data_dir = config.server.data_dir.display().to_string();
    let door = match Door::open(config).await {
        Ok(door) => door,
        Err(failure) => {
            findings.push(finding("database", Err(failure.to_string())));
            return findings;
        }
    };
    findings.push(finding("database", integrity(&door, &data_dir).await));
    findings.push(finding("sync", sync(&door).await));
    findings.push(finding("CRM", crm(&door).await));
    findings.extend(standby(&door).await.map(|found| finding("stand-by", found)));
    findings
}

async fn integrity(door: &Door, data_dir: &str) -> Result<String, String> {
    match door.own() {
        Some(app) => {
            let checked = app.store().integrity().await;
            checked.map_err(|error| error.to_string())?;
            Ok(format!("sound, in {data_dir}"))
        }
        None => Ok(format!("in use by the running server, in {data_dir}")),
    }
}

async fn sync(door: &Door) -> Result<String, String> {
    let overview = call(door, Method::GET, "/api/admin/sync").await?;
    let state = overview["sync"]["state"].as_str().unwrap_or("unknown");
    let refused = overview["backlog"]["refused"].as_u64().unwrap_or_default();
    let held = overview["backlog"]["held"].as_u64().unwrap_or_default();
    let text = format!("{state}; {refused} refused, {held} waiting for a person");
    match state {
        "connection_lost" => Err(format!("{text}: {}", overview["sync"]["hint"])),
        _ => Ok(text),
    }
}

async fn crm(door: &Door) -> Result<String, String> {
    let report = call(door, Method::POST, "/api/admin/connection/check").await?;
    let items = report["items"].as_array().cloned().unwrap_or_default();
    let missing: Vec<_> = items
        .iter()
        .filter(|item| item["granted"] == false)
        .filter_map(|item| item["fix"].as_str())
        .collect();
    let who = report["username"].as_str().unwrap_or_default();
    match (report["ok"] == true, missing.is_empty()) {
        (true, true) => Ok(format!("{who} has every right that the mapping uses")),
        (true, false) => Ok(format!("{who}; optional: {}", missing.join("; "))),
        (false, _) => Err(format!("{who}: {}", missing.join("; "))),
    }
}

/// Nobody has to stand by; who does must be able to. `None` where the team can't be read: the line of the sync
/// tells it.
async fn standby(door: &Door) -> Option<Result<String, String>> {
    let list = call(door, Method::GET, "/api/admin/connection/connectors").await;
    list.ok().map(|list| stands_by(&list))
}

fn stands_by(list: &Value) -> Result<String, String> {
    let choices = list["choices"].as_array().cloned().unwrap_or_default();
    let Some(standby) = choices.iter().find(|one| one["role"] == "standby") else {
        let text = "nobody takes over when the connector is cut off; connect another CRM user to change that";
        return Ok(text.into());
    };
    let who = standby["username"].as_str().unwrap_or_default();
    match standby["problem"].as_str() {
        None => Ok(format!("{who} takes over when the connector is cut off")),
        Some(problem) => Err(format!("{who} can’t take over: {problem}")),
    }
}

async fn call(door: &Door, method: Method, path: &str) -> Result<Value, String> {
    let answer = door.call(method, path, None).await;
    answer.map_err(|failure| failure.to_string())
}

fn finding(what: &'static str, found: Result<String, String>) -> Finding {
    let good = found.is_ok();
    let (Ok(detail) | Err(detail)) = found;
    Finding { what, good, detail }
}
