//! One field's three-way merge.
