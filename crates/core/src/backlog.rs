//! How much is waiting: for the machine, and for a person; and whether it grows.
//!
//! A queue that is worked on may be long, and its oldest piece of work is always another one. One that nobody gets
//! through to the end of keeps its oldest and becomes longer. [`watch`] tells the two apart by looking again and again; what it
//! remembers between two looks is a [`Growth`] for each queue.

use crate::ids::CrmObject;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a queue must grow before it is a reason to tell somebody, in seconds.
pub const GROWS_SECONDS: i64 = 1_800;
/// By how many pieces of work it must have grown: a handful behind one that is stuck is told by other means.
pub const GROWS_BY: u64 = 50;

/// How much is waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Backlog {
    /// Links due for reconcile.
    pub links_due: u64,
    /// Writes waiting to be sent.
    pub intents_pending: u64,
    /// Writes being sent or in doubt.
    pub intents_open: u64,
    /// Fields and records set aside after a refusal.
    pub parked: u64,
    /// Fields and records that wait for a person.
    pub held: u64,
    /// When the next waiting thing is due.
    pub next_due: Option<Timestamp>,
}

/// What work waits in a queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Records to be decided.
    Decide,
    /// Writes to the CRM, until their answer is known.
    Write,
}

/// The work of one kind that waits for one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queue {
    /// The object.
    pub object: CrmObject,
    /// What is to be done.
    pub work: Work,
    /// How many pieces.
    pub waiting: u64,
    /// The oldest of them, by a number that is greater for whatever came later.
    pub oldest: i64,
}

/// A queue that had the same oldest piece of work at every look since a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Growth {
    /// The object.
    pub object: CrmObject,
    /// What is to be done.
    pub work: Work,
    /// When it was first seen, by our clock.
    pub since: Timestamp,
    /// How many pieces waited then.
    pub from: u64,
    /// The oldest then.
    pub oldest: i64,
}

impl Growth {
    fn begin(queue: &Queue, now: Timestamp) -> Self {
        Self {
            object: queue.object.clone(),
            work: queue.work,
            since: now,
            from: queue.waiting,
            oldest: queue.oldest,
        }
    }

    fn is_of(&self, queue: &Queue) -> bool {
        (&self.object, self.work) == (&queue.object, queue.work)
    }

    /// Whether the queue still has its oldest and is no shorter. A clock that was set back begins anew.
    fn goes_on(&self, queue: &Queue, now: Timestamp) -> bool {
        queue.oldest <= self.oldest && queue.waiting >= self.from && self.since <= now
    }

    /// Why somebody must be told of it, if they must.
    fn told(&self, queue: &Queue, now: Timestamp) -> Option<String> {
        let seconds = now.duration_since(self.since).as_secs();
        let grown = queue.waiting.saturating_sub(self.from);
        let (object, waiting, from) = (&self.object, queue.waiting, self.from);
        let what = match self.work {
            Work::Decide => "records wait to be decided",
            Work::Write => "writes wait to be sent",
        };
        (seconds >= GROWS_SECONDS && grown >= GROWS_BY).then(|| {
            let minutes = seconds / 60;
            format!("{object}: {waiting} {what}, {from} did {minutes} minutes ago, and the oldest is still among them")
        })
    }
}

/// Looks at the queues once more: what to remember for the next look, and what to tell, a line for each queue
/// that grows.
pub fn watch(known: &[Growth], queues: &[Queue], now: Timestamp) -> (Vec<Growth>, Vec<String>) {
    let waiting = queues.iter().filter(|queue| queue.waiting > 0);
    let next = |queue: &Queue| {
        let mut before = known.iter().filter(|growth| growth.is_of(queue));
        match before.find(|growth| growth.goes_on(queue, now)) {
            Some(growth) => (growth.clone(), growth.told(queue, now)),
            None => (Growth::begin(queue, now), None),
        }
    };
    let (growths, told): (Vec<_>, Vec<_>) = waiting.map(next).unzip();
    (growths, told.into_iter().flatten().collect())
}
