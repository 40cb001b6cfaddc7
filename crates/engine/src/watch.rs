//! Watch: find what reading changes does not show. One look per step, and a second one for what it found.
//!
//! The deletion feed of every object in one request, or one page of an object's roll call. Whatever is missing
//! is looked for by id before it counts as gone; it is then staged like any pulled row. The watch is saved
//! last, so that a step which dies in between is made again.

use crate::spend::system_entry;
use crate::{Engine, StepResult, Tick};
use tandem_core::Timestamp;
use tandem_core::connector::{Deletions, DeletionsRequest, Failure, RollPage, RollRequest};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::link::Lane;
use tandem_core::mapping::PairRules;
use tandem_core::record::CrmRecord;
use tandem_core::retry::next_attempt;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::{Named, ObjectProgress, PullPosition, StagePage};
use tandem_core::sync_log::{LogDraft, LogSource, LogType};
use tandem_core::watch::{self, ObjectWatch, RollCall, RollCallCause, WatchTask};

/// What a watch step did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WatchOutcome {
    /// Whether the CRM was asked.
    pub asked: bool,
    /// Linked records that are gone.
    pub gone: u64,
    /// Records that reading had missed.
    pub missed: u64,
    /// API calls spent.
    pub calls: u32,
    /// Why nothing could be asked: the budget, in words.
    pub refused: Option<String>,
    /// What failed.
    pub failures: Vec<Failure>,
}

/// An object that can be watched: mapped, and read completely once.
struct Watched<'r> {
    pair: &'r PairRules,
    progress: &'r ObjectProgress,
    watch: ObjectWatch,
}

impl Engine {
    /// Takes the most urgent look that is due.
    pub async fn watch(&self, tick: Tick) -> StepResult<WatchOutcome> {
        let progress = self.store.progress(self.team).await?;
        let rules = self.store.rules(self.team).await?;
        let connected = self.store.connection_state(self.team).await? == ConnectionState::Connected;
        let mut outcome = WatchOutcome::default();
        if !rules.settings.enabled || !connected || !self.guards.watch {
            return Ok(outcome);
        }
        let watched = self.watched(&rules, &progress).await?;
        let feeds = self.connector.capabilities().deletions_requests_max;
        let due = |task| {
            let is_due = |one: &&Watched<'_>| {
                let (next, at) = one.watch.next(feeds > 0);
                next == task && at <= tick.now
            };
            watched.iter().find(is_due)
        };
        if due(WatchTask::Feed).is_some() {
            let together: Vec<_> = watched
                .iter()
                .filter(|one| awake(one, tick.now))
                .take(feeds)
                .collect();
            self.ask_feed(&together, tick, &mut outcome).await?;
        } else if let Some(one) = due(WatchTask::RollCall) {
            self.call_roll(one, tick, &mut outcome).await?;
        }
        Ok(outcome)
    }

    /// When the next look is due.
    pub(crate) async fn next_watch_at(
        &self,
        rules: &TeamRules,
        progress: &[ObjectProgress],
    ) -> StepResult<Option<Timestamp>> {
        if !self.guards.watch {
            return Ok(None);
        }
        let has_feed = self.connector.capabilities().deletions_requests_max > 0;
        let watched = self.watched(rules, progress).await?;
        Ok(watched.iter().map(|one| one.watch.next(has_feed).1).min())
    }

    async fn watched<'r>(
        &self,
        rules: &'r TeamRules,
        progress: &'r [ObjectProgress],
    ) -> StepResult<Vec<Watched<'r>>> {
        let watches = self.store.watches(self.team).await?;
        let of = |pair: &'r PairRules| {
            let read =
                |p: &&ObjectProgress| p.object == pair.object && p.position.watermark.is_some();
            let known = watches.iter().find(|watch| watch.object == pair.object);
            Some(Watched {
                pair,
                progress: progress.iter().find(read)?,
                watch: known
                    .cloned()
                    .unwrap_or_else(|| ObjectWatch::new(pair.object.clone())),
            })
        };
        Ok(rules.pairs.iter().filter_map(of).collect())
    }

    async fn ask_feed(
        &self,
        watched: &[&Watched<'_>],
        tick: Tick,
        outcome: &mut WatchOutcome,
    ) -> StepResult<()> {
        let reservation = match self
            .reserve(self.calls_max().deletions, Lane::Bulk, tick)
            .await?
        {
            Ok(reservation) => reservation,
            Err(refused) => {
                outcome.refused = Some(refused);
                return Ok(());
            }
        };
        outcome.asked = true;
        let requests: Vec<DeletionsRequest> =
            watched.iter().filter_map(|one| request(one)).collect();
        let result = self.connector.deletions(&requests, tick.now).await;
        let accounted = self.account(reservation, result, tick).await?;
        outcome.calls += accounted.receipt.calls;
        let parts = match accounted.answer {
            Ok(parts) => parts,
            Err(failure) => requests.iter().map(|_| Err(failure.clone())).collect(),
        };
        for (one, part) in watched.iter().zip(parts) {
            match part {
                Ok(deletions) => self.take_deletions(one, deletions, tick, outcome).await?,
                Err(failure) => self.look_failed(one, &failure, tick, outcome).await?,
            }
        }
        Ok(())
    }

    async fn take_deletions(
        &self,
        one: &Watched<'_>,
        deletions: Deletions,
        tick: Tick,
        outcome: &mut WatchOutcome,
    ) -> StepResult<()> {
        let object = &one.pair.object;
        let named = Named::Among(deletions.ids);
        let linked = self.store.linked(self.team, object, &named).await?;
        let suspects: Vec<CrmId> = linked.into_iter().map(|linked| linked.id).collect();
        let Some(gone) = self.look_again(one, suspects, &[], tick, outcome).await? else {
            return Ok(());
        };
        outcome.gone += gone;
        let mut watch = one.watch.clone();
        watch.fed(deletions.covered, tick.now);
        self.store.save_watch(self.team, watch, Vec::new()).await?;
        Ok(())
    }

    async fn call_roll(
        &self,
        one: &Watched<'_>,
        tick: Tick,
        outcome: &mut WatchOutcome,
    ) -> StepResult<()> {
        let mut watch = one.watch.clone();
        let Some(roll_call) = watch.roll_call.clone() else {
            watch.begin_roll_call(RollCallCause::Scheduled, tick.now);
            let begun = begun(&watch, tick);
            self.store.save_watch(self.team, watch, begun).await?;
            outcome.asked = true;
            return Ok(());
        };
        let reservation = match self
            .reserve(self.calls_max().roll, Lane::Bulk, tick)
            .await?
        {
            Ok(reservation) => reservation,
            Err(refused) => {
                outcome.refused = Some(refused);
                return Ok(());
            }
        };
        outcome.asked = true;
        let request = RollRequest {
            object: one.pair.object.clone(),
            after: roll_call.after.clone(),
            failures: watch.attempts,
        };
        let result = self.connector.roll(&request).await;
        let accounted = self.account(reservation, result, tick).await?;
        outcome.calls += accounted.receipt.calls;
        match accounted.answer {
            Ok(page) => self.take_roll(one, roll_call, page, tick, outcome).await,
            Err(failure) => self.look_failed(one, &failure, tick, outcome).await,
        }
    }

    async fn take_roll(
        &self,
        one: &Watched<'_>,
        mut roll_call: RollCall,
        page: RollPage,
        tick: Tick,
        outcome: &mut WatchOutcome,
    ) -> StepResult<()> {
        let upto = page.present.last().map(|last| last.id.clone());
        // The last page answers for everything behind it.
        let range = Named::Between(roll_call.after.clone(), upto.clone().filter(|_| !page.last));
        let linked = self
            .store
            .linked(self.team, &one.pair.object, &range)
            .await?;
        let called = watch::call(&page.present, &linked, one.pair.import);
        let missed = called.missed.len() as u64;
        let looked = self
            .look_again(one, called.missing, &called.missed, tick, outcome)
            .await?;
        let Some(gone) = looked else { return Ok(()) };
        outcome.gone += gone;
        outcome.missed += missed;
        roll_call.after = upto.or(roll_call.after);
        roll_call.present += page.present.len() as u64;
        roll_call.gone += gone;
        roll_call.missed += missed;
        let mut watch = one.watch.clone();
        watch.succeeded();
        watch.roll_call = Some(roll_call);
        let mut log = Vec::new();
        if page.last {
            watch.end_roll_call();
            log = ended(&watch, tick);
        }
        self.store.save_watch(self.team, watch, log).await?;
        Ok(())
    }

    /// Reads by id what is suspected to be gone and what was missed, and stages it. How many are gone; `None`
    /// if the look failed.
    async fn look_again(
        &self,
        one: &Watched<'_>,
        suspects: Vec<CrmId>,
        missed: &[CrmId],
        tick: Tick,
        outcome: &mut WatchOutcome,
    ) -> StepResult<Option<u64>> {
        let ids: Vec<CrmId> = suspects.iter().chain(missed).cloned().collect();
        let mut gone = 0;
        for some in ids.chunks(self.connector.capabilities().read_ids_max.max(1)) {
            let reservation = match self
                .reserve(self.calls_max().read, Lane::Bulk, tick)
                .await?
            {
                Ok(reservation) => reservation,
                Err(refused) => {
                    outcome.refused = Some(refused);
                    return Ok(None);
                }
            };
            let (object, fields) = (&one.pair.object, one.pair.crm_fields());
            let asked_at = self.answered(tick);
            let result = self
                .connector
                .read(object, some, &fields, asked_at.now)
                .await;
            let accounted = self.account(reservation, result, tick).await?;
            outcome.calls += accounted.receipt.calls;
            let mut records = match accounted.answer {
                Ok(records) => records,
                Err(failure) => {
                    self.look_failed(one, &failure, tick, outcome).await?;
                    return Ok(None);
                }
            };
            let absent = some.iter().filter(|id| suspects.contains(id));
            let absent: Vec<&CrmId> = absent
                .filter(|id| records.iter().all(|r| r.id != **id))
                .collect();
            gone += records
                .iter()
                .filter(|r| r.deleted && suspects.contains(&r.id))
                .count() as u64;
            for id in absent {
                let known = self.store.mirrored(self.team, object, id).await?;
                records.push(watch::gone((object, id), known, asked_at.now));
                gone += 1;
            }
            let records = accounted.receipt.seen(records);
            let page = self.evidence(one.pair, records, tick);
            self.store.stage(self.team, page).await?;
        }
        Ok(Some(gone))
    }

    /// Records that no pull brought.
    pub(crate) fn evidence(
        &self,
        pair: &PairRules,
        records: Vec<CrmRecord>,
        tick: Tick,
    ) -> StagePage {
        StagePage {
            object: pair.object.clone(),
            kind: pair.kind,
            import: pair.import,
            external_id: pair.external_id.clone(),
            records,
            from: PullPosition::default(),
            next: None,
            behind_seconds: std::collections::BTreeMap::new(),
            begins: false,
            settling: false,
            lane: Lane::Bulk,
            now: tick.now,
            echo_guard: self.guards.echo,
        }
    }

    /// A feed that does not reach back calls the roll. Anything else backs off; the first failure in a row is
    /// told in the log.
    async fn look_failed(
        &self,
        one: &Watched<'_>,
        failure: &Failure,
        tick: Tick,
        outcome: &mut WatchOutcome,
    ) -> StepResult<()> {
        let mut watch = one.watch.clone();
        let log = if failure.class == ErrorClass::CursorGone {
            watch.out_of_reach(tick.now);
            begun(&watch, tick)
        } else {
            let (wait, attempts) = (failure.retry_after_seconds, watch.attempts);
            watch.failed(next_attempt(tick.now, attempts + 1, wait, tick.jitter));
            outcome.failures.push(failure.clone());
            let (object, title) = (&watch.object, failure.class.title());
            let summary = format!("Looking for deleted records of {object} failed: {title}");
            let entry = about(&watch.object, system_entry(summary, failure, tick));
            if attempts == 0 {
                vec![entry]
            } else {
                Vec::new()
            }
        };
        self.store.save_watch(self.team, watch, log).await?;
        Ok(())
    }
}

/// From where the feed was covered last; else from where the object was read completely.
fn request(one: &Watched<'_>) -> Option<DeletionsRequest> {
    let read = one.progress.position.watermark.clone();
    Some(DeletionsRequest {
        object: one.pair.object.clone(),
        since: one.watch.covered.clone().or(read)?,
    })
}

/// The feed can be asked for it along with the one that is due.
fn awake(one: &Watched<'_>, now: Timestamp) -> bool {
    one.watch.not_before.is_none_or(|at| at <= now)
}

fn begun(watch: &ObjectWatch, tick: Tick) -> Vec<LogDraft> {
    let Some(roll_call) = &watch.roll_call else {
        return Vec::new();
    };
    let why = match roll_call.cause {
        RollCallCause::FeedOutOfReach => {
            "the CRM no longer tells what was deleted since it was asked last"
        }
        RollCallCause::Scheduled => "it is a week since all were compared",
    };
    let object = &watch.object;
    told(
        watch,
        tick,
        format!("Every {object} is compared with the CRM: {why}"),
    )
}

fn ended(watch: &ObjectWatch, tick: Tick) -> Vec<LogDraft> {
    let Some(done) = &watch.last_roll_call else {
        return Vec::new();
    };
    let text = format!(
        "Every {} was compared with the CRM, {} in all: {} had been deleted for good, {} had been missed by reading",
        watch.object, done.present, done.gone, done.missed
    );
    told(watch, tick, text)
}

fn told(watch: &ObjectWatch, tick: Tick, summary: String) -> Vec<LogDraft> {
    let entry = LogDraft::new(tick.now, LogSource::Tandem, LogType::System, summary);
    vec![about(&watch.object, entry)]
}

fn about(object: &CrmObject, mut entry: LogDraft) -> LogDraft {
    entry.crm = Some((object.clone(), None));
    entry
}
