//! The stores against the contract that they share.

mod crash;
mod memory;
mod sqlite;
mod walk;
