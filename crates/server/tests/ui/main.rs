//! Every page in every state, drawn from invented data: the rules that all pages keep, and a gallery.
//!
//! The pages are pure functions, so neither a server nor a database is needed. The gallery is left in
//! the build's temporary directory, to be opened in a browser.

mod gallery;
mod html;
mod rules;
mod samples;
