//! Placeholder module documentation, replaced as the room is furnished.
