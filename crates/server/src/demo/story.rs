//! The story: connect, import, edit on both sides, disturb, repair, compare.

use super::acts::{self, Listed};
use super::compare::compare;
use super::progress::Progress;
use super::report::{ActTold, ConflictTold, Report};
use super::stage::Stage;
use super::{mapping, org};
use crate::app::AppError;
use crate::cli::failure::Kind;
use crate::cli::{Failure, print};
use axum::http::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tandem_core::ids::TeamId;

/// Longest time that Tandem may take to import everything, and to carry out one act.
const IMPORT_SECONDS: u64 = 300;
const ACT_SECONDS: u64 = 60;

/// Plays everything once and judges the outcome.
pub(super) async fn tell(stage: &Stage, progress: &Progress, as_json: bool) -> Result<(), Failure> {
    let began = Instant::now();
    let mut teller = Teller::new(stage, progress);
    // The second number is the least that the platform allows: one call reads all four objects, one
    // writes up to 600 records of one object; who we are, the users, the rights cost one each.
    teller
        .act(
            "Connect by OAuth, check rights, map, turn sync on",
            4,
            connect(stage),
        )
        .await?;
    teller
        .act(
            "Import 6,200 records",
            import_least(),
            import(stage, progress),
        )
        .await?;
    // A read, and a write of each of three objects.
    teller
        .act("Everyday edits on both sides", 4, everyday(stage))
        .await?;
    // The check of the rights when sync is turned on, a read, a write.
    let conflicts = teller
        .act("The same fields on both sides at once", 3, clash(stage))
        .await?;
    // A read, a write, and the question what became of the write.
    teller
        .act(
            "New people on both sides, one answer lost",
            3,
            newcomers(stage),
        )
        .await?;
    // A read, a write, and the rest of the refused records once more.
    teller
        .act(
            "Values that the CRM refuses, a token that ended",
            3,
            refusals(stage),
        )
        .await?;
    teller.report.failures = failures(stage).await?;
    // A read, a write.
    let repaired = teller
        .act("A person decides and repairs", 2, repair(stage))
        .await?;
    teller.report.retries = repaired;
    let mut report = teller.finish();
    report.resumed = stage.resumed();
    report.conflicts = outcomes(stage, conflicts).await?;
    let org = stage.org();
    report.comparison = compare(stage.browser(), async |object: &str| org.dump(object)).await?;
    report.seconds = began.elapsed().as_secs_f64();
    let team = team(stage).await?;
    let now = stage.app().now();
    let usage = stage
        .app()
        .store()
        .api_usage(team, now)
        .await
        .map_err(AppError::from)?;
    report.calls_accounted = usage.spent;
    report.calls_metered = stage.org().metered_calls();
    judge(&report, as_json)
}

/// Everything up to a running sync, for the endless demo.
pub(super) async fn prepare(stage: &Stage, progress: &Progress) -> Result<(), Failure> {
    let mut teller = Teller::new(stage, progress);
    teller
        .act(
            "Connect by OAuth, check rights, map, turn sync on",
            0,
            connect(stage),
        )
        .await?;
    teller.act("Import", 0, import(stage, progress)).await?;
    Ok(())
}

fn judge(report: &Report, as_json: bool) -> Result<(), Failure> {
    if as_json {
        print(&serde_json::to_string(report).map_err(std::io::Error::other)?);
    } else {
        report.print();
    }
    let faults = report.faults();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Failed,
        format!("the story did not end well:\n  {}", faults.join("\n  ")),
    ))
}

/// Counts calls and time around each act, and shows which one is on.
struct Teller<'s> {
    stage: &'s Stage,
    report: Report,
    progress: &'s Progress,
}

impl<'s> Teller<'s> {
    fn new(stage: &'s Stage, progress: &'s Progress) -> Self {
        Self {
            stage,
            report: Report::default(),
            progress,
        }
    }

    async fn act<T>(
        &mut self,
        name: &'static str,
        least: u64,
        act: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.progress.step(name);
        let (calls, began) = (self.stage.org().metered_calls(), Instant::now());
        let outcome = act.await?;
        self.report.acts.push(ActTold {
            name,
            calls: self.stage.org().metered_calls() - calls,
            least,
            seconds: began.elapsed().as_secs_f64(),
        });
        Ok(outcome)
    }

    fn finish(self) -> Report {
        self.progress.clear();
        self.report
    }
}

/// One request reads up to five objects, 2,000 rows of each.
fn import_least() -> u64 {
    let sizes = [
        org::RECORDS.leads,
        org::RECORDS.contacts,
        org::RECORDS.accounts,
        org::RECORDS.opportunities,
    ];
    sizes
        .iter()
        .map(|rows| rows.div_ceil(2_000))
        .max()
        .unwrap_or(1) as u64
}

async fn connect(stage: &Stage) -> Result<(), Failure> {
    let browser = stage.browser();
    let sync = browser
        .call(Method::GET, "/api/admin/sync", &Value::Null)
        .await?;
    if sync["sync"]["state"] == "not_connected" {
        let username = org::Org::connector_username();
        browser
            .connect(&username, &org::Org::options().password)
            .await?;
    }
    mapping::publish(browser).await?;
    let every_minute: Value = json!({"Account": 60, "Lead": 60, "Contact": 60, "Opportunity": 60});
    browser
        .call(Method::PUT, "/api/admin/sync/frequencies", &every_minute)
        .await?;
    // Turning it on checks the rights first.
    enable(stage, true).await
}

async fn enable(stage: &Stage, enabled: bool) -> Result<(), Failure> {
    let body = json!({ "enabled": enabled });
    let answer = stage
        .browser()
        .call(Method::PUT, "/api/admin/sync/enabled", &body)
        .await;
    answer.map(drop)
}

async fn import(stage: &Stage, progress: &Progress) -> Result<(), Failure> {
    let longest = Duration::from_secs(IMPORT_SECONDS);
    acts::read_once(stage.browser(), longest, |records| {
        progress.detail(format!("Import: {records} records so far"));
    })
    .await
}

async fn settle(stage: &Stage, seconds: u64) -> Result<(), Failure> {
    acts::settled(stage.browser(), Duration::from_secs(seconds)).await
}

async fn everyday(stage: &Stage) -> Result<(), Failure> {
    acts::everyday(stage).await?;
    settle(stage, ACT_SECONDS).await
}

async fn clash(stage: &Stage) -> Result<Vec<(Listed, ConflictTold)>, Failure> {
    enable(stage, false).await?;
    let conflicts = acts::conflicts(stage).await?;
    enable(stage, true).await?;
    settle(stage, ACT_SECONDS).await?;
    Ok(conflicts)
}

async fn newcomers(stage: &Stage) -> Result<(), Failure> {
    acts::newcomers(stage).await?;
    settle(stage, ACT_SECONDS).await
}

async fn refusals(stage: &Stage) -> Result<(), Failure> {
    acts::refusals(stage).await?;
    settle(stage, ACT_SECONDS).await
}

async fn repair(stage: &Stage) -> Result<usize, Failure> {
    let repaired = acts::tidy_up(stage.browser()).await?;
    settle(stage, ACT_SECONDS).await?;
    Ok(repaired)
}

async fn failures(stage: &Stage) -> Result<usize, Failure> {
    let path = "/api/admin/log?status=failed&limit=200";
    let page = stage
        .browser()
        .call(Method::GET, path, &Value::Null)
        .await?;
    Ok(page["rows"].as_array().map_or(0, Vec::len))
}

async fn outcomes(
    stage: &Stage,
    conflicts: Vec<(Listed, ConflictTold)>,
) -> Result<Vec<ConflictTold>, Failure> {
    let mut told = Vec::new();
    for (record, mut conflict) in conflicts {
        let view = acts::look(stage.browser(), &record, &conflict.field).await?;
        let text = |side: &str| view[side].as_str().unwrap_or_default().to_owned();
        conflict.outcome = match (text("workspace"), text("crm")) {
            (ours, theirs) if ours == theirs => ours,
            (ours, theirs) => format!("{ours} / {theirs}"),
        };
        told.push(conflict);
    }
    Ok(told)
}

async fn team(stage: &Stage) -> Result<TeamId, Failure> {
    let teams = stage.app().store().teams().await.map_err(AppError::from)?;
    let first = teams.first().map(|team| team.id);
    first.ok_or_else(|| Failure::new(Kind::Failed, "the demo has no team"))
}
