//! One team's comparison of both sides, every hour and when somebody asks. It has a loop of its own: it reads
//! through every link, and nothing else should wait for that.

use crate::app::App;
use crate::telemetry as names;
use std::time::Duration;
use tandem_core::agreement::{Agreement, Standing};
use tandem_core::ids::TeamId;
use tokio_util::sync::CancellationToken;

/// How old the figure on the page may be.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Compares until `stop`; a comparison under way is given up. The first waits like every other, so that a
/// start is quick.
pub(super) async fn run(app: App, team: TeamId, stop: CancellationToken) {
    let asked = app.signals().comparing(team);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = asked.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            found = app.compare_sides(team) => match found {
                Ok(found) => tell(team, &found),
                Err(error) => tracing::error!(%team, %error, "both sides can’t be compared"),
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn tell(team: TeamId, found: &Agreement) {
    for standing in Standing::ALL {
        let fields = found.count(standing) as f64;
        let labels = [
            ("team", team.to_string()),
            ("standing", standing.as_str().to_owned()),
        ];
        metrics::gauge!(names::FIELDS, &labels).set(fields);
    }
}
