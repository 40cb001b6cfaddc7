//! Where it is kept. The steps of the sync as transactions: in memory and in an embedded database.
//!
//! Both stores implement [`tandem_core::store::SyncStore`], share the pure helpers of [`rules`], and
//! pass the same [`contract`]. Nothing here decides: decisions come from `core` as data.

pub mod admin;
pub mod contract;
pub mod memory;
pub mod rules;
pub mod sqlite;
pub mod views;
