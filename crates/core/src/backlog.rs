//! How much is waiting: for the machine, and for a person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
