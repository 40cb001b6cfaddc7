//! A rehearsal of the first run: what would be linked, made and changed if sync were turned on now.
//!
//! The database is copied to a file beside it. On the copy, sync is on; the CRM's records are read into it and every
//! link is decided, by the same steps as ever. Nothing is sent: the step that writes is never made. Then what became of the links is
//! added up ([`tandem_core::rehearsal`]) and the copy is deleted. Each page that is read is a call of the real
//! budget, reserved and counted like any other.
//!
//! What it does not do: read more than [`CALLS_MAX`] pages. In a larger org the figures are of the records that changed
//! longest ago, and say so.

use super::{Actor, App, AppError, AppResult};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tandem_core::Timestamp;
use tandem_core::connector::{Connector, Next, PageToken, PullRequest, PulledPage};
use tandem_core::horizon::SETTLED_SECONDS_MIN;
use tandem_core::ids::{CrmObject, TeamId};
use tandem_core::link::Lane;
use tandem_core::mapping::PairRules;
use tandem_core::rehearsal::{ObjectRehearsal, Rehearsal, Rehearsed};
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::{PullPosition, StagePage, StoreError, SyncStore as _};
use tandem_engine::{Engine, Tick};
use tandem_store::sqlite::SqliteStore;

/// Under this name the store keeps the [`RehearsalState`].
const KEPT: &str = "rehearsal";
/// Most API calls of one rehearsal; each reads a page of every object.
pub const CALLS_MAX: u32 = 25;
/// Most records of each object that one call reads; fewer where long texts are mapped.
pub const ROWS_PER_CALL: u32 = 2_000;
/// Links of one look into the copy.
const BATCH_LINKS: usize = 1_000;

/// Whether one was asked for, and how the last one ended.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct RehearsalState {
    /// Somebody asked then, and it is not done yet.
    pub asked_at: Option<Timestamp>,
    /// Why the last try found nothing.
    pub failed: Option<String>,
    /// What the last one found.
    pub last: Option<Rehearsal>,
}

impl App {
    /// What is known of rehearsals.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rehearsal(&self, actor: &Actor) -> AppResult<RehearsalState> {
        self.rehearsal_of(actor.team).await
    }

    /// Why none can be made now, for people.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn why_no_rehearsal(&self, actor: &Actor) -> AppResult<Option<String>> {
        match self.must_be_before_the_first_run(actor.team).await {
            Ok(_) => Ok(None),
            Err(AppError::Conflict(reason)) => Ok(Some(reason)),
            Err(error) => Err(error),
        }
    }

    /// Has the first run rehearsed soon; the result is kept. It costs at most [`CALLS_MAX`] API calls.
    ///
    /// # Errors
    /// `Forbidden`; `Conflict` if nobody is connected, nothing is mapped, or sync is on already.
    pub async fn ask_rehearsal(&self, actor: &Actor) -> AppResult<()> {
        actor.must_be_admin()?;
        self.must_be_before_the_first_run(actor.team).await?;
        let state = RehearsalState {
            asked_at: Some(self.now()),
            failed: None,
            ..self.rehearsal_of(actor.team).await?
        };
        self.store().put_setting(actor.team, KEPT, &state).await?;
        let summary = "Asked for a rehearsal of the first run";
        self.act(actor, "sync.rehearsed", "sync", summary.into())
            .await?;
        self.signals().rehearse_now(actor.team);
        Ok(())
    }

    /// Makes the rehearsal that somebody asked for, if one is to be made, and keeps what it found, or why it
    /// found nothing.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rehearse_if_asked(&self, team: TeamId) -> AppResult<()> {
        let mut state = self.rehearsal_of(team).await?;
        if state.asked_at.take().is_none() {
            return Ok(());
        }
        match self.rehearse(team).await {
            Ok(found) => state.last = Some(found),
            Err(error) => {
                if let AppError::Internal(cause) = &error {
                    tracing::error!(%team, error = format!("{cause:#}"), "a rehearsal failed");
                }
                state.failed = Some(error.to_string());
            }
        }
        self.store().put_setting(team, KEPT, &state).await?;
        Ok(())
    }
}

impl App {
    async fn rehearsal_of(&self, team: TeamId) -> AppResult<RehearsalState> {
        Ok(self.store().setting(team, KEPT).await?.unwrap_or_default())
    }

    async fn must_be_before_the_first_run(&self, team: TeamId) -> AppResult<TeamRules> {
        let refuse = |text: &str| Err(AppError::Conflict(text.into()));
        let rules = self.store().rules(team).await?;
        if rules.settings.enabled {
            return refuse(
                "sync is on: what it does stands in the sync log; a rehearsal is made before",
            );
        }
        match self.store().connection_state(team).await? {
            ConnectionState::Connected if rules.pairs.is_empty() => {
                refuse("nothing is mapped yet; map the fields of an object first")
            }
            ConnectionState::Connected => Ok(rules),
            ConnectionState::None => refuse("nobody is connected to the CRM yet; connect first"),
            ConnectionState::Lost { .. } => {
                refuse("the connection to the CRM is lost; connect again first")
            }
        }
    }

    async fn rehearse(&self, team: TeamId) -> AppResult<Rehearsal> {
        let _one_at_a_time = self.0.rehearsals.lock().await;
        let mut rules = self.must_be_before_the_first_run(team).await?;
        rules.settings.enabled = true;
        rules.settings.brake.enabled = false;
        let stage = Stage::set(self, team, rules).await?;
        let found = self.play(&stage).await;
        stage.strike();
        found
    }

    async fn play(&self, stage: &Stage) -> AppResult<Rehearsal> {
        let mut found = Rehearsal {
            objects: stage.rules.pairs.iter().map(ObjectRehearsal::new).collect(),
            ..Rehearsal::default()
        };
        self.read_into(stage, &mut found).await?;
        stage.decide(self.now()).await?;
        self.add_up(stage, &mut found).await?;
        found.at = Some(self.now());
        Ok(found)
    }

    /// Reads page after page of every object that has more, all that fit into one call.
    async fn read_into(&self, stage: &Stage, found: &mut Rehearsal) -> AppResult<()> {
        let limits = stage.connector.capabilities();
        let mut open: Vec<Reading<'_>> = stage.rules.pairs.iter().map(Reading::begin).collect();
        while !open.is_empty() && found.calls < CALLS_MAX {
            let together = open.len().min(limits.pull_requests_max);
            let requests: Vec<_> = open[..together].iter().map(Reading::request).collect();
            let now = self.now();
            let pulled = stage.connector.pull(&requests, now);
            let pulled = self.counted(stage.team, limits.calls_max.pull, pulled);
            let pages = pulled.await?.pages;
            found.calls += 1;
            let mut still = open.split_off(together);
            for (reading, page) in open.into_iter().zip(pages) {
                let next = stage.take(reading, page?, now, found).await?;
                still.extend(next);
            }
            open = still;
        }
        Ok(())
    }

    /// Looks at every link of the copy, and at its record as it really is.
    async fn add_up(&self, stage: &Stage, found: &mut Rehearsal) -> AppResult<()> {
        let (team, mut after) = (stage.team, None);
        loop {
            let batch = stage.copy.pairings(team, after, BATCH_LINKS).await?;
            let Some(last) = batch.last() else {
                return Ok(());
            };
            after = Some(last.work.link.id);
            for work in batch.iter().map(|pairing| &pairing.work) {
                let objects = &mut found.objects;
                let Some(sum) = objects
                    .iter_mut()
                    .find(|one| one.object == work.link.object)
                else {
                    continue;
                };
                let (mut before, mut now_there, mut was_linked) = (None, None, false);
                if let Some(id) = work.link.record {
                    before = self.store().record(team, id).await?;
                    if before.is_some() {
                        now_there = stage.copy.record(team, id).await?;
                        let link = self.store().link_of(team, id).await?;
                        was_linked = link.is_some_and(|link| link.crm.is_some());
                    }
                }
                let link = Rehearsed {
                    work,
                    before: before.as_ref(),
                    after: now_there.as_ref(),
                    was_linked,
                };
                sum.add(&stage.rules, link, self.now());
            }
        }
    }
}

/// An object that is being read, and where to go on.
struct Reading<'r> {
    pair: &'r PairRules,
    page: Option<PageToken>,
}

impl<'r> Reading<'r> {
    fn begin(pair: &'r PairRules) -> Self {
        Self { pair, page: None }
    }

    fn request(&self) -> PullRequest {
        PullRequest {
            object: self.pair.object.clone(),
            fields: self.pair.crm_fields(),
            watermark: None,
            page: self.page.clone(),
            back_seconds: 0,
            settled_seconds: SETTLED_SECONDS_MIN,
            failures: 0,
        }
    }
}

/// Where a rehearsal plays: a copy of the database in a directory of its own.
struct Stage {
    place: PathBuf,
    copy: Arc<SqliteStore>,
    connector: Arc<dyn Connector>,
    team: TeamId,
    rules: TeamRules,
}

impl Stage {
    async fn set(app: &App, team: TeamId, rules: TeamRules) -> AppResult<Self> {
        let connector = app.connected(team).await?;
        let place = app.config().server.data_dir.join("rehearsal");
        // What a rehearsal left that was killed.
        clear(&place);
        std::fs::create_dir(&place).map_err(|error| unusable(&place, &error))?;
        let made = open_copy(app, &place).await;
        let copy = made.inspect_err(|_| clear(&place))?;
        copy.put_rules(team, rules.clone(), app.now()).await?;
        for pair in &rules.pairs {
            copy.reset_progress(team, &pair.object).await?;
        }
        Ok(Self {
            place,
            copy,
            connector,
            team,
            rules,
        })
    }

    /// Stages a page; what is left to read of its object, if anything.
    async fn take<'r>(
        &self,
        reading: Reading<'r>,
        page: PulledPage,
        now: Timestamp,
        found: &mut Rehearsal,
    ) -> AppResult<Option<Reading<'r>>> {
        let pair = reading.pair;
        let rows = page.records.len() as u64;
        let next = page.next.clone();
        let stage = StagePage {
            object: pair.object.clone(),
            kind: pair.kind,
            import: pair.import,
            external_id: pair.external_id.clone(),
            records: page.records,
            from: PullPosition::default(),
            // Evidence only: nobody reads on from here.
            next: None,
            behind_seconds: page.behind_seconds,
            begins: page.begins,
            settling: false,
            lane: Lane::Bulk,
            now,
            echo_guard: true,
        };
        let report = self.copy.stage(self.team, stage).await?;
        let known = u64::from(report.new + report.changed + report.unchanged + report.stale);
        let Some(sum) = sum_of(found, &pair.object) else {
            return Ok(None);
        };
        sum.rows += rows;
        sum.left_there += rows.saturating_sub(known);
        sum.complete = matches!(next, Next::Done(_));
        Ok(match next {
            Next::Page(page) => Some(Reading {
                pair,
                page: Some(page),
            }),
            Next::Done(_) => None,
        })
    }

    /// Decides until nothing is due.
    async fn decide(&self, now: Timestamp) -> AppResult<()> {
        let (store, connector) = (self.copy.clone(), Arc::clone(&self.connector));
        let clock = Arc::new(move || now);
        let engine = Engine::new(store, connector, self.team, "rehearsal", clock);
        let tick = Tick { now, jitter: 0.0 };
        while engine.reconcile(tick).await?.claimed > 0 {}
        Ok(())
    }

    /// Deletes the copy.
    fn strike(self) {
        drop(self.copy);
        clear(&self.place);
    }
}

async fn open_copy(app: &App, place: &Path) -> AppResult<Arc<SqliteStore>> {
    let file = place.join("copy.db");
    app.store().backup(file.clone()).await?;
    Ok(Arc::new(SqliteStore::open(file)?))
}

fn sum_of<'f>(found: &'f mut Rehearsal, object: &CrmObject) -> Option<&'f mut ObjectRehearsal> {
    found.objects.iter_mut().find(|one| one.object == *object)
}

fn unusable(place: &Path, error: &std::io::Error) -> AppError {
    let text = format!("{} can't be used: {error}", place.display());
    StoreError::Other(text).into()
}

/// A directory that is not there is as good as cleared.
fn clear(place: &Path) {
    if let Err(error) = std::fs::remove_dir_all(place)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the copy of a rehearsal can't be deleted; the next one tries again");
    }
}
