//! Fills the types of [`crate::views`]. Each view is read from one consistent state.

mod agreement;
mod counts;
mod links;
mod log;
pub(super) mod page;
mod query;
mod record_page;
mod records;
mod undo;
mod usage;
