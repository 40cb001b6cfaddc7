//! One team's loops: engine turns until nothing is left to do, then sleep.
//!
//! There are two: one for everything, and one for the edits of people alone, which never waits behind a
//! large request of the other.

use super::notes::{Gauges, note};
use crate::app::{App, AppResult};
use crate::telemetry as names;
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmObject, RunId, TeamId};
use tandem_core::link::Lanes;
use tandem_core::store::SyncStore as _;
use tandem_engine::{Engine, Tick, Turn, WriteStep};
use tokio_util::sync::CancellationToken;

/// Shortest and longest sleep. The longest bounds what a lost wake-up costs.
const SLEEP_MIN: Duration = Duration::from_millis(200);
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How long a wake-up waits for others: what several people do at once, or one in several places, goes in
/// one call.
const LINGER: Duration = Duration::from_millis(150);
/// Sleep after a turn that the database failed, by failures in a row.
const FAILED_SLEEPS_SECONDS: [u64; 5] = [1, 2, 5, 15, 30];

/// What became of one turn.
enum Next {
    /// There may be more to do.
    Again,
    /// Nothing before then.
    Sleep(Duration),
    /// Work waits for the API budget, in words.
    Paused(String),
}

/// Runs these lanes of a team until `stop`. A turn under way is finished.
pub(super) async fn run(app: App, team: TeamId, lanes: Lanes, stop: CancellationToken) {
    let waker = app.signals().waker(team);
    let mut mood = Mood::default();
    let mut run = begin_run(&app);
    let mut gauges = Gauges::default();
    while !stop.is_cancelled() {
        let outcome = guarded_turn(&app, team, lanes, run).await;
        if lanes == Lanes::All {
            gauges.refresh(&app, team).await;
        }
        let Some(sleep) = mood.after(team, outcome) else {
            continue;
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = waker.notified() => linger(&stop).await,
            () = tokio::time::sleep(sleep) => {}
        }
        run = begin_run(&app);
    }
}

/// What is done from now until nothing is left to do.
fn begin_run(app: &App) -> RunId {
    RunId::begin(app.now(), rand::random_range(0.0..1.0))
}

async fn linger(stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(LINGER) => {}
    }
}

/// What the loop remembers from turn to turn, so that a state is told when it begins and not again.
#[derive(Default)]
struct Mood {
    failures: usize,
    paused: bool,
}

impl Mood {
    /// How long to sleep after a turn; not at all if there may be more to do.
    fn after(&mut self, team: TeamId, outcome: Result<Next, String>) -> Option<Duration> {
        let was_paused = std::mem::take(&mut self.paused);
        let failures = std::mem::take(&mut self.failures);
        match outcome {
            Ok(Next::Again) => None,
            Ok(Next::Sleep(sleep)) => Some(sleep),
            Ok(Next::Paused(reason)) => {
                if !was_paused {
                    tracing::warn!(%team, reason, "sync pauses and resumes by itself");
                }
                self.paused = true;
                Some(SLEEP_MAX)
            }
            Err(text) => {
                tracing::error!(%team, error = text, "a turn failed; it is tried again");
                self.failures = failures + 1;
                let at = failures.min(FAILED_SLEEPS_SECONDS.len() - 1);
                Some(Duration::from_secs(FAILED_SLEEPS_SECONDS[at]))
            }
        }
    }
}

/// One turn; a panic in it ends this turn only.
async fn guarded_turn(app: &App, team: TeamId, lanes: Lanes, run: RunId) -> Result<Next, String> {
    match AssertUnwindSafe(one_turn(app, team, lanes, run))
        .catch_unwind()
        .await
    {
        Ok(Ok(next)) => Ok(next),
        Ok(Err(error)) => {
            metrics::counter!(names::STORE_FAILURES).increment(1);
            Err(match error {
                crate::app::AppError::Internal(cause) => format!("{cause:#}"),
                other => other.to_string(),
            })
        }
        Err(_) => {
            metrics::counter!(names::PANICS).increment(1);
            Err("the turn panicked".into())
        }
    }
}

async fn one_turn(app: &App, team: TeamId, lanes: Lanes, run: RunId) -> AppResult<Next> {
    if lanes == Lanes::All && app.take_over(team).await? {
        return Ok(Next::Again);
    }
    let Some(engine) = engine(app, team, run).await? else {
        return Ok(Next::Sleep(SLEEP_MAX));
    };
    let engine = Engine { lanes, ..engine };
    let wanted = match lanes {
        Lanes::Live => Vec::new(),
        Lanes::All | Lanes::Scheduled => wanted_now(app, team).await?,
    };
    let began = Instant::now();
    let turn = engine.turn(tick(app), &wanted).await?;
    note(&turn, began.elapsed());
    match (lanes, after(app, team, turn).await?) {
        // What is due next may be of another lane; the other loop comes to it.
        (Lanes::Live, Next::Sleep(_)) => Ok(Next::Sleep(SLEEP_MAX)),
        (_, next) => Ok(next),
    }
}

async fn after(app: &App, team: TeamId, turn: Turn) -> AppResult<Next> {
    match turn {
        Turn::Idle { until, refused } => Ok(match refused {
            Some(reason) => Next::Paused(reason),
            None => Next::Sleep(sleep_until(until, app.now())),
        }),
        Turn::Pulled(pulled) => {
            app.take_schemas(team, pulled.schemas.clone()).await?;
            if pulled.wants_schema() {
                read_schema_again(app, team).await;
            }
            Ok(Next::Again)
        }
        Turn::Resolved(_)
        | Turn::Inquired(_)
        | Turn::Reconciled(_)
        | Turn::Released(_)
        | Turn::Wrote(_)
        | Turn::Watched(_)
        | Turn::Refreshed(_)
        | Turn::Asked { .. } => Ok(Next::Again),
    }
}

/// A field went missing and the answer did not say why: what the connected user sees is read again and the rules compiled anew. If
/// that fails the pull's own back-off brings it here again.
async fn read_schema_again(app: &App, team: TeamId) {
    if let Err(error) = app.refresh_schemas(team).await {
        tracing::warn!(%team, %error, "the schema could not be read again");
    }
}

async fn engine(app: &App, team: TeamId, run: RunId) -> AppResult<Option<Engine>> {
    let connector = app.connector(team).await?;
    let worker = format!("tandem {}", std::process::id());
    Ok(connector.map(|connector| {
        let store = Arc::clone(app.store());
        Engine {
            run: Some(run),
            ..Engine::new(store, connector, team, worker, app.clock())
        }
    }))
}

/// What a person wants read at once: everything that was not read completely since they asked.
async fn wanted_now(app: &App, team: TeamId) -> AppResult<Vec<CrmObject>> {
    let Some(since) = app.signals().wanted_since(team) else {
        return Ok(Vec::new());
    };
    let progress = app.store().progress(team).await?;
    let fresh = |object: &CrmObject| {
        let of = progress.iter().find(|p| p.object == *object);
        of.and_then(|p| p.complete_at).is_some_and(|at| at >= since)
    };
    let mut wanted = mapped_objects(app, team).await?;
    wanted.retain(|object| !fresh(object));
    if wanted.is_empty() {
        app.signals().was_read(team, since);
    }
    Ok(wanted)
}

async fn mapped_objects(app: &App, team: TeamId) -> AppResult<Vec<CrmObject>> {
    let rules = app.store().rules(team).await?;
    Ok(rules.pairs.into_iter().map(|pair| pair.object).collect())
}

fn tick(app: &App) -> Tick {
    Tick {
        now: app.now(),
        jitter: rand::random_range(0.0..1.0),
    }
}

fn sleep_until(until: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = until.map_or(SLEEP_MAX, |until| {
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    });
    wait.clamp(SLEEP_MIN, SLEEP_MAX)
}

/// What [`until_idle`] did.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Work {
    /// Rows read from the CRM.
    pub rows_read: u64,
    /// Records looked at.
    pub decisions: u64,
    /// Records sent to the CRM.
    pub records_sent: u64,
    /// Records that the CRM took.
    pub records_taken: u64,
    /// API calls spent.
    pub api_calls: u64,
    /// Why it stopped early: the budget, in words.
    pub refused: Option<String>,
}

/// Takes turns here and now, after reading every object once, until nothing is due. Tells `progress`
/// after each turn.
///
/// # Errors
/// The database does not answer; `Conflict` if nobody is connected.
pub async fn until_idle(
    app: &App,
    team: TeamId,
    mut progress: impl FnMut(&Work),
) -> AppResult<Work> {
    let mut work = Work::default();
    let run = begin_run(app);
    let mut wanted = mapped_objects(app, team).await?;
    loop {
        app.take_over(team).await?;
        let Some(engine) = engine(app, team, run).await? else {
            let text = "nobody is connected to the CRM yet; connect on the Connect page first";
            return Err(crate::app::AppError::Conflict(text.into()));
        };
        match engine.turn(tick(app), &wanted).await? {
            Turn::Idle { refused, .. } => {
                work.refused = refused;
                return Ok(work);
            }
            Turn::Pulled(outcome) => {
                app.take_schemas(team, outcome.schemas).await?;
                wanted.clear();
                work.rows_read += outcome.rows;
                work.api_calls += u64::from(outcome.calls);
            }
            Turn::Resolved(outcome) => work.api_calls += u64::from(outcome.calls),
            Turn::Inquired(outcome) => work.api_calls += u64::from(outcome.calls),
            Turn::Reconciled(outcome) => work.decisions += outcome.claimed as u64,
            Turn::Released(_) => {}
            Turn::Watched(outcome) => work.api_calls += u64::from(outcome.calls),
            Turn::Refreshed(outcome) => work.api_calls += u64::from(outcome.calls),
            Turn::Asked { calls } => work.api_calls += u64::from(calls),
            Turn::Wrote(WriteStep::Sent {
                records,
                applied,
                calls,
                ..
            }) => {
                work.records_sent += records as u64;
                work.records_taken += applied as u64;
                work.api_calls += u64::from(calls);
            }
            Turn::Wrote(_) => {}
        }
        progress(&work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_back_off_and_a_good_turn_forgets_them() {
        let mut mood = Mood::default();
        let mut after = |outcome| mood.after(TeamId(1), outcome).map(|sleep| sleep.as_secs());
        let failed = || Err("no".to_owned());
        let sleeps: Vec<_> = (0..7).map(|_| after(failed())).collect();
        assert_eq!(sleeps, [1, 2, 5, 15, 30, 30, 30].map(Some));
        assert_eq!(after(Ok(Next::Again)), None);
        assert_eq!(after(failed()), Some(1));
    }

    #[test]
    fn sleep_is_bounded_on_both_sides() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |seconds| Timestamp::from_second(seconds).ok();
        assert_eq!(sleep_until(at(-100), now), SLEEP_MIN);
        assert_eq!(sleep_until(at(7), now), Duration::from_secs(7));
        assert_eq!(sleep_until(at(4_000), now), SLEEP_MAX);
        assert_eq!(sleep_until(None, now), SLEEP_MAX);
    }
}
