//! One team's rehearsals of its first run, when somebody asks. A loop of its own: a rehearsal reads as much of the CRM
//! as the first run would, and nobody's request waits so long.

use crate::app::App;
use tandem_core::ids::TeamId;
use tokio_util::sync::CancellationToken;

/// Rehearses until `stop`; one under way is given up. What was asked for before a restart is made after it.
pub(super) async fn run(app: App, team: TeamId, stop: CancellationToken) {
    let asked = app.signals().rehearsing(team);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            done = app.rehearse_if_asked(team) => if let Err(error) = done {
                tracing::error!(%team, %error, "the first run can’t be rehearsed");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = asked.notified() => {}
        }
    }
}
