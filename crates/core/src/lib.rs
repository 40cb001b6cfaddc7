//! What is decided. The vocabulary and the rules of Tandem, as plain data and pure functions.
//!
//! Everything that Tandem knows about *deciding* is here: what a value is and when two are the same,
//! what a mapping says, how three versions of a record become one, what a failure means. The other
//! crates keep ([`store`]), speak ([`connector`]) and move; they never decide.
//!
//! Reading order is the order of the modules below.
//!
//! Invariants, by absence: no clock (every `now` is an argument), no randomness (jitter is an
//! argument), no IO, no runtime. The two traits at the end describe what the engine needs from the
//! outside; their contracts are their documentation.

pub mod agreement;
pub mod alert;
pub mod backlog;
pub mod bounce;
pub mod brake;
pub mod budget;
pub mod connector;
pub mod coverage;
pub mod drift;
pub mod error;
pub mod horizon;
pub mod ids;
pub mod incident;
pub mod inquiry;
pub mod link;
pub mod mapping;
pub mod matching;
pub mod reconcile;
pub mod record;
pub mod refresh;
pub mod rehearsal;
pub mod retry;
pub mod schema;
pub mod settings;
pub mod settle;
pub mod store;
pub mod sync_log;
pub mod undo;
pub mod value;
pub mod value_map;
pub mod watch;
pub mod why;
pub mod workspace;
pub mod write;

pub use jiff::Timestamp;
pub use rust_decimal::Decimal;
