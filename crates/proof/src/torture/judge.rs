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

/// What both sides show at the end.
struct State {
    here: Vec<Value>,
    /// With the object that they are of.
    there: Vec<(&'static str, Value)>,
    log: Vec<Value>,
}

impl State {
    async fn read(world: &World) -> Result<Self, Failure> {
        let mut state = Self {
            here: Vec::new(),
            there: Vec::new(),
            log: rows(&world.browser, "/api/admin/log").await?,
        };
        for kind in ["account", "person", "opportunity"] {
            let path = format!("/api/admin/records/{kind}");
            state.here.extend(rows(&world.browser, &path).await?);
        }
        for object in ["Account", "Lead", "Contact", "Opportunity"] {
            let dump = world.org.dump(object).await?.into_iter();
            state.there.extend(dump.map(|record| (object, record)));
        }
        Ok(state)
    }

    fn judge(&self, book: &Book, report: &mut Report) {
        let here = counts(self.here.iter().map(|row| &row["fields"]["email"]));
        let there = counts(self.there.iter().map(|(_, record)| &record["Email"]));
        for made in book.made() {
            let count = |of: &HashMap<String, u64>| of.get(&made.email).copied().unwrap_or(0);
            let found = (count(&here), count(&there));
            let side = match made.side {
                Side::Workspace => "here",
                Side::Crm => "in the CRM",
            };
            if found.0 > 1 || found.1 > 1 {
                report.doubled(format!(
                    "{} (made {side}) is there {found:?} times",
                    made.email
                ));
            } else if found.0 != found.1 || made.told && found != (1, 1) {
                report.missing(format!(
                    "{} (made {side}) is there {found:?} times",
                    made.email
                ));
            }
        }
        let keys = counts(self.there.iter().map(|(_, record)| &record["ExtId__c"]));
        for (key, times) in keys.into_iter().filter(|(_, times)| *times > 1) {
            report.doubled(format!("our key {key} is there {times} times"));
        }
        for row in self.here.iter().filter(|row| row["link"] != "linked") {
            report.missing(format!(
                "{} {} is {}",
                row["kind"], row["name"], row["link"]
            ));
        }
        let (mut standing, mut logged) = (HashSet::new(), HashSet::new());
        self.here
            .iter()
            .for_each(|row| texts(&row["fields"], &mut standing));
        self.there
            .iter()
            .for_each(|(_, row)| texts(row, &mut standing));
        self.log
            .iter()
            .for_each(|row| texts(&row["changes"], &mut logged));
        let (fates, lost) = book.fates(&standing, &logged);
        report.fates(fates, lost);
        report.log_entries += self.log.len() as u64;
    }
}

/// How often each text is there.
fn counts<'v>(values: impl Iterator<Item = &'v Value>) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for text in values.filter_map(Value::as_str) {
        *counts.entry(text.to_owned()).or_default() += 1;
    }
    counts
}
