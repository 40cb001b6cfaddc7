//! Pull: read what changed in the CRM and stage it. One request per step.

use crate::spend::system_entry;
use crate::{Engine, StepResult, Tick, schedule};
use tandem_core::budget::Pace;
use tandem_core::connector::{Failure, PullRequest, PulledPage};
use tandem_core::error::{Directive, ErrorClass};
use tandem_core::horizon::{Horizon, Reach};
use tandem_core::ids::CrmObject;
use tandem_core::link::Lane;
use tandem_core::retry::next_attempt;
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::{ObjectProgress, PullPosition, StagePage};

/// What a pull step did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PullOutcome {
    /// Objects asked for; empty if none was due.
    pub objects: Vec<CrmObject>,
    /// Rows that came.
    pub rows: u64,
    /// Rows that were news.
    pub news: u64,
    /// API calls spent.
    pub calls: u32,
    /// Why nothing could be asked: the budget, in words.
    pub refused: Option<String>,
    /// What failed, for the request or for one of its objects.
    pub failures: Vec<Failure>,
    /// What the connected user sees of objects now, where that may be something else than is known. Whoever
    /// keeps schemas compares; nothing here is lost by being told again.
    pub schemas: Vec<ObjectSchema>,
    /// Reading an object failed because of its schema, and the answer did not bring it.
    schema_missing: bool,
}

impl PullOutcome {
    /// Whether the CRM was asked.
    pub fn asked(&self) -> bool {
        !self.objects.is_empty() && self.refused.is_none()
    }

    /// Whether the schema must be read again before this can go on.
    pub fn wants_schema(&self) -> bool {
        self.schema_missing
    }

    /// Whether the answer says what is to be seen of an object.
    fn describes(&self, object: &CrmObject) -> bool {
        self.schemas.iter().any(|schema| schema.name == *object)
    }
}

impl Engine {
    /// Reads one page of each object that is due, `wanted` ones included.
    pub async fn pull(&self, tick: Tick, wanted: &[CrmObject]) -> StepResult<PullOutcome> {
        let lane = if wanted.is_empty() {
            Lane::Normal
        } else {
            Lane::Live
        };
        self.pull_in(lane, tick, wanted).await
    }

    /// Reads in a lane: what other work wants read is not paid for out of the reserve for people.
    pub(crate) async fn pull_in(
        &self,
        lane: Lane,
        tick: Tick,
        wanted: &[CrmObject],
    ) -> StepResult<PullOutcome> {
        // In this order: rules that want more move the position, and a page asked for by older ones is then
        // outrun.
        let progress = self.store.progress(self.team).await?;
        let rules = self.store.rules(self.team).await?;
        let connected = self.store.connection_state(self.team).await? == ConnectionState::Connected;
        if !rules.settings.enabled || !connected {
            return Ok(PullOutcome::default());
        }
        let limit = self.connector.capabilities().pull_requests_max;
        let due = |pace| schedule::due_objects(&rules, &progress, wanted, pace, tick.now, limit);
        if due(Pace::Full).is_empty() {
            return Ok(PullOutcome::default());
        }
        let objects = due(self.pace(&rules.settings, tick).await?);
        if objects.is_empty() {
            return Ok(PullOutcome::default());
        }
        let reservation = match self.reserve(self.calls_max().pull, lane, tick).await? {
            Ok(reservation) => reservation,
            Err(refused) => {
                return Ok(PullOutcome {
                    objects,
                    refused: Some(refused),
                    ..Default::default()
                });
            }
        };
        let requests = self.requests(&rules, &progress, &objects, tick);
        let result = self.connector.pull(&requests, tick.now).await;
        let accounted = self.account(reservation, result, tick).await?;
        let mut outcome = PullOutcome {
            objects,
            calls: accounted.receipt.calls,
            ..Default::default()
        };
        let parts = match accounted.answer {
            Ok(pulled) => {
                outcome.schemas = pulled.schemas;
                pulled.pages
            }
            Err(failure) => requests.iter().map(|_| Err(failure.clone())).collect(),
        };
        for (request, part) in requests.iter().zip(parts) {
            let part = part.map(|page| PulledPage {
                records: accounted.receipt.seen(page.records),
                ..page
            });
            self.take_part(&rules, &progress, request, part, tick, &mut outcome)
                .await?;
        }
        Ok(outcome)
    }

    fn requests(
        &self,
        rules: &TeamRules,
        progress: &[ObjectProgress],
        objects: &[CrmObject],
        tick: Tick,
    ) -> Vec<PullRequest> {
        let request = |object: &CrmObject| {
            let pair = rules.pair(object)?;
            let known = of(progress, object);
            let position = position(progress, object);
            Some(PullRequest {
                object: object.clone(),
                fields: pair.crm_fields(),
                watermark: position.watermark,
                page: position.page,
                back_seconds: if self.guards.overlap {
                    reach(known, tick).seconds
                } else {
                    0
                },
                settled_seconds: known
                    .map_or_else(Horizon::default, |known| known.horizon.clone())
                    .settled_seconds(tick.now),
                failures: known.map_or(0, |known| known.attempts),
            })
        };
        objects.iter().filter_map(request).collect()
    }

    async fn take_part(
        &self,
        rules: &TeamRules,
        progress: &[ObjectProgress],
        request: &PullRequest,
        part: Result<PulledPage, Failure>,
        tick: Tick,
        outcome: &mut PullOutcome,
    ) -> StepResult<()> {
        match part {
            Ok(page) => {
                let known = of(progress, &request.object);
                let Some(stage) = self.stage_page(rules, &request.object, known, page, tick) else {
                    return Ok(());
                };
                outcome.rows += stage.records.len() as u64;
                let report = self.store.stage(self.team, stage).await?;
                outcome.news += u64::from(report.new) + u64::from(report.changed);
                Ok(())
            }
            Err(failure) => {
                if failure.class == ErrorClass::CursorGone {
                    let from = position(progress, &request.object);
                    self.store
                        .drop_page(self.team, &request.object, &from)
                        .await?;
                }
                self.part_failed(request, &failure, tick).await?;
                if failure.class.directive() == Directive::Redescribe {
                    outcome.schema_missing |= !outcome.describes(&request.object);
                }
                if !outcome.failures.contains(&failure) {
                    outcome.failures.push(failure);
                }
                Ok(())
            }
        }
    }

    fn stage_page(
        &self,
        rules: &TeamRules,
        object: &CrmObject,
        known: Option<&ObjectProgress>,
        page: PulledPage,
        tick: Tick,
    ) -> Option<StagePage> {
        let pair = rules.pair(object)?;
        let from = known
            .map(|known| known.position.clone())
            .unwrap_or_default();
        let first_read = from.watermark.is_none();
        Some(StagePage {
            object: object.clone(),
            kind: pair.kind,
            import: pair.import,
            external_id: pair.external_id.clone(),
            records: page.records,
            from,
            next: Some(page.next),
            behind_seconds: page.behind_seconds,
            begins: page.begins,
            settling: reach(known, tick).settling,
            lane: if first_read { Lane::Bulk } else { Lane::Normal },
            now: tick.now,
            echo_guard: self.guards.echo,
        })
    }

    /// Backs off; the first failure in a row is told in the log, its repetitions are not.
    async fn part_failed(
        &self,
        request: &PullRequest,
        failure: &Failure,
        tick: Tick,
    ) -> StepResult<()> {
        let at = next_attempt(
            tick.now,
            request.failures + 1,
            failure.retry_after_seconds,
            tick.jitter,
        );
        let summary = format!(
            "Reading {} failed: {}",
            request.object,
            failure.class.title()
        );
        let entry = (request.failures == 0).then(|| {
            let mut entry = system_entry(summary, failure, tick);
            entry.crm = Some((request.object.clone(), None));
            entry
        });
        self.store
            .pull_failed(self.team, &request.object, at, entry)
            .await
    }
}

fn of<'p>(progress: &'p [ObjectProgress], object: &CrmObject) -> Option<&'p ObjectProgress> {
    progress.iter().find(|p| p.object == *object)
}

/// Where an object is to be asked from.
fn position(progress: &[ObjectProgress], object: &CrmObject) -> PullPosition {
    of(progress, object)
        .map(|p| p.position.clone())
        .unwrap_or_default()
}

/// How far a read that begins now goes back. What was never read is read whole, which settles it.
fn reach(known: Option<&ObjectProgress>, tick: Tick) -> Reach {
    match known {
        Some(known) if known.position.watermark.is_some() => {
            known.horizon.reach(tick.now, known.complete_at)
        }
        _ => Reach {
            seconds: 0,
            settling: true,
        },
    }
}
