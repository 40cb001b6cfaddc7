//! Placeholder module documentation, replaced as the room is furnished.

pub mod views;
