//! What workers hold at a moment, and what each may spend: the two promises of the store that nobody else could
//! see broken, because a lease only saves work and a reservation is given back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tandem_core::Timestamp;
use tandem_core::ids::{IntentId, LinkId, ReservationId};
use tandem_core::store::{Claim, ClaimedIntent, DecisionCommit, LinkWork};
use tandem_core::write::Settlement;

/// What is given out in a run, shared by all its workers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    /// The version that was given out, and until when.
    links: BTreeMap<LinkId, (i64, Timestamp)>,
    intents: BTreeMap<IntentId, Timestamp>,
    broken: Option<String>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first thing that was given out twice.
    pub(crate) fn violation(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    pub(crate) fn links_out(&self, claim: &Claim, work: &[LinkWork]) {
        let mut held = self.lock();
        for work in work {
            let (id, version) = (work.link.id, work.link.version);
            let before = held.links.insert(id, (version, until(claim)));
            if before.is_some_and(|(known, until)| known == version && until > claim.now) {
                held.broken
                    .get_or_insert(format!("link {id} is decided about by two at once"));
            }
        }
    }

    pub(crate) fn links_in(&self, commits: &[DecisionCommit]) {
        let mut held = self.lock();
        for commit in commits {
            held.links.remove(&commit.link);
        }
    }

    pub(crate) fn intents_out(&self, claim: &Claim, claimed: &[ClaimedIntent]) {
        let mut held = self.lock();
        for claimed in claimed {
            let id = claimed.intent.id;
            let before = held.intents.insert(id, until(claim));
            if before.is_some_and(|until| until > claim.now) {
                held.broken
                    .get_or_insert(format!("intent {id} is worked on by two at once"));
            }
        }
    }

    pub(crate) fn intents_in(&self, settlements: &[Settlement]) {
        let mut held = self.lock();
        for settlement in settlements {
            held.intents.remove(&settlement.intent);
        }
    }
}

fn until(claim: &Claim) -> Timestamp {
    let lease = jiff::SignedDuration::from_secs(claim.lease_seconds.into());
    claim.now.checked_add(lease).unwrap_or(Timestamp::MAX)
}

/// Calls that one worker has reserved and not made yet: what is left of its open slices together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Purse {
    left: Arc<AtomicI64>,
    slices: Arc<Mutex<BTreeMap<ReservationId, i64>>>,
}

impl Purse {
    pub(crate) fn open(&self, slice: ReservationId, calls: u32) {
        let calls = i64::from(calls);
        self.slices().insert(slice, calls);
        self.left.fetch_add(calls, Ordering::Relaxed);
    }

    /// Takes back what was reserved and, as it is told, not spent.
    pub(crate) fn close(&self, slice: ReservationId, spent: u32) {
        if let Some(calls) = self.slices().remove(&slice) {
            let unspent = calls - i64::from(spent);
            self.left.fetch_sub(unspent, Ordering::Relaxed);
        }
    }

    /// A call that no org counts: its token was refused.
    pub(crate) fn give_back(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one out; `false` if there is none.
    pub(crate) fn take_out(&self) -> bool {
        self.left.fetch_sub(1, Ordering::Relaxed) > 0
    }

    fn slices(&self) -> MutexGuard<'_, BTreeMap<ReservationId, i64>> {
        self.slices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
