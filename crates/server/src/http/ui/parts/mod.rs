//! The design system: the parts that every page is built of.
//!
//! Pure functions from plain data to markup. They know the vocabulary of `tandem_core` (what a value,
//! a state, a direction is) and nothing of the server. No part writes a `style` attribute or a script:
//! the pages run under `default-src 'self'`.

pub mod badge;
pub mod form;
pub mod icon;
pub mod layout;
pub mod log_table;
pub mod text;
pub mod when;
