//! The judge: when the faults have stopped and Tandem has come to rest, are both sides as they must be?
//!
//! It looks at what both sides show to anybody, at the sync log, and at the doctor's opinion of the database.

use super::book::{Book, Side, texts};
use super::report::Report;
use super::weather;
use super::world::World;
use anyhow::Result;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};
use tandem_server::cli::Failure;
use tandem_server::demo::acts;
use tandem_server::demo::browser::Browser;
use tandem_server::demo::compare::{Comparison, compare, rows};
use tokio::time::sleep;

/// Longest time to come to rest: the longest wait after failures is two minutes.
const REST_LONGEST: Duration = Duration::from_secs(420);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Lets a world come to rest and judges it.
pub(super) async fn judge(mut world: World) -> Result<Report> {
    world.report.struck = weather::clear(&world.org).await?;
    world.begin().await?;
    let began = Instant::now();
    let compared = at_rest(&world).await?;
    world.report.rest_seconds = began.elapsed().as_secs_f64();
    world.sum_up();
    let state = State::read(&world).await?;
    let mut report = std::mem::take(&mut world.report);
    report.compared(&compared);
    state.judge(&world.people.book, &mut report);
    let sync = call(&world.browser, "/api/admin/sync").await;
    let sync = sync?;
    report.calls_own = sync["api"]["ours"].as_u64().unwrap_or_default();
    let meter = world
        .org
        .steer("GET", "/control/meter", &Value::Null)
        .await?;
    report.calls_metered = meter["total_calls"].as_u64().unwrap_or_default();
    if let Err(error) = world.server.stop().and_then(|()| world.server.examine()) {
        report.faults.push(format!("{error:#}"));
    }
    Ok(report)
}

async fn call(browser: &Browser, path: &str) -> Result<Value, Failure> {
    browser.call(http::Method::GET, path, &Value::Null).await
}

/// Waits until nothing is left to do and both sides agree, or until they had every chance to. Who is asked decides.
async fn at_rest(world: &World) -> Result<Comparison, Failure> {
    let began = Instant::now();
    loop {
        acts::settled(&world.browser, REST_LONGEST).await?;
        approve_all(&world.browser).await?;
        acts::settled(&world.browser, REST_LONGEST).await?;
        acts::decide_all(&world.browser).await?;
        acts::settled(&world.browser, REST_LONGEST).await?;
        let org = &world.org;
        let compared = compare(&world.browser, async |object: &str| org.dump(object).await).await?;
        if compared.agree() || began.elapsed() > REST_LONGEST {
            return Ok(compared);
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What the brake held of merges and deletions is let pass: people meant them.
async fn approve_all(browser: &Browser) -> Result<(), Failure> {
    let plans = call(browser, "/api/admin/plans").await?;
    let plans = plans.as_array().into_iter().flatten();
    for plan in plans.filter(|plan| plan["state"] == "open") {
        let path = format!("/api/admin/plans/{}/approve", plan["id"]);
        browser
            .call(http::Method::POST, &path, &Value::Null)
            .await?;
    }
    Ok(())
}

/// What both sides show at the end.
struct State {
    here: Vec<Value>,
    /// What the workspace keeps of records that are gone in the CRM.
    archived: Vec<Value>,
    there: Vec<Value>,
    /// What is in the org's recycle bin.
    binned: Vec<Value>,
    log: Vec<Value>,
}

impl State {
    async fn read(world: &World) -> Result<Self, Failure> {
        let mut state = Self {
            here: Vec::new(),
            archived: Vec::new(),
            there: Vec::new(),
            binned: Vec::new(),
            log: rows(&world.browser, "/api/admin/log").await?,
        };
        for kind in ["account", "person", "opportunity"] {
            let path = format!("/api/admin/records/{kind}");
            state.here.extend(rows(&world.browser, &path).await?);
            let path = format!("{path}?archived=true");
            state.archived.extend(rows(&world.browser, &path).await?);
        }
        for object in ["Account", "Lead", "Contact", "Opportunity"] {
            state.there.extend(world.org.dump(object).await?);
            state.binned.extend(world.org.bin(object).await?);
        }
        Ok(state)
    }

    fn judge(&self, book: &Book, report: &mut Report) {
        self.judge_people(book, report);
        self.judge_links(report);
        let keys = counts(self.there.iter().chain(&self.binned), "ExtId__c");
        for (key, times) in keys.into_iter().filter(|(_, times)| *times > 1) {
            report.doubled(format!("our key {key} is there {times} times"));
        }
        let (mut standing, mut logged) = (HashSet::new(), HashSet::new());
        for row in self.here.iter().chain(&self.archived) {
            texts(&row["fields"], &mut standing);
        }
        for record in self.there.iter().chain(&self.binned) {
            texts(record, &mut standing);
        }
        self.log
            .iter()
            .for_each(|row| texts(&row["changes"], &mut logged));
        let (fates, lost) = book.fates(&standing, &logged);
        report.fates(fates, lost);
        report.log_entries += self.log.len() as u64;
    }

    /// Whoever was made is on both sides, once; or, if somebody took them away in the CRM, in its bin and at most once here.
    fn judge_people(&self, book: &Book, report: &mut Report) {
        let fields = self.here.iter().map(|row| &row["fields"]);
        let here = counts(fields, "email");
        let there = counts(&self.there, "Email");
        let binned = counts(&self.binned, "Email");
        for made in book.made() {
            let count = |of: &HashMap<String, u64>| of.get(&made.email).copied().unwrap_or(0);
            let found = [count(&here), count(&there), count(&binned)];
            let side = match made.side {
                Side::Workspace => "here",
                Side::Crm => "in the CRM",
            };
            let told = format!(
                "{} (made {side}) is here, in the CRM and in its bin {found:?} times",
                made.email
            );
            match found {
                [0 | 1, 0, 1] | [1, 1, 0] => {}
                [0, 0, 0] if !made.told => {}
                [0 | 1, 0 | 1, 0] => report.missing(told),
                _ => report.doubled(told),
            }
        }
    }

    /// Every record here is linked to one that is there; but for those whose record is in the bin, which are not linked.
    fn judge_links(&self, report: &mut Report) {
        let ids = |records: &[Value]| -> HashSet<String> {
            let ids = records.iter().filter_map(|record| record["Id"].as_str());
            ids.map(str::to_owned).collect()
        };
        let (there, binned) = (ids(&self.there), ids(&self.binned));
        for row in &self.here {
            let crm = row["crm_id"].as_str().unwrap_or_default();
            let sound = match row["link"].as_str() {
                Some("linked") => there.contains(crm),
                Some("unlinked") => binned.contains(crm),
                _ => false,
            };
            if !sound {
                report.missing(format!(
                    "{} {} is {} with “{crm}”, which is{} in the CRM and{} in its bin",
                    row["kind"],
                    row["name"],
                    row["link"],
                    not(there.contains(crm)),
                    not(binned.contains(crm)),
                ));
            }
        }
    }
}

fn not(so: bool) -> &'static str {
    if so { "" } else { " not" }
}

/// How often each text is in a field.
fn counts<'v>(records: impl IntoIterator<Item = &'v Value>, field: &str) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for text in records
        .into_iter()
        .filter_map(|record| record[field].as_str())
    {
        *counts.entry(text.to_owned()).or_default() += 1;
    }
    counts
}
