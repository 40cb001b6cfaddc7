//! The only loops. Starts the pieces, takes engine turns until nothing is left to do, sleeps until
//! something is due or somebody wakes it, and stops in good order.
//!
//! Stopping: no new turn begins, requests under way end, and what takes longer than the grace is
//! dropped. Dropping is safe: every step is made to survive a crash at any point.

mod agreement;
mod alerts;
mod notes;
mod open;
mod operator;
mod rehearsal;
mod serve;
mod team;

pub use open::{OpenError, open, open_with};
pub use operator::{Operator, OperatorFile};
pub use serve::{ServeError, Serving, bind, serve};
pub use team::{Work, until_idle};

use crate::app::App;
use std::collections::HashSet;
use tandem_core::ids::TeamId;
use tandem_core::link::Lanes;
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long until teams are looked for again if nobody says that there is a new one.
const LOOK_FOR_TEAMS: Duration = Duration::from_secs(60);

/// Runs the loops of each team until `stop`, then waits for them.
pub(crate) async fn run_teams(app: App, stop: CancellationToken) {
    let loops = TaskTracker::new();
    let mut running: HashSet<TeamId> = HashSet::new();
    while !stop.is_cancelled() {
        match app.store().teams().await {
            Ok(teams) => {
                for team in teams.iter().filter(|team| running.insert(team.id)) {
                    for lanes in [Lanes::All, Lanes::Live] {
                        loops.spawn(team::run(app.clone(), team.id, lanes, stop.clone()));
                    }
                    loops.spawn(alerts::run(app.clone(), team.id, stop.clone()));
                    loops.spawn(agreement::run(app.clone(), team.id, stop.clone()));
                    loops.spawn(rehearsal::run(app.clone(), team.id, stop.clone()));
                }
            }
            Err(error) => tracing::error!(%error, "the teams can't be read"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = app.signals().next_team() => {}
            () = tokio::time::sleep(LOOK_FOR_TEAMS) => {}
        }
    }
    loops.close();
    loops.wait().await;
}
