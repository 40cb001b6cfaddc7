//! The pages: pure functions from a view to markup, one file for each page.
//!
//! A view is plain data that a handler fills from what `app` answers. A page reads no database, no clock
//! and no request, so every state of it can be drawn in a test.

pub mod agreement;
pub mod alerts;
pub mod connect;
mod connectors;
pub mod incident;
pub mod incidents;
pub mod log_entry;
pub mod logs;
pub mod mapping;
pub mod plan_limits;
pub mod plans;
pub mod problem;
pub mod record;
pub mod record_fields;
pub mod record_waiting;
pub mod records;
pub mod rehearsal;
pub mod setup;
pub mod sign_in;
pub mod sync;
pub mod sync_cards;
pub mod sync_contact;
pub mod sync_dialogs;
mod sync_mirroring;
pub mod undo;
pub mod value_map;
pub mod why;
