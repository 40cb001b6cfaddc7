//! Formula fields: a small expression language, evaluated when read.

/// A parsed formula.
#[derive(Debug)]
pub(crate) struct Formula {}
