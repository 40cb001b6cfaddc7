//! Refresh: read again what the CRM works out, which changes without a stamp, and once a day everything else, to find what does
//! so unmarked. One batch of one object per step.
//!
//! A batch is read by id with the fields that every read has, and staged like what a second look found. Where
//! the round stands is saved last, so that a step which dies in between is made again.

use crate::spend::system_entry;
use crate::{Engine, StepResult, Tick};
use std::collections::BTreeSet;
use tandem_core::Timestamp;
use tandem_core::budget::Pace;
use tandem_core::connector::Failure;
use tandem_core::ids::CrmId;
use tandem_core::link::Lane;
use tandem_core::mapping::PairRules;
use tandem_core::refresh::{REFRESH_EVERY_SECONDS, Rounds};
use tandem_core::retry::next_attempt;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::{Named, ObjectProgress};
use tandem_core::sync_log::{LogDraft, LogSource, LogType};
use tandem_core::watch::ObjectWatch;

/// What a refresh step did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RefreshOutcome {
    /// Whether the CRM was asked, or a round ended.
    pub asked: bool,
    /// Records read.
    pub records: u64,
    /// Records whose values were news.
    pub news: u64,
    /// API calls spent.
    pub calls: u32,
    /// Why nothing could be asked: the budget, in words.
    pub refused: Option<String>,
    /// What failed.
    pub failure: Option<Failure>,
}

impl Engine {
    /// Reads the next batch of an object whose round is due.
    pub async fn refresh(&self, tick: Tick) -> StepResult<RefreshOutcome> {
        let progress = self.store.progress(self.team).await?;
        let rules = self.store.rules(self.team).await?;
        let connected = self.store.connection_state(self.team).await? == ConnectionState::Connected;
        let mut outcome = RefreshOutcome::default();
        if !rules.settings.enabled || !connected {
            return Ok(outcome);
        }
        let refreshed = self.refreshed(&rules, &progress).await?;
        if refreshed.is_empty() {
            return Ok(outcome);
        }
        let pace = self.store.budget(self.team, tick.now).await?.pace;
        let is_due = |(pair, watch): &&(&PairRules, ObjectWatch)| {
            due_at(pair, watch, pace).is_some_and(|at| at <= tick.now)
        };
        if let Some((pair, watch)) = refreshed.iter().find(is_due) {
            self.read_again(pair, watch.clone(), tick, &mut outcome)
                .await?;
        }
        Ok(outcome)
    }

    /// When the next batch is due.
    pub(crate) async fn next_refresh_at(
        &self,
        rules: &TeamRules,
        progress: &[ObjectProgress],
        tick: Tick,
    ) -> StepResult<Option<Timestamp>> {
        let refreshed = self.refreshed(rules, progress).await?;
        if refreshed.is_empty() {
            return Ok(None);
        }
        let pace = self.store.budget(self.team, tick.now).await?.pace;
        let due = refreshed
            .iter()
            .filter_map(|(pair, watch)| due_at(pair, watch, pace));
        Ok(due.min())
    }

    /// Objects of which something comes in, once they were read completely.
    async fn refreshed<'r>(
        &self,
        rules: &'r TeamRules,
        progress: &[ObjectProgress],
    ) -> StepResult<Vec<(&'r PairRules, ObjectWatch)>> {
        let read = |pair: &PairRules| {
            let mut known = progress.iter().filter(|p| p.object == pair.object);
            known.any(|p| p.position.watermark.is_some())
        };
        let pairs: Vec<&PairRules> = rules.pairs.iter().filter(|pair| read(pair)).collect();
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let watches = self.store.watches(self.team).await?;
        let watch = |pair: &PairRules| {
            let known = watches.iter().find(|watch| watch.object == pair.object);
            let new = || ObjectWatch::new(pair.object.clone());
            known.cloned().unwrap_or_else(new)
        };
        Ok(pairs.into_iter().map(|pair| (pair, watch(pair))).collect())
    }

    async fn read_again(
        &self,
        pair: &PairRules,
        mut watch: ObjectWatch,
        tick: Tick,
        outcome: &mut RefreshOutcome,
    ) -> StepResult<()> {
        let most = self.connector.capabilities().read_ids_max.max(1);
        let named = Named::Following(watch.refresh.after.clone(), most);
        let linked = self.store.linked(self.team, &pair.object, &named).await?;
        let ids: Vec<CrmId> = linked.into_iter().map(|linked| linked.id).collect();
        outcome.asked = true;
        let mut log = Vec::new();
        if !ids.is_empty() {
            match self.read_batch(pair, &ids, tick, outcome).await? {
                None => return Ok(()),
                Some(Ok(moved)) => {
                    let learned = watch.refresh.learn(moved, pair);
                    log.extend((!learned.is_empty()).then(|| told(pair, &learned, tick)));
                }
                Some(Err(failure)) => {
                    let (asked, attempts) = (failure.retry_after_seconds, watch.refresh.attempts);
                    let again = next_attempt(tick.now, attempts + 1, asked, tick.jitter);
                    watch.refresh.failed(again);
                    if attempts == 0 {
                        let title = failure.class.title();
                        let summary =
                            format!("Reading records of {} again failed: {title}", pair.object);
                        let mut entry = system_entry(summary, &failure, tick);
                        entry.crm = Some((pair.object.clone(), None));
                        log.push(entry);
                    }
                    outcome.failure = Some(failure);
                    self.store.save_watch(self.team, watch, log).await?;
                    return Ok(());
                }
            }
        }
        let more = ids.len() == most;
        watch
            .refresh
            .went_on(ids.last().filter(|_| more).cloned(), tick.now);
        self.store.save_watch(self.team, watch, log).await?;
        Ok(())
    }

    /// Reads and stages one batch, and gives the fields that moved without a stamp; `None` if the budget refused.
    async fn read_batch(
        &self,
        pair: &PairRules,
        ids: &[CrmId],
        tick: Tick,
        outcome: &mut RefreshOutcome,
    ) -> StepResult<Option<Result<BTreeSet<String>, Failure>>> {
        let calls = self.calls_max().read;
        let reservation = match self.reserve(calls, Lane::Bulk, tick).await? {
            Ok(reservation) => reservation,
            Err(refused) => {
                outcome.asked = false;
                outcome.refused = Some(refused);
                return Ok(None);
            }
        };
        let fields = pair.crm_fields();
        let result = self
            .connector
            .read(&pair.object, ids, &fields, tick.now)
            .await;
        let accounted = self.account(reservation, result, tick).await?;
        outcome.calls += accounted.receipt.calls;
        let records = match accounted.answer {
            Ok(records) => accounted.receipt.seen(records),
            Err(failure) => return Ok(Some(Err(failure))),
        };
        outcome.records += records.len() as u64;
        let page = self.evidence(pair, records, tick);
        let report = self.store.stage(self.team, page).await?;
        outcome.news += u64::from(report.changed);
        Ok(Some(Ok(report.unstamped)))
    }
}

fn due_at(pair: &PairRules, watch: &ObjectWatch, pace: Pace) -> Option<Timestamp> {
    let rounds = watch.refresh.rounds(pair)?;
    watch.refresh.due_at(rounds, watch.known_at, pace)
}

fn told(pair: &PairRules, fields: &[String], tick: Tick) -> LogDraft {
    let (object, names) = (&pair.object, fields.join(", "));
    let changes = if fields.len() == 1 {
        "changes"
    } else {
        "change"
    };
    let minutes = REFRESH_EVERY_SECONDS / 60;
    let summary = format!(
        "{object}: {names} {changes} without the record’s stamp, as a formula does; read again every {minutes} minutes from now on"
    );
    let mut entry = LogDraft::new(tick.now, LogSource::Crm, LogType::System, summary);
    entry.crm = Some((object.clone(), None));
    entry
}

/// API calls that rounds over so many records cost in a day, where one call reads `records_per_call`.
pub fn refresh_calls_per_day(rounds: Rounds, records: u64, records_per_call: usize) -> u64 {
    let rounds = 86_400 / rounds.every_seconds().unsigned_abs();
    rounds * records.div_ceil(records_per_call.max(1) as u64)
}
