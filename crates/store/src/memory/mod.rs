//! The store of the simulation and of tests: plain maps behind one lock, gone with the process.
//!
//! Deterministic: ordered maps, one counter for all ids, no clock and no randomness, so a run made
//! twice is identical. No method suspends by itself, so a future dropped at an `await` of the engine
//! leaves every call done or not begun, as a database does. Every step checks before it changes
//! anything, which makes an error mean that nothing happened.
//!
//! It keeps everything in memory and scans where a database would use an index: made for worlds of
//! some thousands of records.

mod brake;
mod budget;
mod edit;
mod incidents;
mod inspect;
mod intents;
mod links;
mod mirror;
mod reconcile;
mod records;
mod restore;
mod settle;
mod stage;
mod steps;
mod team;
mod watch;
mod write;

pub use inspect::{DueLink, View};

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tandem_core::ids::TeamId;
use tandem_core::settings::{Guards, TeamRules};
use tandem_core::store::{StoreError, StoreResult};
use team::{Ids, Team};

/// A store in memory, for any number of teams.
#[derive(Debug)]
pub struct MemoryStore {
    guards: Guards,
    ids: Ids,
    teams: Mutex<BTreeMap<TeamId, Team>>,
}

impl MemoryStore {
    /// An empty store. With [`Guards::lease`] off, claims give out what others are working on.
    pub fn new(guards: Guards) -> Self {
        Self {
            guards,
            ids: Ids::default(),
            teams: Mutex::default(),
        }
    }

    /// Makes a team with these rules; nobody is connected yet.
    pub fn add_team(&self, rules: TeamRules) -> TeamId {
        let id = TeamId(self.ids.next());
        let team = Team::new(rules, self.ids.clone(), self.guards.lease);
        self.lock().insert(id, team);
        id
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TeamId, Team>> {
        self.teams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction on one team.
    fn with<R>(
        &self,
        team: TeamId,
        step: impl FnOnce(&mut Team) -> StoreResult<R>,
    ) -> StoreResult<R> {
        let mut teams = self.lock();
        let state = teams
            .get_mut(&team)
            .ok_or_else(|| StoreError::NotFound(format!("team {team}")))?;
        step(state)
    }
}
