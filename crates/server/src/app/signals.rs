//! What wakes the runtime: somebody did something that should not wait for the next time anything
//! is due. A signal carries no work; the work is in the store. A lost signal only costs time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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
    notify: Arc<Notify>,
    read_now: bool,
}

impl Signals {
    /// There is something to do for a team.
    pub fn wake(&self, team: TeamId) {
        self.with(team, |_| ());
    }

    /// A person wants every object read now.
    pub fn read_now(&self, team: TeamId) {
        self.with(team, |team| team.read_now = true);
    }

    /// A team was made.
    pub fn team_made(&self) {
        self.new_team.notify_one();
    }

    /// Waits for a team to be made.
    pub async fn next_team(&self) {
        self.new_team.notified().await;
    }

    /// What the loop of a team waits on.
    pub fn waker(&self, team: TeamId) -> Arc<Notify> {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&teams.entry(team).or_default().notify)
    }

    /// Whether a person wants every object read now; asks once.
    pub fn take_read_now(&self, team: TeamId) -> bool {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut teams.entry(team).or_default().read_now)
    }

    fn with(&self, team: TeamId, change: impl FnOnce(&mut Team)) {
        let mut teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
        let team = teams.entry(team).or_default();
        change(team);
        team.notify.notify_one();
    }
}
