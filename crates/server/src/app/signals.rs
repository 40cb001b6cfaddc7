//! What wakes the runtime: somebody did something that should not wait for the next time anything
//! is due. A signal carries no work; the work is in the store. A lost signal only costs time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tandem_core::Timestamp;
use tandem_core::ids::TeamId;
use tokio::sync::Notify;

/// The signals of every team.
#[derive(Debug, Default)]
pub struct Signals {
    teams: Mutex<HashMap<TeamId, Team>>,
    new_team: Notify,
}

#[derive(Debug, Default)]
struct Team {
    /// One for each loop.
    wakers: Vec<Arc<Notify>>,
    compare: Arc<Notify>,
    rehearse: Arc<Notify>,
    read_since: Option<Timestamp>,
}

impl Signals {
    /// There is something to do for a team.
    pub fn wake(&self, team: TeamId) {
        self.with(team, |_| ());
    }

    /// A person wants to see everything as it stands at this moment or later.
    pub fn read_now(&self, team: TeamId, at: Timestamp) {
        self.with(team, |team| team.read_since = Some(at));
    }

    /// A team was made.
    pub fn team_made(&self) {
        self.new_team.notify_one();
    }

    /// Waits for a team to be made.
    pub async fn next_team(&self) {
        self.new_team.notified().await;
    }

    /// What a new loop of a team waits on. A signal wakes every loop.
    pub fn waker(&self, team: TeamId) -> Arc<Notify> {
        let waker = Arc::new(Notify::new());
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        teams
            .entry(team)
            .or_default()
            .wakers
            .push(Arc::clone(&waker));
        waker
    }

    /// A person wants both sides compared.
    pub fn compare_now(&self, team: TeamId) {
        self.comparing(team).notify_one();
    }

    /// What the comparison of a team waits on.
    pub fn comparing(&self, team: TeamId) -> Arc<Notify> {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&teams.entry(team).or_default().compare)
    }

    /// A person wants the first run rehearsed.
    pub fn rehearse_now(&self, team: TeamId) {
        self.rehearsing(team).notify_one();
    }

    /// What the rehearsals of a team wait on.
    pub fn rehearsing(&self, team: TeamId) -> Arc<Notify> {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&teams.entry(team).or_default().rehearse)
    }

    /// Objects whose last complete read began before this moment are wanted now.
    pub fn wanted_since(&self, team: TeamId) -> Option<Timestamp> {
        let teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        teams.get(&team)?.read_since
    }

    /// Everything has been read since `at`. A later wish stays.
    pub fn was_read(&self, team: TeamId, at: Timestamp) {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        let team = teams.entry(team).or_default();
        team.read_since = team.read_since.filter(|since| *since > at);
    }

    fn with(&self, team: TeamId, change: impl FnOnce(&mut Team)) {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        let team = teams.entry(team).or_default();
        change(team);
        for waker in &team.wakers {
            waker.notify_one();
        }
    }
}
