//! Placeholder module documentation, replaced as the room is furnished.

pub mod soql;
pub mod world;
