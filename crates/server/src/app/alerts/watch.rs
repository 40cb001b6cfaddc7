//! The step that opens and ends alerts and sends what is due to be said of them.
//!
//! A message is noted after it was sent: a crash between the two sends it once more, under the same id, and
//! none is lost. Nothing is open in the database while a message travels.

use super::{App, AppResult};
use crate::notify::alert_note;
use tandem_core::alert::{Alert, BrokenRow, Channel, Facts, Message, conditions};
use tandem_core::backlog::{self, Growth};
use tandem_core::ids::TeamId;
use tandem_core::store::SyncStore as _;

/// Under this name the store keeps the [`Growth`] of each queue.
const GROWTH: &str = "backlog_growth";

impl App {
    /// Looks at what is wrong for a team and tells what is due. A message that can't be sent is noted with
    /// the reason and tried again later.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn watch(&self, team: TeamId) -> AppResult<()> {
        let seen = conditions(&self.alert_facts(team).await?);
        let alerts = self.store().review_alerts(team, seen, self.now()).await?;
        for alert in &alerts {
            for channel in self.notifier().channels() {
                match alert.next_message(channel) {
                    Some((message, at)) if at <= self.now() => {
                        self.say(team, alert, channel, message).await?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    async fn say(
        &self,
        team: TeamId,
        alert: &Alert,
        channel: Channel,
        message: Message,
    ) -> AppResult<()> {
        let teams = self.store().teams().await?;
        let name = teams.into_iter().find(|one| one.id == team);
        let name = name.map(|team| team.name).unwrap_or_default();
        let (id, place) = (alert.message_id(channel), self.alerts_url());
        let note = alert_note(alert, message, id, self.now(), (&name, &place));
        let outcome = self.carry(team, channel, &note).await?;
        if let Err(error) = &outcome {
            let (kind, way) = (alert.kind.as_str(), channel.as_str());
            tracing::warn!(%team, kind, way, error, "an alert could not be told; it is tried again");
        }
        let (store, now) = (self.store(), self.now());
        store
            .note_alert_message(team, alert.id, (channel, message), outcome, now)
            .await?;
        Ok(())
    }

    /// Queues that grow, after one more look at them. What is remembered between two looks outlives a restart.
    async fn growing(&self, team: TeamId) -> AppResult<Vec<String>> {
        let (store, now) = (self.store(), self.now());
        let known: Vec<Growth> = store.setting(team, GROWTH).await?.unwrap_or_default();
        let queues = store.queues(team, now).await?;
        let (next, growing) = backlog::watch(&known, &queues, now);
        if next != known {
            store.put_setting(team, GROWTH, &next).await?;
        }
        Ok(growing)
    }

    /// All that alerts depend on. Each part is true at its moment; what changes between two is seen at the
    /// next look.
    async fn alert_facts(&self, team: TeamId) -> AppResult<Facts> {
        let (pairs, problems) = self.compile_all(team).await?;
        let broken = problems.into_iter().filter_map(|(object, problem)| {
            let pair = pairs.iter().find(|pair| pair.object == object)?;
            Some(BrokenRow {
                kind: pair.kind,
                object,
                field: problem.field,
                reason: problem.reason,
            })
        });
        let store = self.store();
        Ok(Facts {
            rules: store.rules(team).await?,
            connection: store.connection_state(team).await?,
            took_over: store
                .connectors(team)
                .await?
                .took_over
                .map(|took| format!("{} was cut off; the CRM said: {}", took.from, took.why)),
            budget: store.budget(team, self.now()).await?,
            refused: store.refused_fields(team).await?,
            plans: store.plans(team).await?,
            broken: broken.collect(),
            growing: self.growing(team).await?,
        })
    }
}
