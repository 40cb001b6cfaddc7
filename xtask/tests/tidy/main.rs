//! What the compiler does not hold: who may import whom, which rooms may do what, docs and sizes.
//!
//! Every rule is a test that names each place that breaks it. Exceptions stand beside the rule, each
//! with its reason.

mod budget;
mod edges;
mod files;
mod pages;
mod proof;
mod rooms;
mod words;

/// Fails with one line per place.
fn assert_none(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "{rule}:\n  {}\n", places.join("\n  "));
}
