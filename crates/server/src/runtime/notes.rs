//! What the loops tell the metrics: each turn as it ends, and the state of a team now and then.

use crate::app::App;
use crate::telemetry as names;
use std::time::{Duration, Instant};
use tandem_core::Timestamp;
use tandem_core::budget::forecast;
use tandem_core::ids::TeamId;
use tandem_core::settings::SyncSettings;
use tandem_core::store::{StoreResult, SyncStore as _};
use tandem_engine::{Turn, WriteStep};
use tandem_store::views::ApiUsage;

/// How old a team's gauges may be while it works. Reading them costs two queries.
const GAUGES_OLDEST: Duration = Duration::from_secs(5);

/// A team's gauges and when they were read.
#[derive(Default)]
pub(super) struct Gauges(Option<Instant>);

impl Gauges {
    /// Sets them anew if they are old.
    pub(super) async fn refresh(&mut self, app: &App, team: TeamId) {
        if self.0.is_some_and(|read| read.elapsed() < GAUGES_OLDEST) {
            return;
        }
        self.0 = Some(Instant::now());
        if let Err(error) = set(app, team).await {
            tracing::warn!(%team, %error, "the metrics of a team can't be read");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
async fn set(app: &App, team: TeamId) -> StoreResult<()> {
    let rules = app.store().rules(team).await?;
    let backlog = app.store().backlog(team, app.now()).await?;
    let usage = app.store().api_usage(team, app.now()).await?;
    let set = |name: &'static str, value: u64| {
        metrics::gauge!(name, "team" => team.to_string()).set(value as f64);
    };
    set(names::LINKS_DUE, backlog.links_due);
    set(
        names::WRITES_OPEN,
        backlog.intents_pending + backlog.intents_open,
    );
    set(names::PARKED, backlog.parked);
    set(names::HELD, backlog.held);
    set(names::API_OURS, usage.spent);
    if let Some((org, _)) = usage.budget.org.filter(|(org, _)| !org.is_none_left()) {
        set(
            names::API_ORG,
            org.used.saturating_add(usage.budget.spent_since),
        );
        set(names::API_ORG_MAX, org.max);
    }
    set(names::API_INTERVALS, usage.budget.pace.factor().into());
    set(
        names::API_RUNS_OUT,
        runs_out_seconds(&usage, &rules.settings, app.now()),
    );
    for progress in app.store().progress(team).await? {
        let late = progress.horizon.late(app.now());
        let labels = [("team", team.to_string()), ("object", progress.object.0)];
        metrics::gauge!(names::ROWS_LATE, &labels).set(late);
    }
    Ok(())
}

/// Seconds until scheduled work pauses at the present rate; a day where it will not.
fn runs_out_seconds(usage: &ApiUsage, settings: &SyncSettings, now: Timestamp) -> u64 {
    if usage.budget.org.is_some_and(|(org, _)| org.is_none_left()) {
        return 0;
    }
    let (threshold, reserve) = (
        settings.api_threshold_percent,
        settings.live_reserve_percent,
    );
    let outlook = forecast(&usage.budget, &usage.hours, threshold, reserve, now);
    let runs_out_at = outlook.and_then(|outlook| outlook.runs_out_at);
    runs_out_at.map_or(86_400, |at| {
        at.duration_since(now).as_secs().max(0).unsigned_abs()
    })
}

/// Counts a turn.
pub(super) fn note(turn: &Turn, took: Duration) {
    let (step, calls) = match turn {
        Turn::Resolved(outcome) => ("resolve", outcome.calls),
        Turn::Inquired(outcome) => ("inquire", outcome.calls),
        Turn::Reconciled(_) => ("reconcile", 0),
        Turn::Released(_) => ("release", 0),
        Turn::Asked { calls } => ("ask", *calls),
        Turn::Wrote(WriteStep::Sent { calls, applied, .. }) => {
            metrics::counter!(names::RECORDS_WRITTEN).increment(*applied as u64);
            ("write", *calls)
        }
        Turn::Wrote(_) => ("write", 0),
        Turn::Pulled(outcome) => {
            metrics::counter!(names::ROWS_READ).increment(outcome.rows);
            ("pull", outcome.calls)
        }
        Turn::Watched(outcome) => ("watch", outcome.calls),
        Turn::Refreshed(outcome) => ("refresh", outcome.calls),
        Turn::Idle { .. } => return,
    };
    metrics::counter!(names::TURNS, "step" => step).increment(1);
    metrics::histogram!(names::TURN_SECONDS, "step" => step).record(took.as_secs_f64());
    metrics::counter!(names::API_CALLS, "step" => step).increment(calls.into());
    tracing::debug!(step, calls, ?turn, "a turn");
}
