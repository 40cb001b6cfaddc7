//! One team's watch: looks at what is wrong and tells it, again and again. It has a loop of its own, so
//! that a slow mail server never holds up the sync.

use crate::app::App;
use crate::telemetry as names;
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tandem_core::ids::TeamId;
use tokio_util::sync::CancellationToken;

/// How long something may be wrong before anybody is told.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Watches a team until `stop`. A message under way is finished.
pub(super) async fn run(app: App, team: TeamId, stop: CancellationToken) {
    let mut failing = false;
    while !stop.is_cancelled() {
        let failed = guarded(&app, team).await.err();
        if let Some(error) = failed.as_ref().filter(|_| !failing) {
            tracing::error!(%team, error, "alerts can’t be looked at; it is tried again");
        }
        failing = failed.is_some();
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// One look; a panic in it ends this look only.
async fn guarded(app: &App, team: TeamId) -> Result<(), String> {
    match AssertUnwindSafe(app.watch(team)).catch_unwind().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(crate::app::AppError::Internal(cause))) => Err(format!("{cause:#}")),
        Ok(Err(other)) => Err(other.to_string()),
        Err(_) => {
            metrics::counter!(names::PANICS).increment(1);
            Err("the look panicked".into())
        }
    }
}
