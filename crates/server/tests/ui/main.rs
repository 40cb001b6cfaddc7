//! The pages. Every one in every state, drawn from invented data: the rules that all pages keep, and a
//! gallery. And the handlers, over a whole server in a temporary directory.
//!
//! The gallery is left in the build's temporary directory, to be opened in a browser.

mod flow;
mod gallery;
#[path = "../it/harness.rs"]
#[allow(
    dead_code,
    reason = "the harness of the API's tests; pages need a part of it"
)]
mod harness;
mod html;
mod rules;
mod samples;
