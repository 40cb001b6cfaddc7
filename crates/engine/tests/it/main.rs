//! The engine's steps over the memory store and a CRM that says what a case tells it to.
//!
//! No runtime: neither the store nor the scripted CRM ever suspends, so a step is one poll. The clock
//! stands wherever the case puts it.

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows it in tests, not in their helpers"
)]

mod ask;
mod bounces;
mod brake;
mod incidents;
mod pull;
mod refresh;
mod resolve;
mod schedule;
mod script;
mod turn;
mod watch;
mod world;
mod write;
