//! A Bulk query over all contacts: the job, then its results.

use serde_json::json;

use crate::client::{Client, bare_loopback};
use crate::steps::{API, COLUMNS};
use crate::watch::{Took, Watch};
use crate::{Outcome, Report};

/// Polls given up after.
const MAX_POLLS: usize = 10_000;

/// Runs a job, waits for it by asking, and fetches its results page by page.
pub(crate) fn query(client: &mut Client, report: &mut Report) -> Outcome<()> {
    let order = json!({"operation": "query", "query": format!("SELECT {COLUMNS} FROM Contact")});
    let jobs = format!("{API}/jobs/query");
    let watch = Watch::start();
    let created = client.ask("POST", &jobs, order.to_string().as_bytes())?;
    let job = format!("{jobs}/{}", created.json()?["id"].as_str().ok_or("no id")?);
    await_completion(client, &job)?;
    let extracted = watch.stop();
    let (bytes, fetched) = fetch(client, &job)?;
    let least = bare_loopback(bytes)?;
    report.flow("bulk query: job until complete", bytes, extracted, None);
    report.flow("bulk query: results", bytes, fetched, Some(least));
    let mut all = extracted;
    all += fetched;
    report.flow("bulk query in all", bytes, all, Some(least));
    Ok(())
}

fn await_completion(client: &mut Client, job: &str) -> Outcome<()> {
    for _ in 0..MAX_POLLS {
        let info = client.ask("GET", job, b"")?.json()?;
        match info["state"].as_str() {
            Some("JobComplete") => return Ok(()),
            Some("UploadComplete" | "InProgress") => {}
            state => return Err(format!("the job is {state:?}").into()),
        }
    }
    Err("the job is never complete".into())
}

fn fetch(client: &mut Client, job: &str) -> Outcome<(usize, Took)> {
    let (mut bytes, mut took) = (0, Took::default());
    let mut target = format!("{job}/results");
    loop {
        let watch = Watch::start();
        let page = client.ask("GET", &target, b"")?;
        took += watch.stop();
        bytes += page.body.len();
        match page.header("sforce-locator") {
            Some(locator) if locator != "null" => {
                target = format!("{job}/results?locator={locator}");
            }
            _ => return Ok((bytes, took)),
        }
    }
}
