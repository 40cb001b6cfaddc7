//! Fills the types of [`crate::views`]. Each view is read from one consistent state.

pub(super) mod page;
