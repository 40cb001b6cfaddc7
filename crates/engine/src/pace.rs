//! How fast scheduled reading goes: looked at before each read, told when it changes.

use crate::{Engine, StepResult, Tick};
use tandem_core::budget::{Forecast, Pace, forecast, next_pace};
use tandem_core::settings::SyncSettings;
use tandem_core::sync_log::{LogDraft, LogSource, LogType};

impl Engine {
    /// The pace to read at now. Where it changes, one entry says so, however many workers notice.
    pub(crate) async fn pace(&self, settings: &SyncSettings, tick: Tick) -> StepResult<Pace> {
        let state = self.store.budget(self.team, tick.now).await?;
        let hours = self.store.calls_by_hour(self.team, tick.now).await?;
        let (threshold, reserve) = (
            settings.api_threshold_percent,
            settings.live_reserve_percent,
        );
        let Some(outlook) = forecast(&state, &hours, threshold, reserve, tick.now) else {
            return Ok(state.pace);
        };
        let Some(next) = next_pace(&outlook, state.pace, state.pace_since, tick.now) else {
            return Ok(state.pace);
        };
        let summary = told(&outlook, state.pace, next);
        let entry = LogDraft::new(tick.now, LogSource::Tandem, LogType::System, summary);
        self.store
            .set_pace(self.team, state.pace, next, entry, tick.now)
            .await?;
        Ok(next)
    }
}

fn told(outlook: &Forecast, from: Pace, to: Pace) -> String {
    let word = if to > from { "slows down" } else { "speeds up" };
    let intervals = match to {
        Pace::Full => "every interval is as set".to_owned(),
        slower => format!("every interval is {} times as long", slower.factor()),
    };
    let why = format!(
        "{} of {} API calls are used, {} in the last hour",
        outlook.used, outlook.limit, outlook.calls_per_hour
    );
    format!("Scheduled reading {word}: {intervals}. {why}; edits of people are not slowed down")
}
