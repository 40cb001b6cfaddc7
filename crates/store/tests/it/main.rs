//! The stores against the contract that they share.

mod memory;
mod sqlite;
