//! OAuth flows under way, in memory: one that a restart forgets is begun again with one click.

use crate::app::session::SessionId;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long a person may take at the CRM's pages, in minutes.
const FLOW_MINUTES: i64 = 10;
/// Most flows under way at once; the oldest makes room.
const FLOWS_MAX: usize = 200;

/// One flow.
pub(super) struct Flow {
    /// Only the session that began it may finish it.
    pub(super) session: SessionId,
    /// The half of PKCE that stays here.
    pub(super) verifier: SecretString,
    /// When it was begun.
    pub(super) begun_at: Timestamp,
}

/// Flows by state.
#[derive(Default)]
pub(in crate::app) struct Flows(Mutex<HashMap<String, Flow>>);

impl Flows {
    /// Remembers a flow.
    pub(super) fn begin(&self, state: String, flow: Flow) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.retain(|_, old| alive(old, flow.begun_at));
        if flows.len() >= FLOWS_MAX
            && let Some(oldest) = flows
                .iter()
                .min_by_key(|(_, flow)| flow.begun_at)
                .map(|(state, _)| state.clone())
        {
            flows.remove(&oldest);
        }
        flows.insert(state, flow);
    }

    /// Gives a flow out, once, to its own session and in time.
    pub(super) fn take(&self, state: &str, session: SessionId, now: Timestamp) -> Option<Flow> {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = flows.get(state).is_some_and(|flow| flow.session == session);
        let flow = own.then(|| flows.remove(state)).flatten();
        flow.filter(|flow| alive(flow, now))
    }
}

fn alive(flow: &Flow, now: Timestamp) -> bool {
    now.duration_since(flow.begun_at) < SignedDuration::from_mins(FLOW_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_flow_is_finished_once_by_its_own_session_and_in_time() {
        let (own, other) = (SessionId(Some([1; 32])), SessionId(Some([2; 32])));
        let flows = Flows::default();
        let begin = |state: &str| {
            let flow = Flow {
                session: own,
                verifier: "v".into(),
                begun_at: at(0),
            };
            flows.begin(state.into(), flow);
        };
        begin("s");
        assert!(flows.take("other", own, at(1)).is_none());
        assert!(flows.take("s", other, at(1)).is_none());
        assert!(flows.take("s", own, at(1)).is_some());
        assert!(flows.take("s", own, at(1)).is_none());
        begin("late");
        assert!(flows.take("late", own, at(10)).is_none());
    }
}
