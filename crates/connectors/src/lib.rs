//! How each CRM is spoken to.
//!
//! A connector turns the engine's questions ([`tandem_core::connector`]) into the fewest requests of
//! one vendor's protocol and the answers back into values. It decides nothing about records: it
//! reports, classifies and counts.
//!
//! - [`http`] moves bytes and says of every failure whether the request may have been done.
//! - [`vault`] keeps the tokens of a connection; [`oauth`] gets, renews and ends them.
//! - [`salesforce`] is the connector for Salesforce.
//!
//! Invariants: no clock, no timer, no task, no randomness, so that the same answers give the same
//! behaviour under any executor; every future may be dropped at any await; nothing secret stands in
//! an error or a log line. What it does not do: retry, back off, keep records, choose what to sync.

pub mod http;
pub mod oauth;
pub mod salesforce;
pub mod vault;
