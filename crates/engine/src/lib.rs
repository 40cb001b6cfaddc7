//! How a change moves: pull, reconcile, write, resolve; and watch and refresh, which find what reading does not
//! show.
//!
//! Each step takes up what the store has for it, does one bounded piece of work and returns what it
//! did. There is no loop, no sleep, no spawn and no clock here: a [`Tick`] brings the time and the
//! jitter, and the caller decides when to come again. Steps never call each other; they hand over
//! through the store, so each can crash alone and any process can take up the next.
//!
//! Invariants: no store transaction is open while a connector works (store methods return first); every
//! API call is reserved before it is made and accounted for after; what can't be done is an outcome
//! that says when to come again, only the database failing is an error.

mod ask;
mod inquire;
mod pace;
mod pull;
mod reconcile;
mod refresh;
mod resolve;
mod schedule;
mod spend;
mod turn;
mod watch;
mod write;

pub use inquire::InquireOutcome;
pub use pull::PullOutcome;
pub use reconcile::ReconcileOutcome;
pub use refresh::{RefreshOutcome, refresh_calls_per_day};
pub use resolve::ResolveOutcome;
pub use schedule::{calls_per_day, due_objects, feed_calls_per_day};
pub use spend::spent;
pub use turn::Turn;
pub use watch::WatchOutcome;
pub use write::WriteStep;

use std::sync::Arc;
use tandem_core::Timestamp;
use tandem_core::connector::{CallsMax, Connector};
use tandem_core::ids::{RunId, TeamId};
use tandem_core::link::Lanes;
use tandem_core::settings::Guards;
use tandem_core::store::{Claim, StoreResult, SyncStore};
use tandem_core::sync_log::LogDraft;
use tandem_core::write::Settlement;

/// The moment of a step.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tick {
    /// Our clock.
    pub now: Timestamp,
    /// In `0.0..1.0`; spreads retries.
    pub jitter: f64,
}

/// How long nobody else takes up the same work, in seconds. Longer than any request may take.
pub const LEASE_SECONDS: u32 = 720;
/// Links decided in one step.
pub const LINKS_PER_STEP: usize = 1_000;

/// One team's engine: its store, its connection, its name.
#[derive(Clone)]
pub struct Engine {
    /// Where it is kept.
    pub store: Arc<dyn SyncStore>,
    /// How the CRM is spoken to.
    pub connector: Arc<dyn Connector>,
    /// Whose engine.
    pub team: TeamId,
    /// Which lanes it takes work from.
    pub lanes: Lanes,
    /// Who works, for people.
    pub worker: String,
    /// Tells when an answer was here; a [`Tick`] tells when its step began.
    pub clock: Clock,
    /// The switches of the simulation; [`Guards::ALL`] otherwise.
    pub guards: Guards,
    /// What the entries that it writes belong to; who takes turns begins a new one after each rest.
    pub run: Option<RunId>,
}

/// A clock that the caller gives.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The result of a step: only the database can make it fail.
pub type StepResult<T> = StoreResult<T>;

impl Engine {
    /// An engine for every lane, with every guard on.
    pub fn new(
        store: Arc<dyn SyncStore>,
        connector: Arc<dyn Connector>,
        team: TeamId,
        worker: impl Into<String>,
        clock: Clock,
    ) -> Self {
        Self {
            store,
            connector,
            team,
            lanes: Lanes::All,
            worker: worker.into(),
            clock,
            guards: Guards::ALL,
            run: None,
        }
    }

    /// What each request may cost.
    fn calls_max(&self) -> CallsMax {
        self.connector.capabilities().calls_max
    }

    /// The moment after an answer.
    fn answered(&self, tick: Tick) -> Tick {
        Tick {
            now: (self.clock)().max(tick.now),
            ..tick
        }
    }

    /// Marks entries as written in this run.
    fn in_run<'e>(&self, entries: impl IntoIterator<Item = &'e mut LogDraft>) {
        for entry in entries {
            entry.run = self.run;
        }
    }

    /// Settles intents, and tells it as a part of this run.
    async fn settle(&self, mut settlements: Vec<Settlement>, tick: Tick) -> StepResult<u32> {
        self.in_run(settlements.iter_mut().flat_map(|one| &mut one.log));
        self.store.settle(self.team, settlements, tick.now).await
    }

    fn claim(&self, lanes: Lanes, tick: Tick, limit: usize) -> Claim {
        Claim {
            worker: self.worker.clone(),
            now: tick.now,
            lease_seconds: LEASE_SECONDS,
            limit,
            lanes,
        }
    }
}
